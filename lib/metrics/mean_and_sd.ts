/** A mean, with a spread where there is one. */
export interface MeanAndSd {
  readonly mean: number;
  /** Standard deviation of the sample (n − 1); absent for a single value. */
  readonly sd?: number;
}

/**
 * The mean and the standard deviation of a sample.
 *
 * @throws {RangeError} If there are no values
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { meanAndSd } from "deep-features/metrics";
 *
 * assert(meanAndSd([1, 3]).sd === Math.SQRT2);
 * assert(!("sd" in meanAndSd([5])));
 * ```
 */
export function meanAndSd(values: readonly number[]): MeanAndSd {
  if (values.length === 0) throw new RangeError("There are no values to take the mean of");
  const mean = values.reduce((a, b) => a + b, 0) / values.length;
  if (values.length === 1) return { mean };
  const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  return { mean, sd: Math.sqrt(squares / (values.length - 1)) };
}
