import pl from "nodejs-polars";
import { checkTrainingSet, type Classifier, type RunOptions } from "../classifiers/classifier.ts";
import type { Matrix } from "../matrix.ts";
import { type Fold, stratifiedKFold } from "./stratified_k_fold.ts";

/** A grid: for each parameter the values to try. */
export type ParameterGrid<P> = { readonly [K in keyof P]?: readonly P[K][] };

/** What {@linkcode GridSearch} can be told. */
export interface GridSearchOptions {
  /** Number of folds (default 5), or the folds themselves. */
  readonly folds?: number | readonly Fold[];
  /** Seed of the folds; default 0. */
  readonly seed?: number;
  /** Whether to fit the best parameters to all rows at the end; default true. */
  readonly refit?: boolean;
}

/** What became of one combination of parameters. */
export interface GridResult<P> {
  readonly parameters: Partial<P>;
  /** Accuracy on each fold. */
  readonly scores: readonly number[];
  readonly mean: number;
  /** Standard deviation over the folds (of the population, as in scikit-learn). */
  readonly sd: number;
  /** Seconds of all its fits and predictions. */
  readonly seconds: number;
}

/**
 * Tries every combination of parameters by cross-validation and fits the best to all rows
 * (scikit-learn's `GridSearchCV`). Every fit uses all cores, so they follow one another.
 *
 * Fits that are stopped by the signal cost nothing that is done: what has been scored completely is kept
 * in `results`, and the best of it in `bestParams`.
 *
 * @example
 * ```ts
 * import { GridSearch, Matrix, Svc } from "deep-features";
 *
 * const X = Matrix.fromRows(Array.from({ length: 20 }, (_, i) => [i]));
 * const y = Array.from({ length: 20 }, (_, i) => i < 10 ? 0 : 1);
 * const search = new GridSearch((parameters) => new Svc(parameters), { C: [0.1, 1] }, { folds: 2 });
 * await search.fit(X, y);
 * console.assert(search.bestScore > 0.8 && search.results.length === 2);
 * ```
 */
export class GridSearch<P extends object, E extends Classifier> {
  readonly #make: (parameters: Partial<P>) => E;
  readonly #combinations: Partial<P>[];
  readonly #options: GridSearchOptions;
  #results: GridResult<P>[] = [];
  #bestEstimator: E | undefined;

  /**
   * @param make Makes an estimator with some parameters
   * @param grid For each parameter the values to try; the last parameter varies fastest
   * @throws {RangeError} If a parameter has no values
   */
  constructor(
    make: (parameters: Partial<P>) => E,
    grid: ParameterGrid<P>,
    options: GridSearchOptions = {},
  ) {
    this.#make = make;
    this.#options = options;
    this.#combinations = combine(grid);
  }

  /**
   * Scores all combinations, then fits the best one to all rows.
   *
   * @returns The search itself
   * @throws {RangeError} If X, y, a parameter or the number of folds is unusable
   * @throws {DOMException} If the signal aborts; `results` then holds what was done
   */
  async fit(X: Matrix, y: ArrayLike<number>, options: RunOptions = {}): Promise<this> {
    const { folds = 5, seed = 0, refit = true } = this.#options;
    checkTrainingSet(X, y);
    const parts = typeof folds === "number" ? stratifiedKFold(y, folds, seed) : folds;
    const sets = parts.map(({ train, test }) => ({
      X: X.takeRows(train),
      y: Int32Array.from(train, (i) => y[i]!),
      Xt: X.takeRows(test),
      yt: Int32Array.from(test, (i) => y[i]!),
    }));
    this.#results = [];
    this.#bestEstimator = undefined;
    const total = this.#combinations.length * sets.length + (refit ? 1 : 0);
    const signal = options.signal ? { signal: options.signal } : {};
    let done = 0;
    for (const parameters of this.#combinations) {
      const start = performance.now();
      const scores: number[] = [];
      for (const set of sets) {
        options.signal?.throwIfAborted();
        const estimator = this.#make(parameters);
        await estimator.fit(set.X, set.y, signal);
        scores.push(accuracyOf(set.yt, await estimator.predict(set.Xt, signal)));
        options.onProgress?.({ done: ++done, total, message: describe(parameters) });
      }
      const mean = scores.reduce((a, b) => a + b, 0) / scores.length;
      const variance = scores.reduce((sum, score) => sum + (score - mean) ** 2, 0) / scores.length;
      const seconds = (performance.now() - start) / 1000;
      this.#results.push({ parameters, scores, mean, sd: Math.sqrt(variance), seconds });
    }
    if (refit) {
      const estimator = this.#make(this.bestParams);
      await estimator.fit(X, y, signal);
      this.#bestEstimator = estimator;
      options.onProgress?.({ done: total, total, message: `best: ${describe(this.bestParams)}` });
    }
    return this;
  }

  /** What has been scored, in the order of the grid. */
  get results(): readonly GridResult<P>[] {
    return this.#results;
  }

  /** The parameters with the best mean score, the first of several. */
  get bestParams(): Partial<P> {
    return this.#best().parameters;
  }

  /** Their mean score. */
  get bestScore(): number {
    return this.#best().mean;
  }

  /** The estimator with the best parameters, fitted to all rows. */
  get bestEstimator(): E {
    if (!this.#bestEstimator) throw new Error("The best estimator has not been fitted to all rows");
    return this.#bestEstimator;
  }

  /** All results as a frame: the parameters, mean and sd of the score, seconds and rank. */
  get table(): pl.DataFrame {
    const rank = (mean: number) => 1 + this.#results.filter((other) => other.mean > mean).length;
    return pl.DataFrame(this.#results.map(({ parameters, mean, sd, seconds }) => ({
      ...parameters,
      mean,
      sd,
      seconds,
      rank: rank(mean),
    })));
  }

  #best(): GridResult<P> {
    const [first, ...others] = this.#results;
    if (!first) throw new Error("Nothing has been scored yet: call fit(X, y) first");
    return others.reduce((best, result) => result.mean > best.mean ? result : best, first);
  }
}

function combine<P>(grid: ParameterGrid<P>): Partial<P>[] {
  let combinations: Partial<P>[] = [{}];
  for (const [name, values] of Object.entries(grid) as [string, readonly unknown[]][]) {
    if (!Array.isArray(values) || values.length === 0) {
      throw new RangeError(`The grid has no values for ${name}`);
    }
    combinations = combinations.flatMap((combination) =>
      values.map((value) => ({ ...combination, [name]: value }))
    );
  }
  return combinations;
}

function describe(parameters: object): string {
  return Object.entries(parameters).map(([name, value]) => `${name} = ${value}`).join(", ");
}

/** Labels may be any whole numbers here, not class indices alone. */
function accuracyOf(yTrue: Int32Array, yPred: Int32Array): number {
  return yTrue.reduce((sum, label, i) => sum + (label === yPred[i] ? 1 : 0), 0) / yTrue.length;
}
