import type { Classifier } from "../base/classifier.ts";
import type { Matrix } from "../base/matrix.ts";
import { progressLine } from "../notebook/progress.ts";
import { cached, type Settings, withVersion } from "./cache.ts";
import { findFitted } from "./kept.ts";

/** What a classifier made of the test set, and how long it took. */
export interface Outcome {
  /** The predicted class of each test image. */
  readonly predicted: readonly number[];
  /** Wall-clock seconds of learning. */
  readonly fitSeconds: number;
  /** Wall-clock seconds of predicting the whole test set. */
  readonly predictSeconds: number;
}

/** What a classifier learns from and what it is asked. */
export interface Features {
  readonly X: Matrix;
  /** Class of each row of X. */
  readonly y: ArrayLike<number>;
  /** Rows of the test set. */
  readonly Xt: Matrix;
}

/** A classifier that is to be fitted once for its settings. */
export interface Fit {
  /** Everything that the outcome depends on. */
  readonly settings: Settings;
  /** Makes the classifier, when its features are there. */
  readonly classifier: () => Promise<Classifier>;
  /** What the line of progress begins with. */
  readonly label: string;
  /** Makes the features; asked only if the outcome is not in `data/`. */
  readonly features: () => Promise<Features>;
  readonly signal?: AbortSignal | undefined;
}

/** Fits a classifier and lets it predict, or reads from `data/` what came of it before. */
export async function fittedOutcome(fit: Fit): Promise<Outcome> {
  const { settings, classifier, label, features, signal } = fit;
  return await cached("outcome", withVersion(settings), async () => {
    const { X, y, Xt } = await features();
    const learner = await classifier();
    const found = await findFitted(learner, X, y);
    const outcome = await timedOutcome(
      () =>
        found ? Promise.resolve() : learner.fit(X, y, { signal, onProgress: progressLine(label) }),
      () => (found?.value ?? learner).predict(Xt, { signal }),
    );
    return found ? { ...outcome, fitSeconds: found.seconds } : outcome;
  });
}

/** Learns and predicts, with a watch in hand. */
export async function timedOutcome(
  fit: () => Promise<unknown>,
  predict: () => Promise<ArrayLike<number>>,
): Promise<Outcome> {
  const start = performance.now();
  await fit();
  const fitted = performance.now();
  const predicted = await predict();
  return {
    predicted: Array.from(predicted),
    fitSeconds: (fitted - start) / 1000,
    predictSeconds: (performance.now() - fitted) / 1000,
  };
}

/** A function that makes something when it is asked first, and then has it. */
export function once<T>(make: () => Promise<T>): () => Promise<T> {
  let made: Promise<T> | undefined;
  return () => made ??= make();
}
