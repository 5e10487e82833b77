import { allocate, release } from "./memory.ts";
import { runKernel } from "./pool.ts";

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
const ACTIVATIONS: Record<FusedActivation, number> = {
  linear: 0,
  relu: 1,
  relu6: 2,
};

/** The number by which kernels know an activation. */
export function activationCode(activation: FusedActivation): number {
  return ACTIVATIONS[activation];
}

/** A product C = op(A)·op(B) of row-major float32 matrices in the shared memory. */
export interface Gemm {
  /** Address of A: [rows, depth], or [depth, rows] if transposed. */
  readonly a: number;
  /** Address of B: [depth, columns], or [columns, depth] if transposed. */
  readonly b: number;
  /** Address of C: [rows, columns]. */
  readonly c: number;
  readonly rows: number;
  readonly columns: number;
  readonly depth: number;
  readonly transposeA?: boolean;
  readonly transposeB?: boolean;
  /** Address of one value a column that is added; 0 for none. */
  readonly bias?: number;
  readonly activation?: FusedActivation;
  /** Add the product to what C holds. */
  readonly add?: boolean;
}

/** Computes a matrix product on all threads. */
export function gemm(
  {
    a,
    b,
    c,
    rows,
    columns,
    depth,
    transposeA = false,
    transposeB = false,
    bias = 0,
    activation = "linear",
    add = false,
  }: Gemm,
): void {
  const panels = Math.ceil(rows / PANEL_ROWS);
  const packed = allocate(4 * panels * PANEL_ROWS * depth);
  const [rowStride, columnStride] = transposeA ? [1, rows] : [depth, 1];
  runKernel(
    "packA",
    panels,
    [a, rows, depth, rowStride, columnStride, packed],
    [],
    // Small matrices are packed by the main thread, before a worker would wake.
    Math.max(1, Math.ceil(16384 / (depth + 1))),
  );
  const columnBlocks = Math.ceil(columns / TASK_COLUMNS);
  const wantedRowBlocks = Math.max(1, Math.ceil(WANTED_TASKS / columnBlocks));
  const taskRows = Math.max(
    PANEL_ROWS,
    Math.min(
      MAX_TASK_ROWS,
      Math.ceil(rows / wantedRowBlocks / PANEL_ROWS) * PANEL_ROWS,
    ),
  );
  runKernel("gemm", columnBlocks * Math.ceil(rows / taskRows), [
    packed,
    b,
    c,
    rows,
    columns,
    depth,
    ...(transposeB ? [1, depth] : [columns, 1]),
    bias,
    activationCode(activation),
    add ? 1 : 0,
    taskRows,
  ]);
  release(packed);
}
