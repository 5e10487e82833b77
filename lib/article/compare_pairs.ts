import { mcNemarTest } from "../metrics/mc_nemar.ts";
import type { Comparison } from "./compare_classifiers.ts";
import { summarizeMethods } from "./summarize_methods.ts";

/** Below this, a probability is shown as smaller than it. */
const SMALLEST_SHOWN = 0.0001;

/**
 * Each pair of classifiers, as rows of a table: the better one first (by mean accuracy), by how much, and
 * McNemar's test on each seed. For a single seed the rows show how often only the one and only the other
 * is right; for several, on how many of them the first is ahead, and the smallest and largest p.
 *
 * @throws {RangeError} If there is no comparison
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { comparePairs } from "deep-features";
 *
 * const outcome = (...predicted: number[]) => ({ predicted, fitSeconds: 2, predictSeconds: 1 });
 * const outcomes = { softmax: outcome(0, 1, 1), "SVM (RBF)": outcome(0, 1, 0) };
 * const [pair] = comparePairs([0, 1, 0], [{ seed: 0, outcomes }]);
 * assert.equal(pair!["better"], "SVM (RBF)");
 * ```
 */
export function comparePairs(
  yTrue: ArrayLike<number>,
  comparisons: readonly Comparison[],
): Record<string, string | number>[] {
  const methods = summarizeMethods(yTrue, comparisons);
  return methods.flatMap((better, a) =>
    methods.slice(a + 1).map((worse) => {
      const tests = comparisons.map(({ outcomes }) =>
        mcNemarTest(yTrue, outcomes[better.name]!.predicted, outcomes[worse.name]!.predicted)
      );
      const names = {
        better: better.name,
        worse: worse.name,
        difference: better.mean - worse.mean,
      };
      const pValues = tests.map(({ pValue }) => pValue);
      if (tests.length === 1) {
        const { onlyFirst, onlySecond } = tests[0]!;
        return {
          ...names,
          "only the better right": onlyFirst,
          "only the worse right": onlySecond,
          "McNemar's p": formatP(pValues[0]!),
        };
      }
      const ahead = tests.filter(({ onlyFirst, onlySecond }) => onlyFirst > onlySecond).length;
      return {
        ...names,
        "seeds ahead": `${ahead} of ${tests.length}`,
        "McNemar's p": formatRange(Math.min(...pValues), Math.max(...pValues)),
      };
    })
  );
}

function formatRange(low: number, high: number): string {
  const [first, last] = [formatP(low), formatP(high)];
  return first === last ? first : `${first} … ${last}`;
}

function formatP(p: number): string {
  return p < SMALLEST_SHOWN ? `< ${SMALLEST_SHOWN}` : String(Number(p.toPrecision(2)));
}
