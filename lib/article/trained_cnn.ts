import { join } from "@std/path";
import { currentBackend } from "../backend/set_up_compute.ts";
import {
  callable,
  checkOptions,
  type Rules,
  seed as seedRule,
  share,
  whole,
} from "../base/check.ts";
import { RUN_RULES, type RunOptions } from "../base/run_options.ts";
import { buildCnn, type BuildCnnOptions } from "../cnn/build_cnn.ts";
import { type Network, networkTexts } from "../cnn/network_text.ts";
import { loadModel } from "../cnn/load_model.ts";
import { saveModel } from "../cnn/save_model.ts";
import {
  checkLearningOptions,
  LEARNING_RULES,
  type LearningOptions,
  learningText,
} from "../cnn/learning_options.ts";
import { scheduleText } from "../cnn/learning_rate.ts";
import { CheckpointError, type History } from "../cnn/mod.ts";
import { canKeepCheckpoints, trainCnn } from "../cnn/train_cnn.ts";
import type { Dataset } from "../dataset/load_cifar10.ts";
import { VALIDATION_SPLIT } from "../dataset/split.ts";
import { digest } from "../base/digest.ts";
import { elsewhere } from "../base/elsewhere.ts";
import { LOCK_FILE, withLock } from "../base/lock.ts";
import { writeWhole } from "../base/write_whole.ts";
import {
  CACHE_REMEDY,
  cachePath,
  fingerprint,
  type Settings,
  tellDamaged,
  TRAINING_FILE,
} from "./cache.ts";
import type { ArticleElsewhere } from "./elsewhere.ts";
import { digestOf, readFigures } from "./kept_training.ts";

/** How a network is trained. Of functions, `learningRate` may only be one that names itself (`oneCycle` …). */
export interface TrainedCnnOptions extends RunOptions, LearningOptions {
  readonly epochs: number;
  readonly batchSize: number;
  /** Seed of the initial weights, the order of the images and dropout. */
  readonly seed: number;
  /** Share of the images, taken from the end, that is kept for validation; default 0.2, as in the article. */
  readonly validationSplit?: number | undefined;
  /** Builds and compiles the network; default {@linkcode buildCnn}, the article's. */
  readonly build?: BuildNetwork | undefined;
}

/** Builds and compiles a network for images of a size and a number of classes. */
export type BuildNetwork = (
  options: Required<Pick<BuildCnnOptions, "seed" | "inputShape" | "classes">>,
) => Network;

/** A trained network with the figures of its training. */
export interface TrainedCnn {
  readonly model: Network;
  readonly history: History;
  /** Whether it was trained just now, and not read from `data/`. */
  readonly isNew: boolean;
}

const RULES: Rules<TrainedCnnOptions> = {
  epochs: whole(1),
  batchSize: whole(1),
  seed: seedRule,
  validationSplit: share,
  build: callable,
  ...LEARNING_RULES,
  ...RUN_RULES,
};

/**
 * A network trained on a data set, by default the article's: read from `data/` if one of the same
 * architecture was trained with the same images, settings and backend before, else trained now and kept
 * there. What was kept and is damaged is trained anew, with a word.
 *
 * While it trains, a checkpoint is kept beside: after a stop or a kill the training goes on from the last epoch
 * that was done, and ends with the same weights. (Not with tfjs's own optimizers that have moments.) Where
 * another process trains the same network, this one waits for it, with a word; where
 * `SWEEP_QUEUE` names a queue, one of its workers trains it (see `docs/sweeps.md`), to the same weights.
 *
 * @throws {TypeError} If an option is unknown, missing or of the wrong kind
 * @throws {RangeError} If an option or the images do not fit
 * @throws {DOMException} If the signal aborts
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { setUpCompute, trainedCnn } from "deep-features";
 *
 * await setUpCompute({ quiet: true });
 * const images = new Uint8Array(20 * 32 * 32 * 3), labels = new Uint8Array(20).map((_, i) => i % 2);
 * const split = { images, labels, shape: [20, 32, 32, 3] as const };
 * const classNames = ["dark", "darker"];
 * const data = { train: split, test: split, classNames, source: "stand-in", official: false } as const;
 * const { history } = await trainedCnn(data, { epochs: 1, batchSize: 10, seed: 1 });
 * assert(history.loss.length === 1);
 * ```
 */
export async function trainedCnn(data: Dataset, options: TrainedCnnOptions): Promise<TrainedCnn> {
  const { model, settings } = untrainedCnn(data, options);
  const folder = cachePath("cnn", settings);
  const checkpoint = `${folder}.checkpoint`;
  const kept = await readTraining(folder);
  if (kept) {
    model.dispose();
    // Of a process that was killed when all was done.
    await remove(checkpoint);
    return { ...kept, isNew: false };
  }
  const workers = await elsewhere<ArticleElsewhere>();
  if (await workers?.train(data, options)) {
    model.dispose();
    const made = await readTraining(folder);
    if (!made) throw new Error(`The workers trained a network, but ${folder} does not hold it`);
    return { ...made, isNew: true };
  }
  const lock = { signal: options.signal, warn: console.warn, remedy: CACHE_REMEDY };
  try {
    const trained = await withLock(checkpoint, lock, async () => {
      // Whoever held the lock may have made it.
      const made = await readTraining(folder);
      if (made) return { ...made, isNew: false };
      const history = await trainGoingOn(model, data, options, checkpoint, settings);
      // What is there by now is damaged.
      await remove(folder);
      await saveModel(model, folder, {
        [TRAINING_FILE]: async (files) =>
          JSON.stringify({ settings, sha256: await digestOf(files, history), history }),
      });
      return { model, history, isNew: true };
    });
    if (!trained.isNew) model.dispose();
    await remove(checkpoint);
    return trained;
  } catch (error) {
    model.dispose();
    throw error;
  }
}

/** Trains on from a checkpoint; from the beginning, with a word, if it cannot be used. */
async function trainGoingOn(
  model: Network,
  data: Dataset,
  options: TrainedCnnOptions,
  checkpoint: string,
  settings: Settings,
): Promise<History> {
  const { build: _, ...own } = options;
  if (!canKeepCheckpoints(model)) return await trainCnn(model, data.train, own);
  const train = async () => {
    // What the list of the cache says of it.
    const text = JSON.stringify({ settings: { unfinished: true, ...settings } });
    await writeWhole(join(checkpoint, TRAINING_FILE), text);
    return await trainCnn(model, data.train, { ...own, checkpoint });
  };
  try {
    return await train();
  } catch (error) {
    if (!(error instanceof CheckpointError)) throw error;
    console.warn(`${error.message.replace(/: [^:]*$/, "")}: the training starts anew`);
    for await (const { name } of Deno.readDir(checkpoint)) {
      if (name !== LOCK_FILE) await remove(join(checkpoint, name));
    }
    return await train();
  }
}

async function remove(folder: string): Promise<void> {
  await Deno.remove(folder, { recursive: true }).catch(() => {});
}

/**
 * The network that {@linkcode trainedCnn} starts from, and all that its training depends on: settings that
 * results on its features depend on, too.
 */
export function untrainedCnn(
  data: Dataset,
  options: TrainedCnnOptions,
): { model: Network; settings: Settings } {
  checkOptions("trainedCnn", options, RULES);
  checkLearningOptions("trainedCnn", options);
  const { learningRate } = options;
  if (typeof learningRate === "function" && !scheduleText(learningRate)) {
    throw new TypeError(
      "trainedCnn: learningRate must be a number or made by oneCycle, cosine or stepDecay, got a function of " +
        "its own, which cannot be told from another when the network is looked for again: use trainCnn",
    );
  }
  const { epochs, batchSize, seed, validationSplit = VALIDATION_SPLIT, build = buildCnn } = options;
  for (const [name, value] of Object.entries({ epochs, batchSize, seed })) {
    if (value === undefined) throw new TypeError(`trainedCnn needs the option "${name}"`);
  }
  const [, height, width, channels] = data.train.shape;
  const model = build({
    seed,
    inputShape: [height, width, channels],
    classes: data.classNames.length,
  });
  const settings = {
    images: fingerprint(data.train),
    network: digest(...networkTexts(model)).slice(0, 16),
    epochs,
    batchSize,
    seed,
    backend: currentBackend(),
    // What has its default is left out, so that networks stay found that were kept before it was an option.
    ...(validationSplit === VALIDATION_SPLIT ? {} : { validationSplit }),
    ...learningText(options),
  };
  return { model, settings };
}

/** A kept network, if there is one and it is whole. */
async function readTraining(
  folder: string,
): Promise<Pick<TrainedCnn, "model" | "history"> | undefined> {
  const history = await readFigures(folder);
  if (!history) return undefined;
  try {
    return { model: await loadModel(folder), history: withNaN(history) };
  } catch {
    tellDamaged(folder);
    return undefined;
  }
}

/** JSON has no NaN, and a training without validation has nothing else to say. */
function withNaN(history: History): History {
  const revive = (values: readonly (number | null)[]) => values.map((value) => value ?? NaN);
  return { ...history, valLoss: revive(history.valLoss), valAccuracy: revive(history.valAccuracy) };
}
