import {
  between,
  checkOptions,
  custom,
  describe,
  either,
  oneOf,
  positive,
  type Rules,
  whole,
  withDefaults,
} from "../base/check.ts";
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
  /** Most steps for a pair of classes; default −1: LIBSVM's own limit, 10⁷ or 100 a row. Engine `"smo"` alone. */
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

/** A degree beyond it says nothing that float32 kernel values can tell apart. */
const MAX_DEGREE = 100;

const isWeights = (value: unknown) =>
  typeof value === "object" && value !== null && !Array.isArray(value) &&
  !ArrayBuffer.isView(value);

const RULES: Rules<SvcOptions> = {
  C: positive,
  kernel: oneOf("linear", "rbf", "poly", "sigmoid"),
  gamma: either(oneOf("scale", "auto"), positive),
  degree: whole(0, MAX_DEGREE),
  coef0: between(-Infinity, Infinity),
  tol: positive,
  classWeight: either(oneOf("balanced"), custom("an object of weights by class", isWeights)),
  maxIter: either(oneOf(-1), whole(1)),
  engine: oneOf("smo", "libsvm"),
  cacheMiB: custom(
    "positive",
    (value) => typeof value === "number",
    (value) => (value as number) > 0,
  ),
};

/**
 * The parameters with the defaults filled in.
 *
 * @throws {TypeError} If one is unknown or of the wrong kind
 * @throws {RangeError} If one is out of its range, with its value
 */
export function completeParameters(options: SvcOptions): SvcParameters {
  checkOptions("Svc", options, RULES);
  const { classWeight } = options;
  if (classWeight !== undefined && classWeight !== "balanced") {
    for (const [label, weight] of Object.entries(classWeight)) checkWeight(label, weight);
  }
  if (options.engine === "libsvm" && (options.maxIter ?? -1) !== -1) {
    throw new RangeError(
      `Svc: engine "libsvm" has a limit of steps of its own, got maxIter = ${options.maxIter}: ` +
        'leave maxIter out, or use engine "smo"',
    );
  }
  return withDefaults(DEFAULTS, options);
}

function checkWeight(label: string, weight: unknown): void {
  const start = `Svc: classWeight: the weight of class ${label} must be positive, got `;
  if (typeof weight !== "number") throw new TypeError(start + describe(weight));
  if (!(weight > 0 && Number.isFinite(weight))) throw new RangeError(start + weight);
}

/**
 * The factor of C for each class.
 *
 * @param known All classes that may have a weight; default: `classes`, those of the training rows
 * @throws {RangeError} If a weight is for a class that there is not
 */
export function classWeights(
  { classWeight }: SvcParameters,
  classes: Int32Array,
  y: ArrayLike<number>,
  known: Int32Array = classes,
): number[] {
  if (typeof classWeight === "object") {
    for (const label of Object.keys(classWeight)) {
      if (known.some((cls) => String(cls) === label)) continue;
      throw new RangeError(
        `Svc: classWeight has class ${label}, but the classes are ${[...known].join(", ")}`,
      );
    }
  }
  return [...classes].map((label) => {
    if (classWeight === undefined) return 1;
    if (classWeight !== "balanced") return classWeight[label] ?? 1;
    let count = 0;
    for (let i = 0; i < y.length; i++) if (y[i] === label) count++;
    return y.length / (classes.length * count);
  });
}
