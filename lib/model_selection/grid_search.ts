import { denoInspect, jupyterDisplay } from "../base/display.ts";
import { type Fact, factsBundle, factsLine } from "../base/show.ts";
import pl from "nodejs-polars";
import {
  callable,
  checkOptions,
  checkValue,
  custom,
  flag,
  listOf,
  record,
  type Rules,
  seed as seedRule,
  withDefaults,
} from "../base/check.ts";
import { checkTrainingSet, type Classifier } from "../base/classifier.ts";
import { elsewhere } from "../base/elsewhere.ts";
import type { Fold } from "../base/fold.ts";
import type { Matrix } from "../base/matrix.ts";
import { type OnProgress, type Progress, RUN_RULES, type RunOptions } from "../base/run_options.ts";
import { interruptible } from "../notebook/interrupt.ts";
import { checkFolds } from "./check_folds.ts";
import { crossValidate, labelsOf, type ValidateElsewhere } from "./cross_validation.ts";
import {
  combinationsOf,
  edgesOf,
  type GridEdge,
  inWords,
  makeAll,
  type ParameterGrid,
} from "./parameter_grid.ts";
import { scoreFunction, type Scoring, SCORING_RULE } from "./scoring.ts";
import { stratifiedKFold } from "./stratified_k_fold.ts";

/** What {@linkcode GridSearch} can be told. */
export interface GridSearchOptions {
  /** Number of folds (default 5), or the folds themselves. */
  readonly folds?: number | readonly Fold[];
  /** Seed of the folds; default 0. */
  readonly seed?: number;
  /** Whether to fit the best parameters to all rows at the end; default true. */
  readonly refit?: boolean;
  /** What is best: a score by name (default `"accuracy"`), or a function of true and predicted labels. */
  readonly scoring?: Scoring;
}

const RULES: Rules<GridSearchOptions> = {
  folds: custom(
    "a whole number of at least 2, or an array of folds",
    (value) => typeof value === "number" || Array.isArray(value),
    (value) => Array.isArray(value) || (Number.isInteger(value) && (value as number) >= 2),
  ),
  seed: seedRule,
  refit: flag,
  scoring: SCORING_RULE,
};

const DEFAULTS = { folds: 5, seed: 0, refit: true, scoring: "accuracy" } as const;

/** What became of one combination of parameters. */
export interface GridResult<P> {
  readonly parameters: Partial<P>;
  /** Score on each fold. */
  readonly scores: readonly number[];
  readonly mean: number;
  /** Standard deviation over the folds (of the population, as in scikit-learn). */
  readonly sd: number;
  /** Seconds of all its fits and predictions. */
  readonly seconds: number;
}

/** What {@linkcode GridSearch.fit} can be told. */
export interface GridFitOptions<P> extends RunOptions {
  /** What an earlier search with the same rows, labels and folds has scored: it is not scored again. */
  readonly known?: readonly GridResult<P>[] | undefined;
  /** Told of each combination that was scored on all folds, as soon as it was; the search waits for it. */
  readonly onResult?: ((result: GridResult<P>) => void | Promise<void>) | undefined;
}

const FIT_RULES: Rules<GridFitOptions<object>> = {
  ...RUN_RULES,
  known: listOf(record(), "results of a search"),
  onResult: callable,
};

/** A combination that was scored on all folds. */
interface Scored {
  readonly combination: number;
  readonly scores: readonly number[];
  readonly seconds: number;
}

/**
 * Tries every combination of parameters by cross-validation and fits the best to all rows
 * (scikit-learn's `GridSearchCV`).
 *
 * Any classifier can be searched. One that can cross-validate several of its kind at once does so (`Svc`
 * shares kernel values and solutions); others are fitted one by one, each on all cores. Where `SWEEP_QUEUE`
 * names a queue, its workers score the combinations (see `docs/sweeps.md`), to the same bits.
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
  /** The options, defaults filled in. */
  readonly options: Required<GridSearchOptions>;
  readonly #make: (parameters: Partial<P>) => E;
  readonly #combinations: Partial<P>[];
  #scored: Scored[] = [];
  #isStopped = false;
  #bestEstimator: E | undefined;

  /**
   * @param make Makes a classifier with some parameters
   * @param grid For each parameter the values to try; the last parameter varies fastest
   * @throws {TypeError} If an argument is of the wrong kind, an option unknown, or `make` returns no
   *   classifier or one that lacks a parameter of the grid
   * @throws {RangeError} If a parameter has no values, or an option is out of its range
   */
  constructor(
    make: (parameters: Partial<P>) => E,
    grid: ParameterGrid<P>,
    options: GridSearchOptions = {},
  ) {
    checkValue("GridSearch: make", make, callable);
    checkOptions("GridSearch", options, RULES);
    this.#make = make;
    this.options = withDefaults(DEFAULTS, options);
    this.#combinations = combinationsOf(grid);
    makeAll(make, this.#combinations);
  }

  /**
   * Scores all combinations, then fits the best one to all rows. Warns when the best value of a parameter
   * is the least or greatest of three or more.
   *
   * @returns The search itself
   * @throws {TypeError} If X is no matrix, or y no array of numbers
   * @throws {RangeError} If X, y, a fold or the number of folds is unusable
   * @throws {DOMException} If the search is stopped before any combination was scored
   */
  async fit(X: Matrix, y: ArrayLike<number>, options: GridFitOptions<P> = {}): Promise<this> {
    checkOptions("GridSearch.fit", options, FIT_RULES);
    const { folds, seed, refit } = this.options;
    checkTrainingSet(X, y);
    const parts = typeof folds === "number" ? stratifiedKFold(y, folds, seed) : folds;
    checkFolds(parts, y);
    this.#scored = this.#known(options.known ?? [], parts.length);
    this.#bestEstimator = undefined;
    this.#isStopped = false;
    const total = this.#combinations.length * parts.length + (refit ? 1 : 0);
    await interruptible(options.signal, async (signal) => {
      try {
        const onScore = (done: number, combination: number) =>
          options.onProgress?.({
            done,
            total,
            message: inWords(this.#combinations[combination]!),
          });
        const onPart = ({ done, message }: Progress) =>
          options.onProgress?.({ done, total, ...(message === undefined ? {} : { message }) });
        await this.#score(X, y, parts, signal, { onScore, onPart, onResult: options.onResult });
        if (refit) {
          const best = inWords(this.bestParams);
          const estimator = this.#make(this.bestParams);
          await estimator.fit(X, y, { signal });
          this.#bestEstimator = estimator;
          options.onProgress?.({ done: total, total, message: `best: ${best}` });
        }
      } catch (error) {
        if (!signal?.aborted || this.#scored.length === 0) throw error;
        this.#isStopped = true;
      }
    });
    this.#warnOfEdges();
    return this;
  }

  /** Whether the last search was stopped before its end. */
  get isStopped(): boolean {
    return this.#isStopped;
  }

  /** A classifier of each combination, not fitted, in the order of the grid. */
  get candidates(): readonly E[] {
    return makeAll(this.#make, this.#combinations);
  }

  /** What has been scored on all folds, in the order of the grid. */
  get results(): readonly GridResult<P>[] {
    const inOrder = [...this.#scored].sort((a, b) => a.combination - b.combination);
    return inOrder.map((scored) => this.#resultOf(scored));
  }

  #resultOf({ combination, scores, seconds }: Scored): GridResult<P> {
    const mean = scores.reduce((a, b) => a + b, 0) / scores.length;
    const variance = scores.reduce((sum, score) => sum + (score - mean) ** 2, 0) / scores.length;
    const parameters = this.#combinations[combination]!;
    return { parameters, scores, mean, sd: Math.sqrt(variance), seconds };
  }

  /** The parameters with the best mean score, the first of several. */
  get bestParams(): Partial<P> {
    return this.#best().parameters;
  }

  /** Their mean score. */
  get bestScore(): number {
    return this.#best().mean;
  }

  /**
   * Parameters whose best value is the least or the greatest of three or more that were tried: beyond it
   * there may be a better one.
   */
  get edges(): readonly GridEdge[] {
    return edgesOf(this.bestParams, this.results.map(({ parameters }) => parameters));
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

  /** How a notebook shows it: its options, and the best that was found. */
  [jupyterDisplay](): Record<string, unknown> {
    return factsBundle("GridSearch", this.#facts());
  }

  /** How `console.log` shows it: in one line. */
  [denoInspect](): string {
    return factsLine("GridSearch", this.#facts());
  }

  #facts(): Fact[] {
    const { folds, scoring, seed, refit } = this.options;
    const facts: Fact[] = [
      ["combinations", this.#combinations.length],
      ["folds", typeof folds === "number" ? folds : folds.length],
      ["scoring", typeof scoring === "function" ? scoring.name || "a function" : scoring],
      ["seed", seed],
      ["refit", refit],
    ];
    if (this.#scored.length === 0) return [...facts, ["scored", "nothing yet"]];
    const { mean, sd, parameters } = this.#best();
    const edges = this.edges.map(({ parameter, value, side }) =>
      `${inWords({ [parameter]: value })} is the ${side} that was tried`
    );
    return [
      ...facts,
      ["scored", this.#isStopped ? `${this.#scored.length}, then stopped` : this.#scored.length],
      ["best parameters", inWords(parameters)],
      ["best score", `${mean.toFixed(4)} ± ${sd.toFixed(4)}`],
      ...edges.map((text): Fact => ["at an edge", text]),
    ];
  }

  /** What was scored before, if it is of this grid and has as many folds. */
  #known(results: readonly GridResult<P>[], folds: number): Scored[] {
    const texts = this.#combinations.map((combination) => JSON.stringify(combination));
    const known = results.map(({ parameters, scores, seconds }) => {
      const combination = texts.indexOf(JSON.stringify(parameters));
      if (combination >= 0 && scores.length === folds) return { combination, scores, seconds };
      throw new RangeError(
        `GridSearch.fit: known holds ${
          inWords(parameters)
        } with ${scores.length} scores, which is no ` +
          `combination of this grid with ${folds} folds`,
      );
    });
    return [...new Map(known.map((each) => [each.combination, each])).values()];
  }

  /**
   * Scores the combinations that are not scored yet on all folds; `onScore` is told how many scores there are,
   * `onPart` how many and a part of the next ones.
   */
  async #score(
    X: Matrix,
    y: ArrayLike<number>,
    folds: readonly Fold[],
    signal: AbortSignal | undefined,
    { onScore, onPart, onResult }: {
      onScore: (done: number, combination: number) => void;
      onPart: OnProgress;
      onResult: GridFitOptions<P>["onResult"];
    },
  ): Promise<void> {
    const isKnown = new Set(this.#scored.map(({ combination }) => combination));
    const left = [...this.#combinations.keys()].filter((each) => !isKnown.has(each));
    if (left.length === 0) return;
    const combinations = left.map((each) => this.#combinations[each]!);
    const estimators = makeAll(this.#make, combinations);
    let done = isKnown.size * folds.length;
    const before = done;
    const onProgress = (part: Progress) => onPart({ ...part, done: before + part.done });
    const rows = { X, y, folds };
    const workers = await elsewhere<ValidateElsewhere>();
    const predictions = await workers?.crossValidate(estimators, rows, signal) ??
      crossValidate(estimators, (peer) => this.#make(combinations[peer]!), rows, {
        signal,
        onProgress,
      });
    const scoreOf = scoreFunction(this.options.scoring);
    const truth = folds.map(({ test }) => labelsOf(y, test));
    const partial = new Map<number, { scores: number[]; seconds: number }>();
    for await (const { peer, fold, predicted, seconds } of predictions) {
      const part = partial.get(peer) ?? { scores: new Array<number>(folds.length), seconds: 0 };
      part.scores[fold] = scoreOf(truth[fold]!, predicted);
      part.seconds += seconds;
      partial.set(peer, part);
      if (Object.keys(part.scores).length === folds.length) {
        const scored = { combination: left[peer]!, ...part };
        this.#scored.push(scored);
        await onResult?.(this.#resultOf(scored));
      }
      onScore(++done, left[peer]!);
    }
  }

  #warnOfEdges(): void {
    for (const { parameter, value, side } of this.edges) {
      console.warn(
        `GridSearch: the best ${inWords({ [parameter]: value })} is the ${side} that was tried: ` +
          `try ${side === "least" ? "lower" : "higher"} ones`,
      );
    }
  }

  #best(): GridResult<P> {
    const [first, ...others] = this.results;
    if (!first) throw new Error("Nothing has been scored yet: call fit(X, y) first");
    return others.reduce((best, result) => result.mean > best.mean ? result : best, first);
  }
}
