import { accuracy } from "../base/labels.ts";

/**
 * The share of labels that were predicted right, as scikit-learn's `accuracy_score`.
 *
 * @param yTrue Class labels: any whole numbers
 * @throws {TypeError} If one of the two is no array of numbers
 * @throws {RangeError} If there are no labels, their numbers differ, or one is no whole number
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { accuracyScore } from "deep-features";
 *
 * assert(accuracyScore([0, 1, 2, 2], [0, 1, 1, 2]) === 0.75);
 * ```
 */
export function accuracyScore(yTrue: ArrayLike<number>, yPred: ArrayLike<number>): number {
  return accuracy(yTrue, yPred);
}
