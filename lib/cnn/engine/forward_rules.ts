/**
 * What a forward pass does faster than layer by layer. Rules are asked in order, the first that fits
 * wins; what none knows, the layer computes itself.
 *
 * @module
 */
import * as tf from "@tensorflow/tfjs";
import { convolveInput } from "./convolve_input.ts";
import { appendOnes, foldConvolutions, foldedPadding } from "./fold_convolutions.ts";
import {
  canFold,
  isPlainConvolution,
  isRelu,
  isSoftmaxDense,
  isSoftmaxLayer,
  paddingOf,
  weightsOf,
} from "./layer_kinds.ts";
import type { LayerCall } from "./network_graph.ts";
import { convolveInOne } from "./prediction_rules.ts";
import { seededLayer } from "./random_layers.ts";

/** What one run of a pass is told. */
export interface RunState {
  /** Seed of what layers draw in training; `undefined` in prediction, where they draw nothing. */
  readonly seed: number | undefined;
}

/** How the first of some calls, and those behind it that only it feeds, are computed. */
export interface Match {
  /** The calls that are done thereby, in order; the last one's output comes out. */
  readonly calls: readonly LayerCall[];
  readonly run: (x: tf.Tensor, state: RunState) => tf.Tensor;
  /** Whether the images must come with one more channel, of ones. */
  readonly onesChannel?: boolean;
}

/** What a rule can ask of the network around a call. */
export interface Surroundings {
  /** The call that alone takes what a call puts out; `undefined` if there are more, or none. */
  next(call: LayerCall): LayerCall | undefined;
  /** Whether a call alone takes the images, and nobody asks for their gradient. */
  takesImages(call: LayerCall): boolean;
  /** Whether a call's output is what the pass puts out. */
  isLast(call: LayerCall): boolean;
  /** Whether logits are wanted in place of the soft-max of the last layer. */
  readonly logits: boolean;
}

/** A way to compute some calls. */
export type Rule = (call: LayerCall, around: Surroundings) => Match | undefined;

/** Two convolutions without an activation between them are one, where that saves arithmetic. */
const foldTwoConvolutions: Rule = (call, around) => {
  const second = around.next(call);
  if (!second || !canFold(call.layer, second.layer)) return undefined;
  const onesChannel = around.takesImages(call);
  return {
    calls: [call, second],
    onesChannel,
    run: (x) => {
      const folded = foldConvolutions(weightsOf(call.layer), weightsOf(second.layer));
      const pad = foldedPadding(folded);
      if (onesChannel) return convolveInput(x as tf.Tensor4D, folded, pad);
      const filter = folded.kernel, bias = folded.bias;
      return tf.fused.conv2d({ x: appendOnes(x as tf.Tensor4D), filter, bias, strides: 1, pad });
    },
  };
};

/** A convolution of the images needs no gradient with respect to them. */
const convolveImages: Rule = (call, around) => {
  if (!around.takesImages(call) || !isPlainConvolution(call.layer)) return undefined;
  const pad = paddingOf(call.layer);
  return { calls: [call], run: (x) => convolveInput(x as tf.Tensor4D, weightsOf(call.layer), pad) };
};

/** ReLU never falls, so that max-pooling may go before it and leave it a quarter of the values. */
const poolBeforeRelu: Rule = (call, around) => {
  const pool = around.next(call);
  if (!isRelu(call.layer) || pool?.layer.getClassName() !== "MaxPooling2D") return undefined;
  return {
    calls: [call, pool],
    run: (x) => call.layer.apply(pool.layer.apply(x) as tf.Tensor) as tf.Tensor,
  };
};

/** Layers that draw random numbers draw them from the seed. */
const drawFromSeed: Rule = (call) => {
  const seeded = seededLayer(call.layer);
  if (!seeded) return undefined;
  return {
    calls: [call],
    run: (x, { seed }) => seed === undefined ? x : seeded(x, (seed + call.index) >>> 0),
  };
};

/** The logits of a dense soft-max layer. */
const logitsOfDense: Rule = (call, around) => {
  if (!around.logits || !around.isLast(call) || !isSoftmaxDense(call.layer)) return undefined;
  return {
    calls: [call],
    run: (x) => {
      const [kernel, bias] = call.layer.getWeights() as [tf.Tensor2D, tf.Tensor1D | undefined];
      if (!bias) return tf.matMul(x as tf.Tensor2D, kernel);
      return tf.fused.matMul({ a: x as tf.Tensor2D, b: kernel, bias });
    },
  };
};

/** The logits that enter a soft-max layer of its own. */
const logitsBeforeSoftmax: Rule = (call, around) => {
  if (!around.logits || !around.isLast(call) || !isSoftmaxLayer(call.layer)) return undefined;
  return { calls: [call], run: (x) => x };
};

/** The rules of training, in the order in which they are asked. */
export const TRAINING_RULES: readonly Rule[] = [
  foldTwoConvolutions,
  convolveImages,
  poolBeforeRelu,
  drawFromSeed,
  logitsOfDense,
  logitsBeforeSoftmax,
];

/** The rules of prediction, where nothing changes between two batches and nobody asks for gradients. */
export const PREDICTION_RULES: readonly Rule[] = [convolveInOne, ...TRAINING_RULES];
