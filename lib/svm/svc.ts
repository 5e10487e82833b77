import { checkRows, checkTrainingSet, type Classifier, scoreOf } from "../base/classifier.ts";
import { Matrix } from "../base/matrix.ts";
import { interruptible } from "../notebook/interrupt.ts";
import type { OnProgress } from "../base/run_options.ts";
import { decisionValues, oneVsRest, vote } from "./engine/decision.ts";
import { fitSmo, rowsByClass } from "./engine/fit_smo.ts";
import { type KernelFunction, resolveGamma } from "./engine/kernel_function.ts";
import { dropSupport } from "./engine/support_memory.ts";
import { fitLibsvm } from "./engine/libsvm_engine.ts";
import {
  checkParameters,
  classWeights,
  DEFAULTS,
  type SvcOptions,
  type SvcParameters,
} from "./svc_parameters.ts";

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
 * import assert from "node:assert/strict";
 * import { Matrix, Svc } from "deep-features";
 *
 * const X = Matrix.fromRows([[0, 0], [1, 1], [0, 1], [1, 0]]);
 * const svc = new Svc({ C: 10, gamma: 2 });
 * await svc.fit(X, [0, 0, 1, 1]); // XOR
 * assert((await svc.predict(X)).join() === "0,0,1,1");
 * ```
 */
export class Svc implements Classifier {
  /** The parameters, defaults filled in. */
  readonly options: SvcParameters;
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
    const fitted = await interruptible(
      fitOptions.signal,
      (signal) =>
        engine === "libsvm"
          ? fitLibsvm(X, classes, rowsOfClass, resolved, { ...this.options, weights })
          : fitSmo(X, classes, rowsOfClass, resolved, weights, this.options, {
            ...fitOptions,
            ...(signal ? { signal } : {}),
          }),
    );
    dropSupport(this.#fitted);
    this.#fitted = fitted;
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
    return vote(await this.#pairValues(X, options), classes);
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
  score(X: Matrix, y: ArrayLike<number>, options: PredictOptions = {}): Promise<number> {
    return scoreOf(this, X, y, options);
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
