import { type MeanAndSd, meanAndSd } from "../metrics/mean_and_sd.ts";
import type { UnseenRow } from "./compare_unseen.ts";
import { UNSEEN_METHOD_NAMES, type UnseenMethod } from "./unseen_methods.ts";

/** A method at a number of images, over draws and pairs. */
export interface UnseenMean {
  /** Images of each of the two classes. */
  readonly count: number;
  readonly method: UnseenMethod;
  /** What the method is called. */
  readonly name: string;
  /** Mean over draws and pairs. */
  readonly mean: number;
  /**
   * Standard deviation of the draws of a pair, pooled over pairs: what chance does. What pairs differ by is left
   * out, as it is no chance. Absent where each pair has one draw.
   */
  readonly sd?: number;
}

/** What {@linkcode summarizeUnseen} finds. */
export interface UnseenSummary {
  /** Mean accuracies with their deviations, by count, then method. */
  readonly means: readonly UnseenMean[];
  /**
   * The fewest images of each class with which the mean of a network from scratch is not below that of the SVM on
   * features; undefined if it is with all numbers that were tried.
   */
  readonly scratchCatchesUp: number | undefined;
}

/**
 * The mean accuracy of each method at each number of images, the standard deviation of draws (pooled over pairs, as
 * the residual of an analysis of variance by pair), and from how many images on training from scratch does as well
 * as the SVM on features.
 *
 * @param rows Of one network, of all pairs: what `compareUnseen` gave, one after the other
 * @throws {RangeError} If there are no rows
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { summarizeUnseen } from "deep-features";
 *
 * const row = { pair: "cat/dog", draw: 0 };
 * const { means, scratchCatchesUp } = summarizeUnseen([
 *   { ...row, count: 5, method: "svm", accuracy: 0.6 },
 *   { ...row, count: 5, method: "scratch", accuracy: 0.5 },
 *   { ...row, count: 50, method: "svm", accuracy: 0.7 },
 *   { ...row, count: 50, method: "scratch", accuracy: 0.8 },
 * ]);
 * assert.equal(means[0]!.mean, 0.6);
 * assert.equal(scratchCatchesUp, 50);
 * ```
 */
export function summarizeUnseen(rows: readonly UnseenRow[]): UnseenSummary {
  if (rows.length === 0) throw new RangeError("There are no rows to summarize");
  const counts = [...new Set(rows.map(({ count }) => count))].sort((a, b) => a - b);
  const methods = Object.keys(UNSEEN_METHOD_NAMES) as UnseenMethod[];
  const means = counts.flatMap((count) =>
    methods.flatMap((method): UnseenMean[] => {
      const own = rows.filter((row) => row.count === count && row.method === method);
      if (own.length === 0) return [];
      return [{ count, method, name: UNSEEN_METHOD_NAMES[method], ...withinPairs(own) }];
    })
  );
  const meanAt = (count: number, method: UnseenMethod) =>
    means.find((mean) => mean.count === count && mean.method === method)?.mean ?? NaN;
  return {
    means,
    scratchCatchesUp: counts.find((count) => meanAt(count, "scratch") >= meanAt(count, "svm")),
  };
}

/** The mean of all, and the deviation from the means of their pairs. */
function withinPairs(rows: readonly UnseenRow[]): MeanAndSd {
  const accuraciesOf = (own: readonly UnseenRow[]) => own.map(({ accuracy }) => accuracy);
  const pairs = [...Map.groupBy(rows, ({ pair }) => pair).values()].map(accuraciesOf);
  const { mean } = meanAndSd(accuraciesOf(rows)), free = rows.length - pairs.length;
  if (free === 0) return { mean };
  const squares = pairs.map((own) => (meanAndSd(own).sd ?? 0) ** 2 * (own.length - 1));
  return { mean, sd: Math.sqrt(squares.reduce((a, b) => a + b) / free) };
}
