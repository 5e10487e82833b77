import * as tf from "@tensorflow/tfjs";
import { interruptible } from "../notebook/interrupt.ts";
import { createBreather } from "../notebook/progress.ts";
import { permutation, seededRandom } from "../base/random.ts";
import {
  classIndices,
  countImages,
  imageBatch,
  type Images,
  type Labels,
  range,
} from "./engine/batches.ts";
import { createForwardPass, endsInSoftmax, type ForwardPass } from "./engine/forward.ts";

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
  /** Mean training loss, with dropout, while the weights were changing (as Keras reports it). */
  readonly loss: number;
  /** Training accuracy, likewise. */
  readonly accuracy: number;
  /** Loss on the validation images after the epoch; NaN without any. */
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
}

/** What {@linkcode trainCnn} can be told; the defaults are the article's. */
export interface TrainOptions {
  /** Default 20. */
  readonly epochs?: number;
  /** Default 128. */
  readonly batchSize?: number;
  /** Share of the images, taken from the end, that is kept for validation; default 0.2, as in the article. */
  readonly validationSplit?: number;
  /** Seed of the order of the images and of dropout; default 0. */
  readonly seed?: number;
  /** Called after each batch. */
  readonly onBatch?: (log: BatchLog) => void;
  /** Called after each epoch. */
  readonly onEpoch?: (log: EpochLog) => void;
  /** Stops the training between two batches; the weights stay as they are then. */
  readonly signal?: AbortSignal;
}

/** Odd constant that spreads the batch numbers over the seeds of dropout (2³² / golden ratio). */
const SEED_STRIDE = 0x9e3779b1;

/**
 * Trains a classifier as Keras's `fit` does: mini-batches in an order that is drawn anew each epoch,
 * categorical cross-entropy, the optimizer that the model was compiled with, and validation on the last
 * part of the images after each epoch.
 *
 * The same seed, machine and backend give the same weights.
 *
 * @param model A compiled model whose layers form a chain and end in a dense soft-max layer, such as
 *   {@linkcode buildCnn} makes
 * @param x Images [n, height, width, channels]
 * @param y n class indices, or n one-hot rows
 * @returns Loss, accuracy, validation loss and accuracy, and seconds of each epoch
 * @throws {TypeError} If the model is not compiled
 * @throws {RangeError} If the images, labels or options do not fit
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
 * const history = await trainCnn(model, images, labels, { epochs: 2, batchSize: 5, seed: 1 });
 * assert(history.loss.length === 2);
 * ```
 */
export async function trainCnn(
  model: tf.LayersModel,
  x: Images,
  y: Labels,
  options: TrainOptions = {},
): Promise<History> {
  return await interruptible(
    options.signal,
    (signal) => train(model, x, y, signal ? { ...options, signal } : options),
  );
}

async function train(
  model: tf.LayersModel,
  x: Images,
  y: Labels,
  options: TrainOptions,
): Promise<History> {
  const {
    epochs = 20,
    batchSize = 128,
    validationSplit = 0.2,
    seed = 0,
    signal,
  } = options;
  const { shape, count } = countImages(model, x);
  const classes = model.outputs[0]!.shape.at(-1)!;
  const labels = classIndices(y, count, classes);
  const trainCount = checkOptions(
    model,
    count,
    epochs,
    batchSize,
    validationSplit,
  );
  const random = seededRandom(seed);
  signal?.throwIfAborted();

  const pass = createForwardPass(model, { logits: true });
  const optimizer = model.optimizer;
  const weights = model.trainableWeights.map((weight) => weight.read() as tf.Variable);
  const history: History = {
    loss: [],
    accuracy: [],
    valLoss: [],
    valAccuracy: [],
    seconds: [],
  };
  const batches = Math.ceil(trainCount / batchSize);
  const breathe = createBreather();

  for (let epoch = 0; epoch < epochs; epoch++) {
    const start = performance.now();
    const order = permutation(trainCount, random);
    const dropoutSeed = Math.floor(random() * 2 ** 32);
    let lossSum = 0, correct = 0, seen = 0;
    for (let batch = 0; batch < batches; batch++) {
      signal?.throwIfAborted();
      const rows = order.subarray(batch * batchSize, (batch + 1) * batchSize);
      const step = tf.tidy(() => {
        const images = imageBatch(x, shape, rows, pass.onesChannel);
        const target = tf.tensor1d(
          Array.from(rows, (row) => labels[row]!),
          "int32",
        );
        const oneHot = tf.oneHot(target, classes).toFloat();
        let hits: tf.Scalar | undefined;
        const { value, grads } = tf.variableGrads(() => {
          const logits = pass.apply(images, {
            dropoutSeed: (dropoutSeed + Math.imul(batch, SEED_STRIDE)) >>> 0,
          }) as tf.Tensor2D;
          hits = tf.keep(countHits(logits, target));
          return tf.losses.softmaxCrossEntropy(oneHot, logits) as tf.Scalar;
        }, weights);
        optimizer.applyGradients(grads);
        return { loss: value, hits: hits! };
      });
      const [[loss], [hits]] = await Promise.all([
        step.loss.data(),
        step.hits.data(),
      ]);
      tf.dispose(step);
      if (!Number.isFinite(loss)) {
        throw new Error(
          `The loss became ${loss} in epoch ${epoch + 1}, batch ${batch + 1} of ${batches}: ` +
            "lower the learning rate, and check that the images are finite and scaled to [0, 1]",
        );
      }
      lossSum += loss! * rows.length;
      correct += hits!;
      seen += rows.length;
      options.onBatch?.({
        epoch,
        batch,
        batches,
        loss: lossSum / seen,
        accuracy: correct / seen,
      });
      await breathe();
    }
    const validation = await evaluate(
      pass,
      x,
      shape,
      labels,
      trainCount,
      count,
      classes,
      signal,
    );
    const log: EpochLog = {
      epoch,
      loss: lossSum / seen,
      accuracy: correct / seen,
      valLoss: validation.loss,
      valAccuracy: validation.accuracy,
      seconds: (performance.now() - start) / 1000,
    };
    for (const key of Object.keys(history) as (keyof History)[]) {
      history[key].push(log[key]);
    }
    options.onEpoch?.(log);
  }
  return history;
}

/** Images in a batch of evaluation: enough to keep every core busy, few enough for the caches. */
const EVALUATION_BATCH = 500;

/** Mean loss and accuracy over the rows `begin` … `end - 1`. */
async function evaluate(
  pass: ForwardPass,
  x: Images,
  shape: readonly [number, number, number],
  labels: Int32Array,
  begin: number,
  end: number,
  classes: number,
  signal: AbortSignal | undefined,
): Promise<{ loss: number; accuracy: number }> {
  const breathe = createBreather();
  let lossSum = 0, correct = 0;
  for (let from = begin; from < end; from += EVALUATION_BATCH) {
    signal?.throwIfAborted();
    const to = Math.min(end, from + EVALUATION_BATCH);
    const result = tf.tidy(() => {
      const target = tf.tensor1d(labels.subarray(from, to), "int32");
      const images = imageBatch(x, shape, range(from, to), pass.onesChannel);
      const logits = pass.apply(images) as tf.Tensor2D;
      return {
        hits: countHits(logits, target),
        loss: tf.losses.softmaxCrossEntropy(
          tf.oneHot(target, classes).toFloat(),
          logits,
        ),
      };
    });
    const [[loss], [hits]] = await Promise.all([
      result.loss.data(),
      result.hits.data(),
    ]);
    tf.dispose(result);
    lossSum += loss! * (to - from);
    correct += hits!;
    await breathe();
  }
  return { loss: lossSum / (end - begin), accuracy: correct / (end - begin) };
}

/** How many rows of `logits` have their largest value at the target. */
function countHits(logits: tf.Tensor2D, target: tf.Tensor1D): tf.Scalar {
  return tf.sum(tf.cast(tf.equal(tf.argMax(logits, 1), target), "float32"));
}

/** Checks the options before any work is done; returns the number of training images. */
function checkOptions(
  model: tf.LayersModel,
  count: number,
  epochs: number,
  batchSize: number,
  validationSplit: number,
): number {
  if (!model.optimizer) {
    throw new TypeError(
      "Cannot train a model that is not compiled: call compileCnn(model) first",
    );
  }
  if (!endsInSoftmax(model)) {
    throw new RangeError(
      "Cannot train this model: its last layer must be a dense soft-max layer",
    );
  }
  for (
    const [name, value] of [["epochs", epochs], [
      "batchSize",
      batchSize,
    ]] as const
  ) {
    if (!Number.isInteger(value) || value < 1) {
      throw new RangeError(
        `${name} must be a whole number of at least 1, got ${value}`,
      );
    }
  }
  if (!(validationSplit >= 0 && validationSplit < 1)) {
    throw new RangeError(
      `validationSplit must be at least 0 and below 1, got ${validationSplit}`,
    );
  }
  const trainCount = Math.floor(count * (1 - validationSplit));
  if (trainCount < 1) {
    throw new RangeError(
      `No training images are left of ${count} with a validationSplit of ${validationSplit}`,
    );
  }
  return trainCount;
}
