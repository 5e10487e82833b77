import { classScores, countClasses } from "./engine/class_counts.ts";

/**
 * The plain mean of the classes' F1 scores, as scikit-learn's `f1_score` with `average="macro"`: the
 * harmonic mean of precision and recall of each class that occurs, true or predicted. A ratio of nothing
 * counts as 0.
 *
 * @param yTrue Class labels: any whole numbers
 * @throws {TypeError} If one of the two is no array of numbers
 * @throws {RangeError} If there are no labels, their numbers differ, or one is no whole number
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { f1Macro } from "deep-features/metrics";
 *
 * // Class 0: precision 2/3, recall 1; class 1: precision 1, recall 1/2.
 * assert(Math.abs(f1Macro([0, 0, 1, 1], [0, 0, 0, 1]) - (4 / 5 + 2 / 3) / 2) < 1e-12);
 * ```
 */
export function f1Macro(yTrue: ArrayLike<number>, yPred: ArrayLike<number>): number {
  const counts = countClasses(yTrue, yPred);
  return counts.reduce((sum, each) => sum + classScores(each).f1, 0) / counts.length;
}
