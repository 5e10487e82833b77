import * as tf from "@tensorflow/tfjs";
import { Sgd } from "../backend/sgd.ts";
import { checkOptions } from "../base/check.ts";
import type { LearningOptions } from "./learning_options.ts";
import { oneCycle } from "./learning_rate.ts";
import { NETWORK_RULES, type NetworkOptions, networkSize } from "./network_size.ts";

/** Filters of the first convolution, and of the stages behind it. */
const FIRST = 24, STAGES = [48, 96, 192];
/** Keeps the last layer's steps short at a high learning rate, as its inputs are of order 1 then. */
const FEATURE_SCALE = 1 / 8;
/** Three poolings leave something of it. */
const LEAST_SIDE = 8;

/**
 * Builds and compiles a small residual network (He et al. 2016) for small images, in the spirit of ResNet-9 and
 * of Jordan's airbench (2024): a convolution, then three stages of two. The first of a stage widens and halves
 * the images by max-pooling, the second is added to what it starts from. All convolutions are 3 × 3 without
 * bias, with batch normalization (Ioffe & Szegedy 2015) and ReLU behind them. The layer named `hidden` is the
 * greatest value of each of the 192 channels, made eight times smaller: the features; `end` is the softmax. For
 * 32 × 32 × 3 images and ten classes it has 657,154 weights to train. Loss: categorical cross-entropy; optimizer:
 * SGD with Nesterov's momentum 0.9, to be trained as {@linkcode RESIDUAL_TRAINING} says; metric: accuracy.
 *
 * @throws {TypeError} If an option is unknown or of the wrong kind
 * @throws {RangeError} If the seed is not a whole number, or a size is too small for three poolings
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { buildResidualCnn, setUpCompute } from "deep-features";
 *
 * await setUpCompute({ quiet: true });
 * const model = buildResidualCnn({ seed: 1, classes: 8 });
 * assert(model.getLayer("hidden").outputShape[1] === 192);
 * ```
 */
export function buildResidualCnn(options: NetworkOptions = {}): tf.LayersModel {
  checkOptions("buildResidualCnn", options, NETWORK_RULES);
  const { seed, inputShape, classes } = networkSize("the residual CNN", options, LEAST_SIDE);
  // Every layer draws from a seed of its own, or equal shapes would start with equal weights.
  let layerSeed = seed * 1000;
  const through = (layer: tf.layers.Layer, x: Tensor) => layer.apply(x) as Tensor;
  const convolution = (x: Tensor, filters: number) => {
    const kernelInitializer = tf.initializers.heNormal({ seed: ++layerSeed });
    const shape = { filters, kernelSize: 3, padding: "same", useBias: false } as const;
    return through(tf.layers.conv2d({ ...shape, kernelInitializer }), x);
  };
  const pooled = (x: Tensor) => through(tf.layers.maxPooling2d({ poolSize: 2 }), x);
  const normalized = (x: Tensor) =>
    through(tf.layers.reLU(), through(tf.layers.batchNormalization({ momentum: 0.9 }), x));

  const input = tf.input({ shape: [...inputShape], name: "input" });
  let x = normalized(convolution(input, FIRST));
  for (const filters of STAGES) {
    x = normalized(pooled(convolution(x, filters)));
    x = tf.layers.add().apply([x, normalized(convolution(x, filters))]) as Tensor;
  }
  const greatest = through(tf.layers.globalMaxPooling2d({}), x);
  const features = through(tf.layers.rescaling({ scale: FEATURE_SCALE, name: "hidden" }), greatest);
  const kernelInitializer = tf.initializers.glorotUniform({ seed: ++layerSeed });
  const softmax = {
    name: "end",
    units: classes,
    activation: "softmax",
    kernelInitializer,
  } as const;
  const output = through(tf.layers.dense(softmax), features);

  const model = tf.model({ inputs: input, outputs: output, name: "residual_cnn" });
  model.compile({
    optimizer: new Sgd(0.1, 0.9, true),
    loss: "categoricalCrossentropy",
    metrics: ["accuracy"],
  });
  return model;
}

type Tensor = tf.SymbolicTensor;

/**
 * How {@linkcode buildResidualCnn}'s network is trained, to be given to `trainCnn` or `trainedCnn` with a number of
 * epochs: Smith & Topin's one cycle of the learning rate, decoupled weight decay, label smoothing (Szegedy et al.
 * 2016), and images that are mirrored, moved by up to four pixels, and cut.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { buildResidualCnn, RESIDUAL_TRAINING, setUpCompute, trainCnn } from "deep-features";
 *
 * await setUpCompute({ quiet: true });
 * const model = buildResidualCnn({ seed: 1, inputShape: [16, 16, 3], classes: 2 });
 * const labels = Uint8Array.from({ length: 20 }, (_, i) => i % 2);
 * const images = new Uint8Array(20 * 768).map((_, i) => labels[Math.floor(i / 768)]! * 200);
 * const split = { images, labels, shape: [20, 16, 16, 3] as const };
 * const history = await trainCnn(model, split, { ...RESIDUAL_TRAINING, epochs: 1, batchSize: 8 });
 * assert(history.loss[0]! > 0);
 * ```
 */
export const RESIDUAL_TRAINING: LearningOptions = {
  learningRate: oneCycle({ max: 0.2, warmUp: 0.2 }),
  weightDecay: 2.5e-3,
  labelSmoothing: 0.1,
  augment: { flip: true, shift: 4, cutout: 8 },
};
