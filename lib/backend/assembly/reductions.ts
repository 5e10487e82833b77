// @ts-nocheck AssemblyScript, compiled by lib/compute/kernels/build.ts
// deno-fmt-ignore-file It would leave out the decorators, which AssemblyScript needs.
// Sums and other reductions, and soft-max. The order in which values are added depends on the shape
// alone, never on the threads.

/** The empty reduction. */

@inline
function identityOf(op: i32): f32 {
  switch (op) {
    case 0:
      return 0;
    case 1:
      return 1;
    case 2:
      return -Infinity;
    default:
      return Infinity;
  }
}

@inline
function combine4(op: i32, a: v128, b: v128): v128 {
  switch (op) {
    case 0:
      return f32x4.add(a, b);
    case 1:
      return f32x4.mul(a, b);
    case 2:
      return f32x4.max(a, b);
    default:
      return f32x4.min(a, b);
  }
}

@inline
function combine1(op: i32, a: f32, b: f32): f32 {
  switch (op) {
    case 0:
      return a + b;
    case 1:
      return a * b;
    case 2:
      return max<f32>(a, b);
    default:
      return min<f32>(a, b);
  }
}

@inline
function reduceRun(op: i32, args: usize, begin: i32, end: i32): void {
  const x = load<usize>(args, 4), y = load<usize>(args, 8);
  const rows = load<i32>(args, 12), columns = load<i32>(args, 16);
  const row = (<usize> columns) << 2;
  const divisor = load<f32>(args, 128);
  for (let block = begin; block < end; block++) {
    const from = x + <usize> block * <usize> rows * row;
    if (columns == 1) {
      const last = from + ((<usize> rows) << 2);
      let p = from, sums = f32x4.splat(identityOf(op));
      for (; p + 16 <= last; p += 16) sums = combine4(op, sums, v128.load(p));
      let sum = combine1(
        op,
        combine1(op, f32x4.extract_lane(sums, 0), f32x4.extract_lane(sums, 1)),
        combine1(op, f32x4.extract_lane(sums, 2), f32x4.extract_lane(sums, 3)),
      );
      for (; p < last; p += 4) sum = combine1(op, sum, load<f32>(p));
      store<f32>(y + ((<usize> block) << 2), op == 0 ? sum / divisor : sum);
      continue;
    }
    const to = y + <usize> block * row;
    const scale = f32x4.splat(divisor);
    let c: usize = 0;
    for (; c + 32 <= row; c += 32) {
      let s0 = f32x4.splat(identityOf(op)), s1 = s0;
      for (let r = 0, p = from + c; r < rows; r++, p += row) {
        s0 = combine4(op, s0, v128.load(p));
        s1 = combine4(op, s1, v128.load(p, 16));
      }
      v128.store(to + c, op == 0 ? f32x4.div(s0, scale) : s0);
      v128.store(to + c, op == 0 ? f32x4.div(s1, scale) : s1, 16);
    }
    for (; c < row; c += 4) {
      let s: f32 = identityOf(op);
      for (let r = 0, p = from + c; r < rows; r++, p += row) s = combine1(op, s, load<f32>(p));
      store<f32>(to + c, op == 0 ? s / divisor : s);
    }
  }
}

/**
 * Reduces the middle axis: y[block][column] over the rows of x [blocks][rows][columns].
 * ints: op (0 sum, 1 product, 2 maximum, 3 minimum), x, y, rows, columns; floats: divisor of sums
 */
export function reduceMiddle(args: usize, begin: i32, end: i32, _scratch: usize): void {
  const op = load<i32>(args);
  switch (op) {
    case 0:
      return reduceRun(0, args, begin, end);
    case 1:
      return reduceRun(1, args, begin, end);
    case 2:
      return reduceRun(2, args, begin, end);
    default:
      return reduceRun(3, args, begin, end);
  }
}

/** Values of a task of `sumAll`. */
const SUM_CHUNK: i32 = 16384;

/** Sums of chunks in double precision, in order. ints: x, sums (f64, one a chunk), n */
export function sumChunks(args: usize, begin: i32, end: i32, _scratch: usize): void {
  const x = load<usize>(args), sums = load<usize>(args, 4);
  const n = load<i32>(args, 8);
  for (let chunk = begin; chunk < end; chunk++) {
    let sum: f64 = 0;
    const last = min(n, (chunk + 1) * SUM_CHUNK);
    for (let i = chunk * SUM_CHUNK; i < last; i++) {
      sum += <f64> load<f32>(x + ((<usize> i) << 2));
    }
    store<f64>(sums + ((<usize> chunk) << 3), sum);
  }
}

/**
 * The first place of the largest (or smallest) value of each row, as the CPU backend finds it.
 * ints: x [rows][columns], y (int32), columns, smallest (0 or 1)
 */
export function argExtreme(args: usize, begin: i32, end: i32, _scratch: usize): void {
  const x = load<usize>(args), y = load<usize>(args, 4);
  const columns = load<i32>(args, 8), smallest = load<i32>(args, 12) != 0;
  for (let row = begin; row < end; row++) {
    const from = x + ((<usize> row * columns) << 2);
    let best = load<f32>(from), where = 0;
    for (let c = 1; c < columns; c++) {
      const value = load<f32>(from + ((<usize> c) << 2));
      if (smallest ? value < best : value > best) {
        best = value;
        where = c;
      }
    }
    store<i32>(y + ((<usize> row) << 2), where);
  }
}

/**
 * Soft-max of each row. ints: x [rows][columns], y, columns
 */
export function softmaxRows(args: usize, begin: i32, end: i32, _scratch: usize): void {
  const x = load<usize>(args), y = load<usize>(args, 4);
  const columns = load<i32>(args, 8);
  const bytes = (<usize> columns) << 2;
  for (let row = begin; row < end; row++) {
    const from = x + <usize> row * bytes, to = y + <usize> row * bytes;
    let largest: f32 = -Infinity;
    for (let i: usize = 0; i < bytes; i += 4) largest = max<f32>(largest, load<f32>(from + i));
    const shift = f32x4.splat(largest);
    let sums = f32x4.splat(0), i: usize = 0;
    for (; i + 16 <= bytes; i += 16) {
      const shifted = f32x4.sub(v128.load(from + i), shift);
      const e = exp4(shifted);
      sums = f32x4.add(sums, e);
      v128.store(to + i, e);
    }
    let sum = (f32x4.extract_lane(sums, 0) + f32x4.extract_lane(sums, 1)) +
      (f32x4.extract_lane(sums, 2) + f32x4.extract_lane(sums, 3));
    for (; i < bytes; i += 4) {
      const shifted = f32x4.sub(v128.load32_splat(from + i), shift);
      const e = exp4(shifted);
      sum += f32x4.extract_lane(e, 0);
      v128.store32_lane(to + i, e, 0);
    }
    const total = f32x4.splat(sum);
    i = 0;
    for (; i + 16 <= bytes; i += 16) v128.store(to + i, f32x4.div(v128.load(to + i), total));
    for (; i < bytes; i += 4) {
      v128.store32_lane(to + i, f32x4.div(v128.load32_splat(to + i), total), 0);
    }
  }
}

/**
 * Sums of groups of `groupRows` rows: y[group][column].
 * ints: x [rows][columns], y, rows, columns, groupRows
 */
export function sumRows(
  args: usize,
  begin: i32,
  end: i32,
  _scratch: usize,
): void {
  const x = load<usize>(args), y = load<usize>(args, 4);
  const rows = load<i32>(args, 8),
    columns = load<i32>(args, 12),
    groupRows = load<i32>(args, 16);
  const row = (<usize> columns) << 2;
  for (let group = begin; group < end; group++) {
    const to = y + <usize> group * row;
    memory.fill(to, 0, row);
    const last = min(rows, (group + 1) * groupRows);
    // Thirty-two columns (or eight) stay in registers while the rows go by, where there are so many.
    let c: usize = 0;
    for (; c + 128 <= row; c += 128) {
      let s0 = f32x4.splat(0), s1 = s0, s2 = s0, s3 = s0, s4 = s0, s5 = s0, s6 = s0, s7 = s0;
      for (let r = group * groupRows; r < last; r++) {
        const from = x + <usize> r * row + c;
        s0 = f32x4.add(s0, v128.load(from));
        s1 = f32x4.add(s1, v128.load(from, 16));
        s2 = f32x4.add(s2, v128.load(from, 32));
        s3 = f32x4.add(s3, v128.load(from, 48));
        s4 = f32x4.add(s4, v128.load(from, 64));
        s5 = f32x4.add(s5, v128.load(from, 80));
        s6 = f32x4.add(s6, v128.load(from, 96));
        s7 = f32x4.add(s7, v128.load(from, 112));
      }
      v128.store(to + c, s0);
      v128.store(to + c, s1, 16);
      v128.store(to + c, s2, 32);
      v128.store(to + c, s3, 48);
      v128.store(to + c, s4, 64);
      v128.store(to + c, s5, 80);
      v128.store(to + c, s6, 96);
      v128.store(to + c, s7, 112);
    }
    for (; c + 32 <= row; c += 32) {
      let s0 = f32x4.splat(0), s1 = s0;
      for (let r = group * groupRows; r < last; r++) {
        const from = x + <usize> r * row + c;
        s0 = f32x4.add(s0, v128.load(from));
        s1 = f32x4.add(s1, v128.load(from, 16));
      }
      v128.store(to + c, s0);
      v128.store(to + c, s1, 16);
    }
    for (; c < row; c += 4) {
      let s: f32 = 0;
      for (let r = group * groupRows; r < last; r++) {
        s += load<f32>(x + <usize> r * row + c);
      }
      store<f32>(to + c, s);
    }
  }
}

/** Sums of each row: y[row]. ints: x [rows][columns], y, columns */
export function sumColumns(
  args: usize,
  begin: i32,
  end: i32,
  _scratch: usize,
): void {
  const x = load<usize>(args), y = load<usize>(args, 4);
  const columns = load<i32>(args, 8);
  for (let r = begin; r < end; r++) {
    const from = x + ((<usize> r * columns) << 2);
    const last = from + ((<usize> columns) << 2);
    let p = from, sums = f32x4.splat(0);
    for (; p + 16 <= last; p += 16) sums = f32x4.add(sums, v128.load(p));
    let sum = (f32x4.extract_lane(sums, 0) + f32x4.extract_lane(sums, 1)) +
      (f32x4.extract_lane(sums, 2) + f32x4.extract_lane(sums, 3));
    for (; p < last; p += 4) sum += load<f32>(p);
    store<f32>(y + ((<usize> r) << 2), sum);
  }
}
