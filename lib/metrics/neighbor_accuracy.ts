import { checkOptions, type Rules, whole } from "../base/check.ts";
import { checkTrainingSet } from "../base/classifier.ts";
import type { Matrix } from "../base/matrix.ts";
import { RUN_RULES, type RunOptions } from "../base/run_options.ts";
import { interruptible } from "../notebook/interrupt.ts";
import { nearestNeighbors } from "../neighbors/nearest_neighbors.ts";

/** What {@linkcode neighborAccuracy} can be told. */
export interface NeighborAccuracyOptions extends RunOptions {
  /** Neighbors that vote; default 15. */
  readonly nNeighbors?: number;
}

const RULES: Rules<NeighborAccuracyOptions> = { ...RUN_RULES, nNeighbors: whole(1) };

/**
 * How well neighbors tell a row's class: the share of rows whose `nNeighbors` nearest **other** rows, by
 * majority (of equals the lowest label), have its label. That is the accuracy of nearest neighbors with one
 * row left out at a time; on a map it says how far the classes are apart there. A row that has
 * exact copies counts any one of them for itself.
 *
 * @param X [n, features]
 * @param y n class labels
 * @throws {TypeError} If X is no matrix, y no array of numbers, or an option unknown or of the wrong kind
 * @throws {RangeError} If they do not fit each other, a value is not finite, there is one class only, or
 *   fewer than nNeighbors other rows
 * @throws {DOMException} If the signal aborts
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { Matrix } from "deep-features";
 * import { neighborAccuracy } from "deep-features/metrics";
 *
 * const X = Matrix.fromRows([[0], [1], [10], [11]]);
 * assert(await neighborAccuracy(X, [0, 0, 1, 1], { nNeighbors: 1 }) === 1);
 * ```
 */
export async function neighborAccuracy(
  X: Matrix,
  y: ArrayLike<number>,
  options: NeighborAccuracyOptions = {},
): Promise<number> {
  checkOptions("neighborAccuracy", options, RULES);
  const { nNeighbors = 15, signal } = options;
  const { classes, codes } = checkTrainingSet(X, y);
  if (nNeighbors >= X.rows) {
    throw new RangeError(
      `nNeighbors must be less than the ${X.rows} rows, got ${nNeighbors}`,
    );
  }
  signal?.throwIfAborted();
  const { indices } = await interruptible(
    signal,
    (signal) => nearestNeighbors(X, X, nNeighbors + 1, { signal }),
  );
  const votes = new Int32Array(classes.length);
  let right = 0;
  for (let row = 0; row < X.rows; row++) {
    votes.fill(0);
    const found = indices.subarray(row * (nNeighbors + 1), (row + 1) * (nNeighbors + 1));
    // Among copies of a row it may not be its own first neighbor: then the last one is left out.
    const self = Math.max(found.indexOf(row), found.includes(row) ? 0 : nNeighbors);
    found.forEach((other, k) => {
      if (k !== self) votes[codes[other]!]!++;
    });
    if (votes.indexOf(Math.max(...votes)) === codes[row]) right++;
  }
  return right / X.rows;
}
