// @ts-nocheck AssemblyScript, compiled by lib/compute/kernels/build.ts
// deno-fmt-ignore-file It would leave out the decorators, which AssemblyScript needs.
// Products by a BLAS of the machine: kernels call it, each thread for itself, through a function that is
// imported (lib/compute/blas). What a task computes depends neither on who does it nor on how many do.

const TRANSPOSE_A: i32 = 1, TRANSPOSE_B: i32 = 2, ADD: i32 = 4;

@external("blas", "multiply")
declare function multiply(
  a: usize, stepA: i32, b: usize, stepB: i32, c: usize, stepC: i32, rows: i32, columns: i32, depth: i32,
  form: i32,
): void;

/** C [rows][columns] = A [rows][depth] · B [depth][columns]; from one row to the next, `step` values. */
@global
function blasRows(
  a: usize, stepA: i32, b: usize, stepB: i32, c: usize, stepC: i32, rows: i32, columns: i32, depth: i32,
): void {
  multiply(a, stepA, b, stepB, c, stepC, rows, columns, depth, 0);
}

/** C [rows][columns] += Aᵀ · B over `depth` rows of A and of B. */
@global
function addBlasOuterProducts(a: usize, rows: i32, b: usize, columns: i32, depth: i32, c: usize): void {
  multiply(a, rows, b, columns, c, columns, rows, columns, depth, TRANSPOSE_A | ADD);
}

/**
 * Computes blocks begin … end − 1 of C = op(A)·op(B), counted along the rows of C.
 * ints: A, B, C, rows, columns, depth, transpose A (0 or 1), transpose B, add to C, bias (0: none; else one
 *   value a column), activation (0 none, 1 ReLU, 2 ReLU6), rows of a block, columns of a block
 */
export function blasProduct(args: usize, begin: i32, end: i32, _scratch: usize): void {
  const a = load<usize>(args), b = load<usize>(args, 4), c = load<usize>(args, 8);
  const rows = load<i32>(args, 12), columns = load<i32>(args, 16), depth = load<i32>(args, 20);
  const transposeA = load<i32>(args, 24) != 0, transposeB = load<i32>(args, 28) != 0;
  const add = load<i32>(args, 32) != 0;
  const bias = load<usize>(args, 36), activation = load<i32>(args, 40);
  const blockRows = load<i32>(args, 44), blockColumns = load<i32>(args, 48);
  const form = (transposeA ? TRANSPOSE_A : 0) | (transposeB ? TRANSPOSE_B : 0) | (add ? ADD : 0);
  const blocksAcross = (columns + blockColumns - 1) / blockColumns;
  for (let block = begin; block < end; block++) {
    const i = (block / blocksAcross) * blockRows, j = (block % blocksAcross) * blockColumns;
    const height = min(blockRows, rows - i), width = min(blockColumns, columns - j);
    const at = c + ((<usize> i * columns + j) << 2);
    multiply(
      a + ((transposeA ? <usize> i : <usize> i * depth) << 2), transposeA ? rows : depth,
      b + ((transposeB ? <usize> j * depth : <usize> j) << 2), transposeB ? depth : columns,
      at, columns, height, width, depth, form,
    );
    if (bias == 0 && activation == 0) continue;
    const values = bias == 0 ? 0 : bias + ((<usize> j) << 2);
    for (let row = 0; row < height; row++) {
      finishRow(at + ((<usize> row * columns) << 2), width, values, activation);
    }
  }
}

/** Adds the bias to a row and applies the activation. */
function finishRow(row: usize, columns: i32, bias: usize, activation: i32): void {
  const length = (<usize> columns) << 2;
  let x: usize = 0;
  for (; x + 16 <= length; x += 16) {
    let y = v128.load(row + x);
    if (bias != 0) y = f32x4.add(y, v128.load(bias + x));
    v128.store(row + x, fuse(y, activation));
  }
  for (; x < length; x += 4) {
    let y = f32x4.splat(load<f32>(row + x));
    if (bias != 0) y = f32x4.add(y, f32x4.splat(load<f32>(bias + x)));
    store<f32>(row + x, f32x4.extract_lane(fuse(y, activation), 0));
  }
}
