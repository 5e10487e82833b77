/**
 * Rows of any scale. Kernel values are float32: rows near 1e20 or 1e-22 would overflow or vanish in them,
 * though the problem is well posed (`gamma: "scale"` cancels the scale). Such rows are multiplied by a
 * power of two, and kernel values divided by one; C takes the second factor up, as
 * ½ αᵀQα − Σ α with α ≤ C is the same problem for Q ÷ k, k α and k C. Both factors are 1 for ordinary
 * rows, and powers of two change no digit. What float32 cannot tell apart in any unit is refused.
 *
 * @module
 */
import { Matrix } from "../../base/matrix.ts";
import { centerOf, type KernelFunction } from "./kernel_function.ts";

/** Factors of rows and kernel values. */
export interface Scaling {
  /** Rows are multiplied by it. */
  readonly rows: number;
  /** Kernel values are divided by it, and dual coefficients multiplied. */
  readonly values: number;
}

/** No factors. */
export const UNSCALED: Scaling = { rows: 1, values: 1 };

/** Squared lengths and kernel values from 2^-60 to 2^60 are left as they are. */
const ORDINARY_EXPONENT = 60;
/** Beyond it the float32 products have lost what the exponential of a distance needs: errors of 0.2. */
const MAX_RBF_EXPONENT = 2 ** 22;
/** Below it float32 has fewer than eight bits for what kernel values differ in. */
const MIN_DIFFERENCE = 2 ** -16;
/** Rows farther from 0 than this many times their spread: their products differ in the last bits only. */
const MAX_SHIFT = 2 ** 7;
/** Below it F = Σ y α K − y is −y in float64, up to three digits. */
const MIN_WEIGHT = 1e-13;
/** Bound of what a prediction may meet, below float32's greatest. */
const MAX_VALUE = 2 ** 120;

const power = (value: number) => 2 ** Math.round(Math.log2(value));
const isOrdinary = (value: number) =>
  value === 0 || Math.abs(Math.log2(value)) <= ORDINARY_EXPONENT;

/** How far a training set's rows reach: measured when first asked for, once for all machines on them. */
export class Extent {
  readonly #X: Matrix;
  #spread: number | undefined;
  #length: number | undefined;

  constructor(X: Matrix) {
    this.#X = X;
  }

  /** The greatest squared distance of a row from the mean of all. */
  get spread(): number {
    return this.#spread ??= greatestNorm(this.#X, centerOf(this.#X, "rbf"));
  }

  /** The greatest squared length of a row. */
  get length(): number {
    return this.#length ??= greatestNorm(this.#X, new Float64Array(this.#X.cols));
  }
}

/**
 * The factors for a training set.
 *
 * @param C The greatest C of a class
 * @throws {RangeError} If float32 kernel values cannot tell the rows apart, with what to do
 */
export function scalingOf(extent: Extent, kernel: KernelFunction, C: number): Scaling {
  const { spread } = extent;
  const isShiftFree = kernel.kernel === "rbf" || kernel.kernel === "linear";
  const norm = isShiftFree ? spread : extent.length;
  if (norm === 0 || spread === 0) return UNSCALED; // all rows are alike
  const rows = isOrdinary(norm) ? 1 : 1 / power(Math.sqrt(norm));
  const { gamma, degree } = kernel, coef0 = Math.abs(kernel.coef0);
  const exponent = gamma * norm;
  const refuse = (what: string) => {
    throw new RangeError(`Svc: the ${kernel.kernel} kernel with gamma = ${gamma} ${what}`);
  };
  if (!isShiftFree && norm > MAX_SHIFT ** 2 * spread) {
    refuse("depends on the origin, which is too far from these rows: subtract the columns' means");
  }
  let values = 1;
  switch (kernel.kernel) {
    case "linear":
      values = 1 / rows ** 2;
      if (!(C * norm >= MIN_WEIGHT)) {
        throw new RangeError(
          `Svc: the linear kernel's values are at most ${norm}, too small for C = ${C}: ` +
            "scale the columns, or raise C",
        );
      }
      break;
    case "rbf":
      if (!(exponent <= MAX_RBF_EXPONENT)) {
        refuse(`and distances up to ${Math.sqrt(norm)} tells no rows alike: lower gamma`);
      }
      if (!(exponent >= MIN_DIFFERENCE)) {
        refuse(`and distances up to ${Math.sqrt(norm)} tells no rows apart: raise gamma`);
      }
      break;
    case "sigmoid":
      if (!(exponent >= MIN_DIFFERENCE && exponent <= 2 ** ORDINARY_EXPONENT)) {
        refuse(`and squared lengths up to ${norm} tells no rows apart: scale the columns`);
      }
      break;
    case "poly": {
      if (degree === 0) break;
      if (!(exponent >= MIN_DIFFERENCE * coef0)) {
        refuse(`and coef0 = ${kernel.coef0} tells no rows apart: raise gamma, or lower coef0`);
      }
      const base = exponent + coef0;
      values = isOrdinary(base ** degree) ? 1 : power(base) ** degree;
      if (!(values > 0 && Number.isFinite(values))) {
        refuse(`and degree = ${degree} has values near ${base} ** ${degree}: scale the columns`);
      }
      if (!(C * base ** degree >= MIN_WEIGHT)) {
        refuse(`has values up to ${base ** degree}, too small for C = ${C}: raise gamma or C`);
      }
    }
  }
  if (!Number.isFinite(C * values)) {
    refuse(`has values near ${values}, too great for C = ${C}: scale the columns`);
  }
  return { rows, values };
}

/** The rows in the unit of a scaling: X itself if that is 1. */
export function scaleRows(X: Matrix, { rows }: Scaling): Matrix {
  return rows === 1 ? X : new Matrix(X.data.map((value) => value * rows), X.rows, X.cols);
}

/** The kernel that gives the divided values from the multiplied rows. */
export function scaleKernel(kernel: KernelFunction, { rows, values }: Scaling): KernelFunction {
  const { gamma, coef0, degree } = kernel;
  if (kernel.kernel === "linear") return kernel;
  const factor = kernel.kernel === "poly" && values !== 1
    ? 2 ** Math.round(Math.log2(values) / degree)
    : 1;
  return { ...kernel, gamma: gamma / rows ** 2 / factor, coef0: coef0 / factor };
}

/**
 * Checks that kernel values of rows with support vectors stay within float32.
 *
 * @param X In the unit of the scaling, as are `vectors` and `kernel`
 * @throws {RangeError} If they might not
 */
export function checkReach(
  X: Matrix,
  center: Float64Array,
  { kernel, gamma, degree, coef0 }: KernelFunction,
  vectorNorms: Float32Array,
): void {
  const most = greatest(X.data);
  const length = (most + greatest(center)) * Math.sqrt(X.cols);
  const product = length * Math.sqrt(greatest(vectorNorms));
  const base = gamma * product + Math.abs(coef0);
  const reach = kernel === "poly" ? Math.max(base ** degree, base, product) : product;
  if (Math.max(reach, length ** 2) <= MAX_VALUE) return;
  throw new RangeError(
    `X holds values up to ${most} (times a power of two), far outside what was learned from: ` +
      `kernel values would be beyond float32`,
  );
}

function greatest(values: ArrayLike<number>): number {
  let most = 0;
  for (let i = 0; i < values.length; i++) {
    const size = Math.abs(values[i]!);
    if (size > most) most = size;
  }
  return most;
}

/** The greatest squared distance of a row from `center`. */
function greatestNorm({ data, rows, cols }: Matrix, center: Float64Array): number {
  let most = 0;
  for (let i = 0, at = 0; i < rows; i++) {
    let sum = 0;
    for (let c = 0; c < cols; c++) sum += (data[at++]! - center[c]!) ** 2;
    if (sum > most) most = sum;
  }
  return most;
}
