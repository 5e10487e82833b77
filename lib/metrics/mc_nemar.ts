import { assertLabelPairs } from "../base/labels.ts";

/** Outcome of {@linkcode mcNemarTest}. */
export interface McNemarResult {
  /** How often only the first classifier was right. */
  readonly onlyFirst: number;
  /** How often only the second was right. */
  readonly onlySecond: number;
  /** Probability of so unequal counts, or more unequal ones, if both are equally often right. */
  readonly pValue: number;
  /** `exact`: binomial; `chi-squared`: with continuity correction. */
  readonly method: "exact" | "chi-squared";
}

/** Below so many disagreements the binomial distribution is summed, as textbooks advise. */
const EXACT_BELOW = 25;

/**
 * Tests whether two classifiers' accuracies on the same samples differ by more than chance (McNemar
 * 1947): only the samples count on which exactly one of them is right. Two-sided; exact below 25 of
 * these, else Edwards's continuity-corrected χ² with one degree of freedom.
 *
 * @throws {TypeError} If labels are no arrays of numbers
 * @throws {RangeError} If the labels do not fit each other
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { mcNemarTest } from "deep-features";
 *
 * const truth = Array(10).fill(0);
 * const { pValue } = mcNemarTest(truth, truth, truth.map((_, i) => i < 6 ? 1 : 0));
 * assert(pValue === 2 * 0.5 ** 6);
 * ```
 */
export function mcNemarTest(
  yTrue: ArrayLike<number>,
  first: ArrayLike<number>,
  second: ArrayLike<number>,
): McNemarResult {
  assertLabelPairs(yTrue, first);
  assertLabelPairs(yTrue, second);
  let onlyFirst = 0, onlySecond = 0;
  for (let i = 0; i < yTrue.length; i++) {
    const a = first[i] === yTrue[i], b = second[i] === yTrue[i];
    if (a && !b) onlyFirst++;
    if (b && !a) onlySecond++;
  }
  const n = onlyFirst + onlySecond;
  if (n < EXACT_BELOW) {
    let tail = 0, term = 0.5 ** n;
    for (let k = 0; k <= Math.min(onlyFirst, onlySecond); k++) {
      tail += term;
      term *= (n - k) / (k + 1);
    }
    return { onlyFirst, onlySecond, pValue: Math.min(1, 2 * tail), method: "exact" };
  }
  const statistic = Math.max(0, Math.abs(onlyFirst - onlySecond) - 1) ** 2 / n;
  // P(χ²₁ > s) = erfc(√(s / 2)).
  return { onlyFirst, onlySecond, pValue: erfc(Math.sqrt(statistic / 2)), method: "chi-squared" };
}

/**
 * The complementary error function for x ≥ 0: its series where that converges fast, beyond that its
 * continued fraction (Abramowitz & Stegun 7.1.5 and 7.1.14), to about 1e-14.
 */
function erfc(x: number): number {
  if (x < 2.5) {
    let term = x, sum = x;
    for (let n = 1; Math.abs(term) > 1e-17 * sum; n++) {
      term *= -x * x / n;
      sum += term / (2 * n + 1);
    }
    return 1 - 2 / Math.sqrt(Math.PI) * sum;
  }
  let fraction = x;
  for (let k = 120; k >= 1; k--) fraction = x + k / 2 / fraction;
  return Math.exp(-x * x) / (Math.sqrt(Math.PI) * fraction);
}
