import { assertLabelPairs, distinctLabels } from "../../base/labels.ts";

/** How one class fared. */
export interface ClassCounts {
  readonly label: number;
  /** How often it was predicted right. */
  hits: number;
  /** How often it is the true class. */
  support: number;
  /** How often it was predicted. */
  predicted: number;
}

/**
 * Counts hits, support and predictions of each class that occurs, in rising order of labels.
 *
 * @throws {TypeError} If one of the two is no array of numbers
 * @throws {RangeError} If there are no labels, their numbers differ, or one is no whole number
 */
export function countClasses(yTrue: ArrayLike<number>, yPred: ArrayLike<number>): ClassCounts[] {
  assertLabelPairs(yTrue, yPred);
  const counts = distinctLabels(yTrue, yPred)
    .map((label): ClassCounts => ({ label, hits: 0, support: 0, predicted: 0 }));
  const ofLabel = new Map(counts.map((each) => [each.label, each]));
  for (let i = 0; i < yTrue.length; i++) {
    const own = ofLabel.get(yTrue[i]!)!, taken = ofLabel.get(yPred[i]!)!;
    own.support++;
    taken.predicted++;
    if (own === taken) own.hits++;
  }
  return counts;
}

/** Precision, recall and F1 score of a class; a ratio of nothing counts as 0. */
export function classScores({ hits, support, predicted }: Omit<ClassCounts, "label">): {
  precision: number;
  recall: number;
  f1: number;
} {
  const ratio = (part: number, whole: number) => whole === 0 ? 0 : part / whole;
  const precision = ratio(hits, predicted), recall = ratio(hits, support);
  return { precision, recall, f1: ratio(2 * precision * recall, precision + recall) };
}
