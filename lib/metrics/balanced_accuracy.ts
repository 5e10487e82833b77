import { classScores, countClasses } from "./engine/class_counts.ts";

/**
 * The mean recall of the classes that occur among the true labels, as scikit-learn's
 * `balanced_accuracy_score`: each class counts the same, however rare it is.
 *
 * @param yTrue Class labels: any whole numbers
 * @throws {TypeError} If one of the two is no array of numbers
 * @throws {RangeError} If there are no labels, their numbers differ, or one is no whole number
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { balancedAccuracy } from "deep-features/metrics";
 *
 * // Three of three, and none of one.
 * assert(balancedAccuracy([0, 0, 0, 1], [0, 0, 0, 0]) === 0.5);
 * ```
 */
export function balancedAccuracy(yTrue: ArrayLike<number>, yPred: ArrayLike<number>): number {
  const present = countClasses(yTrue, yPred).filter(({ support }) => support > 0);
  return present.reduce((sum, counts) => sum + classScores(counts).recall, 0) / present.length;
}
