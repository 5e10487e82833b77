// @ts-nocheck AssemblyScript, compiled by lib/compute/kernels/build.ts
// deno-fmt-ignore-file It would leave out the decorators, which AssemblyScript needs.
// What support vector machines sum up in prediction: kernel values times coefficients. A support vector of a class
// has a coefficient in each pair with another class and none in the other pairs, so the sums are taken class by
// class: of ten classes 9 columns, where a table of all pairs has 45.

/** Rows that are summed together. */
const ROWS: i32 = 4;

/** Adds to 12 columns of sums `count` values of four rows times coefficients. */
function sums12(
  p0: usize, p1: usize, p2: usize, p3: usize, count: i32, coefficients: usize, step: usize, to0: usize,
  to1: usize, to2: usize, to3: usize,
): void {
  let s00 = v128.load(to0), s01 = v128.load(to0, 16), s02 = v128.load(to0, 32);
  let s10 = v128.load(to1), s11 = v128.load(to1, 16), s12 = v128.load(to1, 32);
  let s20 = v128.load(to2), s21 = v128.load(to2, 16), s22 = v128.load(to2, 32);
  let s30 = v128.load(to3), s31 = v128.load(to3, 16), s32 = v128.load(to3, 32);
  for (let i = 0; i < count; i++, coefficients += step) {
    const c0 = v128.load(coefficients), c1 = v128.load(coefficients, 16), c2 = v128.load(coefficients, 32);
    let v = v128.load32_splat(p0);
    s00 = f32x4.relaxed_madd(v, c0, s00);
    s01 = f32x4.relaxed_madd(v, c1, s01);
    s02 = f32x4.relaxed_madd(v, c2, s02);
    v = v128.load32_splat(p1);
    s10 = f32x4.relaxed_madd(v, c0, s10);
    s11 = f32x4.relaxed_madd(v, c1, s11);
    s12 = f32x4.relaxed_madd(v, c2, s12);
    v = v128.load32_splat(p2);
    s20 = f32x4.relaxed_madd(v, c0, s20);
    s21 = f32x4.relaxed_madd(v, c1, s21);
    s22 = f32x4.relaxed_madd(v, c2, s22);
    v = v128.load32_splat(p3);
    s30 = f32x4.relaxed_madd(v, c0, s30);
    s31 = f32x4.relaxed_madd(v, c1, s31);
    s32 = f32x4.relaxed_madd(v, c2, s32);
    p0 += 4;
    p1 += 4;
    p2 += 4;
    p3 += 4;
  }
  v128.store(to0, s00); v128.store(to0, s01, 16); v128.store(to0, s02, 32);
  v128.store(to1, s10); v128.store(to1, s11, 16); v128.store(to1, s12, 32);
  v128.store(to2, s20); v128.store(to2, s21, 16); v128.store(to2, s22, 32);
  v128.store(to3, s30); v128.store(to3, s31, 16); v128.store(to3, s32, 32);
}

/** The same with 4 columns. */
function sums4(
  p0: usize, p1: usize, p2: usize, p3: usize, count: i32, coefficients: usize, step: usize, to0: usize,
  to1: usize, to2: usize, to3: usize,
): void {
  let s0 = v128.load(to0), s1 = v128.load(to1), s2 = v128.load(to2), s3 = v128.load(to3);
  for (let i = 0; i < count; i++, coefficients += step) {
    const c = v128.load(coefficients);
    s0 = f32x4.relaxed_madd(v128.load32_splat(p0), c, s0);
    s1 = f32x4.relaxed_madd(v128.load32_splat(p1), c, s1);
    s2 = f32x4.relaxed_madd(v128.load32_splat(p2), c, s2);
    s3 = f32x4.relaxed_madd(v128.load32_splat(p3), c, s3);
    p0 += 4;
    p1 += 4;
    p2 += 4;
    p3 += 4;
  }
  v128.store(to0, s0);
  v128.store(to1, s1);
  v128.store(to2, s2);
  v128.store(to3, s3);
}

/**
 * Turns dot products with some of the support vectors into kernel values, in place, and adds these times coefficients
 * to the sums of their class: sums [rows][classes][width]. A task is four rows.
 * ints: block [rows][columns], rows, columns, squared norms of the rows, of the columns, kind, degree, coefficients
 *   [all support vectors][width], width (a multiple of 4), where each class begins among these [classes + 1], classes,
 *   sums, which of these is the first column;
 * floats: gamma, coef0
 */
export function classSums(args: usize, begin: i32, end: i32, _scratch: usize): void {
  const block = load<usize>(args), rows = load<i32>(args, 4), columns = load<i32>(args, 8);
  const rowNorms = load<usize>(args, 12), columnNorms = load<usize>(args, 16);
  const kind = load<i32>(args, 20), degree = load<i32>(args, 24);
  const coefficients = load<usize>(args, 28), width = load<i32>(args, 32);
  const begins = load<usize>(args, 36), classes = load<i32>(args, 40), sums = load<usize>(args, 44);
  const firstColumn = load<i32>(args, 48), endColumn = firstColumn + columns;
  const gamma = f32x4.splat(load<f32>(args, 128)), coef0 = f32x4.splat(load<f32>(args, 132));
  const bytes = (<usize> columns) << 2, step = (<usize> width) << 2;
  const sumRow = <usize> classes * step;
  for (let task = begin; task < end; task++) {
    const first = task * ROWS, last = min(first + ROWS, rows) - 1;
    for (let row = first; row <= last; row++) {
      kernelRow(
        block + <usize> row * bytes, bytes, rowNorms, row, columnNorms, kind, degree, gamma, coef0,
      );
    }
    // Where there are fewer than four, the last is summed more than once, from the same sums.
    const r1 = min(first + 1, last), r2 = min(first + 2, last), r3 = min(first + 3, last);
    const x0 = block + <usize> first * bytes, x1 = block + <usize> r1 * bytes;
    const x2 = block + <usize> r2 * bytes, x3 = block + <usize> r3 * bytes;
    const y0 = sums + <usize> first * sumRow, y1 = sums + <usize> r1 * sumRow;
    const y2 = sums + <usize> r2 * sumRow, y3 = sums + <usize> r3 * sumRow;
    for (let c = 0; c < classes; c++) {
      const bounds = begins + ((<usize> c) << 2);
      const from = max(load<i32>(bounds), firstColumn), count = min(load<i32>(bounds, 4), endColumn) - from;
      if (count <= 0) continue;
      const at = (<usize> (from - firstColumn)) << 2, table = coefficients + <usize> from * step;
      const out = <usize> c * step;
      let w = 0;
      for (; w + 12 <= width; w += 12) {
        const k = (<usize> w) << 2, o = out + k;
        sums12(x0 + at, x1 + at, x2 + at, x3 + at, count, table + k, step, y0 + o, y1 + o, y2 + o, y3 + o);
      }
      for (; w < width; w += 4) {
        const k = (<usize> w) << 2, o = out + k;
        sums4(x0 + at, x1 + at, x2 + at, x3 + at, count, table + k, step, y0 + o, y1 + o, y2 + o, y3 + o);
      }
    }
  }
}
