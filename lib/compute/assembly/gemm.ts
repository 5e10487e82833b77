// @ts-nocheck AssemblyScript, compiled by lib/compute/kernels/build.ts
// Matrix product C = op(A)·op(B), float32.
//
// Loop nest (after Goto & van de Geijn 2008, "Anatomy of high-performance matrix multiplication"):
//   packA, once for the whole product: op(A) into panels of 6 rows, [panel][k][6], zero-filled at the
//     end, so that the micro-kernel reads both operands in order whatever the transposes.
//   gemm, one task a block of 64 columns × ROWS_IN_TASK rows of C:
//     for each slice of 256 k: pack that slice of op(B) into 8 panels of 8 columns in the thread's
//       scratch (64 KiB: second-level cache),
//       for each of these panels (8 KiB: first-level cache), for each panel of A (6 KiB): micro-kernel.
//   The micro-kernel keeps a 6 × 8 tile of C in 12 of V8's 15 usable vector registers, which leaves two
//     for a row of B and one for a broadcast element of A.
// k is always cut in the same slices and added up in the same order, whoever does a task, so results do
// not depend on the number of threads.

const MR: i32 = 6;
const NR: i32 = 8;
const KC: i32 = 256;
const NC: i32 = 64;

/**
 * Packs panels begin … end − 1 of op(A).
 * ints: source, rows of op(A), k, stride of a row in elements, stride of a column, target
 */
export function packA(
  args: usize,
  begin: i32,
  end: i32,
  _scratch: usize,
): void {
  const source = load<usize>(args);
  const rows = load<i32>(args, 4);
  const depth = load<i32>(args, 8);
  const rowStride = (<usize> load<i32>(args, 12)) << 2;
  const columnStride = (<usize> load<i32>(args, 16)) << 2;
  const target = load<usize>(args, 20);
  for (let panel = begin; panel < end; panel++) {
    let to = target + ((<usize> panel * depth * MR) << 2);
    const first = panel * MR;
    const from = source + <usize> first * rowStride;
    if (first + MR <= rows && columnStride == 4) {
      const p0 = from, p1 = from + rowStride, p2 = from + 2 * rowStride;
      const p3 = from + 3 * rowStride,
        p4 = from + 4 * rowStride,
        p5 = from + 5 * rowStride;
      for (let k: usize = 0, last = (<usize> depth) << 2; k < last; k += 4) {
        store<f32>(to, load<f32>(p0 + k));
        store<f32>(to, load<f32>(p1 + k), 4);
        store<f32>(to, load<f32>(p2 + k), 8);
        store<f32>(to, load<f32>(p3 + k), 12);
        store<f32>(to, load<f32>(p4 + k), 16);
        store<f32>(to, load<f32>(p5 + k), 20);
        to += 24;
      }
    } else {
      const count = min(MR, rows - first);
      for (let k = 0; k < depth; k++) {
        const column = from + <usize> k * columnStride;
        for (let r = 0; r < MR; r++) {
          store<f32>(
            to,
            r < count ? load<f32>(column + <usize> r * rowStride) : 0,
          );
          to += 4;
        }
      }
    }
  }
}

/** Packs `depth` rows of op(B) from row k on, `columns` ≤ 64 of them from column j on, in panels of 8. */
function packB(
  source: usize,
  k: i32,
  depth: i32,
  j: i32,
  columns: i32,
  rowStride: usize,
  columnStride: usize,
  target: usize,
): void {
  for (let panel = 0; panel < columns; panel += NR) {
    const count = min(NR, columns - panel);
    const from = source + <usize> k * rowStride +
      <usize> (j + panel) * columnStride;
    let to = target + ((<usize> panel * depth) << 2);
    if (count == NR && columnStride == 4) {
      for (let row = from, i = 0; i < depth; i++, row += rowStride, to += 32) {
        v128.store(to, v128.load(row));
        v128.store(to, v128.load(row, 16), 16);
      }
    } else if (count == NR && rowStride == 4) {
      // op(B) is a transposed matrix: 8 of its rows become the columns of the panel.
      const p0 = from, p1 = from + columnStride, p2 = from + 2 * columnStride;
      const p3 = from + 3 * columnStride, p4 = from + 4 * columnStride;
      const p5 = from + 5 * columnStride, p6 = from + 6 * columnStride;
      const p7 = from + 7 * columnStride;
      for (
        let i: usize = 0, last = (<usize> depth) << 2;
        i < last;
        i += 4, to += 32
      ) {
        store<f32>(to, load<f32>(p0 + i));
        store<f32>(to, load<f32>(p1 + i), 4);
        store<f32>(to, load<f32>(p2 + i), 8);
        store<f32>(to, load<f32>(p3 + i), 12);
        store<f32>(to, load<f32>(p4 + i), 16);
        store<f32>(to, load<f32>(p5 + i), 20);
        store<f32>(to, load<f32>(p6 + i), 24);
        store<f32>(to, load<f32>(p7 + i), 28);
      }
    } else {
      for (let i = 0; i < depth; i++) {
        const row = from + <usize> i * rowStride;
        for (let c = 0; c < NR; c++, to += 4) {
          store<f32>(
            to,
            c < count ? load<f32>(row + <usize> c * columnStride) : 0,
          );
        }
      }
    }
  }
}

/** A 6 × 8 tile: the product of a packed panel of A and one of B, stored at c or added to what is there. */
function microKernel(
  a: usize,
  b: usize,
  depth: i32,
  c: usize,
  stride: usize,
  add: bool,
): void {
  let c00 = f32x4.splat(0),
    c01 = c00,
    c10 = c00,
    c11 = c00,
    c20 = c00,
    c21 = c00;
  let c30 = c00, c31 = c00, c40 = c00, c41 = c00, c50 = c00, c51 = c00;
  for (let k = 0; k < depth; k++) {
    const b0 = v128.load(b), b1 = v128.load(b, 16);
    let s = v128.load_splat<f32>(a);
    c00 = f32x4.relaxed_madd(s, b0, c00);
    c01 = f32x4.relaxed_madd(s, b1, c01);
    s = v128.load_splat<f32>(a, 4);
    c10 = f32x4.relaxed_madd(s, b0, c10);
    c11 = f32x4.relaxed_madd(s, b1, c11);
    s = v128.load_splat<f32>(a, 8);
    c20 = f32x4.relaxed_madd(s, b0, c20);
    c21 = f32x4.relaxed_madd(s, b1, c21);
    s = v128.load_splat<f32>(a, 12);
    c30 = f32x4.relaxed_madd(s, b0, c30);
    c31 = f32x4.relaxed_madd(s, b1, c31);
    s = v128.load_splat<f32>(a, 16);
    c40 = f32x4.relaxed_madd(s, b0, c40);
    c41 = f32x4.relaxed_madd(s, b1, c41);
    s = v128.load_splat<f32>(a, 20);
    c50 = f32x4.relaxed_madd(s, b0, c50);
    c51 = f32x4.relaxed_madd(s, b1, c51);
    a += 24;
    b += 32;
  }
  storeRow(c, c00, c01, add);
  storeRow(c + stride, c10, c11, add);
  storeRow(c + 2 * stride, c20, c21, add);
  storeRow(c + 3 * stride, c30, c31, add);
  storeRow(c + 4 * stride, c40, c41, add);
  storeRow(c + 5 * stride, c50, c51, add);
}

function storeRow(c: usize, low: v128, high: v128, add: bool): void {
  if (add) {
    v128.store(c, f32x4.add(v128.load(c), low));
    v128.store(c, f32x4.add(v128.load(c, 16), high), 16);
  } else {
    v128.store(c, low);
    v128.store(c, high, 16);
  }
}

/**
 * Computes blocks of C. Tasks: column blocks of 64 × row blocks of `rowsInTask` (a multiple of 6),
 * column blocks first.
 * ints: packed A, B, C, rows, columns, depth, stride of a row of op(B) in elements, of a column, bias
 *   (0: none; else one value a column), activation (0 none, 1 ReLU, 2 ReLU6), add to C (0 or 1),
 *   rowsInTask
 */
export function gemm(args: usize, begin: i32, end: i32, scratch: usize): void {
  const packedA = load<usize>(args);
  const B = load<usize>(args, 4);
  const C = load<usize>(args, 8);
  const rows = load<i32>(args, 12);
  const columns = load<i32>(args, 16);
  const depth = load<i32>(args, 20);
  const rowStride = (<usize> load<i32>(args, 24)) << 2;
  const columnStride = (<usize> load<i32>(args, 28)) << 2;
  const bias = load<usize>(args, 32);
  const activation = load<i32>(args, 36);
  const addToC = load<i32>(args, 40) != 0;
  const rowsInTask = load<i32>(args, 44);

  const packedB = scratch;
  const tile = scratch + ((KC * NC) << 2);
  const stride = (<usize> columns) << 2;
  const columnBlocks = (columns + NC - 1) / NC;
  for (let task = begin; task < end; task++) {
    const j = (task % columnBlocks) * NC;
    const i = (task / columnBlocks) * rowsInTask;
    const lastRow = min(rows, i + rowsInTask);
    const width = min(NC, columns - j);
    for (let k = 0; k < depth; k += KC) {
      const slice = min(KC, depth - k);
      packB(B, k, slice, j, width, rowStride, columnStride, packedB);
      const add = addToC || k > 0;
      for (let p = 0; p < width; p += NR) {
        const b = packedB + ((<usize> p * slice) << 2);
        const tileWidth = min(NR, width - p);
        for (let r = i; r < lastRow; r += MR) {
          const a = packedA + (((<usize> r * depth) + <usize> k * MR) << 2);
          const c = C + <usize> r * stride + ((<usize> (j + p)) << 2);
          const tileHeight = min(MR, rows - r);
          if (tileWidth == NR && tileHeight == MR) {
            microKernel(a, b, slice, c, stride, add);
          } else {
            microKernel(a, b, slice, tile, NR << 2, false);
            for (let y = 0; y < tileHeight; y++) {
              for (let x = 0; x < tileWidth; x++) {
                const at = c + <usize> y * stride + (<usize> x << 2);
                const value = load<f32>(tile + ((<usize> (y * NR + x)) << 2));
                store<f32>(at, add ? load<f32>(at) + value : value);
              }
            }
          }
        }
      }
    }
    if (bias != 0 || activation != 0) {
      finish(
        C + (<usize> j << 2),
        i,
        lastRow,
        width,
        stride,
        bias == 0 ? 0 : bias + (<usize> j << 2),
        activation,
      );
    }
  }
}

/** Adds the bias and applies the activation to rows i … lastRow − 1 of a block of C. */
function finish(
  C: usize,
  i: i32,
  lastRow: i32,
  width: i32,
  stride: usize,
  bias: usize,
  activation: i32,
): void {
  for (let r = i; r < lastRow; r++) {
    const row = C + <usize> r * stride;
    for (let x: usize = 0, last = (<usize> width) << 2; x < last; x += 4) {
      let value = load<f32>(row + x);
      if (bias != 0) value += load<f32>(bias + x);
      if (activation != 0 && value < 0) value = 0;
      if (activation == 2 && value > 6) value = 6;
      store<f32>(row + x, value);
    }
  }
}
