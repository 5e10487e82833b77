import { accuracy } from "../base/labels.ts";

/** An accuracy, with the interval that holds the true one with 95 % confidence. */
export interface AccuracyInterval {
  readonly accuracy: number;
  readonly low: number;
  readonly high: number;
}

/** Quantile 0.975 of the standard normal distribution. */
const Z = 1.959963984540054;

/**
 * The accuracy with Wilson's score interval of 95 % confidence (Wilson 1927; Brown, Cai & DasGupta 2001,
 * equation 4): how far it may be from the accuracy on all rows of the kind, for one fitted classifier.
 * It does not hold what another training would change.
 *
 * @param yTrue Class labels: any whole numbers
 * @throws {TypeError} If one of the two is no array of numbers
 * @throws {RangeError} If there are no labels, their numbers differ, or one is no whole number
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { accuracyInterval } from "deep-features/metrics";
 *
 * const { low, high } = accuracyInterval([0, 0, 1, 1], [0, 0, 1, 0]);
 * assert(low < 0.31 && high > 0.95);
 * ```
 */
export function accuracyInterval(
  yTrue: ArrayLike<number>,
  yPred: ArrayLike<number>,
): AccuracyInterval {
  const share = accuracy(yTrue, yPred), n = yTrue.length;
  const middle = (share + Z * Z / (2 * n)) / (1 + Z * Z / n);
  const half = Z / (1 + Z * Z / n) * Math.sqrt(share * (1 - share) / n + Z * Z / (4 * n * n));
  return { accuracy: share, low: Math.max(0, middle - half), high: Math.min(1, middle + half) };
}
