import * as tf from "@tensorflow/tfjs";
import { hasFusedGradient } from "./fused_gradients.ts";
import { BATCH_NORM_TRAINING } from "./ops/batch_norm.ts";
import { seededDropout } from "./seeded_dropout.ts";
import { SIMD_BACKEND } from "./simd_backend.ts";

type Layer = tf.layers.Layer;
interface Variable {
  read(): tf.Tensor;
  write(value: tf.Tensor): unknown;
}
type Call = (
  this: Layer,
  inputs: tf.Tensor | tf.Tensor[],
  kwargs: Record<string, unknown>,
) => tf.Tensor | tf.Tensor[];

/** The fields of tfjs's layer that its type declarations hide. */
interface BatchNormalization {
  /** Of networks that Keras saved, a list of one. */
  readonly axis: number | readonly [number];
  readonly momentum: number;
  readonly epsilon: number;
  readonly gamma?: Variable;
  readonly beta?: Variable;
  readonly movingMean: Variable;
  readonly movingVariance: Variable;
}

interface Dropout {
  readonly rate: number;
  readonly noiseShape?: number[];
  readonly seed?: number;
}

/** A dense layer, or a convolution. */
interface Product {
  readonly kernel: Variable;
  readonly bias?: Variable;
  readonly activation: { getClassName(): string };
}

interface Convolution extends Product {
  readonly strides: [number, number];
  readonly padding: string;
  readonly dataFormat: string;
  readonly dilationRate: readonly number[];
}

/** Numbers that a seed is drawn from. */
const SEEDS = 2 ** 31;

let isDone = false;

/**
 * Gives some of tfjs's layers another way to train on this backend: batch normalization takes its moments and
 * its gradient in one pass each, where tfjs composes them of two dozen operations; convolutions and dense layers
 * add their bias and ReLU on the way out (see {@linkcode registerFusedGradients}); dropout draws its mask by
 * counting (see {@linkcode seededDropout}), where tfjs fills a buffer value by value in JavaScript. What they
 * compute is the same; a dropout with a seed of its own keeps tfjs's mask. Inference and other backends are
 * as before, but that a normalization without scale or center trains there, too, where tfjs's own fails.
 */
export function fuseLayers(): void {
  if (isDone) return;
  isDone = true;
  // With a name, so that tfjs's own numbering of the reader's layers stays as it is.
  replaceCall(tf.layers.batchNormalization({ name: "fused" }), normalizeBatch, withScaleAndCenter);
  replaceCall(tf.layers.dropout({ name: "fused", rate: 0 }), dropOut);
  replaceCall(tf.layers.conv2d({ name: "fused", filters: 1, kernelSize: 1 }), convolve);
  replaceCall(tf.layers.dense({ name: "fused", units: 1 }), multiply);
}

/**
 * Puts `fused` before a layer's `call`; where it returns nothing, the layer's own takes over. In training both are
 * given what `mended` makes of the layer.
 */
function replaceCall(
  layer: Layer,
  fused: (layer: Layer, x: tf.Tensor) => tf.Tensor | undefined,
  mended: (layer: Layer, x: tf.Tensor) => Layer = (layer) => layer,
): void {
  const prototype = Object.getPrototypeOf(layer) as { call: Call };
  const original = prototype.call;
  prototype.call = function (inputs, kwargs) {
    const x = Array.isArray(inputs) ? inputs[0]! : inputs;
    // A gradient of a gradient needs operations that tfjs can differentiate twice.
    const isTraining = kwargs["training"] === true;
    const isOurs = isTraining && tf.getBackend() === SIMD_BACKEND &&
      x.dtype === "float32" && x.size > 0 && tf.engine().state.gradientDepth <= 1;
    const own = isTraining ? mended(this, x) : this;
    const result = isOurs ? fused(own, x) : undefined;
    return result ?? original.call(own, inputs, kwargs);
  };
}

function normalizeBatch(layer: Layer, x: tf.Tensor): tf.Tensor | undefined {
  const { axis, momentum, epsilon, gamma, beta, movingMean, movingVariance } =
    layer as unknown as BatchNormalization;
  if (![-1, x.rank - 1].includes(Number(axis))) return undefined;
  return tf.tidy(() => {
    const inputs = { x, gamma: gamma!.read(), beta: beta!.read() };
    const [y, mean, variance] = tf.engine().runKernel(
      BATCH_NORM_TRAINING,
      inputs,
      { varianceEpsilon: epsilon },
    ) as tf.Tensor[];
    for (const [moving, value] of [[movingMean, mean], [movingVariance, variance]] as const) {
      const before = moving.read();
      moving.write(tf.sub(before, tf.mul(tf.sub(before, value!), 1 - momentum)));
    }
    return y!;
  });
}

/** A normalization that has scales and centers to read: tfjs reads them in training, whether there are any or not. */
function withScaleAndCenter(layer: Layer, x: tf.Tensor): Layer {
  const { axis, gamma, beta } = layer as unknown as BatchNormalization;
  if (gamma && beta) return layer;
  const channels = x.shape.at(Number(axis))!;
  return Object.create(layer, {
    gamma: { value: gamma ?? { read: () => tf.ones([channels]) } },
    beta: { value: beta ?? { read: () => tf.zeros([channels]) } },
  });
}

function convolve(layer: Layer, x: tf.Tensor): tf.Tensor | undefined {
  const convolution = layer as unknown as Convolution;
  const { strides, padding, dataFormat, dilationRate } = convolution;
  const isPlain = dataFormat === "channelsLast" && dilationRate.every((rate) => rate === 1);
  if (!isPlain || x.rank !== 4 || x.shape[3] !== convolution.kernel.read().shape[2]) {
    return undefined;
  }
  const common = { strides, pad: padding, dataFormat: "NHWC", dilations: [1, 1] };
  return withBias(tf.FusedConv2D, convolution, ["x", "filter"], x, common);
}

function multiply(layer: Layer, x: tf.Tensor): tf.Tensor | undefined {
  const product = layer as unknown as Product;
  if (x.rank !== 2 || x.shape[1] !== product.kernel.read().shape[0]) return undefined;
  const common = { transposeA: false, transposeB: false };
  return withBias(tf._FusedMatMul, product, ["a", "b"], x, common);
}

/** Runs a kernel that adds a layer's bias and applies its activation on the way out. */
function withBias(
  kernelName: string,
  { kernel, bias, activation }: Product,
  [first, second]: readonly [string, string],
  x: tf.Tensor,
  attrs: object,
): tf.Tensor | undefined {
  const name = activation.getClassName();
  if (!hasFusedGradient(name)) return undefined;
  const inputs = {
    [first]: x,
    [second]: kernel.read(),
    ...(bias ? { bias: bias.read() } : {}),
  };
  return tf.engine().runKernel(kernelName, inputs, { ...attrs, activation: name }) as tf.Tensor;
}

function dropOut(layer: Layer, x: tf.Tensor): tf.Tensor | undefined {
  const { rate, noiseShape, seed } = layer as unknown as Dropout;
  if (!(rate > 0 && rate < 1) || noiseShape != null || seed != null) return undefined;
  return seededDropout(x, rate, Math.floor(Math.random() * SEEDS));
}
