import * as tf from "@tensorflow/tfjs";
import { Adam } from "../backend/adam.ts";
import { between, checkOptions, type Rules } from "../base/check.ts";
import { NETWORK_RULES, type NetworkOptions, networkSize } from "./network_size.ts";

/** What {@linkcode buildCnn} can be told. */
export interface BuildCnnOptions extends NetworkOptions {
  /** Factor of the sum of all kernels' squares in the loss (an L2 penalty); default 0, as in the article. */
  readonly weightPenalty?: number;
}

const RULES: Rules<BuildCnnOptions> = { ...NETWORK_RULES, weightPenalty: between(0, Infinity) };

/** Two poolings leave something of it. */
const LEAST_SIDE = 4;
/** Filters of every convolution of the article's network. */
const FILTERS = 32;
/** Width of the layer named `hidden`, whose outputs are the features. */
const HIDDEN_UNITS = 512;
const DROPOUT_RATE = 0.2;

/**
 * Builds and compiles the article's small CNN: two blocks of two 2 × 2 convolutions (32 filters, no
 * activation between them), ReLU, 2 × 2 max-pooling and dropout 0.2; then the dense layer `hidden`
 * (512, linear), ReLU, and `end` (softmax). For 32 × 32 × 3 images and ten classes it has 1,067,018
 * parameters. Loss: categorical cross-entropy; optimizer: Adam with its defaults; metric: accuracy.
 *
 * Call `setUpCompute()` first, so that the weights are made on the backend that will train them.
 *
 * @throws {TypeError} If an option is unknown or of the wrong kind
 * @throws {RangeError} If the seed is not a whole number, a penalty is negative, or a size is too small for two poolings
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { buildCnn, setUpCompute } from "deep-features";
 *
 * await setUpCompute({ quiet: true });
 * const model = buildCnn({ seed: 1 });
 * assert(model.countParams() === 1_067_018);
 * assert(model.getLayer("hidden").outputShape[1] === 512);
 * ```
 */
export function buildCnn(options: BuildCnnOptions = {}): tf.LayersModel {
  checkOptions("buildCnn", options, RULES);
  const { seed, inputShape, classes } = networkSize("the CNN", options, LEAST_SIDE);
  const { weightPenalty = 0 } = options;
  const penalty = weightPenalty === 0
    ? {}
    : { kernelRegularizer: tf.regularizers.l2({ l2: weightPenalty }) };

  // Every layer draws from a seed of its own, or equal shapes would start with equal weights.
  let layerSeed = seed * 1000;
  const convolution = (name: string) =>
    tf.layers.conv2d({
      name,
      filters: FILTERS,
      kernelSize: 2,
      padding: "same",
      kernelInitializer: tf.initializers.heNormal({ seed: ++layerSeed }),
      ...penalty,
    });
  const dense = (name: string, units: number, activation: "linear" | "softmax") =>
    tf.layers.dense({
      name,
      units,
      activation,
      kernelInitializer: tf.initializers.glorotUniform({ seed: ++layerSeed }),
      ...penalty,
    });
  const relu = (name: string) => tf.layers.activation({ name, activation: "relu" });
  const pool = (name: string) => tf.layers.maxPooling2d({ name, poolSize: 2 });
  const dropout = (name: string) =>
    tf.layers.dropout({ name, rate: DROPOUT_RATE, seed: ++layerSeed });

  const layers: tf.layers.Layer[] = [
    convolution("conv2D_1"),
    convolution("conv2D_2"),
    relu("acti1"),
    pool("pool1"),
    dropout("drop1"),
    convolution("conv2D_3"),
    convolution("conv2D_4"),
    relu("acti2"),
    pool("pool2"),
    dropout("drop2"),
    tf.layers.flatten({ name: "flat1" }),
    dense("hidden", HIDDEN_UNITS, "linear"),
    relu("acti3"),
    dense("end", classes, "softmax"),
  ];
  const input = tf.input({ shape: [...inputShape], name: "input" });
  const output = layers.reduce((tensor, layer) => layer.apply(tensor) as tf.SymbolicTensor, input);
  const model = tf.model({ inputs: input, outputs: output, name: "article_cnn" });
  compileCnn(model);
  return model;
}

/**
 * Gives a model the article's loss, optimizer and metric.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { buildCnn, setUpCompute } from "deep-features";
 * import { compileCnn } from "deep-features/cnn";
 *
 * await setUpCompute({ quiet: true });
 * const model = buildCnn({ seed: 1, inputShape: [8, 8, 3] });
 * compileCnn(model); // anew, with a fresh optimizer
 * assert(model.loss === "categoricalCrossentropy");
 * ```
 */
export function compileCnn(model: tf.LayersModel): void {
  model.compile({ optimizer: new Adam(), loss: "categoricalCrossentropy", metrics: ["accuracy"] });
}
