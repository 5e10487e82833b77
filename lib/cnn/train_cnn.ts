import type * as tf from "@tensorflow/tfjs";
import { interruptible } from "../notebook/interrupt.ts";
import { createBreather } from "../notebook/progress.ts";
import {
  callable,
  checkOptions,
  checkValue,
  type Rules,
  seed,
  share,
  whole,
  withDefaults,
} from "../base/check.ts";
import { VALIDATION_SPLIT } from "../dataset/split.ts";
import { permutation, seededRandom } from "../base/random.ts";
import { RUN_RULES, type RunOptions } from "../base/run_options.ts";
import {
  Checkpoint,
  checkpointRule,
  digestOf,
  settingsOf,
  type TrainingSettings,
} from "./engine/checkpoint.ts";
import { Stopper } from "./engine/early_stopping.ts";
import { emptyHistory, type EpochLog, type History, recordEpoch } from "./engine/history.ts";
import type { LabeledImages } from "./engine/image_arrays.ts";
import { noticeFallbacks } from "./engine/notice_fallbacks.ts";
import { keepsState, setLearningRate } from "./engine/optimizer.ts";
import { planTraining, type TrainingPlan } from "./engine/training_plan.ts";
import { evaluate, Sums, trainingStep } from "./engine/training_step.ts";
import { TRAINABLE_RULE } from "./model_rule.ts";
import {
  checkLearningOptions,
  LEARNING_RULES,
  type LearningOptions,
  learningText,
} from "./learning_options.ts";

/** Where a training stands after a batch. */
export interface BatchLog {
  /** Epoch, from 0. */
  readonly epoch: number;
  /** Batch of the epoch, from 0. */
  readonly batch: number;
  /** Batches in an epoch. */
  readonly batches: number;
  /** Mean loss of the epoch so far. */
  readonly loss: number;
  /** Accuracy of the epoch so far. */
  readonly accuracy: number;
}

/** What {@linkcode trainCnn} can be told; the defaults are the article's. */
export interface TrainOptions extends RunOptions, LearningOptions {
  /** Default 20. */
  readonly epochs?: number | undefined;
  /** Default 128. */
  readonly batchSize?: number | undefined;
  /** Share of the images, taken from the end, that is kept for validation; default 0.2, as in the article. */
  readonly validationSplit?: number | undefined;
  /** Seed of the order of the images and of all that layers draw in training; default 0. */
  readonly seed?: number | undefined;
  /**
   * Folder to keep where the training stands after each epoch. If it holds that already, as after a stop or a
   * kill, the training goes on from there, whatever weights the model has now, and ends with the same weights to
   * the bit as if nothing had happened. One of another network, other settings or images is refused.
   */
  readonly checkpoint?: string | undefined;
  /** Called after each batch. */
  readonly onBatch?: ((log: BatchLog) => void) | undefined;
  /** Called after each epoch. */
  readonly onEpoch?: ((log: EpochLog) => void) | undefined;
}

const RULES: Rules<TrainOptions> = {
  epochs: whole(1),
  batchSize: whole(1),
  validationSplit: share,
  seed,
  ...LEARNING_RULES,
  checkpoint: checkpointRule,
  onBatch: callable,
  onEpoch: callable,
  ...RUN_RULES,
};

/** Odd constant that spreads the batch numbers over the seeds of dropout (2³² / golden ratio). */
const SEED_STRIDE = 0x9e3779b1;

/**
 * Trains a classifier as Keras's `fit` does: mini-batches in an order that is drawn anew each epoch, and
 * validation on the last part of the images after each epoch. Any layers model will do that has one input,
 * images, and one output, a row of class scores (or one unit for two classes): chains, branches, shared
 * layers, models inside models. Loss, optimizer and metrics are those that it was compiled with; layers run
 * in training mode, penalties of regularizers count, constraints hold after each step (tfjs's own `fit`
 * leaves these out), frozen layers stay as they are. What layers draw at random comes from the seed; one that a
 * layer was made with is not heeded, as its draws would be the same in each step.
 *
 * The same seed, machine and backend give the same weights.
 *
 * @param model A compiled classifier, such as {@linkcode buildCnn} makes
 * @param data Images with class indices, or with rows of class probabilities such as one-hot rows
 * @returns Loss, accuracy, validation loss and accuracy, and seconds of each epoch
 * @throws {TypeError} If the model is no layers model or not compiled, or an option is unknown or of the wrong kind
 * @throws {RangeError} If the model is no such classifier, draws random numbers that cannot be seeded, has no
 *   weights to train, or has others than its optimizer (of tfjs, with moments) trained before, or if images,
 *   labels or options do not fit
 * @throws {CheckpointError} If the checkpoint is damaged or another training's
 * @throws {Error} If the loss turns NaN or infinite, or the checkpoint cannot be written
 * @throws {DOMException} Named `AbortError` (or the signal's own reason) if the signal aborts
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { buildCnn, setUpCompute, trainCnn } from "deep-features";
 *
 * await setUpCompute({ quiet: true });
 * const model = buildCnn({ seed: 1, inputShape: [8, 8, 3], classes: 2 });
 * const labels = Uint8Array.from({ length: 10 }, (_, i) => i % 2);
 * const images = new Uint8Array(10 * 8 * 8 * 3).map((_, i) => labels[Math.floor(i / 192)]! * 255);
 * const split = { images, labels, shape: [10, 8, 8, 3] as const };
 * const history = await trainCnn(model, split, { epochs: 2, batchSize: 5, seed: 1 });
 * assert(history.loss.length === 2);
 * ```
 */
export async function trainCnn(
  model: tf.LayersModel,
  data: LabeledImages,
  options: TrainOptions = {},
): Promise<History> {
  checkValue("trainCnn: model", model, TRAINABLE_RULE);
  checkOptions("trainCnn", options, RULES);
  checkLearningOptions("trainCnn", options);
  // Epochs done, and how many of them the checkpoint holds.
  const stand = { done: 0, kept: 0 };
  return await interruptible(
    options.signal,
    (signal) =>
      noticeFallbacks("trainCnn", () => train(model, data, { ...options, signal }, stand)),
    () =>
      `stopped in epoch ${stand.done + 1} of ${options.epochs ?? DEFAULTS.epochs}; ` +
      (options.checkpoint === undefined
        ? "the network has the weights of that moment"
        : `the checkpoint holds ${stand.kept}`),
  );
}

/** Whether a model's training can keep checkpoints: not with optimizers of tfjs that have moments. */
export function canKeepCheckpoints(model: tf.LayersModel): boolean {
  return keepsState(model.optimizer);
}

/** The article's. */
const DEFAULTS = { epochs: 20, batchSize: 128, validationSplit: VALIDATION_SPLIT, seed: 0 };

async function train(
  model: tf.LayersModel,
  data: LabeledImages,
  options: TrainOptions,
  stand: { done: number; kept: number },
): Promise<History> {
  const settings = withDefaults(DEFAULTS, options);
  const { epochs, seed, signal, earlyStopping } = settings;
  const plan = planTraining(model, data, settings);
  const stopper = earlyStopping && new Stopper(earlyStopping);
  signal?.throwIfAborted();

  const checkpoint = options.checkpoint === undefined ? undefined : await Checkpoint.open(
    options.checkpoint,
    model,
    { ...settingsOf(model, data), ...ownSettings(options, plan.rates) },
  );
  const kept = await checkpoint?.restore(model);
  if (kept?.stopper && stopper) stopper.resume(kept.stopper, kept.bestWeights);
  const begin = stand.done = stand.kept = kept?.epochs ?? 0;
  const history = kept?.history ?? emptyHistory(plan.training.objective.metricNames);
  const random = seededRandom(seed);
  const tell: Tell = (epoch, done, { loss, accuracy }) =>
    options.onProgress?.({
      done: epoch * plan.unitsOfEpoch + done,
      total: epochs * plan.unitsOfEpoch,
      message: `epoch ${epoch + 1}/${epochs}: loss ${loss.toFixed(3)}, accuracy ${
        accuracy.toFixed(3)
      }`,
    });

  try {
    for (let epoch = 0; epoch < epochs && !stopper?.state.stopped; epoch++) {
      const start = performance.now();
      const order = permutation(plan.trainCount, random);
      const epochSeed = Math.floor(random() * 2 ** 32);
      // What a checkpoint holds is not done again, but has drawn its random numbers.
      if (epoch < begin) continue;
      const sums = await trainEpoch(plan, { epoch, order, epochSeed }, options, tell);
      const { pass, objective } = plan.training;
      const validation = await evaluate(pass, objective, data, plan.trainCount, plan.count, signal);
      if (plan.count > plan.trainCount && Number.isNaN(validation.loss)) {
        throw diverged("validation loss", validation.loss, `after epoch ${epoch + 1}`);
      }
      const log: EpochLog = {
        epoch,
        loss: sums.loss,
        accuracy: sums.accuracy,
        valLoss: validation.loss,
        valAccuracy: validation.accuracy,
        seconds: (performance.now() - start) / 1000,
      };
      recordEpoch(history, log, sums, validation);
      await stopper?.see(epoch, log.valLoss, model);
      stand.done = epoch + 1;
      await checkpoint?.write(model, {
        epochs: stand.done,
        history,
        stopper: stopper?.state,
        bestWeights: stopper?.bestWeights,
      });
      stand.kept = checkpoint ? stand.done : 0;
      options.onEpoch?.(log);
      if (plan.count > plan.trainCount) tell(epoch, plan.unitsOfEpoch, sums);
    }
    stopper?.restore(model);
  } finally {
    if (plan.rates) setLearningRate(model.optimizer, plan.ownRate!);
  }
  return stopper ? { ...history, bestEpoch: stopper.state.bestEpoch } : history;
}

/** Where an epoch stands among the others, and what was drawn for it. */
interface EpochPlace {
  readonly epoch: number;
  /** The training images in the order of their batches. */
  readonly order: Uint32Array;
  readonly epochSeed: number;
}

/** Tells how far a training is: an epoch and the units of it that are done. */
type Tell = (epoch: number, done: number, sums: Sums) => void;

/** All batches of an epoch. */
async function trainEpoch(
  { training, batches, batchSize, rates, ownRate, weightDecay }: TrainingPlan,
  { epoch, order, epochSeed }: EpochPlace,
  { signal, onBatch }: TrainOptions,
  tell: Tell,
): Promise<Sums> {
  const { model, objective } = training, sums = new Sums(objective.metricNames);
  const breathe = createBreather();
  for (let batch = 0; batch < batches; batch++) {
    signal?.throwIfAborted();
    const rows = order.subarray(batch * batchSize, (batch + 1) * batchSize);
    const rate = rates?.[epoch * batches + batch] ?? ownRate;
    if (rates) setLearningRate(model.optimizer, rate!);
    const figures = await trainingStep(training, rows, {
      seed: (epochSeed + Math.imul(batch, SEED_STRIDE)) >>> 0,
      epochSeed,
      decay: weightDecay > 0 ? rate! * weightDecay : 0,
    });
    if (!Number.isFinite(figures.loss)) {
      const when = `in epoch ${epoch + 1}, batch ${batch + 1} of ${batches}`;
      throw diverged("loss", figures.loss, when);
    }
    sums.add(figures, rows.length);
    onBatch?.({ epoch, batch, batches, loss: sums.loss, accuracy: sums.accuracy });
    tell(epoch, batch + 1, sums);
    await breathe();
  }
  return sums;
}

function diverged(what: string, value: number, when: string): Error {
  return new Error(
    `The ${what} became ${value} ${when}: ` +
      "lower the learning rate, and check that the images are finite and scaled to [0, 1]",
  );
}

/** The options that weights depend on, with their defaults. */
function ownSettings(options: TrainOptions, rates: Float64Array | undefined): TrainingSettings {
  const { epochs, batchSize, validationSplit, seed } = withDefaults(DEFAULTS, options);
  return {
    epochs,
    batchSize,
    validationSplit,
    seed,
    ...learningText(options),
    // A function of a caller's is what it gives.
    learningRate: rates && digestOf(rates),
  };
}
