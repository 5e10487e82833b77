import * as tf from "@tensorflow/tfjs";
import { Adam } from "../../backend/adam.ts";
import { RmsProp } from "../../backend/rms_prop.ts";
import { Sgd } from "../../backend/sgd.ts";

/** Optimizers whose state belongs to weights, not to positions, and can be had back to the bit. */
export function keepsState(optimizer: tf.Optimizer): boolean {
  // Not instanceof, which tfjs lets be true of every optimizer.
  return [Adam, Sgd, RmsProp, tf.SGDOptimizer].some((known) => optimizer.constructor === known);
}

/** The weights that an optimizer has trained here. */
const trainedBy = new WeakMap<tf.Optimizer, readonly tf.Variable[]>();

/**
 * Moments of tfjs's own optimizers belong to positions: other weights would be given those of the first ones.
 *
 * @throws {RangeError} If the optimizer is one of those, and trained other weights before; if it is RMSProp, centered
 */
export function checkOptimizer(optimizer: tf.Optimizer, weights: readonly tf.Variable[]): void {
  if (keepsState(optimizer)) return;
  if ((optimizer as unknown as { centered?: boolean }).centered === true) {
    throw new RangeError(
      "Cannot train with tfjs's centered RMSProp, whose step is not a number where a gradient is 0: compile the " +
        'model with RmsProp of "deep-features/backend"',
    );
  }
  const known = trainedBy.get(optimizer) ?? weights;
  if (known.length !== weights.length || known.some((weight, i) => weight !== weights[i])) {
    throw new RangeError(
      `Cannot train other weights with the same ${optimizer.getClassName()} optimizer, ` +
        "which would give them the moments of those before: compile the model anew, or with one of " +
        '"deep-features/backend" (Adam, Sgd, RmsProp)',
    );
  }
  trainedBy.set(optimizer, weights);
}

/** The part of tfjs's optimizers that its declarations hide. */
interface Rated {
  learningRate?: unknown;
  setLearningRate?(rate: number): void;
}

/**
 * The learning rate of an optimizer.
 *
 * @throws {RangeError} If it has none that can be set
 */
export function learningRateOf(optimizer: tf.Optimizer): number {
  const { learningRate } = optimizer as unknown as Rated;
  if (typeof learningRate === "number") return learningRate;
  throw new RangeError(
    `Cannot set the learning rate of the ${optimizer.getClassName()} optimizer: it has no number of that name`,
  );
}

/** Gives an optimizer another learning rate. */
export function setLearningRate(optimizer: tf.Optimizer, rate: number): void {
  const rated = optimizer as unknown as Rated;
  if (rated.learningRate === rate) return;
  // SGD holds its rate in a tensor, too.
  if (typeof rated.setLearningRate === "function") rated.setLearningRate(rate);
  else rated.learningRate = rate;
}

/** The part of tfjs's variables that its declarations hide. */
interface Named {
  readonly originalName: string;
}

/**
 * The weights that decay: kernels (of dense, convolutional and recurrent layers), and neither biases nor
 * what normalization scales and shifts by.
 *
 * @throws {RangeError} If none of the weights that are trained is a kernel
 */
export function kernelsOf(model: tf.LayersModel): tf.Variable[] {
  const kernels = model.trainableWeights.filter((weight) =>
    /kernel$/i.test((weight as unknown as Named).originalName)
  );
  if (kernels.length > 0) return kernels.map((weight) => weight.read() as tf.Variable);
  throw new RangeError("weightDecay has nothing to act on: the model has no kernels to train");
}

/** Decoupled weight decay (Loshchilov & Hutter 2019, arXiv 1711.05101, algorithm 2): w ← (1 − rate · decay) w. */
export function decay(weights: readonly tf.Variable[], amount: number): void {
  for (const weight of weights) {
    tf.tidy(() => weight.assign(tf.mul(weight as tf.Tensor, 1 - amount)));
  }
}
