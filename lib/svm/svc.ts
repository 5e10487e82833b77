import { denoInspect, jupyterDisplay } from "../base/display.ts";
import { estimatorFacts, type Fact, factsBundle, factsLine } from "../base/show.ts";
import { checkOptions, oneOf, type Rules } from "../base/check.ts";
import { checkRows, checkTrainingSet, type Classifier, scoreOf } from "../base/classifier.ts";
import type { Fold, FoldPrediction } from "../base/fold.ts";
import { Matrix } from "../base/matrix.ts";
import { RUN_RULES, type RunOptions } from "../base/run_options.ts";
import { loadEstimator, saveEstimator } from "../base/saved_estimator.ts";
import { interruptible } from "../notebook/interrupt.ts";
import { chainsOfC, crossValidate, sharingOf } from "./engine/cross_validate.ts";
import { crossValidateByPairs } from "./engine/cross_validate_pairs.ts";
import { decisionValues, oneVsRest, vote } from "./engine/decision.ts";
import { fitSmo, rowsByClass } from "./engine/fit_smo.ts";
import { resolveGamma } from "./gamma.ts";
import { fitLibsvm } from "./engine/libsvm_engine.ts";
import { SAVED_SVC } from "./engine/saved_svc.ts";
import { dropSupport } from "./engine/support_memory.ts";
import type { FittedSvc } from "./fitted_svc.ts";
import {
  classWeights,
  completeParameters,
  type SvcOptions,
  type SvcParameters,
} from "./svc_parameters.ts";

/** What {@linkcode Svc.decisionFunction} can be told. */
export interface DecisionOptions extends RunOptions {
  /** `"ovr"` (default): a column a class; `"ovo"`: a column a pair of classes. */
  readonly shape?: "ovr" | "ovo";
}

const DECISION_RULES: Rules<DecisionOptions> = { ...RUN_RULES, shape: oneOf("ovr", "ovo") };

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

  /**
   * Stores the parameters.
   *
   * @throws {TypeError} If a parameter is unknown or of the wrong kind
   * @throws {RangeError} If a parameter is out of its range
   */
  constructor(options: SvcOptions = {}) {
    this.options = completeParameters(options);
  }

  /**
   * Learns from rows X [n, features] with n class labels (whole numbers).
   *
   * @returns The estimator itself
   * @throws {TypeError} If X is no matrix, or y no array of numbers
   * @throws {RangeError} If X or y is unusable, or a class weight is for a class that y lacks
   * @throws {DOMException} If the signal aborts; what was learned before stays
   */
  async fit(X: Matrix, y: ArrayLike<number>, fitOptions: RunOptions = {}): Promise<this> {
    checkOptions("Svc.fit", fitOptions, RUN_RULES);
    const { classes } = checkTrainingSet(X, y);
    fitOptions.signal?.throwIfAborted();
    const { kernel, degree, coef0, engine } = this.options;
    const resolved = { kernel, gamma: resolveGamma(this.options.gamma, X), degree, coef0 };
    const weights = classWeights(this.options, classes, y);
    const rowsOfClass = rowsByClass(classes, y);
    const fitted = await interruptible(
      fitOptions.signal,
      (signal) =>
        engine === "libsvm"
          ? fitLibsvm(X, classes, rowsOfClass, resolved, { ...this.options, weights })
          : fitSmo(X, classes, rowsOfClass, resolved, weights, this.options, {
            ...fitOptions,
            signal,
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
  async predict(X: Matrix, options: RunOptions = {}): Promise<Int32Array> {
    const { classes } = this.fitted;
    checkOptions("Svc.predict", options, RUN_RULES);
    return vote(await this.#pairValues(X, options), classes);
  }

  /**
   * Decision values. With `shape` `"ovr"` (the default, as in scikit-learn) one column a class, the votes
   * of the pairs with a share of their confidence; with `"ovo"` one column a pair of classes. With two
   * classes one column, positive for the second class.
   */
  async decisionFunction(X: Matrix, options: DecisionOptions = {}): Promise<Matrix> {
    const { classes } = this.fitted;
    checkOptions("Svc.decisionFunction", options, DECISION_RULES);
    const values = await this.#pairValues(X, options);
    if (classes.length === 2) {
      return new Matrix(values.data.map((value) => -value), X.rows, 1);
    }
    return options.shape === "ovo" ? values : oneVsRest(values, classes.length);
  }

  /** How a notebook shows it: its parameters and what it has learned. */
  [jupyterDisplay](): Record<string, unknown> {
    return factsBundle("Svc", this.#facts());
  }

  /** How `console.log` shows it: in one line. */
  [denoInspect](): string {
    return factsLine("Svc", this.#facts());
  }

  #facts(): Fact[] {
    return estimatorFacts(this.options, this.#fitted, ({ kernel, supportVectors, nSupport }) => [
      ["gamma that was used", kernel.gamma],
      ["columns", supportVectors.cols],
      ["support vectors", supportVectors.rows],
      ["of each class", nSupport],
    ]);
  }

  /** The share of rows whose class is predicted right. */
  score(X: Matrix, y: ArrayLike<number>, options: RunOptions = {}): Promise<number> {
    return scoreOf(this, X, y, options);
  }

  /**
   * Cross-validates several machines at once: they share their kernel values and solutions, see
   * `engine/cross_validate.ts`, as long as twice the square of the rows fits into the memory for kernel
   * values (13,500 rows by default); of more rows pair of classes by pair of classes, as long as that of
   * two classes' rows does. They stay as they were.
   *
   * @returns The predictions, or undefined if these machines cannot share
   */
  crossValidate(
    peers: readonly Classifier[],
    X: Matrix,
    y: ArrayLike<number>,
    folds: readonly Fold[],
    options: RunOptions = {},
  ): AsyncIterable<FoldPrediction> | undefined {
    const machines = parametersOf(peers);
    switch (machines && sharingOf(machines, X, y, folds)) {
      case "all rows":
        return crossValidate(machines!, X, y, folds, options.signal);
      case "pairs of classes":
        return crossValidateByPairs(machines!, X, y, folds, options);
      case undefined:
        return undefined;
    }
  }

  /**
   * Machines that differ in C alone start from each other's solutions, and so stay together; all do where by
   * themselves they would share their work in another way.
   *
   * @returns Their numbers, or undefined if these machines cannot share
   */
  crossValidationGroups(
    peers: readonly Classifier[],
    X: Matrix,
    y: ArrayLike<number>,
    folds: readonly Fold[],
  ): readonly (readonly number[])[] | undefined {
    const machines = parametersOf(peers);
    const sharing = machines && sharingOf(machines, X, y, folds);
    if (!sharing) return undefined;
    const chains = chainsOfC(machines);
    const areAlike = chains.every((chain) =>
      sharingOf(chain.map((peer) => machines[peer]!), X, y, folds) === sharing
    );
    return areAlike ? chains : [machines.map((_, peer) => peer)];
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

  /**
   * Saves what was learned to one file, whole or not at all.
   *
   * @example
   * ```ts
   * import assert from "node:assert/strict";
   * import { Matrix, Svc } from "deep-features";
   *
   * const path = await Deno.makeTempFile();
   * const svc = await new Svc({ C: 3 }).fit(Matrix.fromRows([[0], [1]]), [0, 1]);
   * await svc.save(path);
   * const loaded = await Svc.load(path);
   * assert(loaded.options.C === 3);
   * assert((await loaded.predict(Matrix.fromRows([[0.9]])))[0] === 1);
   * await Deno.remove(path);
   * ```
   *
   * @throws {TypeError} If the path is a folder
   * @throws {Error} If the estimator is not fitted, or the file cannot be written
   */
  save(path: string): Promise<void> {
    return Promise.try(() => saveEstimator(path, SAVED_SVC, this.options, this.fitted));
  }

  /**
   * Loads what {@linkcode Svc.save} wrote; predictions are the same to the bit.
   *
   * @throws {Deno.errors.NotFound} If there is no such file
   * @throws {RangeError} If the file holds something else, another class, or is damaged
   */
  static load(path: string): Promise<Svc> {
    return loadEstimator(path, SAVED_SVC, (options, fitted) => Svc.fromFitted(fitted, options));
  }

  /** An estimator that has learned already, such as one that was saved. */
  static fromFitted(fitted: FittedSvc, options: SvcOptions = {}): Svc {
    const svc = new Svc(options);
    svc.#fitted = fitted;
    return svc;
  }

  async #pairValues(X: Matrix, options: RunOptions): Promise<Matrix> {
    const fitted = this.fitted;
    checkRows(X, fitted.supportVectors.cols);
    return await interruptible(
      options.signal,
      (signal) => decisionValues(fitted, X, { ...options, signal }),
    );
  }
}

/** The parameters of machines; undefined if one is something else. */
function parametersOf(peers: readonly Classifier[]): SvcParameters[] | undefined {
  const machines: SvcParameters[] = [];
  for (const peer of peers) {
    if (!(peer instanceof Svc)) return undefined;
    machines.push(peer.options);
  }
  return machines;
}
