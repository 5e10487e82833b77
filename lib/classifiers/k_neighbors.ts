import { denoInspect, jupyterDisplay } from "../base/display.ts";
import { estimatorFacts, type Fact, factsBundle, factsLine } from "../base/show.ts";
import { interruptible } from "../notebook/interrupt.ts";
import { argMaxRows } from "../base/labels.ts";
import { Matrix } from "../base/matrix.ts";
import { nearestNeighbors } from "../neighbors/nearest_neighbors.ts";
import { checkOptions, type Rules, whole, withDefaults } from "../base/check.ts";
import { checkRows, checkTrainingSet, type Classifier, scoreOf } from "../base/classifier.ts";
import { RUN_RULES, type RunOptions } from "../base/run_options.ts";
import { loadEstimator, type SavedForm, saveEstimator } from "../base/saved_estimator.ts";

/** Parameters of a {@linkcode KNeighborsClassifier}, with scikit-learn's names and defaults. */
export interface KNeighborsOptions {
  /** Neighbours that vote; default 5. */
  readonly nNeighbors?: number;
}

const RULES: Rules<KNeighborsOptions> = { nNeighbors: whole(1) };
const DEFAULTS = { nNeighbors: 5 };

/** What a {@linkcode KNeighborsClassifier} has learned. */
export interface FittedNeighbors {
  /** Class labels in rising order. */
  readonly classes: Int32Array;
  /** The training set. */
  readonly X: Matrix;
  /** Position among the classes of each row's own. */
  readonly codes: Int32Array;
}

const SAVED: SavedForm<FittedNeighbors> = {
  called: "a KNeighborsClassifier",
  arrays: { classes: "int32", X: "matrix", codes: "int32" },
  facts: {},
  fault({ classes, X, codes }) {
    if (X.rows < 1 || X.cols < 1 || codes.length !== X.rows) {
      return `${codes.length} labels for ${X.rows} × ${X.cols} rows`;
    }
    const odd = codes.find((code) => code < 0 || code >= classes.length);
    return odd === undefined ? undefined : `class ${odd} of ${classes.length}`;
  },
};

/**
 * The class that most of a row's nearest training rows have, the lowest of several
 * (`sklearn.neighbors.KNeighborsClassifier`). Neighbours are found exactly.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { Matrix } from "deep-features";
 * import { KNeighborsClassifier } from "deep-features/classifiers";
 *
 * const knn = new KNeighborsClassifier({ nNeighbors: 1 });
 * await knn.fit(Matrix.fromRows([[0], [10]]), [3, 4]);
 * assert((await knn.predict(Matrix.fromRows([[1], [8]]))).join() === "3,4");
 * ```
 */
export class KNeighborsClassifier implements Classifier {
  /** The parameters, defaults filled in. */
  readonly options: Required<KNeighborsOptions>;
  #fitted: FittedNeighbors | undefined;

  /**
   * Stores the parameters.
   *
   * @throws {TypeError} If a parameter is unknown or of the wrong kind
   * @throws {RangeError} If a parameter is out of its range
   */
  constructor(options: KNeighborsOptions = {}) {
    checkOptions("KNeighborsClassifier", options, RULES);
    this.options = withDefaults(DEFAULTS, options);
  }

  /**
   * Keeps the training set: X itself, not a copy.
   *
   * @returns The estimator itself
   * @throws {TypeError} If X is no matrix, or y no array of numbers
   * @throws {RangeError} If X or y is unusable, or there are fewer rows than neighbours
   */
  fit(X: Matrix, y: ArrayLike<number>, options: RunOptions = {}): Promise<this> {
    return Promise.try(() => {
      checkOptions("KNeighborsClassifier.fit", options, RUN_RULES);
      const { nNeighbors } = this.options;
      const set = checkTrainingSet(X, y);
      if (nNeighbors > X.rows) {
        throw new RangeError(`nNeighbors must be from 1 to the ${X.rows} rows, got ${nNeighbors}`);
      }
      options.signal?.throwIfAborted();
      options.onProgress?.({ done: X.rows, total: X.rows });
      this.#fitted = { X, ...set };
      return this;
    });
  }

  /**
   * The class of each row.
   *
   * @throws {TypeError} If X is no matrix
   * @throws {RangeError} If X has other columns than the training set, or is not finite
   * @throws {Error} If the classifier is not fitted
   * @throws {DOMException} If the signal aborts
   */
  async predict(X: Matrix, options: RunOptions = {}): Promise<Int32Array> {
    const { classes } = this.fitted;
    checkOptions("KNeighborsClassifier.predict", options, RUN_RULES);
    return argMaxRows(await this.#countVotes(X, options), classes.length)
      .map((code) => classes[code]!);
  }

  /**
   * The share of each class among the neighbours of each row.
   *
   * @returns [rows, classes]
   * @throws {TypeError} If X is no matrix
   * @throws {RangeError} If X has other columns than the training set, or is not finite
   * @throws {Error} If the classifier is not fitted
   * @throws {DOMException} If the signal aborts
   */
  async predictProba(X: Matrix, options: RunOptions = {}): Promise<Matrix> {
    const { classes } = this.fitted;
    checkOptions("KNeighborsClassifier.predictProba", options, RUN_RULES);
    const votes = await this.#countVotes(X, options), { nNeighbors } = this.options;
    return new Matrix(Float32Array.from(votes, (n) => n / nNeighbors), X.rows, classes.length);
  }

  /** Neighbours of each class for each row, [rows, classes]. */
  async #countVotes(X: Matrix, options: RunOptions): Promise<Int32Array> {
    const { X: rows, classes, codes } = this.fitted;
    checkRows(X, rows.cols);
    const { nNeighbors: k } = this.options;
    const { indices } = await interruptible(
      options.signal,
      (signal) => nearestNeighbors(rows, X, k, { ...options, signal }),
    );
    const votes = new Int32Array(X.rows * classes.length);
    for (const [i, row] of indices.entries()) {
      votes[Math.floor(i / k) * classes.length + codes[row]!]!++;
    }
    return votes;
  }

  /** How a notebook shows it: its parameters and what it has learned. */
  [jupyterDisplay](): Record<string, unknown> {
    return factsBundle("KNeighborsClassifier", this.#facts());
  }

  /** How `console.log` shows it: in one line. */
  [denoInspect](): string {
    return factsLine("KNeighborsClassifier", this.#facts());
  }

  #facts(): Fact[] {
    return estimatorFacts(this.options, this.#fitted, ({ X }) => [
      ["rows", X.rows],
      ["columns", X.cols],
    ]);
  }

  /** The share of rows whose class is predicted right. */
  score(X: Matrix, y: ArrayLike<number>, options: RunOptions = {}): Promise<number> {
    return scoreOf(this, X, y, options);
  }

  /**
   * Saves the training set to one file, whole or not at all.
   *
   * @throws {TypeError} If the path is a folder
   * @throws {Error} If the estimator is not fitted, or the file cannot be written
   */
  save(path: string): Promise<void> {
    return Promise.try(() => saveEstimator(path, SAVED, this.options, this.fitted));
  }

  /**
   * Loads what {@linkcode KNeighborsClassifier.save} wrote; predictions are the same to the bit.
   *
   * @throws {Deno.errors.NotFound} If there is no such file
   * @throws {RangeError} If the file holds something else, another class, or is damaged
   */
  static load(path: string): Promise<KNeighborsClassifier> {
    return loadEstimator(path, SAVED, (options, fitted) => {
      const classifier = new KNeighborsClassifier(options);
      const { nNeighbors } = classifier.options, { rows } = fitted.X;
      if (nNeighbors > rows) throw new RangeError(`nNeighbors is ${nNeighbors} for ${rows} rows`);
      classifier.#fitted = fitted;
      return classifier;
    });
  }

  /**
   * What was learned.
   *
   * @throws {Error} If the classifier is not fitted
   */
  get fitted(): FittedNeighbors {
    if (!this.#fitted) {
      throw new Error("This KNeighborsClassifier is not fitted yet: call fit(X, y) first");
    }
    return this.#fitted;
  }
}
