import { copyWeights } from "../cnn/copy_weights.ts";
import { buildCnn } from "../cnn/build_cnn.ts";
import { predictClasses } from "../cnn/hidden_features.ts";
import { trainCnn } from "../cnn/train_cnn.ts";
import type { Dataset } from "../dataset/load_cifar10.ts";
import { progressLine } from "../notebook/progress.ts";
import { cached } from "./cache.ts";
import {
  checkComparison,
  COMPARISON_RULES,
  type ComparisonOptions,
  networkSettings,
  trainingOf,
} from "./network_settings.ts";
import type { Outcome } from "./outcome.ts";
import type { Preset } from "./preset.ts";
import type { BuildNetwork, TrainedCnnOptions } from "./trained_cnn.ts";

/** L2 penalties that are tried first; the validation images choose. */
const PENALTIES = [1e-4, 1e-3];
/** Where the greatest is best, others this much greater are tried, up to the last. */
const PENALTY_FACTOR = 10, LAST_PENALTY = 0.1;

/** The softmax of a network that was held back from learning its training images by heart. */
export interface SoftmaxControl {
  readonly seed: number;
  readonly method: "earlyStopping" | "weightDecay";
  /** What was done, in words. */
  readonly how: string;
  /** Accuracy on the validation images, by which it was chosen. */
  readonly validationAccuracy: number;
  readonly outcome: Outcome;
}

/** One training, seen at its best epoch and at its end. */
interface Training {
  readonly best: { readonly epoch: number; readonly accuracy: number; readonly outcome: Outcome };
  readonly last: { readonly accuracy: number; readonly outcome: Outcome };
}

/**
 * Two controls for what another classifier gains: the softmax as it was after the **epoch with the best
 * validation accuracy**, and the softmax of a network with an **L2 penalty** on its kernels (two are tried, more
 * where the greater is the better, and the validation images choose). Both learn from the first four fifths of the
 * images and choose by the rest, as the classifiers do that are tuned. A network of one's own, `build`, or one that
 * is trained in a way of its own, `training`, has the first control only.
 *
 * Each control trains a network anew; its outcome is kept in `data/`.
 *
 * @throws {DOMException} If the signal aborts
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { readPreset, setUpCompute } from "deep-features";
 * import { softmaxControls } from "deep-features/article";
 *
 * await setUpCompute({ quiet: true });
 * Deno.env.set("ARTICLE_CACHE", await Deno.makeTempDir());
 * const labels = Uint8Array.from({ length: 40 }, (_, i) => i % 2);
 * const images = Uint8Array.from({ length: 40 * 3072 }, (_, i) => 200 * labels[Math.floor(i / 3072)]!);
 * const split = { images, labels, shape: [40, 32, 32, 3] as const };
 * const classNames = ["dark", "bright"];
 * const data = { train: split, test: split, classNames, source: "stand-in", official: false } as const;
 * const preset = { ...readPreset("quick"), epochs: 1, batchSize: 10 };
 * const [stopped] = await softmaxControls(data, preset, 1);
 * assert.equal(stopped!.outcome.predicted.length, 40);
 * ```
 */
export async function softmaxControls(
  data: Dataset,
  preset: Preset,
  seed: number,
  options: ComparisonOptions = {},
): Promise<SoftmaxControl[]> {
  checkComparison("softmaxControls", options, COMPARISON_RULES);
  const { build = buildCnn, signal } = options;
  const training = trainingOf(preset, options.training);
  const { best } = await trainAndWatch(data, { ...training, seed, build }, signal);
  const controls: SoftmaxControl[] = [{
    seed,
    method: "earlyStopping",
    how: `epoch ${best.epoch + 1} of ${training.epochs}`,
    validationAccuracy: best.accuracy,
    outcome: best.outcome,
  }];
  if (options.build || options.training) return controls;
  const penalized = async (weightPenalty: number) => {
    const build: BuildNetwork = (size) => buildCnn({ ...size, weightPenalty });
    const { last } = await trainAndWatch(data, { ...training, seed, build }, signal);
    return { weightPenalty, ...last };
  };
  const tried: Awaited<ReturnType<typeof penalized>>[] = [];
  const bestOf = () => tried.reduce((best, each) => each.accuracy > best.accuracy ? each : best);
  for (const penalty of PENALTIES) tried.push(await penalized(penalty));
  while (bestOf() === tried.at(-1) && bestOf().weightPenalty < LAST_PENALTY) {
    tried.push(await penalized(PENALTY_FACTOR * bestOf().weightPenalty));
  }
  const { weightPenalty, accuracy, outcome } = bestOf(), how = `L2 penalty ${weightPenalty}`;
  return [...controls, { seed, method: "weightDecay", how, validationAccuracy: accuracy, outcome }];
}

/** Trains a network, and predicts at its best epoch and at its end. */
async function trainAndWatch(
  data: Dataset,
  options: TrainedCnnOptions & { readonly build: BuildNetwork },
  signal: AbortSignal | undefined,
): Promise<Training> {
  signal?.throwIfAborted();
  const settings = networkSettings(data, options);
  return await cached("control", settings, async () => {
    const [, height, width, channels] = data.train.shape;
    const inputShape = [height, width, channels] as const;
    const { build, ...training } = options, { seed } = options;
    const model = build({ seed, inputShape, classes: data.classNames.length });
    try {
      let putBack = () => {}, accuracy = -1, epoch = 0;
      const history = await trainCnn(model, data.train, {
        ...training,
        signal,
        onProgress: progressLine(`Training a control, seed ${seed}`),
        onEpoch: (log) => {
          if (log.valAccuracy <= accuracy) return;
          ({ epoch, valAccuracy: accuracy } = log);
          putBack = copyWeights(model);
        },
      });
      const predict = async (until: number): Promise<Outcome> => {
        const start = performance.now();
        const predicted = [...await predictClasses(model, data.test, { signal })];
        const fitSeconds = history.seconds.slice(0, until).reduce((a, b) => a + b, 0);
        return { predicted, fitSeconds, predictSeconds: (performance.now() - start) / 1000 };
      };
      const { restoreBest } = training.earlyStopping ?? {};
      const ended = restoreBest ? history.bestEpoch! : history.loss.length - 1;
      const last = { accuracy: history.valAccuracy[ended]!, outcome: await predict(ended + 1) };
      putBack();
      return { best: { epoch, accuracy, outcome: await predict(epoch + 1) }, last };
    } finally {
      model.dispose();
    }
  });
}
