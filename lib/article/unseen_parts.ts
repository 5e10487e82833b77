/**
 * What is learned of two classes that a network has never seen, part by part: a method, from some images of a draw.
 *
 * @module
 */
import type { Classifier } from "../base/classifier.ts";
import { Matrix } from "../base/matrix.ts";
import type { RunOptions } from "../base/run_options.ts";
import { buildCnn } from "../cnn/build_cnn.ts";
import { hiddenFeatures, predictClasses } from "../cnn/hidden_features.ts";
import type { LearningOptions } from "../cnn/learning_options.ts";
import { trainCnn } from "../cnn/train_cnn.ts";
import type { Dataset } from "../dataset/load_cifar10.ts";
import { normalize, sliceSplit, type Split, takeRows } from "../dataset/split.ts";
import { accuracyScore } from "../metrics/accuracy.ts";
import { fingerprint, type Settings, withVersion } from "./cache.ts";
import type { ComparedNetwork } from "./network_settings.ts";
import { once } from "./outcome.ts";
import { type BuildNetwork, untrainedCnn } from "./trained_cnn.ts";
import { drawnRows } from "./unseen_draw.ts";
import {
  scratchSizes,
  UNSEEN_LEARNERS,
  UNSEEN_METHOD_NAMES,
  type UnseenMethod,
} from "./unseen_methods.ts";

/** One method on some images of a draw. */
export interface UnseenPart {
  readonly count: number;
  readonly draw: number;
  readonly method: UnseenMethod;
  /** All that its accuracy depends on. */
  readonly settings: Settings;
  /** About how much work it is, in images that pass a network. */
  readonly work: number;
  /** Learns, and tells the accuracy on all test images of the two classes. */
  readonly accuracy: (options: RunOptions) => Promise<number>;
}

/** What the parts are made of. */
export interface UnseenPlan {
  /** The two classes, labels 0 and 1. */
  readonly unseen: Dataset;
  /** The network that was trained without them. */
  readonly network: ComparedNetwork;
  /** How it learns: the networks from scratch do likewise. */
  readonly learning: LearningOptions;
  readonly build?: BuildNetwork | undefined;
  readonly counts: readonly number[];
  readonly draws: number;
}

/** Rows to learn from, a draw's, and those of the tests. */
interface Rows {
  readonly draws: readonly Matrix[];
  readonly tests: Matrix;
}

/**
 * A pass that is learned from costs as much as three that are only looked at, and a step on a few images, beside
 * these, as much as some others.
 */
const LEARNING_PASSES = 3, STEP_IMAGES = 32;

/** All parts, by counts, then draws, then methods. */
export function unseenParts(plan: UnseenPlan, signal: AbortSignal | undefined): UnseenPart[] {
  const { unseen, network, counts, draws } = plan, { test } = unseen;
  const most = Math.max(...counts);
  const drawn = Array.from(
    { length: draws },
    (_, draw) => takeRows(unseen.train, drawnRows(unseen.train.labels, most, draw)),
  );
  const rows = {
    features: once(() => featuresOf(network, drawn, test, signal)),
    pixels: once(() => Promise.resolve({ draws: drawn.map(pixelsOf), tests: pixelsOf(test) })),
  };
  const images = { images: fingerprint(unseen.train), tests: fingerprint(test) };
  const seen = { network: { ...network.settings, tests: undefined }, layer: "hidden" };
  const scratch = scratchSettings(plan);

  const partOf = (count: number, draw: number, method: UnseenMethod): UnseenPart => {
    const split = sliceSplit(drawn[draw]!, 0, 2 * count);
    const place = { count, draw, method };
    if (method === "scratch") {
      return {
        ...place,
        settings: {
          ...images,
          ...place,
          network: { ...scratch, ...scratchTraining(plan, 2 * count).text },
        },
        work: scratchWork(2 * count) + test.labels.length,
        accuracy: async (options) => await scratchAccuracy(plan, split, draw, options),
      };
    }
    const { rows: kind, create } = UNSEEN_LEARNERS[method];
    return {
      ...place,
      settings: withVersion({ ...images, ...place, ...(kind === "features" ? seen : {}) }),
      work: 2 * count,
      accuracy: async (options) => {
        const { draws, tests } = await rows[kind]();
        const X = draws[draw]!.slice(0, 2 * count);
        return await classifierAccuracy(
          create(count),
          { X, y: split.labels, tests },
          test,
          options,
        );
      },
    };
  };
  const methods = Object.keys(UNSEEN_METHOD_NAMES) as UnseenMethod[];
  return counts.flatMap((count) =>
    drawn.flatMap((_, draw) => methods.map((method) => partOf(count, draw, method)))
  );
}

/** How much it is to train a network from scratch. */
function scratchWork(images: number): number {
  const { epochs, batchSize } = scratchSizes(images);
  const steps = Math.ceil(images / batchSize);
  return LEARNING_PASSES * epochs * (images + steps * STEP_IMAGES);
}

async function featuresOf(
  network: ComparedNetwork,
  drawn: readonly Split[],
  test: Split,
  signal: AbortSignal | undefined,
): Promise<Rows> {
  const { model } = await network.trained();
  try {
    const draws: Matrix[] = [];
    for (const split of drawn) draws.push(await hiddenFeatures(model, split, { signal }));
    return { draws, tests: await hiddenFeatures(model, test, { signal }) };
  } finally {
    model.dispose();
  }
}

function pixelsOf({ images, shape: [n, height, width, channels] }: Split): Matrix {
  return new Matrix(normalize(images), n, height * width * channels);
}

async function classifierAccuracy(
  classifier: Classifier,
  { X, y, tests }: { readonly X: Matrix; readonly y: ArrayLike<number>; readonly tests: Matrix },
  test: Split,
  { signal }: RunOptions,
): Promise<number> {
  await classifier.fit(X, y, { signal });
  return accuracyScore(test.labels, await classifier.predict(tests, { signal }));
}

/** All that the networks from scratch depend on, but for their images, epochs and batches. */
function scratchSettings({ unseen, build, learning }: UnseenPlan): Settings {
  // Seed, epochs and batches differ from part to part.
  const any = { seed: 0, epochs: 1, batchSize: 1 };
  const { model, settings } = untrainedCnn(unseen, {
    ...learning,
    ...any,
    validationSplit: 0,
    build,
  });
  model.dispose();
  return settings;
}

/**
 * How a network learns from scratch from so many images, and what of it is kept as text. A learning rate that the
 * caller gave is for the batches of the other network: with smaller ones it is smaller in proportion (Goyal et al.
 * 2017, arXiv 1706.02677, section 2.1).
 */
function scratchTraining({ network, learning }: UnseenPlan, images: number) {
  const sizes = scratchSizes(images), { learningRate, ...others } = learning;
  if (learningRate === undefined) return { training: { ...others, ...sizes }, text: sizes };
  const rateFactor = sizes.batchSize / network.training.batchSize;
  const scaled = typeof learningRate === "number"
    ? rateFactor * learningRate
    : (step: number, steps: number) => rateFactor * learningRate(step, steps);
  return {
    training: { ...others, ...sizes, learningRate: scaled },
    text: { ...sizes, rateFactor },
  };
}

async function scratchAccuracy(
  plan: UnseenPlan,
  split: Split,
  draw: number,
  options: RunOptions,
): Promise<number> {
  const { unseen, build = buildCnn } = plan, [images, height, width, channels] = split.shape;
  const model = build({ seed: draw, inputShape: [height, width, channels], classes: 2 });
  try {
    const { training } = scratchTraining(plan, images);
    await trainCnn(model, split, { ...training, seed: draw, validationSplit: 0, ...options });
    const predicted = await predictClasses(model, unseen.test, { signal: options.signal });
    return accuracyScore(unseen.test.labels, predicted);
  } finally {
    model.dispose();
  }
}
