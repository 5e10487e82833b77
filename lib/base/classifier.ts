import type { Fold, FoldPrediction } from "./fold.ts";
import { accuracy, assertLabels, encodeLabels } from "./labels.ts";
import { assertFinite, assertMatrix, type Matrix } from "./matrix.ts";
import type { RunOptions } from "./run_options.ts";

/** What every classifier here can do. */
export interface Classifier {
  /** The parameters, defaults filled in. */
  readonly options: object;
  /** What was learned; throws an Error if nothing was yet. */
  readonly fitted: { readonly classes: Int32Array };
  /** Learns from rows X [n, features] with n class labels (whole numbers); returns the estimator. */
  fit(X: Matrix, y: ArrayLike<number>, options?: RunOptions): Promise<unknown>;
  /** The class of each row. */
  predict(X: Matrix, options?: RunOptions): Promise<Int32Array>;
  /** The share of rows whose class is predicted right. */
  score(X: Matrix, y: ArrayLike<number>, options?: RunOptions): Promise<number>;
  /** Saves what was learned to one file, whole or not at all; its class has `load(path)`. */
  save?(path: string): Promise<void>;
  /**
   * Predicts the test rows of all folds by several classifiers of its own class at once, for one whose
   * peers can share work; it need not have this method. Each peer learns from the training rows of each
   * fold, as `fit` does, and stays as it was; X, y and the folds have been checked.
   *
   * @param peers Classifiers of the same class as this one, itself among them
   * @returns The predictions, in any order of peers, or undefined if these cannot share their work
   */
  crossValidate?(
    peers: readonly Classifier[],
    X: Matrix,
    y: ArrayLike<number>,
    folds: readonly Fold[],
    options?: RunOptions,
  ): AsyncIterable<FoldPrediction> | undefined;
  /**
   * Which of the peers {@linkcode crossValidate} must be given together: group by group it predicts what it
   * predicts for all of them, to the bit. Whoever has the other method has this one, too.
   *
   * @returns The peers' numbers, or undefined if these cannot share their work
   */
  crossValidationGroups?(
    peers: readonly Classifier[],
    X: Matrix,
    y: ArrayLike<number>,
    folds: readonly Fold[],
  ): readonly (readonly number[])[] | undefined;
}

/**
 * The share of rows whose class is predicted right.
 *
 * @throws {TypeError} If y is no array of numbers
 * @throws {RangeError} If there are no rows, not as many labels, or a label is no whole number
 */
export async function scoreOf(
  classifier: Pick<Classifier, "predict">,
  X: Matrix,
  y: ArrayLike<number>,
  options?: RunOptions,
): Promise<number> {
  assertMatrix(X);
  checkLabelsOf(X, y);
  return accuracy(y, await classifier.predict(X, options));
}

function checkLabelsOf(X: Matrix, y: ArrayLike<number>): void {
  assertLabels(y);
  if (y.length !== X.rows) {
    throw new RangeError(`${X.rows} rows have ${y.length} labels: need one each`);
  }
}

/**
 * Checks a training set.
 *
 * @returns The class labels in rising order, and each row's position among them
 * @throws {TypeError} If X is no matrix, or y no array of numbers
 * @throws {RangeError} If X is empty or not finite, lengths differ, a label is no whole number of 32 bits,
 *   or there is one class only
 */
export function checkTrainingSet(
  X: Matrix,
  y: ArrayLike<number>,
): { classes: Int32Array; codes: Int32Array } {
  assertMatrix(X);
  checkLabelsOf(X, y);
  if (X.rows === 0 || X.cols === 0) {
    throw new RangeError(`Cannot learn from a matrix of ${X.rows} × ${X.cols}`);
  }
  assertFinite(X);
  const set = encodeLabels(y);
  if (set.classes.length < 2) {
    throw new RangeError(`Cannot learn from one class only: all labels are ${set.classes[0]}`);
  }
  return set;
}

/**
 * Checks rows that are to be classified.
 *
 * @throws {TypeError} If X is no matrix
 * @throws {RangeError} If X has other columns than the training set, or is not finite
 */
export function checkRows(X: Matrix, cols: number): void {
  assertMatrix(X);
  if (X.cols !== cols) {
    throw new RangeError(`X has ${X.cols} columns, but the classifier was fitted with ${cols}`);
  }
  assertFinite(X);
}
