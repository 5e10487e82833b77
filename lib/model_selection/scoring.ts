import { callable, describe, either, oneOf, type Rule } from "../base/check.ts";
import { accuracyScore } from "../metrics/accuracy.ts";
import { balancedAccuracy } from "../metrics/balanced_accuracy.ts";
import { f1Macro } from "../metrics/f1_macro.ts";

/** How good predictions are, from true labels and predicted ones; more is better. */
export type ScoreFunction = (yTrue: Int32Array, yPred: Int32Array) => number;

/** A score by its name (scikit-learn's `accuracy`, `balanced_accuracy`, `f1_macro`), or one of one's own. */
export type Scoring = "accuracy" | "balancedAccuracy" | "f1Macro" | ScoreFunction;

const SCORES: Record<Exclude<Scoring, ScoreFunction>, ScoreFunction> = {
  accuracy: accuracyScore,
  balancedAccuracy,
  f1Macro,
};

/** What `scoring` may be. */
export const SCORING_RULE: Rule = either(oneOf(...Object.keys(SCORES)), callable);

/**
 * The function of a score.
 *
 * @returns A function that throws a TypeError or RangeError if the score is no finite number
 */
export function scoreFunction(scoring: Scoring): ScoreFunction {
  if (typeof scoring !== "function") return SCORES[scoring];
  return (yTrue, yPred) => {
    const score: unknown = scoring(yTrue, yPred);
    if (typeof score !== "number") {
      throw new TypeError(`GridSearch: scoring must give a number, got ${describe(score)}`);
    }
    if (!Number.isFinite(score)) {
      throw new RangeError(`GridSearch: scoring must give a finite number, got ${score}`);
    }
    return score;
  };
}
