/** What the rules of a pass ask of tfjs's layers. */
import type * as tf from "@tensorflow/tfjs";
import type { ConvolutionWeights } from "./fold_convolutions.ts";
import { IMAGES, type LayerCall } from "./network_graph.ts";

type Layer = tf.layers.Layer;

/** Whether the logits of a layer's soft-max can be had. */
export function hasLogits(layer: Layer): boolean {
  return isSoftmaxDense(layer) || isSoftmaxLayer(layer);
}

/** Whether two layers are convolutions that `foldConvolutions` composes exactly and with less work. */
export function canFold(first: Layer, second: Layer): boolean {
  if (!isPlainConvolution(first) || !isPlainConvolution(second)) return false;
  const [height1, width1, channels, middle] = kernelShape(first);
  const [height2, width2, , filters] = kernelShape(second);
  if (Math.max(height1, width1, height2, width2) > 2) return false;
  if (paddingOf(first) !== "same" || paddingOf(second) !== "same") return false;
  const apart = height1 * width1 * channels * middle + height2 * width2 * middle * filters;
  const folded = (height1 + height2 - 1) * (width1 + width2 - 1) * (channels + 1) * filters;
  return folded < apart;
}

/** A linear convolution with bias, stride 1 and no dilation, channels last. */
export function isPlainConvolution(layer: Layer): boolean {
  if (layer.getClassName() !== "Conv2D") return false;
  const { strides, dilationRate, activation, useBias, dataFormat } = layer.getConfig();
  const ones = (value: unknown) => [value].flat().every((v) => v === 1);
  return activation === "linear" && useBias === true && ones(strides) && ones(dilationRate) &&
    dataFormat !== "channelsFirst";
}

export function isRelu(layer: Layer): boolean {
  const name = layer.getClassName();
  if (name === "ReLU") return true;
  return name === "Activation" &&
    ["relu", "relu6"].includes(String(layer.getConfig()["activation"]));
}

export function isSoftmaxDense(layer: Layer): boolean {
  return layer.getClassName() === "Dense" && layer.getConfig()["activation"] === "softmax";
}

export function isSoftmaxLayer(layer: Layer): boolean {
  const name = layer.getClassName(), config = layer.getConfig();
  return (name === "Activation" && config["activation"] === "softmax") ||
    (name === "Softmax" && [-1, 1, undefined, null].includes(config["axis"] as number));
}

export function paddingOf(layer: Layer): "same" | "valid" {
  return layer.getConfig()["padding"] as "same" | "valid";
}

function kernelShape(layer: Layer): [number, number, number, number] {
  return layer.weights[0]!.shape as [number, number, number, number];
}

export function weightsOf(layer: Layer): ConvolutionWeights {
  const [kernel, bias] = layer.weights.map((weight) => weight.read());
  return { kernel: kernel as tf.Tensor4D, bias: bias as tf.Tensor1D };
}

/** Whether a call is of the images themselves. */
export function isOfImages(call: LayerCall): boolean {
  return call.inputs.length === 1 && call.inputs[0] === IMAGES;
}

/** Whether a layer of images has their channels last. */
export function hasChannelsLast(layer: Layer): boolean {
  return layer.getConfig()["dataFormat"] !== "channelsFirst";
}

/** Activations that kernels apply on the way out. */
export type FusedActivation = "linear" | "relu" | "relu6";

/** The activation that a layer of weights has itself; `undefined` for one that kernels do not apply. */
export function ownActivation(layer: Layer): FusedActivation | undefined {
  const activation = layer.getConfig()["activation"];
  return activation === "linear" || activation === "relu" || activation === "relu6"
    ? activation
    : undefined;
}

/** The activation that a layer is, if it is one that kernels apply. */
export function asActivation(layer: Layer): FusedActivation | undefined {
  const name = layer.getClassName();
  if (name === "Activation") return ownActivation(layer);
  if (name !== "ReLU") return undefined;
  const most = layer.getConfig()["maxValue"] ?? undefined;
  return most === undefined ? "relu" : most === 6 ? "relu6" : undefined;
}
