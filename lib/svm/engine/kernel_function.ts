import type { Matrix } from "../../base/matrix.ts";
import { allocFloat32 } from "../../compute/memory.ts";
import { gemm } from "../../compute/gemm.ts";
import { runKernel } from "../../compute/pool.ts";

/** The kernels, by scikit-learn's names. */
export type KernelName = "linear" | "rbf" | "poly" | "sigmoid";

/** A kernel with all its parameters as numbers. */
export interface KernelFunction {
  readonly kernel: KernelName;
  readonly gamma: number;
  readonly degree: number;
  readonly coef0: number;
}

/** How the compute kernels number the kernels. */
const CODES: Record<KernelName, number> = {
  linear: 0,
  rbf: 1,
  poly: 2,
  sigmoid: 3,
};

/**
 * The value of `gamma`: `"scale"` is 1 / (columns · variance of all values of X), `"auto"` is
 * 1 / columns, as in scikit-learn.
 */
export function resolveGamma(
  gamma: number | "scale" | "auto",
  X: Matrix,
): number {
  if (gamma === "auto") return 1 / X.cols;
  if (gamma !== "scale") return gamma;
  let sum = 0;
  for (const value of X.data) sum += value;
  const mean = sum / X.data.length;
  let squares = 0;
  for (const value of X.data) squares += (value - mean) ** 2;
  const variance = squares / X.data.length;
  return variance > 0 ? 1 / (X.cols * variance) : 1;
}

/** Rows in the shared memory with their squared lengths, ready for {@linkcode kernelBlock}. */
export interface KernelRows {
  readonly data: Float32Array;
  readonly norms: Float32Array;
  readonly rows: number;
  readonly cols: number;
}

/** Allocates rows in the shared memory; free both arrays when done. */
export function allocKernelRows(rows: number, cols: number): KernelRows {
  return {
    data: allocFloat32(rows * cols),
    norms: allocFloat32(rows),
    rows,
    cols,
  };
}

/**
 * Sets row `to` of `target` to row `from` of `source`, less `center`.
 *
 * @param center A value for each column that is subtracted, see {@linkcode centerOf}
 */
export function copyRow(
  source: { data: Float32Array; cols: number },
  from: number,
  target: KernelRows,
  to: number,
  center: Float64Array,
): void {
  const { cols } = source;
  let norm = 0;
  for (let c = 0; c < cols; c++) {
    const value = Math.fround(source.data[from * cols + c]! - center[c]!);
    target.data[to * cols + c] = value;
    norm += value * value;
  }
  target.norms[to] = norm;
}

/**
 * What is subtracted from all rows before kernel values are computed: for the RBF kernel the mean of
 * each column. It leaves the distances as they are, but |x|² + |y|² − 2xy then has no large terms that
 * cancel in float32. The other kernels are not the same in another place, so for them it is zero.
 */
export function centerOf(X: Matrix, kernel: KernelName): Float64Array {
  const center = new Float64Array(X.cols);
  if (kernel !== "rbf") return center;
  for (let k = 0; k < X.data.length; k++) center[k % X.cols]! += X.data[k]!;
  return center.map((sum) => sum / Math.max(1, X.rows));
}

/**
 * Kernel values of `count` rows of `a` from row `begin` on with all rows of `b`, into `out`
 * [count, b.rows], on all threads.
 */
export function kernelBlock(
  kernel: KernelFunction,
  a: KernelRows,
  begin: number,
  count: number,
  b: KernelRows,
  out: Float32Array,
): void {
  products(a, begin, count, b, out);
  applyKernel(kernel, a, begin, count, b, out);
}

/** The first half of {@linkcode kernelBlock}, which every kernel shares: the products of the rows. */
export function products(
  a: KernelRows,
  begin: number,
  count: number,
  b: KernelRows,
  out: Float32Array,
): void {
  gemm({
    a: a.data.byteOffset + 4 * begin * a.cols,
    b: b.data.byteOffset,
    c: out.byteOffset,
    rows: count,
    columns: b.rows,
    depth: a.cols,
    transposeB: true,
  });
}

/** The second half of {@linkcode kernelBlock}: turns products into kernel values, in place. */
export function applyKernel(
  { kernel, gamma, degree, coef0 }: KernelFunction,
  a: KernelRows,
  begin: number,
  count: number,
  b: KernelRows,
  out: Float32Array,
): void {
  if (kernel === "linear") return;
  runKernel(
    "kernelValues",
    count,
    [
      out.byteOffset,
      b.rows,
      a.norms.byteOffset + 4 * begin,
      b.norms.byteOffset,
      CODES[kernel],
      degree,
    ],
    [gamma, coef0],
    Math.ceil(16384 / b.rows),
  );
}

/** The kernel of a row with itself. */
export function selfKernel(
  { kernel, gamma, degree, coef0 }: KernelFunction,
  norm: number,
): number {
  switch (kernel) {
    case "linear":
      return norm;
    case "rbf":
      return 1;
    case "poly":
      return (gamma * norm + coef0) ** degree;
    case "sigmoid":
      return Math.tanh(gamma * norm + coef0);
  }
}
