// @ts-nocheck AssemblyScript, compiled by lib/compute/kernels/build.ts
// The k smallest distances of each row of a block of dot products.
//
// A sorted list of the k smallest so far; a value that is not below its last is skipped, four at a time,
// which is nearly all of them after the first few hundred. Ties go to the lower column, as columns come
// in order and only smaller values displace.

/**
 * A task is a row. ints: dot products [rows][columns], columns, squared norms of the rows, of the
 * columns, k, indices [rows][k] (out), squared distances [rows][k] (out), column that is the same point
 * as row 0 (row r is then column that + r; its distance is exactly zero); negative where there is none
 */
export function smallestDistances(args: usize, begin: i32, end: i32, _scratch: usize): void {
  const products = load<usize>(args);
  const columns = load<i32>(args, 4);
  const rowNorms = load<usize>(args, 8), columnNorms = load<usize>(args, 12);
  const k = load<i32>(args, 16);
  const indices = load<usize>(args, 20), distances = load<usize>(args, 24);
  const self = load<i32>(args, 28);
  for (let row = begin; row < end; row++) {
    const values = products + ((<usize> row * columns) << 2);
    const index = indices + ((<usize> row * k) << 2),
      distance = distances + ((<usize> row * k) << 2);
    for (let i = 0; i < k; i++) {
      store<i32>(index + ((<usize> i) << 2), -1);
      store<f32>(distance + ((<usize> i) << 2), Infinity);
    }
    const rowNorm = load<f32>(rowNorms + ((<usize> row) << 2));
    const norm4 = f32x4.splat(rowNorm);
    const last = distance + ((<usize> (k - 1)) << 2);
    const own = self < 0 ? -1 : self + row;
    if (own >= 0) insert(index, distance, k, own, 0);
    let worst = v128.load32_splat(last);
    let column = 0;
    for (; column + 4 <= columns; column += 4) {
      const at = (<usize> column) << 2;
      const dot = v128.load(values + at);
      const squared = f32x4.sub(f32x4.add(norm4, v128.load(columnNorms + at)), f32x4.add(dot, dot));
      if (!v128.any_true(f32x4.lt(squared, worst))) continue;
      for (let lane = 0; lane < 4; lane++) {
        if (column + lane == own) continue;
        const value = rowNorm + load<f32>(columnNorms + at + ((<usize> lane) << 2)) -
          2 * load<f32>(values + at + ((<usize> lane) << 2));
        if (value < load<f32>(last)) insert(index, distance, k, column + lane, max<f32>(value, 0));
      }
      worst = v128.load32_splat(last);
    }
    for (; column < columns; column++) {
      if (column == own) continue;
      const value = rowNorm + load<f32>(columnNorms + ((<usize> column) << 2)) -
        2 * load<f32>(values + ((<usize> column) << 2));
      if (value < load<f32>(last)) insert(index, distance, k, column, max<f32>(value, 0));
    }
  }
}

/** Puts a value into the sorted list, behind equal ones; the last drops out. */
function insert(index: usize, distance: usize, k: i32, column: i32, value: f32): void {
  let i = k - 1;
  for (; i > 0; i--) {
    const before = load<f32>(distance + ((<usize> (i - 1)) << 2));
    if (before <= value) break;
    store<f32>(distance + ((<usize> i) << 2), before);
    store<i32>(index + ((<usize> i) << 2), load<i32>(index + ((<usize> (i - 1)) << 2)));
  }
  store<f32>(distance + ((<usize> i) << 2), value);
  store<i32>(index + ((<usize> i) << 2), column);
}

/**
 * Of each query's candidates the k nearest by the lengths of the differences, in order; ties go to the
 * candidate that comes first. A task is a query.
 * ints: data [n][columns], queries [m][columns], columns, candidates [m][count], count, k,
 *   indices [m][k] (out), squared distances [m][k] (out)
 */
export function rerank(args: usize, begin: i32, end: i32, _scratch: usize): void {
  const data = load<usize>(args), queries = load<usize>(args, 4);
  const columns = load<i32>(args, 8);
  const candidates = load<usize>(args, 12);
  const count = load<i32>(args, 16), k = load<i32>(args, 20);
  const indices = load<usize>(args, 24), distances = load<usize>(args, 28);
  const bytes = (<usize> columns) << 2;
  for (let row = begin; row < end; row++) {
    const own = queries + <usize> row * bytes;
    const index = indices + ((<usize> row * k) << 2),
      distance = distances + ((<usize> row * k) << 2);
    for (let i = 0; i < k; i++) {
      store<i32>(index + ((<usize> i) << 2), -1);
      store<f32>(distance + ((<usize> i) << 2), Infinity);
    }
    const last = distance + ((<usize> (k - 1)) << 2);
    for (let c = 0; c < count; c++) {
      const other = load<i32>(candidates + ((<usize> row * count + c) << 2));
      const point = data + <usize> other * bytes;
      let sums = f32x4.splat(0);
      let i: usize = 0;
      for (; i + 16 <= bytes; i += 16) {
        const difference = f32x4.sub(v128.load(own + i), v128.load(point + i));
        sums = f32x4.relaxed_madd(difference, difference, sums);
      }
      let squared = (f32x4.extract_lane(sums, 0) + f32x4.extract_lane(sums, 1)) +
        (f32x4.extract_lane(sums, 2) + f32x4.extract_lane(sums, 3));
      for (; i < bytes; i += 4) {
        const difference = load<f32>(own + i) - load<f32>(point + i);
        squared += difference * difference;
      }
      if (squared < load<f32>(last)) insert(index, distance, k, other, squared);
    }
  }
}
