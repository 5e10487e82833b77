import { onShortage, Scope } from "../../compute/scope.ts";
import { SharedRows } from "../../compute/shared_rows.ts";
import type { Matrix } from "../../base/matrix.ts";
import { centerOf, type ClassCoefficients, type KernelFunction } from "./kernel_function.ts";
import { scaleKernel, scaleRows, type Scaling, UNSCALED } from "./scaling.ts";
import type { FittedSvc } from "../fitted_svc.ts";

/**
 * What predictions read of a fitted machine, in the shared memory. It is made at the first prediction and
 * kept while the machine lives, as copying all support vectors would cost more than to classify a few
 * rows. When memory is short, what no prediction is using is given back and made anew later.
 */
class SupportMemory implements Disposable {
  readonly center: Float64Array;
  readonly vectors: SharedRows;
  readonly coefficients: ClassCoefficients;
  /** [pairs] what a decision value has besides the sum over support vectors, about {@linkcode center}. */
  readonly intercept: Float64Array;
  readonly kernel: KernelFunction;
  readonly scaling: Scaling;
  readonly #memory: Scope;
  #users = 0;
  #isRetired = false;
  #isGone = false;

  constructor(fitted: FittedSvc) {
    using memory = new Scope();
    this.scaling = fitted.scaling ?? UNSCALED;
    this.kernel = scaleKernel(fitted.kernel, this.scaling);
    const supportVectors = scaleRows(fitted.supportVectors, this.scaling);
    this.center = centerOf(supportVectors, fitted.kernel.kernel);
    this.vectors = memory.use(SharedRows.of(supportVectors, this.center));
    const moved = shifts(
      fitted,
      supportVectors,
      this.center,
      new Float64Array(supportVectors.cols),
    );
    this.intercept = fitted.intercept.map((value, pair) => value - moved[pair]!);
    this.coefficients = classCoefficients(fitted, memory);
    this.#memory = memory.move();
  }

  get isGone(): boolean {
    return this.#isGone;
  }

  /** Keeps it for a prediction, which disposes of it at its end. */
  use(): this {
    this.#users++;
    return this;
  }

  /** Ends a use. */
  [Symbol.dispose](): void {
    this.#users--;
    if (this.#isRetired) this.reclaim();
  }

  /** Gives the memory back as soon as nobody uses it. */
  retire(): void {
    this.#isRetired = true;
    this.reclaim();
  }

  /** Gives the memory back if nobody uses it. */
  reclaim(): void {
    if (this.#users > 0 || this.#isGone) return;
    this.#isGone = true;
    kept.delete(this);
    this.#memory[Symbol.dispose]();
  }
}

/** Columns of coefficients that the kernel sums at once, in the least. */
const COLUMNS_AT_ONCE = 4;

/** All that there are. They must not hold the machines, or these would live for ever. */
const kept = new Set<SupportMemory>();
const ofMachine = new WeakMap<FittedSvc, SupportMemory>();
const machines = new FinalizationRegistry<SupportMemory>((memory) => memory.retire());
onShortage(() => kept.forEach((memory) => memory.reclaim()));

/** The memory of a machine, for one prediction: `using support = useSupport(fitted)`. */
export function useSupport(fitted: FittedSvc): SupportMemory {
  let memory = ofMachine.get(fitted);
  if (!memory || memory.isGone) {
    memory = new SupportMemory(fitted);
    kept.add(memory);
    ofMachine.set(fitted, memory);
    machines.register(fitted, memory);
  }
  return memory.use();
}

/** Gives the memory of a machine back when nobody uses it any more, as when it is fitted anew. */
export function dropSupport(fitted: FittedSvc | undefined): void {
  if (fitted) ofMachine.get(fitted)?.retire();
}

/**
 * The machine with its intercepts about the origin, as scikit-learn gives them, instead of about the
 * center that it was fitted with. It goes by way of the center that predictions take, so that these find
 * the same value again, however far the rows are from the origin.
 *
 * @param center In the unit of the scaling
 */
export function withIntercept(fitted: FittedSvc, center: Float64Array): FittedSvc {
  const vectors = scaleRows(fitted.supportVectors, fitted.scaling ?? UNSCALED);
  const own = centerOf(vectors, fitted.kernel.kernel);
  const first = shifts(fitted, vectors, center, own);
  const second = shifts(fitted, vectors, own, new Float64Array(vectors.cols));
  return {
    ...fitted,
    intercept: fitted.intercept.map((value, pair) => value + first[pair]! + second[pair]!),
  };
}

/** By how much the decision values change from one place to another, for the linear kernel; else 0. */
function shifts(
  fitted: FittedSvc,
  vectors: Matrix,
  from: Float64Array,
  to: Float64Array,
): Float64Array {
  const pairs = fitted.intercept.length, result = new Float64Array(pairs);
  if (fitted.kernel.kernel !== "linear") return result;
  const { classes: { length: classes }, nSupport, dualCoef } = fitted;
  let i = 0;
  nSupport.forEach((count, cls) => {
    for (const end = i + count; i < end; i++) {
      let product = 0;
      vectors.row(i).forEach((value, c) => product += (value - from[c]!) * (to[c]! - from[c]!));
      for (let line = 0; line < dualCoef.rows; line++) {
        // LIBSVM leaves out the line of a class with itself.
        const other = line < cls ? line : line + 1;
        const a = Math.min(cls, other), b = Math.max(cls, other);
        const pair = a * (2 * classes - a - 1) / 2 + b - a - 1;
        result[pair]! += dualCoef.data[line * dualCoef.cols + i]! * product;
      }
    }
  });
  return result;
}

/** The coefficients as they are kept, of each support vector's pairs with the other classes, as a row. */
function classCoefficients(
  { nSupport, dualCoef: { data, rows, cols } }: FittedSvc,
  memory: Scope,
): ClassCoefficients {
  const width = COLUMNS_AT_ONCE * Math.ceil(rows / COLUMNS_AT_ONCE);
  const table = memory.float32(cols * width).fill(0);
  for (let line = 0; line < rows; line++) {
    for (let vector = 0; vector < cols; vector++) {
      table[vector * width + line] = data[line * cols + vector]!;
    }
  }
  const begins = memory.int32(nSupport.length + 1).fill(0);
  nSupport.forEach((count, cls) => begins[cls + 1] = begins[cls]! + count);
  return { table, width, begins };
}
