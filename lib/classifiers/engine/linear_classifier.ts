/**
 * What logistic regression and the linear support vector machine share: smooth convex problems, fitted by
 * L-BFGS on matrix products.
 *
 * Ours, because no package at hand is fit for 50,000 rows of 512 columns: `ml-logistic-regression` 2.0.0
 * descends with a fixed rate, one class against the rest and without a penalty; `liblinear-wasm` 0.0.1 is a
 * single early release; general minimisers such as `fmin` 0.0.4 have no L-BFGS.
 *
 * @module
 */
import { denoInspect, jupyterDisplay } from "../../base/display.ts";
import { estimatorFacts, type Fact, factsBundle, factsLine } from "../../base/show.ts";
import { interruptible } from "../../notebook/interrupt.ts";
import { Matrix } from "../../base/matrix.ts";
import { createBreather } from "../../notebook/progress.ts";
import { checkOptions, flag, positive, type Rules, whole } from "../../base/check.ts";
import { checkRows, checkTrainingSet, type Classifier, scoreOf } from "../../base/classifier.ts";
import { argMaxRows } from "../../base/labels.ts";
import { RUN_RULES, type RunOptions } from "../../base/run_options.ts";
import { type SavedForm, saveEstimator } from "../../base/saved_estimator.ts";
import { minimizeLbfgs, type Minimum } from "./lbfgs.ts";
import type { LinearLoss } from "./linear_losses.ts";
import { LinearObjective } from "./linear_objective.ts";
import { linearOutputs } from "./linear_outputs.ts";

/** A fitted linear model. With two classes it has one output, positive for the second class. */
export interface FittedLinear {
  /** Class labels in rising order. */
  readonly classes: Int32Array;
  /** [outputs, features]. */
  readonly coef: Matrix;
  /** One for each output. */
  readonly intercept: Float64Array;
  /** Iterations of the minimiser. */
  readonly iterations: number;
  /** Whether the tolerance was reached. */
  readonly converged: boolean;
}

/** What a fitted linear model consists of in its file. */
export function savedLinear(called: string): SavedForm<FittedLinear> {
  return {
    called,
    arrays: { classes: "int32", coef: "matrix", intercept: "float64" },
    facts: { iterations: whole(), converged: flag },
    fault({ classes, coef, intercept }) {
      const outputs = classes.length === 2 ? 1 : classes.length;
      return coef.cols < 1 || coef.rows !== outputs || intercept.length !== outputs
        ? `${coef.rows} × ${coef.cols} coefficients and ${intercept.length} intercepts for ` +
          `${classes.length} classes`
        : undefined;
    },
  };
}

/** Largest sum of squares of a column, with room for products below float32's largest number. */
const LARGEST_SUM = 1e37;

/** Steps of the progress that is told. */
const STEPS = 100;

/** Parameters that both models have. */
export interface LinearParameters {
  readonly C: number;
  readonly tol: number;
  readonly maxIter: number;
}

/** What they may be. */
export const LINEAR_RULES: Rules<LinearParameters> = {
  C: positive,
  tol: positive,
  maxIter: whole(1),
};

/** How a model's problem looks for so many classes. */
export interface LinearForm {
  readonly outputs: number;
  readonly loss: LinearLoss;
  /** Factor of the intercepts' squares beside those of the coefficients. */
  readonly interceptPenalty: number;
  /** About the second derivative of the loss. */
  readonly curvature: number;
}

/** A linear model of the classes. */
export abstract class LinearClassifier<P extends LinearParameters> implements Classifier {
  /** The parameters, defaults filled in. */
  readonly options: P;
  #fitted: FittedLinear | undefined;

  /** Stores parameters that have been checked. */
  protected constructor(options: P) {
    this.options = options;
  }

  /** How it is kept in a file. */
  protected abstract readonly saved: SavedForm<FittedLinear>;

  /** The problem for so many classes. */
  protected abstract form(classes: number): LinearForm;

  /**
   * Learns from rows X [n, features] with n class labels (whole numbers).
   *
   * @returns The estimator itself
   * @throws {TypeError} If X is no matrix, or y no array of numbers
   * @throws {RangeError} If X or y is unusable
   * @throws {DOMException} If the signal aborts; the estimator stays as it was
   */
  async fit(X: Matrix, y: ArrayLike<number>, options: RunOptions = {}): Promise<this> {
    checkOptions(`${this.constructor.name}.fit`, options, RUN_RULES);
    const { classes, codes } = checkTrainingSet(X, y);
    const largest = X.data.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
    if (largest ** 2 * X.rows > LARGEST_SUM) {
      throw new RangeError(
        `X holds values of size ${largest.toPrecision(2)}, whose squares are beyond the range of ` +
          "float32: scale the columns",
      );
    }
    options.signal?.throwIfAborted();
    const { outputs, loss, interceptPenalty, curvature } = this.form(classes.length);
    const { C } = this.options;
    using objective = new LinearObjective({
      X,
      codes,
      outputs,
      loss,
      penalty: 1 / (C * X.rows),
      interceptPenalty,
    });
    const minimum = await interruptible(
      options.signal,
      (signal) => this.#minimize(objective, curvature, options, signal),
    );
    const { coef, intercept } = objective.unpack(minimum.x);
    const converged = minimum.reason === "gradient" || minimum.reason === "value";
    this.#fitted = {
      classes,
      coef: new Matrix(coef, outputs, X.cols),
      intercept,
      iterations: minimum.iterations,
      converged,
    };
    if (!converged) console.warn(this.#warning(minimum));
    return this;
  }

  /**
   * The class of each row: the one with the largest decision value.
   *
   * @throws {TypeError} If X is no matrix
   * @throws {RangeError} If X has other columns than the training set, or values that are not finite
   * @throws {Error} If the estimator is not fitted
   */
  async predict(X: Matrix, options: RunOptions = {}): Promise<Int32Array> {
    const { data, cols } = await this.decisionFunction(X, options);
    const { classes } = this.fitted;
    const codes = cols === 1
      ? Int32Array.from(data, (value) => value > 0 ? 1 : 0)
      : argMaxRows(data, cols);
    return codes.map((code) => classes[code]!);
  }

  /** How a notebook shows it: its parameters and what it has learned. */
  [jupyterDisplay](): Record<string, unknown> {
    return factsBundle(this.constructor.name, this.#facts());
  }

  /** How `console.log` shows it: in one line. */
  [denoInspect](): string {
    return factsLine(this.constructor.name, this.#facts());
  }

  #facts(): Fact[] {
    return estimatorFacts(this.options, this.#fitted, ({ coef, iterations, converged }) => [
      ["columns", coef.cols],
      ["iterations", iterations],
      ["converged", converged],
    ]);
  }

  /** The share of rows whose class is predicted right. */
  score(X: Matrix, y: ArrayLike<number>, options: RunOptions = {}): Promise<number> {
    return scoreOf(this, X, y, options);
  }

  /**
   * Decision values X·coefᵀ + intercept.
   *
   * @returns [rows, outputs]: one column a class; with two classes one, positive for the second
   * @throws {TypeError} If X is no matrix
   * @throws {RangeError} If X has other columns than the training set, or values that are not finite
   * @throws {Error} If the estimator is not fitted
   */
  decisionFunction(X: Matrix, options: RunOptions = {}): Promise<Matrix> {
    return Promise.try(() => {
      const { coef, intercept } = this.fitted;
      checkOptions(this.constructor.name, options, RUN_RULES);
      checkRows(X, coef.cols);
      options.signal?.throwIfAborted();
      const values = new Matrix(linearOutputs(X, coef, intercept), X.rows, coef.rows);
      options.onProgress?.({ done: X.rows, total: X.rows });
      return values;
    });
  }

  /**
   * Saves what was learned to one file, whole or not at all.
   *
   * @throws {TypeError} If the path is a folder
   * @throws {Error} If the estimator is not fitted, or the file cannot be written
   */
  save(path: string): Promise<void> {
    return Promise.try(() => saveEstimator(path, this.saved, this.options, this.fitted));
  }

  /** Takes what another has learned, such as one that was saved. */
  protected restore(fitted: FittedLinear): this {
    this.#fitted = fitted;
    return this;
  }

  /**
   * What was learned.
   *
   * @throws {Error} If the estimator is not fitted
   */
  get fitted(): FittedLinear {
    if (!this.#fitted) {
      throw new Error(`This ${this.constructor.name} is not fitted yet: call fit(X, y) first`);
    }
    return this.#fitted;
  }

  async #minimize(
    objective: LinearObjective,
    curvature: number,
    { onProgress }: RunOptions,
    signal: AbortSignal | undefined,
  ): Promise<Minimum> {
    const { tol, maxIter } = this.options;
    const breathe = createBreather();
    const pause = async () => {
      await breathe();
      signal?.throwIfAborted();
    };
    const message = (iterations: number, gradientNorm: number) =>
      `${iterations} iterations, gradient ${gradientNorm.toExponential(1)}`;
    let done = 0, first: number | undefined;
    const start = new Float64Array(objective.size);
    const minimum = await minimizeLbfgs(
      (x, gradient) => objective.evaluate(x, gradient),
      start,
      {
        tol,
        maxIter,
        precondition: await objective.preconditioner(curvature, pause),
        rounding: objective.rounding,
        onIteration: async (iteration, gradientNorm) => {
          await pause();
          // Gradients fall about geometrically; the last iteration is not known before.
          first ??= gradientNorm;
          const share = Math.log(first / gradientNorm) / Math.log(first / tol) || 0;
          done = Math.max(done, Math.min(STEPS - 1, Math.floor(STEPS * share)));
          onProgress?.({ done, total: STEPS, message: message(iteration, gradientNorm) });
        },
      },
    );
    const { iterations, gradientNorm } = minimum;
    onProgress?.({ done: STEPS, total: STEPS, message: message(iterations, gradientNorm) });
    return minimum;
  }

  #warning({ reason, gradientNorm }: Minimum): string {
    const { tol, maxIter } = this.options;
    const where = `The fit stopped with a gradient of ${
      gradientNorm.toExponential(1)
    }, above tol = ${tol}: `;
    return where +
      (reason === "iterations"
        ? `raise maxIter = ${maxIter}, or scale the columns`
        : "float32 allows no better; raise tol, or scale the columns");
  }
}
