import { assertLabels } from "../base/labels.ts";

/**
 * The share of labels that were predicted right, as scikit-learn's `accuracy_score`.
 *
 * @throws {RangeError} If there are no labels, their numbers differ, or one is no class index
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { accuracyScore } from "deep-features";
 *
 * assert(accuracyScore([0, 1, 2, 2], [0, 1, 1, 2]) === 0.75);
 * ```
 */
export function accuracyScore(
  yTrue: ArrayLike<number>,
  yPred: ArrayLike<number>,
): number {
  assertLabels(yTrue, yPred);
  let right = 0;
  for (let i = 0; i < yTrue.length; i++) if (yTrue[i] === yPred[i]) right++;
  return right / yTrue.length;
}
