// @ts-nocheck AssemblyScript, compiled by lib/compute/kernels/build.ts
// Ranks of neighbours, for trustworthiness.

/**
 * How far in the ranks behind the k-th nearest each row's given neighbours are, added up. The rank of
 * a column is 1 + the number of columns that are nearer, or as near and before it; the row itself is
 * not counted. A task is a row.
 * ints: dot products [rows][columns], columns, squared norms of the columns, column that is row 0,
 *   k, neighbours [rows][k], sums [rows] (f64, out)
 */
export function ranksBeyond(args: usize, begin: i32, end: i32, _scratch: usize): void {
  const products = load<usize>(args);
  const columns = load<i32>(args, 4);
  const norms = load<usize>(args, 8);
  const self = load<i32>(args, 12), k = load<i32>(args, 16);
  const neighbors = load<usize>(args, 20), sums = load<usize>(args, 24);
  for (let row = begin; row < end; row++) {
    const values = products + ((<usize> row * columns) << 2);
    // The row's own squared norm adds the same to all its distances. They overwrite the products.
    let column = 0;
    for (; column + 4 <= columns; column += 4) {
      const at = (<usize> column) << 2;
      const dot = v128.load(values + at);
      v128.store(values + at, f32x4.sub(v128.load(norms + at), f32x4.add(dot, dot)));
    }
    for (; column < columns; column++) {
      const at = (<usize> column) << 2;
      const dot = load<f32>(values + at);
      store<f32>(values + at, load<f32>(norms + at) - (dot + dot));
    }
    store<f32>(values + ((<usize> (self + row)) << 2), Infinity);
    let sum: f64 = 0;
    for (let j = 0; j < k; j++) {
      const neighbor = load<i32>(neighbors + ((<usize> row * k + j) << 2));
      const own = load<f32>(values + ((<usize> neighbor) << 2));
      const own4 = f32x4.splat(own);
      let nearer = i32x4.splat(0);
      let c = 0;
      // Before the neighbour equal distances count, behind it they do not. True is −1.
      for (; c + 4 <= neighbor; c += 4) {
        nearer = i32x4.sub(nearer, f32x4.le(v128.load(values + ((<usize> c) << 2)), own4));
      }
      let rank = 1;
      for (; c <= neighbor || (c < columns && (c & 3) != 0); c++) {
        const value = load<f32>(values + ((<usize> c) << 2));
        if (value < own || (value == own && c < neighbor)) rank++;
      }
      for (; c + 4 <= columns; c += 4) {
        nearer = i32x4.sub(nearer, f32x4.lt(v128.load(values + ((<usize> c) << 2)), own4));
      }
      for (; c < columns; c++) {
        if (load<f32>(values + ((<usize> c) << 2)) < own) rank++;
      }
      rank += i32x4.extract_lane(nearer, 0) + i32x4.extract_lane(nearer, 1) +
        i32x4.extract_lane(nearer, 2) + i32x4.extract_lane(nearer, 3);
      sum += <f64> max(0, rank - k);
    }
    store<f64>(sums + ((<usize> row) << 3), sum);
  }
}
