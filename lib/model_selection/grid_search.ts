import pl from "nodejs-polars";
import { checkTrainingSet, type Classifier } from "../base/classifier.ts";
import type { RunOptions } from "../base/run_options.ts";
import { interruptible } from "../notebook/interrupt.ts";
import type { Matrix } from "../base/matrix.ts";
import { createBreather } from "../notebook/progress.ts";
import { canCrossValidate, crossValidate, type FoldScore } from "../svm/engine/cross_validate.ts";
import type { Fold } from "../base/fold.ts";
import { stratifiedKFold } from "./stratified_k_fold.ts";
import { Svc } from "../svm/svc.ts";

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
 * (scikit-learn's `GridSearchCV`).
 *
 * Combinations of {@linkcode Svc} share their kernel values and solutions, see `cross_validate.ts`, as
 * long as twice the square of the rows fits into the memory for kernel values (13,500 rows by default);
 * other estimators, and more rows, are fitted one by one, each on all cores.
 *
 * A search that is stopped, by the signal or by a notebook's interrupt, returns with what it has:
 * `results` holds what was scored on all folds, `bestParams` the best of that, and `isStopped` is true.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { GridSearch, Matrix, Svc } from "deep-features";
 *
 * const X = Matrix.fromRows(Array.from({ length: 20 }, (_, i) => [i]));
 * const y = Array.from({ length: 20 }, (_, i) => i < 10 ? 0 : 1);
 * const search = new GridSearch((parameters) => new Svc(parameters), { C: [0.1, 1] }, { folds: 2 });
 * await search.fit(X, y);
 * assert(search.bestScore > 0.8 && search.results.length === 2);
 * ```
 */
export class GridSearch<P extends object, E extends Classifier> {
  readonly #make: (parameters: Partial<P>) => E;
  readonly #combinations: Partial<P>[];
  readonly #options: GridSearchOptions;
  #scored: { combination: number; scores: number[]; seconds: number }[] = [];
  #isStopped = false;
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
   * @throws {DOMException} If the search is stopped before any combination was scored
   */
  async fit(X: Matrix, y: ArrayLike<number>, options: RunOptions = {}): Promise<this> {
    const { folds = 5, seed = 0, refit = true } = this.#options;
    checkTrainingSet(X, y);
    const parts = typeof folds === "number" ? stratifiedKFold(y, folds, seed) : folds;
    this.#scored = [];
    this.#bestEstimator = undefined;
    this.#isStopped = false;
    const total = this.#combinations.length * parts.length + (refit ? 1 : 0);
    await interruptible(options.signal, async (signal) => {
      try {
        await this.#score(X, y, parts, signal, (done, combination) =>
          options.onProgress?.({
            done,
            total,
            message: describe(this.#combinations[combination]!),
          }));
        if (refit) {
          const best = describe(this.bestParams);
          const estimator = this.#make(this.bestParams);
          await estimator.fit(X, y, signal ? { signal } : {});
          this.#bestEstimator = estimator;
          options.onProgress?.({ done: total, total, message: `best: ${best}` });
        }
      } catch (error) {
        if (!signal?.aborted || this.#scored.length === 0) throw error;
        this.#isStopped = true;
      }
    });
    return this;
  }

  /** Whether the last search was stopped before its end. */
  get isStopped(): boolean {
    return this.#isStopped;
  }

  /** What has been scored on all folds, in the order of the grid. */
  get results(): readonly GridResult<P>[] {
    const inOrder = [...this.#scored].sort((a, b) => a.combination - b.combination);
    return inOrder.map(({ combination, scores, seconds }) => {
      const mean = scores.reduce((a, b) => a + b, 0) / scores.length;
      const variance = scores.reduce((sum, score) => sum + (score - mean) ** 2, 0) / scores.length;
      const parameters = this.#combinations[combination]!;
      return { parameters, scores, mean, sd: Math.sqrt(variance), seconds };
    });
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
    const { results } = this;
    const rank = (mean: number) => 1 + results.filter((other) => other.mean > mean).length;
    return pl.DataFrame(results.map(({ parameters, mean, sd, seconds }) => ({
      ...parameters,
      mean,
      sd,
      seconds,
      rank: rank(mean),
    })));
  }

  /** Scores all combinations on all folds; `onScore` is told how many scores there are. */
  async #score(
    X: Matrix,
    y: ArrayLike<number>,
    folds: readonly Fold[],
    signal: AbortSignal | undefined,
    onScore: (done: number, combination: number) => void,
  ): Promise<void> {
    const estimators = this.#combinations.map(this.#make);
    const isShared = areSvcs(estimators) && canCrossValidate(estimators, X, folds);
    const scores = isShared ? crossValidate(estimators, X, y, folds, signal) : fitOneByOne(
      this.#combinations.map((parameters) => () => this.#make(parameters)),
      X,
      y,
      folds,
      signal,
    );
    const partial = new Map<number, { scores: number[]; seconds: number }>();
    let done = 0;
    for await (const { machine, accuracy, seconds } of scores) {
      const part = partial.get(machine) ?? { scores: [], seconds: 0 };
      part.scores.push(accuracy);
      part.seconds += seconds;
      partial.set(machine, part);
      if (part.scores.length === folds.length) this.#scored.push({ combination: machine, ...part });
      onScore(++done, machine);
    }
  }

  #best(): GridResult<P> {
    const [first, ...others] = this.results;
    if (!first) throw new Error("Nothing has been scored yet: call fit(X, y) first");
    return others.reduce((best, result) => result.mean > best.mean ? result : best, first);
  }
}

function areSvcs(estimators: readonly unknown[]): estimators is readonly Svc[] {
  return estimators.every((estimator) => estimator instanceof Svc);
}

/** Makes and fits an estimator of each kind on each fold and scores it. */
async function* fitOneByOne(
  makers: readonly (() => Classifier)[],
  X: Matrix,
  y: ArrayLike<number>,
  folds: readonly Fold[],
  signal: AbortSignal | undefined,
): AsyncGenerator<FoldScore> {
  const sets = folds.map(({ train, test }) => ({
    X: X.takeRows(train),
    y: Int32Array.from(train, (i) => y[i]!),
    Xt: X.takeRows(test),
    yt: Int32Array.from(test, (i) => y[i]!),
  }));
  const breathe = createBreather();
  for (const [machine, make] of makers.entries()) {
    for (const [fold, set] of sets.entries()) {
      signal?.throwIfAborted();
      const start = performance.now();
      const estimator = make();
      await estimator.fit(set.X, set.y, signal ? { signal } : {});
      const accuracy = accuracyOf(
        set.yt,
        await estimator.predict(set.Xt, signal ? { signal } : {}),
      );
      yield { machine, fold, accuracy, seconds: (performance.now() - start) / 1000 };
      await breathe();
    }
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

/** The parameters for people: numbers with three digits. */
function describe(parameters: object): string {
  const text = (value: unknown) =>
    typeof value === "number" ? String(Number(value.toPrecision(3))) : JSON.stringify(value);
  return Object.entries(parameters).map(([name, value]) => `${name} = ${text(value)}`).join(", ");
}

/** Labels may be any whole numbers here, not class indices alone. */
function accuracyOf(yTrue: Int32Array, yPred: Int32Array): number {
  return yTrue.reduce((sum, label, i) => sum + (label === yPred[i] ? 1 : 0), 0) / yTrue.length;
}
