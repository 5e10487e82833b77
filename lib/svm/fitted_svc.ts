import type { Matrix } from "../base/matrix.ts";
import type { KernelFunction } from "./engine/kernel_function.ts";

/** A fitted model: everything that prediction needs. */
export interface FittedSvc {
  readonly kernel: KernelFunction;
  /** Class labels in rising order. */
  readonly classes: Int32Array;
  /** Rows of the training set that are support vectors, class by class. */
  readonly support: Int32Array;
  readonly supportVectors: Matrix;
  /** Support vectors of each class. */
  readonly nSupport: Int32Array;
  /** [classes − 1, support vectors] y·α, laid out as LIBSVM does. */
  readonly dualCoef: Matrix;
  /**
   * Factors that bring rows and kernel values of extreme size into float32's range: rows are multiplied by
   * `rows` and kernel values divided by `values` (powers of two), and `dualCoef` is y·α·`values`. Absent
   * for ordinary rows, where both are 1.
   */
  readonly scaling?: { readonly rows: number; readonly values: number };
  /** One for each pair of classes. */
  readonly intercept: Float64Array;
  /** Dual objective ½ αᵀQα − Σ α of each pair; the libsvm engine does not tell it. */
  readonly dualObjective?: Float64Array;
}
