import type { Matrix } from "../../base/matrix.ts";
import { defineKernel } from "../../compute/define_kernel.ts";
import { gemm } from "../../compute/gemm.ts";
import { columnMeans, type SharedRows } from "../../compute/shared_rows.ts";

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
const CODES: Record<KernelName, number> = { linear: 0, rbf: 1, poly: 2, sigmoid: 3 };

/** Kernel values that a thread computes at once. */
const VALUES_AT_ONCE = 16384;

const kernelValues = defineKernel("kernelValues", {
  block: "f32*",
  columns: "i32",
  rowNorms: "f32*",
  columnNorms: "f32*",
  kind: "i32",
  degree: "i32",
  gamma: "f32",
  coef0: "f32",
});
const classSums = defineKernel("classSums", {
  block: "f32*",
  rows: "i32",
  columns: "i32",
  rowNorms: "f32*",
  columnNorms: "f32*",
  kind: "i32",
  degree: "i32",
  coefficients: "f32*",
  width: "i32",
  begins: "i32*",
  classes: "i32",
  sums: "f32*",
  firstColumn: "i32",
  gamma: "f32",
  coef0: "f32",
});
/** Rows of a task of `classSums`, as in the kernel. */
const SUM_ROWS = 4;

/**
 * What is subtracted from all rows before kernel values are computed: for the RBF and the linear kernel
 * the mean of each column. It leaves the distances as they are, but |x|² + |y|² − 2xy then has no large
 * terms that cancel in float32; and as Σ y α = 0, a C-SVC with the linear kernel is the same wherever its
 * origin is, but for the intercept. The other kernels are not the same in another place, so for them it
 * is zero.
 */
export function centerOf(X: Matrix, kernel: KernelName): Float64Array {
  const isShiftFree = kernel === "rbf" || kernel === "linear";
  return isShiftFree && X.rows > 0 ? columnMeans(X) : new Float64Array(X.cols);
}

/**
 * Kernel values of `count` rows of `a` from row `begin` on with all rows of `b`, into `out`
 * [count, b.rows], on all threads.
 */
export function kernelBlock(
  kernel: KernelFunction,
  a: SharedRows,
  begin: number,
  count: number,
  b: SharedRows,
  out: Float32Array,
): void {
  products(a, begin, count, b, out);
  applyKernel(kernel, a, begin, count, b, out);
}

/**
 * The first half of {@linkcode kernelBlock}, which every kernel shares: the products of the rows, with all of `b` or
 * with some that lie behind one another.
 */
export function products(
  a: SharedRows,
  begin: number,
  count: number,
  b: Pick<SharedRows, "data" | "rows">,
  out: Float32Array,
): void {
  gemm({
    a: a.from(begin),
    b: b.data,
    c: out,
    rows: count,
    columns: b.rows,
    depth: a.cols,
    transposeB: true,
  });
}

/** The second half of {@linkcode kernelBlock}: turns products into kernel values, in place. */
export function applyKernel(
  { kernel, gamma, degree, coef0 }: KernelFunction,
  a: SharedRows,
  begin: number,
  count: number,
  b: SharedRows,
  out: Float32Array,
): void {
  if (kernel === "linear") return;
  kernelValues(
    count,
    {
      block: out,
      columns: b.rows,
      rowNorms: a.norms.subarray(begin),
      columnNorms: b.norms,
      kind: CODES[kernel],
      degree,
      gamma,
      coef0,
    },
    Math.ceil(VALUES_AT_ONCE / b.rows),
  );
}

/** Coefficients of support vectors that lie class by class. */
export interface ClassCoefficients {
  /** [support vectors, width] in the shared memory */
  readonly table: Float32Array;
  /** Columns, a multiple of 4. */
  readonly width: number;
  /** [classes + 1] in the shared memory: where each class begins among the support vectors. */
  readonly begins: Int32Array;
}

/** Support vectors whose kernel values are computed at once: few enough that they stay in the processor's caches. */
const VECTORS_AT_ONCE = 2048;

/** Values that {@linkcode sumByClass} needs room for. */
export function sumBlockSize(rows: number, vectors: SharedRows): number {
  return rows * Math.min(vectors.rows, VECTORS_AT_ONCE);
}

/**
 * Sums of kernel values times coefficients over the support vectors of each class: [count, classes, width] into
 * `sums`, for the first `count` rows of `a`. `block` [{@linkcode sumBlockSize}] is for the kernel values.
 */
export function sumByClass(
  { kernel, gamma, degree, coef0 }: KernelFunction,
  a: SharedRows,
  count: number,
  vectors: SharedRows,
  { table, width, begins }: ClassCoefficients,
  block: Float32Array,
  sums: Float32Array,
): void {
  const classes = begins.length - 1;
  sums.fill(0, 0, count * classes * width);
  for (let first = 0; first < vectors.rows; first += VECTORS_AT_ONCE) {
    const columns = Math.min(VECTORS_AT_ONCE, vectors.rows - first);
    products(a, 0, count, { data: vectors.from(first), rows: columns }, block);
    classSums(Math.ceil(count / SUM_ROWS), {
      block,
      rows: count,
      columns,
      rowNorms: a.norms,
      columnNorms: vectors.norms.subarray(first),
      kind: CODES[kernel],
      degree,
      coefficients: table,
      width,
      begins,
      classes,
      sums,
      firstColumn: first,
      gamma,
      coef0,
    });
  }
}

/** The kernel of a row with itself. */
export function selfKernel({ kernel, gamma, degree, coef0 }: KernelFunction, norm: number): number {
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
