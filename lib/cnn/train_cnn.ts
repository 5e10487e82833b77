import type * as tf from "@tensorflow/tfjs";
import { interruptible } from "../notebook/interrupt.ts";
import { createBreather } from "../notebook/progress.ts";
import { between, callable, checkOptions, type Rules, seed, whole } from "../base/check.ts";
import { permutation, seededRandom } from "../base/random.ts";
import { RUN_RULES, type RunOptions } from "../base/run_options.ts";
import { type ClassWeight, classWeightRule, readClassWeight } from "./engine/class_weights.ts";
import {
  checkEarlyStopping,
  type EarlyStopping,
  earlyStoppingRule,
  Stopper,
} from "./engine/early_stopping.ts";
import { createForwardPass } from "./engine/forward.ts";
import { checkImages, type LabeledImages } from "./engine/image_arrays.ts";
import { noticeFallbacks } from "./engine/notice_fallbacks.ts";
import { checkClassifier, classesOf, createObjective, usesLogits } from "./engine/objective.ts";
import { checkOptimizer, kernelsOf, learningRateOf, setLearningRate } from "./engine/optimizer.ts";
import { readTargets } from "./engine/targets.ts";
import { evaluate, Sums, type Training, trainingStep } from "./engine/training_step.ts";
import { type LearningRate, learningRateRule, ratesOf } from "./learning_rate.ts";

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

/** Figures of one epoch. */
export interface EpochLog {
  /** Epoch, from 0. */
  readonly epoch: number;
  /** Mean training loss with penalties, in training mode, while the weights were changing (as Keras has it). */
  readonly loss: number;
  /** Training accuracy, likewise: the share of images that are taken for what they are. */
  readonly accuracy: number;
  /** Loss on the validation images after the epoch, without penalties (as tfjs has it); NaN without any. */
  readonly valLoss: number;
  /** Accuracy on the validation images after the epoch; NaN without any. */
  readonly valAccuracy: number;
  /** Wall-clock seconds of the epoch, validation included. */
  readonly seconds: number;
}

/** The figures of all epochs: one array for each field of {@linkcode EpochLog}. */
export interface History {
  readonly loss: number[];
  readonly accuracy: number[];
  readonly valLoss: number[];
  readonly valAccuracy: number[];
  readonly seconds: number[];
  /**
   * Metrics that the model was compiled with, accuracy apart: those of training under their own names,
   * those of validation under `val_` and their names, as tfjs has it. Absent if there are none.
   */
  readonly metrics?: Record<string, number[]>;
  /** The epoch of the lowest validation loss, from 0, if `earlyStopping` was asked for. */
  readonly bestEpoch?: number;
}

/** What {@linkcode trainCnn} can be told; the defaults are the article's. */
export interface TrainOptions extends RunOptions {
  /** Default 20. */
  readonly epochs?: number | undefined;
  /** Default 128. */
  readonly batchSize?: number | undefined;
  /** Share of the images, taken from the end, that is kept for validation; default 0.2, as in the article. */
  readonly validationSplit?: number | undefined;
  /** Seed of the order of the images and of all that layers draw in training; default 0. */
  readonly seed?: number | undefined;
  /**
   * Learning rate: a number, or a function of the step, from 0, and of all steps, such as `oneCycle`, `cosine`
   * and `stepDecay` give; default the optimizer's own, which it has again afterwards.
   */
  readonly learningRate?: LearningRate | undefined;
  /**
   * Decoupled weight decay: in each step kernels become smaller by this times the learning rate, biases and
   * normalization do not. With Adam that is AdamW (Loshchilov & Hutter 2019), as in PyTorch; default 0.
   */
  readonly weightDecay?: number | undefined;
  /**
   * Share of each target that is spread evenly over the classes, in training and in validation, as Keras's
   * cross-entropies have it; default 0.
   */
  readonly labelSmoothing?: number | undefined;
  /**
   * What the images of each class count in the training loss, as in Keras: a list, or an object by class index;
   * default 1.
   */
  readonly classWeight?: ClassWeight | undefined;
  /** Ends the training when the validation loss has not become lower for some epochs, as Keras's `EarlyStopping`. */
  readonly earlyStopping?: EarlyStopping | undefined;
  /** Called after each batch. */
  readonly onBatch?: ((log: BatchLog) => void) | undefined;
  /** Called after each epoch. */
  readonly onEpoch?: ((log: EpochLog) => void) | undefined;
}

const RULES: Rules<TrainOptions> = {
  epochs: whole(1),
  batchSize: whole(1),
  validationSplit: {
    ...between(0, 1),
    wanted: "at least 0 and below 1",
    allows: (share) => (share as number) >= 0 && (share as number) < 1,
  },
  seed,
  learningRate: learningRateRule,
  weightDecay: between(0, Infinity),
  labelSmoothing: {
    ...between(0, 1),
    wanted: "at least 0 and below 1",
    allows: (share) => (share as number) >= 0 && (share as number) < 1,
  },
  classWeight: classWeightRule,
  earlyStopping: earlyStoppingRule,
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
 * leaves these out), frozen layers stay as they are. What layers draw at random comes from the seed.
 *
 * The same seed, machine and backend give the same weights.
 *
 * @param model A compiled classifier, such as {@linkcode buildCnn} makes
 * @param data Images with class indices, or with rows of class probabilities such as one-hot rows
 * @returns Loss, accuracy, validation loss and accuracy, and seconds of each epoch
 * @throws {TypeError} If the model is not compiled, or an option is unknown or of the wrong kind
 * @throws {RangeError} If the model is no such classifier, draws random numbers that cannot be seeded, has no
 *   weights to train, or has others than its optimizer (of tfjs, with moments) trained before, or if images,
 *   labels or options do not fit
 * @throws {Error} If the loss turns NaN or infinite
 * @throws {DOMException} Named `AbortError` (or the signal's own reason) if the signal aborts
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { buildCnn, setUpCompute, trainCnn } from "deep-features";
 *
 * await setUpCompute({ quiet: true });
 * const model = buildCnn({ seed: 1, inputShape: [8, 8, 3], classes: 2 });
 * const images = new Uint8Array(10 * 8 * 8 * 3).map((_, i) => i < 960 ? 0 : 255);
 * const labels = Uint8Array.from({ length: 10 }, (_, i) => i < 5 ? 0 : 1);
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
  checkOptions("trainCnn", options, RULES);
  if (options.earlyStopping) checkEarlyStopping("trainCnn", options.earlyStopping);
  let done = 0;
  const onEpoch = (log: EpochLog) => {
    done = log.epoch + 1;
    options.onEpoch?.(log);
  };
  return await interruptible(
    options.signal,
    (signal) =>
      noticeFallbacks("trainCnn", () => train(model, data, { ...options, signal, onEpoch })),
    () =>
      `stopped in epoch ${done + 1} of ${options.epochs ?? EPOCHS}; ` +
      "the network has the weights of that moment",
  );
}

/** As many as in the article. */
const EPOCHS = 20;

async function train(
  model: tf.LayersModel,
  data: LabeledImages,
  options: TrainOptions,
): Promise<History> {
  const { epochs = EPOCHS, batchSize = 128, validationSplit = 0.2, seed = 0, signal } = options;
  checkClassifier(model);
  const count = checkImages(model, data);
  const targets = readTargets(data.labels, count, classesOf(model));
  const trainCount = Math.floor(count * (1 - validationSplit));
  if (trainCount < 1) {
    throw new RangeError(
      `No training images are left of ${count} with a validationSplit of ${validationSplit}`,
    );
  }
  const pass = createForwardPass(model, { logits: usesLogits(model), training: true });
  const { labelSmoothing, classWeight, earlyStopping, weightDecay = 0 } = options;
  const objective = createObjective(model, pass, targets, {
    labelSmoothing,
    classWeights: classWeight &&
      readClassWeight(classWeight, classesOf(model), targets.classes.subarray(0, trainCount)),
  });
  const weights = model.trainableWeights.map((weight) => weight.read() as tf.Variable);
  if (weights.length === 0) {
    throw new RangeError("Cannot train this model: none of its weights is trainable");
  }
  checkOptimizer(model.optimizer, weights);
  if (earlyStopping && trainCount === count) {
    throw new RangeError(
      "earlyStopping looks at the validation loss, but validationSplit leaves no validation images",
    );
  }
  const stopper = earlyStopping && new Stopper(earlyStopping);
  const batches = Math.ceil(trainCount / batchSize);
  const { optimizer } = model;
  const rates = options.learningRate === undefined
    ? undefined
    : ratesOf(options.learningRate, epochs * batches);
  const ownRate = rates || weightDecay > 0 ? learningRateOf(optimizer) : undefined;
  const kernels = weightDecay > 0 ? kernelsOf(model) : [];
  warnOfUnseenClasses(targets.classes, trainCount);
  const random = seededRandom(seed);
  signal?.throwIfAborted();

  const history: History = {
    loss: [],
    accuracy: [],
    valLoss: [],
    valAccuracy: [],
    seconds: [],
    ...(objective.metricNames.length > 0 ? { metrics: {} } : {}),
  };
  const training: Training = { model, pass, objective, weights, kernels, data };
  const breathe = createBreather();

  try {
    for (let epoch = 0; epoch < epochs; epoch++) {
      const start = performance.now();
      const order = permutation(trainCount, random);
      const epochSeed = Math.floor(random() * 2 ** 32);
      const sums = new Sums(objective.metricNames);
      for (let batch = 0; batch < batches; batch++) {
        signal?.throwIfAborted();
        const rows = order.subarray(batch * batchSize, (batch + 1) * batchSize);
        const rate = rates?.[epoch * batches + batch] ?? ownRate;
        if (rates) setLearningRate(optimizer, rate!);
        const figures = await trainingStep(training, rows, {
          seed: (epochSeed + Math.imul(batch, SEED_STRIDE)) >>> 0,
          decay: weightDecay > 0 ? rate! * weightDecay : 0,
        });
        if (!Number.isFinite(figures.loss)) {
          throw new Error(
            `The loss became ${figures.loss} in epoch ${epoch + 1}, batch ${
              batch + 1
            } of ${batches}: ` +
              "lower the learning rate, and check that the images are finite and scaled to [0, 1]",
          );
        }
        sums.add(figures, rows.length);
        options.onBatch?.({ epoch, batch, batches, loss: sums.loss, accuracy: sums.accuracy });
        options.onProgress?.({
          done: epoch * batches + batch + 1,
          total: epochs * batches,
          message: `epoch ${epoch + 1}/${epochs}: loss ${sums.loss.toFixed(3)}, accuracy ${
            sums.accuracy.toFixed(3)
          }`,
        });
        await breathe();
      }
      const validation = await evaluate(pass, objective, data, trainCount, count, signal);
      const log: EpochLog = {
        epoch,
        loss: sums.loss,
        accuracy: sums.accuracy,
        valLoss: validation.loss,
        valAccuracy: validation.accuracy,
        seconds: (performance.now() - start) / 1000,
      };
      record(history, log, sums, validation);
      await stopper?.see(epoch, log.valLoss, model);
      options.onEpoch?.(log);
      if (stopper?.state.stopped) break;
    }
    stopper?.restore(model);
  } finally {
    if (rates) setLearningRate(optimizer, ownRate!);
  }
  return stopper ? { ...history, bestEpoch: stopper.state.bestEpoch } : history;
}

function record(history: History, log: EpochLog, training: Sums, validation: Sums): void {
  for (const key of ["loss", "accuracy", "valLoss", "valAccuracy", "seconds"] as const) {
    history[key].push(log[key]);
  }
  for (const [prefix, sums] of [["", training], ["val_", validation]] as const) {
    sums.metrics.forEach((value, i) =>
      (history.metrics![`${prefix}${sums.names[i]}`] ??= []).push(value)
    );
  }
}

/** A class that is only in the validation part cannot be learned: the order of the images is to blame. */
function warnOfUnseenClasses(classes: Int32Array, trainCount: number): void {
  const seen = new Set(classes.subarray(0, trainCount));
  const unseen = [...new Set(classes.subarray(trainCount))].filter((label) => !seen.has(label));
  if (unseen.length === 0) return;
  console.warn(
    `The validation part holds images of class ${
      unseen.sort((a, b) => a - b).join(", ")
    }, of which ` +
      "the training part has none: the images seem to be ordered by class. Shuffle them first " +
      "(shuffle), or split them with trainTestSplit and train with validationSplit: 0",
  );
}
