import * as tf from "@tensorflow/tfjs";
import { convolveInput } from "./convolve_input.ts";
import {
  appendOnes,
  type ConvolutionWeights,
  foldConvolutions,
  foldedPadding,
} from "./fold_convolutions.ts";
import { seededDropout } from "../../backend/seeded_dropout.ts";

type Layer = tf.layers.Layer;

/** What a {@linkcode ForwardPass} is told at each call. */
export interface ForwardOptions {
  /** Seed of this call's dropout masks; without it dropout does nothing, as in prediction. */
  readonly dropoutSeed?: number;
}

/** A chain of layers as one function of a batch of images. */
export interface ForwardPass {
  /** Whether the images must come with a fourth channel of ones (see `foldConvolutions`). */
  readonly onesChannel: boolean;
  /** From images [n, height, width, channels] to the outputs of the last layer. */
  apply(x: tf.Tensor, options?: ForwardOptions): tf.Tensor;
}

/** What {@linkcode createForwardPass} can be told. */
export interface ForwardPassOptions {
  /** Name of the layer to stop after; by default the last one. */
  readonly until?: string;
  /** Leave out the soft-max of the last layer, so that its inputs, the logits, come out. */
  readonly logits?: boolean;
}

type Step = (x: tf.Tensor, options: ForwardOptions) => tf.Tensor;

/**
 * Turns a model whose layers form a chain into a function that computes the same with less work: two
 * convolutions without an activation between them are folded into one where that saves arithmetic,
 * max-pooling goes before ReLU (which changes nothing, as ReLU never falls, but leaves it a quarter of
 * the values), and dropout draws counter-based masks from a seed.
 *
 * The weights are read at each call, so that the function follows the training of the model.
 *
 * @throws {RangeError} If the layers do not form a chain, or no layer has the name asked for
 */
export function createForwardPass(
  model: tf.LayersModel,
  options: ForwardPassOptions = {},
): ForwardPass {
  const layers = chain(model, options.until);
  const onesChannel = canFold(layers[0], layers[1]);
  const steps: Step[] = [];
  for (let i = 0; i < layers.length; i++) {
    const layer = layers[i]!, next = layers[i + 1];
    const isInput = i === 0;
    if (canFold(layer, next)) {
      steps.push(foldedStep(layer, next!, isInput));
      i++;
    } else if (isInput && isPlainConvolution(layer)) {
      const pad = paddingOf(layer);
      steps.push((x) => convolveInput(x as tf.Tensor4D, weightsOf(layer), pad));
    } else if (isRelu(layer) && next?.getClassName() === "MaxPooling2D") {
      steps.push((x) => tf.relu(next.apply(x) as tf.Tensor));
      i++;
    } else if (layer.getClassName() === "Dropout") {
      const rate = configOf(layer)["rate"] as number;
      steps.push((x, { dropoutSeed }) =>
        dropoutSeed === undefined ? x : seededDropout(x, rate, dropoutSeed + i)
      );
    } else if (options.logits && next === undefined && isSoftmaxDense(layer)) {
      steps.push((x) => {
        const [kernel, bias] = layer.getWeights() as [tf.Tensor2D, tf.Tensor1D];
        return tf.fused.matMul({ a: x as tf.Tensor2D, b: kernel, bias });
      });
    } else {
      steps.push((x) => layer.apply(x) as tf.Tensor);
    }
  }
  return {
    onesChannel,
    apply: (x, options = {}) => steps.reduce((y, step) => step(y, options), x),
  };
}

/** Whether the last layer is a dense one with soft-max, so that its logits can be had. */
export function endsInSoftmax(model: tf.LayersModel): boolean {
  return isSoftmaxDense(model.layers.at(-1)!);
}

/** The layers from the first behind the input to the one named `until`, each fed by the one before. */
function chain(model: tf.LayersModel, until?: string): Layer[] {
  const layers = model.layers.filter((layer) => layer.getClassName() !== "InputLayer");
  layers.forEach((layer, i) => {
    const inbound = layer.inboundNodes.find((node) =>
      i === 0 || node.inboundLayers.includes(layers[i - 1]!)
    );
    if (inbound?.inboundLayers.length !== 1) {
      throw new RangeError(
        `Layer "${layer.name}" is not fed by the layer before it alone: the layers must form a chain (use the model's own fit and predict)`,
      );
    }
  });
  if (until === undefined) return layers;
  const end = layers.findIndex((layer) => layer.name === until);
  if (end < 0) {
    throw new RangeError(
      `The model has no layer named "${until}": it has ${layers.map((l) => l.name).join(", ")}`,
    );
  }
  return layers.slice(0, end + 1);
}

function foldedStep(first: Layer, second: Layer, isInput: boolean): Step {
  return (x) => {
    const folded = foldConvolutions(weightsOf(first), weightsOf(second));
    const pad = foldedPadding(folded);
    if (isInput) return convolveInput(x as tf.Tensor4D, folded, pad);
    return tf.fused.conv2d({
      x: appendOnes(x as tf.Tensor4D),
      filter: folded.kernel,
      bias: folded.bias,
      strides: 1,
      pad,
    });
  };
}

/** Whether two layers are convolutions that `foldConvolutions` composes exactly and with less work. */
function canFold(first: Layer | undefined, second: Layer | undefined): boolean {
  if (
    !first || !second || !isPlainConvolution(first) ||
    !isPlainConvolution(second)
  ) return false;
  const [[height1, width1, channels, middle], [height2, width2, , filters]] = [
    first,
    second,
  ].map(
    (layer) => layer.weights[0]!.shape as [number, number, number, number],
  ) as [[number, number, number, number], [number, number, number, number]];
  if (Math.max(height1, width1, height2, width2) > 2) return false;
  if (paddingOf(first) !== "same" || paddingOf(second) !== "same") return false;
  const apart = height1 * width1 * channels * middle +
    height2 * width2 * middle * filters;
  const folded = (height1 + height2 - 1) * (width1 + width2 - 1) *
    (channels + 1) * filters;
  return folded < apart;
}

/** A linear convolution with bias, stride 1 and no dilation, channels last. */
function isPlainConvolution(layer: Layer): boolean {
  if (layer.getClassName() !== "Conv2D") return false;
  const { strides, dilationRate, activation, useBias, dataFormat } = configOf(
    layer,
  );
  const ones = (value: unknown) => [value].flat().every((v) => v === 1);
  return activation === "linear" && useBias === true && ones(strides) &&
    ones(dilationRate) &&
    dataFormat !== "channelsFirst";
}

function isRelu(layer: Layer): boolean {
  return layer.getClassName() === "ReLU" ||
    (layer.getClassName() === "Activation" &&
      configOf(layer)["activation"] === "relu");
}

function isSoftmaxDense(layer: Layer): boolean {
  return layer.getClassName() === "Dense" &&
    configOf(layer)["activation"] === "softmax" &&
    layer.weights.length === 2;
}

function paddingOf(layer: Layer): "same" | "valid" {
  return configOf(layer)["padding"] as "same" | "valid";
}

function weightsOf(layer: Layer): ConvolutionWeights {
  const [kernel, bias] = layer.weights.map((weight) => weight.read());
  return { kernel: kernel as tf.Tensor4D, bias: bias as tf.Tensor1D };
}

function configOf(layer: Layer): Record<string, unknown> {
  return layer.getConfig();
}
