import type { Classifier } from "../base/classifier.ts";
import type { Fold, FoldPrediction } from "../base/fold.ts";
import type { Matrix } from "../base/matrix.ts";
import type { RunOptions } from "../base/run_options.ts";
import { createBreather } from "../notebook/progress.ts";

/** Rows with their classes, and the folds that they are parted into. */
export interface FoldedRows {
  readonly X: Matrix;
  readonly y: ArrayLike<number>;
  readonly folds: readonly Fold[];
}

/** What cross-validates in place of this process. */
export interface ValidateElsewhere {
  /**
   * The predictions that {@linkcode crossValidate} would give, to the bit; undefined, with a word, if these
   * classifiers cannot be sent.
   */
  crossValidate(
    estimators: readonly Classifier[],
    rows: FoldedRows,
    signal: AbortSignal | undefined,
  ): Promise<AsyncIterable<FoldPrediction> | undefined>;
}

/** How classifiers are cross-validated. */
export interface ValidationPlan {
  /** Whether they share their work. */
  readonly isShared: boolean;
  /** Which of them must stay together: apart from one another, groups give the same predictions. */
  readonly groups: readonly (readonly number[])[];
}

/** The plan by which classifiers are cross-validated on these rows. */
export function planOf(
  estimators: readonly Classifier[],
  { X, y, folds }: FoldedRows,
): ValidationPlan {
  const groups = leaderOf(estimators)?.crossValidationGroups?.(estimators, X, y, folds);
  return groups
    ? { isShared: true, groups }
    : { isShared: false, groups: estimators.map((_, peer) => [peer]) };
}

/**
 * Predicts the test rows of all folds by classifiers fitted to the others: together if they are of one class
 * whose peers share their work on these rows, else one by one.
 *
 * @param make Makes one of them anew
 */
export function crossValidate(
  estimators: readonly Classifier[],
  make: (peer: number) => Classifier,
  rows: FoldedRows,
  options: RunOptions,
): AsyncIterable<FoldPrediction> {
  const { X, y, folds } = rows;
  return leaderOf(estimators)?.crossValidate?.(estimators, X, y, folds, options) ??
    validateOneByOne(estimators.length, make, rows, options.signal);
}

/** The first, if all are of its class. */
function leaderOf(estimators: readonly Classifier[]): Classifier | undefined {
  const [first] = estimators;
  return estimators.every(({ constructor }) => constructor === first!.constructor)
    ? first
    : undefined;
}

/** Makes and fits a classifier of each kind on each fold. */
export async function* validateOneByOne(
  peers: number,
  make: (peer: number) => Classifier,
  { X, y, folds }: FoldedRows,
  signal: AbortSignal | undefined,
): AsyncGenerator<FoldPrediction> {
  const sets = folds.map(({ train, test }) => ({
    train: X.takeRows(train),
    labels: labelsOf(y, train),
    test: X.takeRows(test),
  }));
  const breathe = createBreather();
  for (let peer = 0; peer < peers; peer++) {
    for (const [fold, { train, labels, test }] of sets.entries()) {
      signal?.throwIfAborted();
      const start = performance.now();
      const estimator = make(peer);
      await estimator.fit(train, labels, { signal });
      const predicted = await estimator.predict(test, { signal });
      yield { peer, fold, predicted, seconds: (performance.now() - start) / 1000 };
      await breathe();
    }
  }
}

/** The labels of some rows. */
export function labelsOf(y: ArrayLike<number>, rows: ArrayLike<number>): Int32Array {
  return Int32Array.from(rows, (row) => y[row]!);
}
