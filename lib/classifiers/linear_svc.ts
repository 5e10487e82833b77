import { loadEstimator, type SavedForm } from "../base/saved_estimator.ts";
import { checkOptions, positive, type Rules, withDefaults } from "../base/check.ts";
import {
  type FittedLinear,
  LINEAR_RULES,
  LinearClassifier,
  type LinearForm,
  type LinearParameters,
  savedLinear,
} from "./engine/linear_classifier.ts";
import { squaredHingeLoss } from "./engine/linear_losses.ts";

/** Parameters of a {@linkcode LinearSvc}, with scikit-learn's names and defaults. */
export interface LinearSvcOptions {
  /** Factor of the loss beside the penalty; default 1. */
  readonly C?: number;
  /** Largest component of the mean loss's gradient that is accepted; default 1e-4. */
  readonly tol?: number;
  /** Most iterations of L-BFGS; default 1,000. A fit that needs more ends with a warning. */
  readonly maxIter?: number;
  /** The constant whose coefficient is the intercept, penalised like the others; default 1. */
  readonly interceptScaling?: number;
}

const RULES: Rules<LinearSvcOptions> = { ...LINEAR_RULES, interceptScaling: positive };
const DEFAULTS = { C: 1, tol: 1e-4, maxIter: 1000, interceptScaling: 1 };
const SAVED: SavedForm<FittedLinear> = savedLinear("a LinearSvc");

/**
 * A linear support vector machine for each class against the rest, with the squared hinge loss and an L2
 * penalty that takes in the intercept (`sklearn.svm.LinearSVC`): it minimises
 * ½‖coef‖² + C·Σ max(0, 1 − y·output)². All classes are fitted at once, by L-BFGS on the primal problem;
 * scikit-learn's LIBLINEAR solves the dual, whose optimum is the same.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { Matrix } from "deep-features";
 * import { LinearSvc } from "deep-features/classifiers";
 *
 * const X = Matrix.fromRows([[0, 0], [1, 0], [5, 5], [6, 5]]);
 * const svc = await new LinearSvc().fit(X, [0, 0, 1, 1]);
 * assert((await svc.predict(X)).join() === "0,0,1,1");
 * ```
 */
export class LinearSvc
  extends LinearClassifier<LinearParameters & { readonly interceptScaling: number }> {
  /**
   * Stores the parameters.
   *
   * @throws {TypeError} If a parameter is unknown or of the wrong kind
   * @throws {RangeError} If a parameter is out of its range
   */
  constructor(options: LinearSvcOptions = {}) {
    checkOptions("LinearSvc", options, RULES);
    super(withDefaults(DEFAULTS, options));
  }

  /**
   * Loads what {@linkcode LinearSvc.save} wrote; predictions are the same to the bit.
   *
   * @throws {Deno.errors.NotFound} If there is no such file
   * @throws {RangeError} If the file holds something else, another class, or is damaged
   */
  static load(path: string): Promise<LinearSvc> {
    return loadEstimator(
      path,
      SAVED,
      (options, fitted) => new LinearSvc(options).restore(fitted),
    );
  }

  protected override readonly saved: SavedForm<FittedLinear> = SAVED;

  protected override form(classes: number): LinearForm {
    return {
      outputs: classes === 2 ? 1 : classes,
      loss: squaredHingeLoss,
      interceptPenalty: 1 / this.options.interceptScaling ** 2,
      curvature: 1,
    };
  }
}
