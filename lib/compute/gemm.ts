import { type BlasChoice, chooseBlas } from "./blas/choose.ts";
import { multiplyByBlas } from "./blas/product.ts";
import { defineKernel } from "./define_kernel.ts";
import { Scope } from "./scope.ts";

/** Rows of a panel of A, as in the kernel. */
const PANEL_ROWS = 6;
/** Columns of a task, as in the kernel. */
const TASK_COLUMNS = 64;
/** Most rows of a task: its panels of A then stay in the second-level cache for all columns. */
const MAX_TASK_ROWS = 384;
/** Fewest tasks that keep a few cores busy evenly. */
const WANTED_TASKS = 16;

/** An activation that kernels apply on the way out, as kernels number it. */
export type FusedActivation = "linear" | "relu" | "relu6";
const ACTIVATIONS: Record<FusedActivation, number> = { linear: 0, relu: 1, relu6: 2 };

/** The number by which kernels know an activation. */
export function activationCode(activation: FusedActivation): number {
  return ACTIVATIONS[activation];
}

/** Fewest multiplications of a product that is wide enough for a BLAS. */
const WIDE = 2 ** 18;
const packA = defineKernel("packA", {
  source: "f32*",
  rows: "i32",
  depth: "i32",
  rowStride: "i32",
  columnStride: "i32",
  target: "f32*",
});

const multiply = defineKernel("gemm", {
  packedA: "f32*",
  B: "f32*",
  C: "f32*",
  rows: "i32",
  columns: "i32",
  depth: "i32",
  rowStride: "i32",
  columnStride: "i32",
  bias: "f32*?",
  activation: "i32",
  addToC: "bool",
  rowsInTask: "i32",
});

/** A product C = op(A)·op(B) of row-major float32 matrices in the shared memory. */
export interface Gemm {
  /** [rows, depth], or [depth, rows] if transposed; it may be longer, as all matrices here. */
  readonly a: Float32Array;
  /** [depth, columns], or [columns, depth] if transposed. */
  readonly b: Float32Array;
  /** [rows, columns] */
  readonly c: Float32Array;
  readonly rows: number;
  readonly columns: number;
  readonly depth: number;
  readonly transposeA?: boolean;
  readonly transposeB?: boolean;
  /** One value a column that is added. */
  readonly bias?: Float32Array | null;
  readonly activation?: FusedActivation;
  /** Add the product to what C holds. */
  readonly add?: boolean;
}

let choice: BlasChoice | undefined;

/** Which BLAS computes wide products, if any; chosen at the first call, for the whole process. */
export function blasChoice(): BlasChoice {
  return choice ??= chooseBlas(multiplyByKernels);
}

/** For tests and benchmarks: sets what computes wide products; undefined for a new choice at the next one. */
export function setBlasChoice(wanted: BlasChoice | undefined): void {
  choice = wanted;
}

/** Whether a BLAS is to compute a product of so many multiplications. */
export function isByBlas(multiplications: number): boolean {
  return multiplications >= WIDE && blasChoice().blas !== undefined;
}

/**
 * Computes a matrix product on all threads: a wide one by the machine's BLAS, where one is in use.
 *
 * @throws {RangeError} If a matrix is shorter than its sizes say, or there is no room
 */
export function gemm(product: Gemm): void {
  const { a, b, c, rows, columns, depth } = product;
  if (a.length < rows * depth || b.length < depth * columns || c.length < rows * columns) {
    throw new RangeError(
      `Cannot multiply ${rows} × ${depth} by ${depth} × ${columns}: the matrices have ` +
        `${a.length}, ${b.length} and ${c.length} values`,
    );
  }
  if (isByBlas(rows * columns * depth)) multiplyByBlas(product);
  else multiplyByKernels(product);
}

function multiplyByKernels(
  {
    a,
    b,
    c,
    rows,
    columns,
    depth,
    transposeA = false,
    transposeB = false,
    bias = null,
    activation = "linear",
    add = false,
  }: Gemm,
): void {
  using memory = new Scope();
  const panels = Math.ceil(rows / PANEL_ROWS);
  const packed = memory.float32(panels * PANEL_ROWS * depth);
  const [rowStride, columnStride] = transposeA ? [1, rows] as const : [depth, 1] as const;
  // Small matrices are packed by the main thread, before a worker would wake.
  const grain = Math.max(1, Math.ceil(16384 / (depth + 1)));
  packA(panels, { source: a, rows, depth, rowStride, columnStride, target: packed }, grain);
  const columnBlocks = Math.ceil(columns / TASK_COLUMNS);
  const wantedRowBlocks = Math.max(1, Math.ceil(WANTED_TASKS / columnBlocks));
  const rowsInTask = Math.max(
    PANEL_ROWS,
    Math.min(MAX_TASK_ROWS, Math.ceil(rows / wantedRowBlocks / PANEL_ROWS) * PANEL_ROWS),
  );
  multiply(columnBlocks * Math.ceil(rows / rowsInTask), {
    packedA: packed,
    B: b,
    C: c,
    rows,
    columns,
    depth,
    rowStride: transposeB ? 1 : columns,
    columnStride: transposeB ? depth : 1,
    bias,
    activation: activationCode(activation),
    addToC: add,
    rowsInTask,
  });
}
