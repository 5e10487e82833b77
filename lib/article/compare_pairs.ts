import { mcNemarTest } from "../metrics/mc_nemar.ts";
import { meanInterval } from "../metrics/mean_interval.ts";
import { type PairedDifference, pairedDifference } from "../metrics/paired_difference.ts";
import type { Comparison } from "./compare_classifiers.ts";
import { summarizeMethods } from "./summarize_methods.ts";

/** Two methods on the same test images, over all seeds. */
export interface MethodPair {
  /** Name of the one with the higher mean accuracy. */
  readonly better: string;
  readonly worse: string;
  /** Difference of the mean accuracies. */
  readonly difference: number;
  /**
   * Interval of 95 % confidence of the difference: over several seeds the paired t interval of the mean
   * difference of further networks (`meanInterval`), for one seed Tango's, of this network on further images
   * (`pairedDifference`).
   */
  readonly low: number;
  readonly high: number;
  /** Test images, over all seeds, that only the better one gets right. */
  readonly onlyBetterRight: number;
  /** Test images, over all seeds, that only the worse one gets right. */
  readonly onlyWorseRight: number;
  /** Seeds on which the better one gets more images right. */
  readonly seedsAhead: number;
  /** The smallest p of McNemar's test on one seed. */
  readonly smallestP: number;
  /** The largest. */
  readonly largestP: number;
}

/** Below this, a probability is shown as smaller than it. */
const SMALLEST_SHOWN = 0.0001;

/**
 * Each pair of methods: the better one first (by mean accuracy), by how much with an interval, and McNemar's
 * test on each seed.
 *
 * @throws {RangeError} If there is no comparison
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { comparePairs } from "deep-features";
 *
 * const outcome = (...predicted: number[]) => ({ predicted, fitSeconds: 2, predictSeconds: 1 });
 * const outcomes = { softmax: outcome(0, 1, 1), svm: outcome(0, 1, 0) };
 * const [pair] = comparePairs([0, 1, 0], [{ seed: 0, outcomes }]);
 * assert.equal(pair!.better, "SVM (RBF)");
 * ```
 */
export function comparePairs(
  yTrue: ArrayLike<number>,
  comparisons: readonly Comparison[],
): MethodPair[] {
  const methods = summarizeMethods(yTrue, comparisons);
  return methods.flatMap((better, a) =>
    methods.slice(a + 1).map((worse) => {
      const predictions = comparisons.map(({ outcomes }) => ({
        first: outcomes[better.method]!.predicted,
        second: outcomes[worse.method]!.predicted,
      }));
      const tests = predictions.map(({ first, second }) => mcNemarTest(yTrue, first, second));
      const { low, high } = intervalOf(
        predictions.map(({ first, second }) => pairedDifference(yTrue, first, second)),
      );
      const sum = (field: "onlyFirst" | "onlySecond") =>
        tests.reduce((total, test) => total + test[field], 0);
      const pValues = tests.map(({ pValue }) => pValue);
      return {
        better: better.name,
        worse: worse.name,
        difference: better.mean - worse.mean,
        low,
        high,
        onlyBetterRight: sum("onlyFirst"),
        onlyWorseRight: sum("onlySecond"),
        seedsAhead: tests.filter(({ onlyFirst, onlySecond }) => onlyFirst > onlySecond).length,
        smallestP: Math.min(...pValues),
        largestP: Math.max(...pValues),
      };
    })
  );
}

/**
 * What a pair says, in a sentence without its full stop.
 *
 * @param networks Number of networks that were compared
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { comparePairs, pairInWords } from "deep-features/article";
 *
 * const outcome = (...predicted: number[]) => ({ predicted, fitSeconds: 2, predictSeconds: 1 });
 * const outcomes = { softmax: outcome(0, 1, 1), svm: outcome(0, 1, 0) };
 * const [pair] = comparePairs([0, 1, 0], [{ seed: 0, outcomes }]);
 * assert(pairInWords(pair!, 1).startsWith("SVM (RBF) is ahead of softmax by 0.3333"));
 * ```
 */
export function pairInWords(pair: MethodPair, networks: number): string {
  const { better, worse, difference, low, high, seedsAhead, largestP } = pair;
  const range = `95 % interval ${low.toFixed(4)} to ${high.toFixed(4)}`;
  const isDraw = low <= 0 && high >= 0;
  if (networks === 1) {
    return `${better} is ahead of ${worse} by ${
      difference.toFixed(4)
    } on this network (${range}; ` +
      `McNemar's p ${formatP(largestP).startsWith("<") ? "" : "= "}${formatP(largestP)})` +
      (isDraw ? ", which could be chance" : "");
  }
  return `${better} is ahead of ${worse} on ${seedsAhead} of ${networks} networks, by ` +
    `${difference.toFixed(4)} on average (paired t, ${range}; largest of McNemar's p ${
      formatP(largestP)
    })${isDraw ? ", which could be chance" : ""}`;
}

/** Over networks, or for the only one. */
function intervalOf(differences: readonly PairedDifference[]): { low: number; high: number } {
  const [only] = differences;
  if (differences.length === 1) return { low: only!.low, high: only!.high };
  const { low, high } = meanInterval(differences.map(({ difference }) => difference));
  return { low: low!, high: high! };
}

/**
 * A probability for people: two significant digits, and a bound where it is tiny.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { formatP } from "deep-features";
 *
 * assert.equal(formatP(0.04321), "0.043");
 * assert.equal(formatP(1e-9), "< 0.0001");
 * ```
 */
export function formatP(p: number): string {
  return p < SMALLEST_SHOWN ? `< ${SMALLEST_SHOWN}` : String(Number(p.toPrecision(2)));
}
