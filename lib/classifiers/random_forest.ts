/**
 * A random forest (Breiman 2001) for wide, large sets.
 *
 * Ours, because no package at hand is fast enough: `ml-random-forest` 2.1.0 takes 7 s for ten trees on
 * 600 rows of 512 columns, four times as long for twice the rows, and 50,000 rows are wanted. Here the
 * columns are cut into 256 quantile bins once, as gradient-boosting libraries do (Ke et al. 2017,
 * LightGBM), so that a split of many rows is found by counting; few rows are split between any two values.
 * The trees grow in a kernel, on all threads.
 *
 * @module
 */
import { denoInspect, jupyterDisplay } from "../base/display.ts";
import { estimatorFacts, type Fact, factsBundle, factsLine } from "../base/show.ts";
import { interruptible } from "../notebook/interrupt.ts";
import { Matrix } from "../base/matrix.ts";
import { createBreather } from "../notebook/progress.ts";
import { checkRows, checkTrainingSet, type Classifier, scoreOf } from "../base/classifier.ts";
import type { RunOptions } from "../base/run_options.ts";
import { argMaxRows } from "../base/labels.ts";
import {
  checkOptions,
  custom,
  either,
  oneOf,
  type Rules,
  seed as seedRule,
  whole,
  withDefaults,
} from "../base/check.ts";
import { RUN_RULES } from "../base/run_options.ts";
import { loadEstimator, saveEstimator } from "../base/saved_estimator.ts";
import { featureColumns } from "./engine/feature_columns.ts";
import { growForest, type Tree } from "./engine/grow_forest.ts";
import { packForest, SAVED_FOREST, unpackForest } from "./engine/saved_forest.ts";
import { Scope } from "../compute/scope.ts";

/** Parameters of a {@linkcode RandomForestClassifier}, with scikit-learn's names and defaults. */
export interface RandomForestOptions {
  /** Number of trees; default 100. */
  readonly nEstimators?: number;
  /** Columns that are tried for a split; default: the square root of their number. */
  readonly maxFeatures?: number | "sqrt";
  /** Deepest a tree may grow; default: no limit. */
  readonly maxDepth?: number;
  /** Least rows in a leaf; default 1. */
  readonly minSamplesLeaf?: number;
  /** Default 0; the same seed gives the same forest. */
  readonly seed?: number;
}

/** Most trees of a forest. */
const MAX_TREES = 1_000_000;

const RULES: Rules<RandomForestOptions> = {
  nEstimators: whole(1, MAX_TREES),
  maxFeatures: either(whole(1), oneOf("sqrt")),
  maxDepth: custom(
    "a whole number of at least 1, or Infinity",
    (value) => typeof value === "number",
    (value) => value === Infinity || (Number.isSafeInteger(value) && (value as number) >= 1),
  ),
  minSamplesLeaf: whole(1),
  seed: seedRule,
};

const DEFAULTS = {
  nEstimators: 100,
  maxFeatures: "sqrt",
  maxDepth: Infinity,
  minSamplesLeaf: 1,
  seed: 0,
} as const;

/** A fitted forest. */
export interface FittedForest {
  /** Class labels in rising order. */
  readonly classes: Int32Array;
  /** Columns of the training set. */
  readonly cols: number;
  readonly trees: readonly Tree[];
}

/**
 * A vote of decision trees, each grown on a bootstrap sample with random columns at each split
 * (`sklearn.ensemble.RandomForestClassifier`): the class with the largest mean probability.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { Matrix } from "deep-features";
 * import { RandomForestClassifier } from "deep-features/classifiers";
 *
 * const X = Matrix.fromRows(Array.from({ length: 40 }, (_, i) => [i, -i]));
 * const forest = new RandomForestClassifier({ nEstimators: 20, seed: 1 });
 * await forest.fit(X, Array.from({ length: 40 }, (_, i) => i < 20 ? 0 : 1));
 * assert((await forest.predict(Matrix.fromRows([[3, -3], [33, -33]]))).join() === "0,1");
 * ```
 */
export class RandomForestClassifier implements Classifier {
  /** The parameters, defaults filled in. */
  readonly options: Required<RandomForestOptions>;
  #fitted: FittedForest | undefined;

  /**
   * Stores the parameters.
   *
   * @throws {TypeError} If a parameter is unknown or of the wrong kind
   * @throws {RangeError} If a parameter is out of its range
   */
  constructor(options: RandomForestOptions = {}) {
    checkOptions("RandomForestClassifier", options, RULES);
    this.options = withDefaults(DEFAULTS, options);
  }

  /**
   * Grows the trees.
   *
   * @returns The estimator itself
   * @throws {TypeError} If X is no matrix, or y no array of numbers
   * @throws {RangeError} If X or y is unusable, or maxFeatures exceeds the columns
   * @throws {DOMException} If the signal aborts; the estimator stays as it was
   */
  async fit(X: Matrix, y: ArrayLike<number>, options: RunOptions = {}): Promise<this> {
    checkOptions("RandomForestClassifier.fit", options, RUN_RULES);
    const { classes, codes } = checkTrainingSet(X, y);
    const { nEstimators, maxFeatures, maxDepth, minSamplesLeaf, seed } = this.options;
    const tried = maxFeatures === "sqrt" ? Math.max(1, Math.floor(Math.sqrt(X.cols))) : maxFeatures;
    if (tried > X.cols) {
      throw new RangeError(
        `maxFeatures must be from 1 to the ${X.cols} columns, got ${maxFeatures}`,
      );
    }
    const trees = await interruptible(options.signal, async (signal) => {
      const breathe = createBreather();
      const pause = async () => {
        signal?.throwIfAborted();
        await breathe();
      };
      using memory = new Scope();
      const columns = await featureColumns(X, seed, memory, pause);
      const plan = {
        columns,
        labels: codes,
        classes: classes.length,
        tried,
        maxDepth,
        minSamplesLeaf,
      };
      return await growForest(plan, nEstimators, seed, { ...options, signal }, pause);
    });
    this.#fitted = { classes, cols: X.cols, trees };
    return this;
  }

  /**
   * The class of each row: the one with the largest mean probability, the lowest of several.
   *
   * @throws {TypeError} If X is no matrix
   * @throws {RangeError} If X has other columns than the training set, or is not finite
   * @throws {Error} If the classifier is not fitted
   * @throws {DOMException} If the signal aborts
   */
  async predict(X: Matrix, options: RunOptions = {}): Promise<Int32Array> {
    const { classes } = this.fitted;
    checkOptions("RandomForestClassifier.predict", options, RUN_RULES);
    const sums = await this.#sumShares(X, options);
    return argMaxRows(sums, classes.length).map((code) => classes[code]!);
  }

  /**
   * The probability of each class for each row: the mean of the shares in the leaves that it falls into.
   *
   * @returns [rows, classes]
   * @throws {TypeError} If X is no matrix
   * @throws {RangeError} If X has other columns than the training set, or is not finite
   * @throws {Error} If the classifier is not fitted
   * @throws {DOMException} If the signal aborts
   */
  async predictProba(X: Matrix, options: RunOptions = {}): Promise<Matrix> {
    const { classes, trees } = this.fitted;
    checkOptions("RandomForestClassifier.predictProba", options, RUN_RULES);
    const sums = await this.#sumShares(X, options);
    return new Matrix(Float32Array.from(sums, (sum) => sum / trees.length), X.rows, classes.length);
  }

  /** The shares of each class for each row, added up over the trees. */
  async #sumShares(X: Matrix, options: RunOptions): Promise<Float64Array> {
    const { classes, trees, cols } = this.fitted;
    checkRows(X, cols);
    const sums = new Float64Array(X.rows * classes.length);
    await interruptible(options.signal, async (signal) => {
      const breathe = createBreather();
      for (const [t, tree] of trees.entries()) {
        signal?.throwIfAborted();
        addShares(tree, X, sums, classes.length);
        options.onProgress?.({ done: t + 1, total: trees.length, message: "trees" });
        await breathe();
      }
    });
    return sums;
  }

  /** How a notebook shows it: its parameters and what it has learned. */
  [jupyterDisplay](): Record<string, unknown> {
    return factsBundle("RandomForestClassifier", this.#facts());
  }

  /** How `console.log` shows it: in one line. */
  [denoInspect](): string {
    return factsLine("RandomForestClassifier", this.#facts());
  }

  #facts(): Fact[] {
    return estimatorFacts(this.options, this.#fitted, ({ cols, trees }) => [
      ["columns", cols],
      ["trees", trees.length],
      ["nodes", trees.reduce((sum, { column }) => sum + column.length, 0)],
    ]);
  }

  /** The share of rows whose class is predicted right. */
  score(X: Matrix, y: ArrayLike<number>, options: RunOptions = {}): Promise<number> {
    return scoreOf(this, X, y, options);
  }

  /**
   * Saves what was learned to one file, whole or not at all.
   *
   * @throws {TypeError} If the path is a folder
   * @throws {Error} If the estimator is not fitted, or the file cannot be written
   */
  save(path: string): Promise<void> {
    return Promise.try(() =>
      saveEstimator(path, SAVED_FOREST, this.options, packForest(this.fitted))
    );
  }

  /**
   * Loads what {@linkcode RandomForestClassifier.save} wrote; predictions are the same to the bit.
   *
   * @throws {Deno.errors.NotFound} If there is no such file
   * @throws {RangeError} If the file holds something else, another class, or is damaged
   */
  static load(path: string): Promise<RandomForestClassifier> {
    return loadEstimator(path, SAVED_FOREST, (options, packed) => {
      const forest = new RandomForestClassifier(options), fitted = unpackForest(packed);
      const { nEstimators } = forest.options, { length } = fitted.trees;
      if (length !== nEstimators) {
        throw new RangeError(`${length} trees, but nEstimators is ${nEstimators}`);
      }
      forest.#fitted = fitted;
      return forest;
    });
  }

  /**
   * What was learned.
   *
   * @throws {Error} If the classifier is not fitted
   */
  get fitted(): FittedForest {
    if (!this.#fitted) {
      throw new Error("This RandomForestClassifier is not fitted yet: call fit(X, y) first");
    }
    return this.#fitted;
  }
}

/** Adds the shares of the leaf that each row falls into. */
function addShares(
  { column, threshold, right, shares }: Tree,
  { data, rows, cols }: Matrix,
  sums: Float64Array,
  classes: number,
): void {
  for (let row = 0; row < rows; row++) {
    let node = 0;
    while (column[node]! >= 0) {
      node = data[row * cols + column[node]!]! <= threshold[node]! ? node + 1 : right[node]!;
    }
    const leaf = right[node]! * classes;
    for (let c = 0; c < classes; c++) sums[row * classes + c]! += shares[leaf + c]!;
  }
}
