import { type MeanAndSd, meanAndSd } from "./mean_and_sd.ts";

/** A mean, with the interval that holds the true one with 95 % confidence where there are several values. */
export interface MeanInterval extends MeanAndSd {
  readonly low?: number;
  readonly high?: number;
}

/**
 * The mean of a sample with Student's t interval of 95 % confidence, mean ± t(0.975, n − 1) · sd / √n. Given
 * the differences of two methods on the same networks it is the **paired t interval**: how large the
 * difference is on average over further networks that are trained alike, from the same images.
 *
 * Nadeau and Bengio's correction ({@link https://doi.org/10.1023/A:1024068626366}) is for samples that come
 * of drawing training and test rows anew from one set: their training rows overlap, so that the values are
 * not independent. Networks that differ in their seed alone are independent given the images; what other
 * images would change is not in this interval at all.
 *
 * @throws {RangeError} If there are no values
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { meanInterval } from "deep-features/metrics";
 *
 * const { mean, low, high } = meanInterval([0.01, 0.02, 0.03]);
 * assert(Math.abs(mean - 0.02) < 1e-12 && low! < 0 && high! > 0.04);
 * assert(!("low" in meanInterval([5])));
 * ```
 */
export function meanInterval(values: readonly number[]): MeanInterval {
  const { mean, sd } = meanAndSd(values);
  if (sd === undefined) return { mean };
  const half = studentQuantile(values.length - 1) * sd / Math.sqrt(values.length);
  return { mean, sd, low: mean - half, high: mean + half };
}

/** Quantile 0.975 of Student's t, by halving: the probability of |t| below it is 0.95. */
function studentQuantile(degrees: number): number {
  let low = 0, high = 16;
  for (let step = 0; step < 80; step++) {
    const middle = (low + high) / 2;
    if (studentProbability(middle, degrees) < 0.95) low = middle;
    else high = middle;
  }
  return low;
}

/** P(|T| < t), as a finite sum for whole degrees of freedom (Abramowitz & Stegun 26.7.3 and 26.7.4). */
function studentProbability(t: number, degrees: number): number {
  const angle = Math.atan(t / Math.sqrt(degrees)), cosine = Math.cos(angle), isOdd = degrees % 2;
  let term = isOdd ? cosine : 1, sum = degrees === 1 ? 0 : term;
  for (let k = isOdd + 2; k <= degrees - 2; k += 2) {
    term *= cosine * cosine * (k - 1) / k;
    sum += term;
  }
  const part = Math.sin(angle) * sum;
  return isOdd ? 2 / Math.PI * (angle + part) : part;
}
