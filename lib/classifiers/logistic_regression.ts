import { loadEstimator, type SavedForm } from "../base/saved_estimator.ts";
import { checkOptions, type Rules, withDefaults } from "../base/check.ts";
import { Matrix } from "../base/matrix.ts";
import type { RunOptions } from "../base/run_options.ts";
import {
  type FittedLinear,
  LINEAR_RULES,
  LinearClassifier,
  type LinearForm,
  type LinearParameters,
  savedLinear,
} from "./engine/linear_classifier.ts";
import { logisticLoss, softmaxLoss } from "./engine/linear_losses.ts";

/** Parameters of a {@linkcode LogisticRegression}, with scikit-learn's names and defaults. */
export interface LogisticRegressionOptions {
  /** Inverse strength of the L2 penalty; default 1. */
  readonly C?: number;
  /** Largest component of the mean loss's gradient that is accepted; default 1e-4. */
  readonly tol?: number;
  /** Most iterations of L-BFGS; default 100. A fit that needs more ends with a warning. */
  readonly maxIter?: number;
}

const RULES: Rules<LogisticRegressionOptions> = LINEAR_RULES;
const DEFAULTS = { C: 1, tol: 1e-4, maxIter: 100 };
const SAVED: SavedForm<FittedLinear> = savedLinear("a LogisticRegression");

/**
 * Multinomial logistic regression with an L2 penalty on the coefficients and none on the intercepts
 * (`sklearn.linear_model.LogisticRegression`): it minimises Σ loss + ‖coef‖² / 2C by L-BFGS. With two
 * classes it is the binary one. Columns need no scaling for the sake of speed, since the covariance of
 * the columns is the first guess of the curvature.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { Matrix } from "deep-features";
 * import { LogisticRegression } from "deep-features/classifiers";
 *
 * const X = Matrix.fromRows([[0, 0], [1, 0], [5, 5], [6, 5], [0, 9], [1, 9]]);
 * const model = await new LogisticRegression().fit(X, [0, 0, 1, 1, 2, 2]);
 * assert((await model.predict(X)).join() === "0,0,1,1,2,2");
 * ```
 */
export class LogisticRegression extends LinearClassifier<LinearParameters> {
  /**
   * Stores the parameters.
   *
   * @throws {TypeError} If a parameter is unknown or of the wrong kind
   * @throws {RangeError} If a parameter is out of its range
   */
  constructor(options: LogisticRegressionOptions = {}) {
    checkOptions("LogisticRegression", options, RULES);
    super(withDefaults(DEFAULTS, options));
  }

  /**
   * Loads what {@linkcode LogisticRegression.save} wrote; predictions are the same to the bit.
   *
   * @throws {Deno.errors.NotFound} If there is no such file
   * @throws {RangeError} If the file holds something else, another class, or is damaged
   */
  static load(path: string): Promise<LogisticRegression> {
    return loadEstimator(
      path,
      SAVED,
      (options, fitted) => new LogisticRegression(options).restore(fitted),
    );
  }

  protected override readonly saved: SavedForm<FittedLinear> = SAVED;

  protected override form(classes: number): LinearForm {
    return classes === 2
      ? { outputs: 1, loss: logisticLoss, interceptPenalty: 0, curvature: 0.25 }
      : {
        outputs: classes,
        loss: softmaxLoss,
        interceptPenalty: 0,
        curvature: 1 / classes * (1 - 1 / classes),
      };
  }

  /**
   * The probability of each class for each row.
   *
   * @returns [rows, classes]
   * @throws {RangeError} If X has other columns than the training set, or values that are not finite
   * @throws {Error} If the estimator is not fitted
   */
  async predictProba(X: Matrix, options: RunOptions = {}): Promise<Matrix> {
    const { data, cols } = await this.decisionFunction(X, options);
    const classes = this.fitted.classes.length;
    const shares = new Float32Array(X.rows * classes);
    for (let row = 0; row < X.rows; row++) {
      const values = cols === 1 ? [0, data[row]!] : data.subarray(row * cols, (row + 1) * cols);
      let largest = -Infinity, sum = 0;
      for (const value of values) largest = Math.max(largest, value);
      const powers = Array.from(values, (value) => Math.exp(value - largest));
      for (const power of powers) sum += power;
      shares.set(powers.map((power) => power / sum), row * classes);
    }
    return new Matrix(shares, X.rows, classes);
  }
}
