import { type AccuracyInterval, accuracyInterval } from "../metrics/accuracy_interval.ts";
import { accuracyScore } from "../metrics/accuracy.ts";
import { meanAndSd } from "../metrics/mean_and_sd.ts";
import type { Comparison } from "./compare_classifiers.ts";
import { METHOD_NAMES } from "./methods.ts";

/** A classifier over all seeds. */
export interface MethodSummary {
  /** Its key in the comparisons. */
  readonly method: string;
  /** What it is called. */
  readonly name: string;
  /** Mean test accuracy. */
  readonly mean: number;
  /** Its standard deviation over the seeds; absent for a single seed. */
  readonly sd?: number;
  /** For a single seed: Wilson's interval of 95 % confidence, of this network on further images. */
  readonly low?: number;
  readonly high?: number;
}

/** Median seconds of a classifier. */
export interface MethodSeconds {
  readonly method: string;
  readonly name: string;
  readonly fitSeconds: number;
  readonly predictSeconds: number;
}

/**
 * The mean test accuracy of each classifier over the seeds, the best first; its deviation over the seeds, or
 * for a single seed its interval.
 *
 * @throws {RangeError} If there is no comparison
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { summarizeMethods } from "deep-features";
 *
 * const outcome = (...predicted: number[]) => ({ predicted, fitSeconds: 2, predictSeconds: 1 });
 * const outcomes = { softmax: outcome(0, 1, 1), svm: outcome(0, 1, 0) };
 * const [best] = summarizeMethods([0, 1, 0], [{ seed: 0, outcomes }]);
 * assert(best!.name === "SVM (RBF)" && best!.mean === 1 && best!.low! > 0.4);
 * ```
 */
export function summarizeMethods(
  yTrue: ArrayLike<number>,
  comparisons: readonly Comparison[],
): MethodSummary[] {
  return methodsOf(comparisons)
    .map((method) => ({
      method,
      name: nameOf(method),
      ...spreadOf(
        comparisons.map(({ outcomes }) => accuracyInterval(yTrue, outcomes[method]!.predicted)),
      ),
    }))
    .sort((a, b) => b.mean - a.mean);
}

/**
 * The least seconds that each classifier took to fit and to predict: what else the machine did, or a pause,
 * can only add to the work's own.
 *
 * @throws {RangeError} If there is no comparison
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { methodSeconds } from "deep-features";
 *
 * const outcome = (...predicted: number[]) => ({ predicted, fitSeconds: 2, predictSeconds: 1 });
 * const outcomes = { softmax: outcome(0, 1, 1), svm: outcome(0, 1, 0) };
 * const [softmax] = methodSeconds([{ seed: 0, outcomes }]);
 * assert.equal(softmax!.fitSeconds, 2);
 * ```
 */
export function methodSeconds(comparisons: readonly Comparison[]): MethodSeconds[] {
  const seconds = (method: string, field: "fitSeconds" | "predictSeconds") =>
    Math.min(...comparisons.map(({ outcomes }) => outcomes[method]![field]));
  return methodsOf(comparisons).map((method) => ({
    method,
    name: nameOf(method),
    fitSeconds: seconds(method, "fitSeconds"),
    predictSeconds: seconds(method, "predictSeconds"),
  }));
}

/**
 * The test accuracy of each classifier on each seed, a row a seed, by the methods' keys.
 *
 * @throws {RangeError} If there is no comparison
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { accuraciesBySeed } from "deep-features";
 *
 * const outcome = (...predicted: number[]) => ({ predicted, fitSeconds: 2, predictSeconds: 1 });
 * const outcomes = { softmax: outcome(0, 1, 1), svm: outcome(0, 1, 0) };
 * const [row] = accuraciesBySeed([0, 1, 0], [{ seed: 0, outcomes }]);
 * assert.equal(row!["svm"], 1);
 * ```
 */
export function accuraciesBySeed(
  yTrue: ArrayLike<number>,
  comparisons: readonly Comparison[],
): Readonly<Record<string, number>>[] {
  const methods = methodsOf(comparisons);
  return comparisons.map(({ seed, outcomes }) => ({
    seed,
    ...Object.fromEntries(
      methods.map((method) => [method, accuracyScore(yTrue, outcomes[method]!.predicted)]),
    ),
  }));
}

/** Mean and deviation over networks; for one network the interval of its accuracy. */
function spreadOf(accuracies: readonly AccuracyInterval[]): Omit<MethodSummary, "method" | "name"> {
  const [only] = accuracies;
  return accuracies.length === 1
    ? { mean: only!.accuracy, low: only!.low, high: only!.high }
    : meanAndSd(accuracies.map(({ accuracy }) => accuracy));
}

function methodsOf(comparisons: readonly Comparison[]): string[] {
  if (comparisons.length === 0) throw new RangeError("There is no comparison to summarize");
  return Object.keys(comparisons[0]!.outcomes);
}

function nameOf(method: string): string {
  return Object.hasOwn(METHOD_NAMES, method)
    ? METHOD_NAMES[method as keyof typeof METHOD_NAMES]
    : method;
}
