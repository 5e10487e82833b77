import { checkRows, checkTrainingSet } from "../classifiers/classifier.ts";
import { Matrix } from "../matrix.ts";
import { interruptible } from "../interrupt.ts";
import type { OnProgress } from "../progress.ts";
import { fitLibsvm } from "./libsvm_engine.ts";
import {
  allocKernelRows,
  centerOf,
  copyRow,
  type KernelFunction,
  type KernelName,
  type KernelRows,
  resolveGamma,
} from "./kernel_function.ts";
import { freeViews } from "../compute/memory.ts";
import { decisionValues } from "./decision.ts";
import { solveSmo } from "./smo_solver.ts";

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

/** What fitting can be told. */
export interface FitOptions {
  /** Told how many pairs of classes are solved. */
  readonly onProgress?: OnProgress;
  /** Stops the fit; the estimator stays as it was. */
  readonly signal?: AbortSignal;
}

/** What prediction can be told. */
export interface PredictOptions {
  /** Told how many rows are done. */
  readonly onProgress?: OnProgress;
  readonly signal?: AbortSignal;
}

const DEFAULTS = {
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

/**
 * C-support vector classification, one-vs-one, with scikit-learn's parameters, defaults and attributes
 * (`sklearn.svm.SVC`). The time of a fit grows at least with the square of the rows of a class.
 *
 * @example
 * ```ts
 * import { Matrix, Svc } from "deep-features";
 *
 * const X = Matrix.fromRows([[0, 0], [1, 1], [0, 1], [1, 0]]);
 * const svc = new Svc({ C: 10, gamma: 2 });
 * await svc.fit(X, [0, 0, 1, 1]); // XOR
 * console.assert((await svc.predict(X)).join() === "0,0,1,1");
 * ```
 */
export class Svc {
  /** The parameters, defaults filled in. */
  readonly options:
    & Required<Omit<SvcOptions, "classWeight">>
    & Pick<SvcOptions, "classWeight">;
  #fitted: FittedSvc | undefined;

  /** Stores the parameters; they are checked when fitting. */
  constructor(options: SvcOptions = {}) {
    this.options = { ...DEFAULTS, ...options };
  }

  /**
   * Learns from rows X [n, features] with n class labels (whole numbers).
   *
   * @returns The estimator itself
   * @throws {RangeError} If a parameter, X or y is unusable
   * @throws {DOMException} If the signal aborts
   */
  async fit(
    X: Matrix,
    y: ArrayLike<number>,
    fitOptions: FitOptions = {},
  ): Promise<this> {
    checkParameters(this.options);
    const { classes } = checkTrainingSet(X, y);
    fitOptions.signal?.throwIfAborted();
    const { kernel, degree, coef0, engine } = this.options;
    const resolved = {
      kernel,
      gamma: resolveGamma(this.options.gamma, X),
      degree,
      coef0,
    };
    const weights = classWeights(this.options, classes, y);
    const rowsOfClass = rowsByClass(classes, y);
    this.#fitted = engine === "libsvm"
      ? await fitLibsvm(X, classes, rowsOfClass, resolved, {
        ...this.options,
        weights,
      })
      : await fitSmo(
        X,
        classes,
        rowsOfClass,
        resolved,
        weights,
        this.options,
        fitOptions,
      );
    return this;
  }

  /**
   * The class of each row: the one with the most votes of the pairs, the first of several.
   *
   * @throws {RangeError} If X has other columns than the training set, or values that are not finite
   * @throws {Error} If the estimator is not fitted
   */
  async predict(X: Matrix, options: PredictOptions = {}): Promise<Int32Array> {
    const { classes } = this.fitted;
    const values = await this.#pairValues(X, options);
    const predicted = new Int32Array(X.rows);
    const votes = new Int32Array(classes.length);
    for (let row = 0; row < X.rows; row++) {
      votes.fill(0);
      let p = row * values.cols;
      for (let a = 0; a < classes.length; a++) {
        for (let b = a + 1; b < classes.length; b++) {
          votes[values.data[p++]! > 0 ? a : b]!++;
        }
      }
      predicted[row] = classes[votes.indexOf(Math.max(...votes))]!;
    }
    return predicted;
  }

  /**
   * Decision values. With `shape` `"ovr"` (the default, as in scikit-learn) one column a class, the votes
   * of the pairs with a share of their confidence; with `"ovo"` one column a pair of classes. With two
   * classes one column, positive for the second class.
   */
  async decisionFunction(
    X: Matrix,
    options: PredictOptions & { shape?: "ovr" | "ovo" } = {},
  ): Promise<Matrix> {
    const { classes } = this.fitted;
    const values = await this.#pairValues(X, options);
    if (classes.length === 2) {
      return new Matrix(values.data.map((value) => -value), X.rows, 1);
    }
    return options.shape === "ovo" ? values : oneVsRest(values, classes.length);
  }

  /** The share of rows whose class is predicted right. */
  async score(
    X: Matrix,
    y: ArrayLike<number>,
    options: PredictOptions = {},
  ): Promise<number> {
    const predicted = await this.predict(X, options);
    if (predicted.length !== y.length) {
      throw new RangeError(
        `${X.rows} rows have ${y.length} labels: need one each`,
      );
    }
    return predicted.reduce(
      (sum, label, i) => sum + (label === y[i] ? 1 : 0),
      0,
    ) / y.length;
  }

  /**
   * What was learned.
   *
   * @throws {Error} If the estimator is not fitted
   */
  get fitted(): FittedSvc {
    if (!this.#fitted) {
      throw new Error("This Svc is not fitted yet: call fit(X, y) first");
    }
    return this.#fitted;
  }

  /** An estimator that has learned already, such as one that was saved. */
  static fromFitted(fitted: FittedSvc, options: SvcOptions = {}): Svc {
    const svc = new Svc(options);
    svc.#fitted = fitted;
    return svc;
  }

  async #pairValues(X: Matrix, options: PredictOptions): Promise<Matrix> {
    const fitted = this.fitted;
    checkRows(X, fitted.supportVectors.cols);
    return await interruptible(
      options.signal,
      (signal) => decisionValues(fitted, X, { ...options, ...(signal ? { signal } : {}) }),
    );
  }
}

function rowsByClass(classes: Int32Array, y: ArrayLike<number>): number[][] {
  const rows: number[][] = Array.from(classes, () => []);
  for (let i = 0; i < y.length; i++) rows[classes.indexOf(y[i]!)]!.push(i);
  return rows;
}

async function fitSmo(
  X: Matrix,
  classes: Int32Array,
  rowsOfClass: readonly (readonly number[])[],
  kernel: KernelFunction,
  weights: readonly number[],
  { C, tol, maxIter, cacheMiB }: Svc["options"],
  fitOptions: FitOptions,
): Promise<FittedSvc> {
  const center = centerOf(X, kernel.kernel);
  const sets: KernelRows[] = [];
  try {
    for (const rows of rowsOfClass) {
      const set = allocKernelRows(rows.length, X.cols);
      sets.push(set);
      rows.forEach((row, i) => copyRow(X, row, set, i, center));
    }
    const solutions = await solveSmo({
      kernel,
      classes: sets,
      classC: weights.map((weight) => weight * C),
      tol,
      maxIter,
      cacheBytes: cacheMiB * 2 ** 20,
      ...fitOptions,
    });
    const unfinished = solutions.filter(({ converged }) => !converged).length;
    if (unfinished > 0) {
      console.warn(
        `${unfinished} of ${solutions.length} pairs of classes stopped at maxIter = ${maxIter} before the tolerance was reached: raise it, or scale the columns`,
      );
    }
    return assemble(X, classes, rowsOfClass, kernel, solutions);
  } finally {
    for (const set of sets) freeViews(set.data, set.norms);
  }
}

/** Gathers the pairs' solutions in LIBSVM's layout. */
function assemble(
  X: Matrix,
  classes: Int32Array,
  rowsOfClass: readonly (readonly number[])[],
  kernel: KernelFunction,
  solutions: Awaited<ReturnType<typeof solveSmo>>,
): FittedSvc {
  const isSupport = rowsOfClass.map((rows) => new Uint8Array(rows.length));
  const forEachCoefficient = (
    visit: (cls: number, row: number, other: number, value: number) => void,
  ) => {
    for (const { first, second, coefficients } of solutions) {
      const count = rowsOfClass[first]!.length;
      coefficients.forEach((value, k) => {
        if (value === 0) return;
        if (k < count) visit(first, k, second, value);
        else visit(second, k - count, first, value);
      });
    }
  };
  forEachCoefficient((cls, row) => isSupport[cls]![row] = 1);
  const position = isSupport.map((flags) => new Int32Array(flags.length));
  const support: number[] = [];
  const nSupport = new Int32Array(classes.length);
  rowsOfClass.forEach((rows, cls) =>
    rows.forEach((row, i) => {
      if (!isSupport[cls]![i]) return;
      position[cls]![i] = support.length;
      support.push(row);
      nSupport[cls]!++;
    })
  );
  const dualCoef = new Float32Array((classes.length - 1) * support.length);
  forEachCoefficient((cls, row, other, value) => {
    const line = other > cls ? other - 1 : other;
    dualCoef[line * support.length + position[cls]![row]!] = value;
  });
  return {
    kernel,
    classes,
    support: Int32Array.from(support),
    supportVectors: X.takeRows(support),
    nSupport,
    dualCoef: new Matrix(dualCoef, classes.length - 1, support.length),
    intercept: Float64Array.from(solutions, ({ rho }) => -rho),
    dualObjective: Float64Array.from(solutions, ({ objective }) => objective),
  };
}

function oneVsRest(values: Matrix, classes: number): Matrix {
  const result = new Float32Array(values.rows * classes);
  const votes = new Float64Array(classes),
    confidence = new Float64Array(classes);
  for (let row = 0; row < values.rows; row++) {
    votes.fill(0);
    confidence.fill(0);
    let p = row * values.cols;
    for (let a = 0; a < classes; a++) {
      for (let b = a + 1; b < classes; b++) {
        const value = values.data[p++]!;
        confidence[a]! += value;
        confidence[b]! -= value;
        votes[value > 0 ? a : b]!++;
      }
    }
    for (let c = 0; c < classes; c++) {
      // As in scikit-learn the confidence breaks ties and never overturns a vote.
      const share = confidence[c]! / (3 * (Math.abs(confidence[c]!) + 1));
      result[row * classes + c] = votes[c]! + share;
    }
  }
  return new Matrix(result, values.rows, classes);
}

function checkParameters(
  { C, gamma, degree, tol, maxIter, kernel, cacheMiB }: Svc["options"],
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
  if (!(cacheMiB > 0)) {
    throw new RangeError(`cacheMiB must be positive, got ${cacheMiB}`);
  }
}

/** The factor of C for each class. */
function classWeights(
  { classWeight }: Svc["options"],
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
