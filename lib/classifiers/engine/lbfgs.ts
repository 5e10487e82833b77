import { searchLine } from "./line_search.ts";

/** A smooth function: its value at x; the gradient there is written to `gradient`. */
export type Objective = (x: Float64Array, gradient: Float64Array) => number;

/** Why a minimisation ended. */
export type EndReason =
  /** The gradient is as small as asked for. */
  | "gradient"
  /** Steps no longer change the value. */
  | "value"
  /** The limit of iterations was reached. */
  | "iterations"
  /** Steps no longer lower the value by more than its rounding error. */
  | "rounding";

/** Where {@linkcode minimizeLbfgs} ended. */
export interface Minimum {
  readonly x: Float64Array;
  readonly value: number;
  /** Largest absolute component of the gradient at x. */
  readonly gradientNorm: number;
  readonly iterations: number;
  /** How often the objective was computed. */
  readonly evaluations: number;
  readonly reason: EndReason;
}

/** What {@linkcode minimizeLbfgs} can be told. */
export interface LbfgsOptions {
  /** Largest absolute component of the gradient that is accepted. */
  readonly tol: number;
  /** Most iterations. */
  readonly maxIter: number;
  /** Multiplies a vector by an approximate inverse of the Hessian, in place; default: leaves it. */
  readonly precondition?: (vector: Float64Array) => void;
  /** Relative rounding error of the objective's values; default: float64's. */
  readonly rounding?: number;
  /** Awaited after each iteration; may throw to stop. */
  readonly onIteration?: (iteration: number, gradientNorm: number) => Promise<void> | void;
}

/** Pairs of steps and gradient changes that are kept, as in SciPy. */
const MEMORY = 10;

/** So many steps in a row that change the value by less than its rounding error end the search. */
const IDLE_STEPS = 20;

/** A change of the value below this share of it ends the search (SciPy's `ftol` for these estimators). */
const VALUE_TOLERANCE = 64 * Number.EPSILON;

/**
 * Minimises a smooth function by the limited-memory BFGS method (Nocedal & Wright 2006, Numerical
 * Optimization, algorithms 7.4 and 7.5), with a line search for the strong Wolfe conditions. The first
 * approximation of the inverse Hessian is a multiple of `precondition`, scaled by their equation 7.20.
 *
 * @param start Where to begin; it stays as it is
 */
export async function minimizeLbfgs(
  objective: Objective,
  start: Float64Array,
  options: LbfgsOptions,
): Promise<Minimum> {
  const { tol, maxIter, precondition, rounding = Number.EPSILON, onIteration } = options;
  const n = start.length;
  let x = Float64Array.from(start), gradient = new Float64Array(n);
  let value = objective(x, gradient), evaluations = 1, iterations = 0, idle = 0;
  const pairs: Pair[] = [];
  const end = (reason: EndReason): Minimum => ({
    x,
    value,
    gradientNorm: largest(gradient),
    iterations,
    evaluations,
    reason,
  });
  while (largest(gradient) > tol) {
    if (iterations === maxIter) return end("iterations");
    const direction = descentDirection(gradient, pairs, precondition);
    const slope = dot(direction, gradient);
    // Without curvature the first step has length one, as in SciPy; a preconditioner knows the length.
    const isBlind = pairs.length === 0 && precondition === undefined;
    const found = searchLine({
      value,
      slope,
      rounding: rounding * Math.abs(value),
      firstStep: isBlind ? Math.min(1, 1 / Math.sqrt(dot(gradient, gradient))) : 1,
      at: (step) => {
        const point = new Float64Array(n), gradientThere = new Float64Array(n);
        for (let i = 0; i < n; i++) point[i] = x[i]! + step * direction[i]!;
        evaluations++;
        const valueThere = objective(point, gradientThere);
        return {
          step,
          value: valueThere,
          slope: dot(direction, gradientThere),
          x: point,
          gradient: gradientThere,
        };
      },
    });
    if (found === undefined) {
      // Old curvature can point astray: once more without it, then no further.
      if (pairs.length === 0) return end("rounding");
      pairs.length = 0;
      continue;
    }
    const s = difference(found.x, x), y = difference(found.gradient, gradient);
    const change = value - found.value;
    const scale = Math.max(Math.abs(value), Math.abs(found.value), 1);
    ({ x, gradient, value } = found);
    iterations++;
    const curvature = dot(s, y);
    if (curvature > Number.EPSILON * dot(y, y)) {
      if (pairs.length === MEMORY) pairs.shift();
      pairs.push({ s, y, curvature });
    }
    await onIteration?.(iterations, largest(gradient));
    idle = Math.abs(change) <= rounding * Math.abs(value) ? idle + 1 : 0;
    if (idle === IDLE_STEPS && largest(gradient) > tol) return end("rounding");
    if (Math.abs(change) <= VALUE_TOLERANCE * scale && largest(gradient) > tol) return end("value");
  }
  return end("gradient");
}

/** A step s, the change y of the gradient along it, and sᵀy. */
interface Pair {
  readonly s: Float64Array;
  readonly y: Float64Array;
  readonly curvature: number;
}

/** −H·gradient by the two-loop recursion (algorithm 7.4). */
function descentDirection(
  gradient: Float64Array,
  pairs: readonly Pair[],
  precondition: (vector: Float64Array) => void = () => {},
): Float64Array {
  const direction = gradient.map((value) => -value);
  const factors = new Float64Array(pairs.length);
  for (let k = pairs.length - 1; k >= 0; k--) {
    const { s, y, curvature } = pairs[k]!;
    factors[k] = dot(s, direction) / curvature;
    addScaled(direction, y, -factors[k]!);
  }
  precondition(direction);
  const last = pairs.at(-1);
  if (last) {
    const image = Float64Array.from(last.y);
    precondition(image);
    const scale = last.curvature / dot(last.y, image);
    for (let i = 0; i < direction.length; i++) direction[i]! *= scale;
  }
  for (const [k, { s, y, curvature }] of pairs.entries()) {
    addScaled(direction, s, factors[k]! - dot(y, direction) / curvature);
  }
  return direction;
}

function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i]! * b[i]!;
  return sum;
}

function addScaled(target: Float64Array, vector: Float64Array, factor: number): void {
  for (let i = 0; i < target.length; i++) target[i]! += factor * vector[i]!;
}

function difference(a: Float64Array, b: Float64Array): Float64Array {
  return a.map((value, i) => value - b[i]!);
}

function largest(vector: Float64Array): number {
  let norm = 0;
  // Not `>`, so that NaN stays.
  for (const value of vector) if (!(Math.abs(value) <= norm)) norm = Math.abs(value);
  return norm;
}
