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
  /** One for each pair of classes. */
  readonly intercept: Float64Array;
  /** Dual objective ½ αᵀQα − Σ α of each pair; the libsvm engine does not tell it. */
  readonly dualObjective?: Float64Array;
}
