import { assertLabels } from "../base/labels.ts";

/** Counts of predictions: rows are the true classes, columns the predicted ones. */
export interface ConfusionMatrix {
  /** classes × classes counts, row-major. */
  readonly counts: Uint32Array;
  /** Number of classes. */
  readonly classes: number;
}

/**
 * Counts how often each class was taken for each, as scikit-learn's `confusion_matrix`: the count in
 * row i, column j is of labels i that were predicted as j.
 *
 * @param classes Number of classes; default: the largest label + 1
 * @throws {RangeError} If the labels do not fit each other or the classes
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { confusionMatrix } from "deep-features";
 *
 * const { counts } = confusionMatrix([0, 0, 1], [0, 1, 1]);
 * assert(counts.join() === "1,1,0,1");
 * ```
 */
export function confusionMatrix(
  yTrue: ArrayLike<number>,
  yPred: ArrayLike<number>,
  classes?: number,
): ConfusionMatrix {
  assertLabels(yTrue, yPred);
  let largest = 0;
  for (let i = 0; i < yTrue.length; i++) {
    largest = Math.max(largest, yTrue[i]!, yPred[i]!);
  }
  const count = classes ?? largest + 1;
  if (!Number.isInteger(count) || largest >= count) {
    throw new RangeError(`Label ${largest} is not one of ${count} classes`);
  }
  const counts = new Uint32Array(count * count);
  for (let i = 0; i < yTrue.length; i++) {
    counts[yTrue[i]! * count + yPred[i]!]!++;
  }
  return { counts, classes: count };
}
