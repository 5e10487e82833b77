import { mcNemarTest } from "./mc_nemar.ts";

/** A difference of two accuracies, with the interval that holds the true one with 95 % confidence. */
export interface PairedDifference {
  /** Accuracy of the first less that of the second. */
  readonly difference: number;
  readonly low: number;
  readonly high: number;
}

/** Quantile 0.975 of the standard normal distribution. */
const Z = 1.959963984540054;
/** Halvings of the bracket: it is at most 2 wide at first. */
const STEPS = 60;

/**
 * By how much two classifiers' accuracies differ on the same samples, with Tango's score interval of 95 %
 * confidence (Tango 1998, {@link https://doi.org/10.1002/(SICI)1097-0258(19980430)17:8<891::AID-SIM780>3.0.CO;2-B}):
 * all differences δ for which (b − c − nδ) / √(n (2 q + δ (1 − δ))) lies within ± 1.96. Here b and c count
 * the samples that only the first and only the second gets right, and q is the likeliest share of the
 * latter if the difference is δ. At δ = 0 it is McNemar's statistic without the correction for continuity.
 *
 * The interval speaks of other samples for the same two fitted classifiers, not of another training.
 *
 * @throws {TypeError} If labels are no arrays of numbers
 * @throws {RangeError} If the labels do not fit each other
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { pairedDifference } from "deep-features/metrics";
 *
 * const truth = Array(10).fill(0);
 * const { difference, low, high } = pairedDifference(truth, truth, truth.map((_, i) => i < 6 ? 1 : 0));
 * assert(difference === 0.6 && low > 0 && high < 1);
 * ```
 */
export function pairedDifference(
  yTrue: ArrayLike<number>,
  first: ArrayLike<number>,
  second: ArrayLike<number>,
): PairedDifference {
  const { onlyFirst: b, onlySecond: c } = mcNemarTest(yTrue, first, second);
  const n = yTrue.length, difference = (b - c) / n;
  const bound = (side: 1 | -1) => {
    // The statistic falls as δ rises: the bound is where it has come down, or up, to z.
    let inside = difference, outside: number = side;
    for (let step = 0; step < STEPS; step++) {
      const middle = (inside + outside) / 2;
      if (Math.abs(scoreStatistic(b, c, n, middle)) < Z) inside = middle;
      else outside = middle;
    }
    return inside;
  };
  return { difference, low: bound(-1), high: bound(1) };
}

function scoreStatistic(b: number, c: number, n: number, delta: number): number {
  const distance = b - c - n * delta;
  if (distance === 0) return 0;
  const B = (2 * n - b + c) * delta - b - c, C = -c * delta * (1 - delta);
  const share = (Math.sqrt(Math.max(0, B * B - 8 * n * C)) - B) / (4 * n);
  return distance / Math.sqrt(Math.max(0, n * (2 * share + delta * (1 - delta))));
}
