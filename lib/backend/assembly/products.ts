// @ts-nocheck AssemblyScript, compiled by lib/compute/kernels/build.ts
// deno-fmt-ignore-file It would leave out the decorators, which AssemblyScript needs.
// Small matrix products for convolutions: rows as they lie in memory, times a matrix packed in panels of
// eight columns, [panel][depth][8]; and sums of outer products. A 1 × 1 convolution is nothing else, and
// Winograd's transforms leave 36 of them (winograd.ts).

/** Rows of a block of sums of outer products: 2 × 128 rows of 64 channels fill the first-level cache. */
const OUTER_ROWS: i32 = 128;

/** Bytes of panels that are gone through for every six rows. */
const CACHED_BYTES: i32 = 24576;

@global
function fuse(value: v128, activation: i32): v128 {
  if (activation == 0) return value;
  const positive = f32x4.max(value, f32x4.splat(0));
  return activation == 1 ? positive : f32x4.min(positive, f32x4.splat(6));
}

/**
 * 6 rows × the columns of all panels, which stay in the first-level cache (or one panel, which does). The
 * activation is looked at once for a tile of 6 × 8 results.
 */
function rows6(
  a: usize, stepA: usize, panels: usize, depth: i32, columns: i32, c: usize, stepC: usize, bias: usize,
  activation: i32,
): void {
  const last = a + ((<usize> depth) << 2);
  for (let j: usize = 0, end = (<usize> columns) << 2; j < end; j += 32) {
    let c00 = f32x4.splat(0), c01 = c00;
    if (bias != 0) {
      c00 = v128.load(bias + j);
      c01 = v128.load(bias + j, 16);
    }
    let c10 = c00, c11 = c01, c20 = c00, c21 = c01, c30 = c00, c31 = c01;
    let c40 = c00, c41 = c01, c50 = c00, c51 = c01;
    let p0 = a, p1 = p0 + stepA, p2 = p1 + stepA, p3 = p2 + stepA, p4 = p3 + stepA, p5 = p4 + stepA;
    for (; p0 < last; panels += 32) {
      const b0 = v128.load(panels), b1 = v128.load(panels, 16);
      let s = v128.load32_splat(p0);
      c00 = f32x4.relaxed_madd(s, b0, c00);
      c01 = f32x4.relaxed_madd(s, b1, c01);
      s = v128.load32_splat(p1);
      c10 = f32x4.relaxed_madd(s, b0, c10);
      c11 = f32x4.relaxed_madd(s, b1, c11);
      s = v128.load32_splat(p2);
      c20 = f32x4.relaxed_madd(s, b0, c20);
      c21 = f32x4.relaxed_madd(s, b1, c21);
      s = v128.load32_splat(p3);
      c30 = f32x4.relaxed_madd(s, b0, c30);
      c31 = f32x4.relaxed_madd(s, b1, c31);
      s = v128.load32_splat(p4);
      c40 = f32x4.relaxed_madd(s, b0, c40);
      c41 = f32x4.relaxed_madd(s, b1, c41);
      s = v128.load32_splat(p5);
      c50 = f32x4.relaxed_madd(s, b0, c50);
      c51 = f32x4.relaxed_madd(s, b1, c51);
      p0 += 4;
      p1 += 4;
      p2 += 4;
      p3 += 4;
      p4 += 4;
      p5 += 4;
    }
    if (activation != 0) {
      c00 = fuse(c00, activation);
      c01 = fuse(c01, activation);
      c10 = fuse(c10, activation);
      c11 = fuse(c11, activation);
      c20 = fuse(c20, activation);
      c21 = fuse(c21, activation);
      c30 = fuse(c30, activation);
      c31 = fuse(c31, activation);
      c40 = fuse(c40, activation);
      c41 = fuse(c41, activation);
      c50 = fuse(c50, activation);
      c51 = fuse(c51, activation);
    }
    let to = c + j;
    v128.store(to, c00);
    v128.store(to, c01, 16);
    to += stepC;
    v128.store(to, c10);
    v128.store(to, c11, 16);
    to += stepC;
    v128.store(to, c20);
    v128.store(to, c21, 16);
    to += stepC;
    v128.store(to, c30);
    v128.store(to, c31, 16);
    to += stepC;
    v128.store(to, c40);
    v128.store(to, c41, 16);
    to += stepC;
    v128.store(to, c50);
    v128.store(to, c51, 16);
  }
}

/** 1 row × 8 columns; the same sums as in rows6. */
function rows1(
  a: usize,
  panel: usize,
  depth: i32,
  c: usize,
  bias: usize,
  activation: i32,
): void {
  let c0 = f32x4.splat(0), c1 = c0;
  if (bias != 0) {
    c0 = v128.load(bias);
    c1 = v128.load(bias, 16);
  }
  for (const last = a + ((<usize> depth) << 2); a < last; a += 4, panel += 32) {
    const s = v128.load32_splat(a);
    c0 = f32x4.relaxed_madd(s, v128.load(panel), c0);
    c1 = f32x4.relaxed_madd(s, v128.load(panel, 16), c1);
  }
  v128.store(c, fuse(c0, activation));
  v128.store(c, fuse(c1, activation), 16);
}

/** C = A · B of `rows` rows, steps of rows in bytes; the columns are a multiple of 8. */
@global
function rowsTimesPanels(
  a: usize, stepA: usize, rows: i32, depth: i32, panels: usize, columns: i32, c: usize, stepC: usize,
  bias: usize, activation: i32,
): void {
  // As many columns at once as fit the first-level cache beside six rows.
  const panelBytes = depth << 5;
  const width = max(8, min(columns, (CACHED_BYTES / panelBytes) << 3));
  for (let j = 0; j < columns; j += width, panels += <usize> (width >> 3) * <usize> panelBytes) {
    const count = min(width, columns - j);
    const at = (<usize> j) << 2;
    const biasAt: usize = bias == 0 ? 0 : bias + at;
    let r = 0;
    for (; r + 6 <= rows; r += 6) {
      rows6(
        a + <usize> r * stepA, stepA, panels, depth, count, c + <usize> r * stepC + at, stepC, biasAt,
        activation,
      );
    }
    if (r == rows) continue;
    if (rows >= 6) {
      // The last six once more: the rows that overlap get the same values again.
      r = rows - 6;
      rows6(
        a + <usize> r * stepA, stepA, panels, depth, count, c + <usize> r * stepC + at, stepC, biasAt,
        activation,
      );
      continue;
    }
    for (; r < rows; r++) {
      for (let k = 0; k < count; k += 8) {
        const column = (<usize> k) << 2;
        rows1(
          a + <usize> r * stepA, panels + <usize> (k >> 3) * <usize> panelBytes, depth,
          c + <usize> r * stepC + at + column, biasAt == 0 ? 0 : biasAt + column, activation,
        );
      }
    }
  }
}

/** Adds the outer products of `count` rows, 4 values of a × 8 of d, to s. */
function outer4(
  a: usize,
  stepA: usize,
  d: usize,
  stepD: usize,
  count: i32,
  s: usize,
  stepS: usize,
): void {
  const s1 = s + stepS, s2 = s1 + stepS, s3 = s2 + stepS;
  let c00 = v128.load(s), c01 = v128.load(s, 16), c10 = v128.load(s1), c11 = v128.load(s1, 16);
  let c20 = v128.load(s2), c21 = v128.load(s2, 16), c30 = v128.load(s3), c31 = v128.load(s3, 16);
  for (let t = 0; t < count; t++, a += stepA, d += stepD) {
    const d0 = v128.load(d), d1 = v128.load(d, 16);
    let v = v128.load32_splat(a);
    c00 = f32x4.relaxed_madd(v, d0, c00);
    c01 = f32x4.relaxed_madd(v, d1, c01);
    v = v128.load32_splat(a, 4);
    c10 = f32x4.relaxed_madd(v, d0, c10);
    c11 = f32x4.relaxed_madd(v, d1, c11);
    v = v128.load32_splat(a, 8);
    c20 = f32x4.relaxed_madd(v, d0, c20);
    c21 = f32x4.relaxed_madd(v, d1, c21);
    v = v128.load32_splat(a, 12);
    c30 = f32x4.relaxed_madd(v, d0, c30);
    c31 = f32x4.relaxed_madd(v, d1, c31);
  }
  v128.store(s, c00);
  v128.store(s, c01, 16);
  v128.store(s1, c10);
  v128.store(s1, c11, 16);
  v128.store(s2, c20);
  v128.store(s2, c21, 16);
  v128.store(s3, c30);
  v128.store(s3, c31, 16);
}

/** The same with 6 values of a: twelve sums, which wait for one another less than eight. */
function outer6(
  a: usize,
  stepA: usize,
  d: usize,
  stepD: usize,
  count: i32,
  s: usize,
  stepS: usize,
): void {
  const s1 = s + stepS, s2 = s1 + stepS, s3 = s2 + stepS, s4 = s3 + stepS, s5 = s4 + stepS;
  let c00 = v128.load(s), c01 = v128.load(s, 16), c10 = v128.load(s1), c11 = v128.load(s1, 16);
  let c20 = v128.load(s2), c21 = v128.load(s2, 16), c30 = v128.load(s3), c31 = v128.load(s3, 16);
  let c40 = v128.load(s4), c41 = v128.load(s4, 16), c50 = v128.load(s5), c51 = v128.load(s5, 16);
  for (let t = 0; t < count; t++, a += stepA, d += stepD) {
    const d0 = v128.load(d), d1 = v128.load(d, 16);
    let v = v128.load32_splat(a);
    c00 = f32x4.relaxed_madd(v, d0, c00);
    c01 = f32x4.relaxed_madd(v, d1, c01);
    v = v128.load32_splat(a, 4);
    c10 = f32x4.relaxed_madd(v, d0, c10);
    c11 = f32x4.relaxed_madd(v, d1, c11);
    v = v128.load32_splat(a, 8);
    c20 = f32x4.relaxed_madd(v, d0, c20);
    c21 = f32x4.relaxed_madd(v, d1, c21);
    v = v128.load32_splat(a, 12);
    c30 = f32x4.relaxed_madd(v, d0, c30);
    c31 = f32x4.relaxed_madd(v, d1, c31);
    v = v128.load32_splat(a, 16);
    c40 = f32x4.relaxed_madd(v, d0, c40);
    c41 = f32x4.relaxed_madd(v, d1, c41);
    v = v128.load32_splat(a, 20);
    c50 = f32x4.relaxed_madd(v, d0, c50);
    c51 = f32x4.relaxed_madd(v, d1, c51);
  }
  v128.store(s, c00);
  v128.store(s, c01, 16);
  v128.store(s1, c10);
  v128.store(s1, c11, 16);
  v128.store(s2, c20);
  v128.store(s2, c21, 16);
  v128.store(s3, c30);
  v128.store(s3, c31, 16);
  v128.store(s4, c40);
  v128.store(s4, c41, 16);
  v128.store(s5, c50);
  v128.store(s5, c51, 16);
}

/** S [channels][columns] += Aᵀ · D over `count` rows; channels a multiple of 4, columns of 8. */

@global
function addOuterProducts(
  a: usize,
  channels: i32,
  d: usize,
  columns: i32,
  count: i32,
  s: usize,
): void {
  const stepA = (<usize> channels) << 2, stepD = (<usize> columns) << 2;
  for (let c = 0; c < channels;) {
    const from = a + ((<usize> c) << 2), to = s + <usize> c * stepD;
    // In sixes, but for what only fours fill.
    const left = channels - c, taken = left == 4 || left == 8 ? 4 : 6;
    for (let k = 0; k < columns; k += 8) {
      const at = (<usize> k) << 2;
      if (taken == 6) outer6(from, stepA, d + at, stepD, count, to + at, stepD);
      else outer4(from, stepA, d + at, stepD, count, to + at, stepD);
    }
    c += taken;
  }
}

/**
 * Packs panels begin … end − 1 of a matrix. ints: source, depth, columns, step of a row in values, step of a
 *   column, target [columns / 8, rounded up][depth][8], filled up with zeros
 */
export function packPanels(args: usize, begin: i32, end: i32, _scratch: usize): void {
  const source = load<usize>(args), depth = load<i32>(args, 4), columns = load<i32>(args, 8);
  const stepRow = (<usize> load<i32>(args, 12)) << 2,
    stepColumn = (<usize> load<i32>(args, 16)) << 2;
  const target = load<usize>(args, 20);
  for (let panel = begin; panel < end; panel++) {
    let to = target + (<usize> panel * <usize> depth << 5);
    const count = min(8, columns - panel * 8);
    const from = source + <usize> (panel * 8) * stepColumn;
    for (let k = 0; k < depth; k++, to += 32) {
      const row = from + <usize> k * stepRow;
      if (count == 8 && stepColumn == 4) {
        v128.store(to, v128.load(row));
        v128.store(to, v128.load(row, 16), 16);
        continue;
      }
      for (let j = 0; j < 8; j++) {
        store<f32>(
          to + ((<usize> j) << 2),
          j < count ? load<f32>(row + <usize> j * stepColumn) : 0,
        );
      }
    }
  }
}

/**
 * A 1 × 1 convolution: y [rows][columns] = x [rows][depth] · panels, the bias, the activation.
 * ints: x, panels, y, rows, depth, columns (a multiple of 8), bias (0: none), activation, rows of a task
 */
export function pointwise(args: usize, begin: i32, end: i32, _scratch: usize): void {
  const x = load<usize>(args), panels = load<usize>(args, 4), y = load<usize>(args, 8);
  const rows = load<i32>(args, 12), depth = load<i32>(args, 16), columns = load<i32>(args, 20);
  const bias = load<usize>(args, 24), activation = load<i32>(args, 28);
  const taskRows = load<i32>(args, 32);
  const stepX = (<usize> depth) << 2, stepY = (<usize> columns) << 2;
  for (let task = begin; task < end; task++) {
    const first = task * taskRows, count = min(taskRows, rows - first);
    rowsTimesPanels(
      x + <usize> first * stepX,
      stepX,
      count,
      depth,
      panels,
      columns,
      y + <usize> first * stepY,
      stepY,
      bias,
      activation,
    );
  }
}

/**
 * Sums of outer products by groups of rows, the filter's gradient of a 1 × 1 convolution.
 * ints: x [rows][channels], dy [rows][columns], sums [groups][channels][columns], rows, channels (a
 *   multiple of 4), columns (of 8), rows of a group, by a BLAS (0 or 1)
 */
export function outerProducts(args: usize, begin: i32, end: i32, _scratch: usize): void {
  const x = load<usize>(args), dy = load<usize>(args, 4), sums = load<usize>(args, 8);
  const rows = load<i32>(args, 12), channels = load<i32>(args, 16), columns = load<i32>(args, 20);
  const groupRows = load<i32>(args, 24), byBlas = load<i32>(args, 28) != 0;
  const bytes = (<usize> channels * columns) << 2;
  for (let group = begin; group < end; group++) {
    const s = sums + <usize> group * bytes;
    memory.fill(s, 0, bytes);
    const first = group * groupRows, last = min(rows, first + groupRows);
    if (byBlas) {
      addBlasOuterProducts(
        x + ((<usize> first * channels) << 2),
        channels,
        dy + ((<usize> first * columns) << 2),
        columns,
        last - first,
        s,
      );
      continue;
    }
    for (let r = first; r < last; r += OUTER_ROWS) {
      addOuterProducts(
        x + ((<usize> r * channels) << 2),
        channels,
        dy + ((<usize> r * columns) << 2),
        columns,
        min(OUTER_ROWS, last - r),
        s,
      );
    }
  }
}
