import { defineKernel } from "../define_kernel.ts";
import { activationCode, type Gemm } from "../gemm.ts";

/** Most rows and columns of a block, which one thread computes in one call. */
const MAX_BLOCK_ROWS = 512, MAX_BLOCK_COLUMNS = 512;
/** Fewest blocks that keep a few cores busy evenly. */
const WANTED_BLOCKS = 8;
/** Blocks are as many rows and columns, or multiples of them, which suits the libraries' kernels. */
const BLOCK_STEP = 64;

const blasProduct = defineKernel("blasProduct", {
  a: "f32*",
  b: "f32*",
  c: "f32*",
  rows: "i32",
  columns: "i32",
  depth: "i32",
  transposeA: "bool",
  transposeB: "bool",
  add: "bool",
  bias: "f32*?",
  activation: "i32",
  blockRows: "i32",
  blockColumns: "i32",
});

/**
 * Computes a matrix product by the BLAS that the pool knows, in blocks on all threads. The blocks follow from
 * the sizes alone, so the result is the same on any number of threads.
 */
export function multiplyByBlas(
  {
    a,
    b,
    c,
    rows,
    columns,
    depth,
    transposeA = false,
    transposeB = false,
    add = false,
    bias = null,
    activation = "linear",
  }: Gemm,
): void {
  const [blockRows, blockColumns] = blocksOf(rows, columns);
  blasProduct(Math.ceil(rows / blockRows) * Math.ceil(columns / blockColumns), {
    a,
    b,
    c,
    rows,
    columns,
    depth,
    transposeA,
    transposeB,
    add,
    bias,
    activation: activationCode(activation),
    blockRows,
    blockColumns,
  });
}

/** Rows and columns of a block: the longer side is halved until there are enough blocks. */
function blocksOf(rows: number, columns: number): [number, number] {
  let blockRows = Math.min(rows, MAX_BLOCK_ROWS),
    blockColumns = Math.min(columns, MAX_BLOCK_COLUMNS);
  const half = (size: number) => BLOCK_STEP * Math.ceil(size / 2 / BLOCK_STEP);
  while (Math.ceil(rows / blockRows) * Math.ceil(columns / blockColumns) < WANTED_BLOCKS) {
    const longest = Math.max(blockRows, blockColumns);
    if (longest <= BLOCK_STEP) break;
    if (blockRows === longest) blockRows = half(blockRows);
    else blockColumns = half(blockColumns);
  }
  return [blockRows, blockColumns];
}
