import type { KernelName } from "./engine/kernel_function.ts";

/** Parameters of an {@linkcode Svc}, with scikit-learn's names and defaults. */
export interface SvcOptions {
  /** Penalty of a violated margin; default 1. */
  readonly C?: number;
  /** Default `"rbf"`. */
  readonly kernel?: KernelName;
  /** Coefficient of all kernels but the linear one; default `"scale"`: 1 / (columns · variance of X). */
  readonly gamma?: number | "scale" | "auto";
  /** Degree of the polynomial kernel; default 3. */
  readonly degree?: number;
  /** Constant term of the polynomial and sigmoid kernels; default 0. */
  readonly coef0?: number;
  /** Largest violation of the optimality conditions that is accepted; default 1e-3. */
  readonly tol?: number;
  /** Factors of C by class, or `"balanced"`: inversely proportional to the classes' sizes. */
  readonly classWeight?: "balanced" | Readonly<Record<number, number>>;
  /** Most steps for a pair of classes; default −1: no limit. */
  readonly maxIter?: number;
  /** `"smo"`: this library's solver; `"libsvm"`: LIBSVM compiled to WebAssembly, for small sets. */
  readonly engine?: "smo" | "libsvm";
  /** Memory for kernel values in MiB; default 1,400. */
  readonly cacheMiB?: number;
}

/** The parameters with the defaults filled in. */
export type SvcParameters =
  & Required<Omit<SvcOptions, "classWeight">>
  & Pick<SvcOptions, "classWeight">;

/** scikit-learn's defaults. */
export const DEFAULTS = {
  C: 1,
  kernel: "rbf",
  gamma: "scale",
  degree: 3,
  coef0: 0,
  tol: 1e-3,
  maxIter: -1,
  engine: "smo",
  cacheMiB: 1400,
} as const;

/**
 * Checks the parameters.
 *
 * @throws {RangeError} If one is unusable, with its value
 */
export function checkParameters(
  { C, gamma, degree, tol, maxIter, kernel, cacheMiB, engine }: SvcParameters,
): void {
  if (!(C > 0 && Number.isFinite(C))) {
    throw new RangeError(`C must be positive, got ${C}`);
  }
  if (!["linear", "rbf", "poly", "sigmoid"].includes(kernel)) {
    throw new RangeError(
      `kernel must be linear, rbf, poly or sigmoid, got ${kernel}`,
    );
  }
  if (
    gamma !== "scale" && gamma !== "auto" &&
    !(gamma > 0 && Number.isFinite(gamma))
  ) {
    throw new RangeError(
      `gamma must be "scale", "auto" or positive, got ${gamma}`,
    );
  }
  if (!(Number.isInteger(degree) && degree >= 0)) {
    throw new RangeError(
      `degree must be a whole number of at least 0, got ${degree}`,
    );
  }
  if (!(tol > 0)) throw new RangeError(`tol must be positive, got ${tol}`);
  if (!(maxIter === -1 || (Number.isInteger(maxIter) && maxIter > 0))) {
    throw new RangeError(
      `maxIter must be −1 or a positive whole number, got ${maxIter}`,
    );
  }
  if (!["smo", "libsvm"].includes(engine)) {
    throw new RangeError(`engine must be smo or libsvm, got ${engine}`);
  }
  if (!(cacheMiB > 0)) {
    throw new RangeError(`cacheMiB must be positive, got ${cacheMiB}`);
  }
}

/** The factor of C for each class. */
export function classWeights(
  { classWeight }: SvcParameters,
  classes: Int32Array,
  y: ArrayLike<number>,
): number[] {
  return [...classes].map((label) => {
    if (classWeight === undefined) return 1;
    if (classWeight !== "balanced") {
      const weight = classWeight[label] ?? 1;
      if (!(weight > 0)) {
        throw new RangeError(
          `The weight of class ${label} must be positive, got ${weight}`,
        );
      }
      return weight;
    }
    let count = 0;
    for (let i = 0; i < y.length; i++) if (y[i] === label) count++;
    return y.length / (classes.length * count);
  });
}
