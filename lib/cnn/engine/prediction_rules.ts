import * as tf from "@tensorflow/tfjs";
import { appendOnes, foldConvolutions, foldedPadding } from "./fold_convolutions.ts";
import type { Rule, Surroundings } from "./forward_rules.ts";
import {
  asActivation,
  canFold,
  type FusedActivation,
  hasChannelsLast,
  ownActivation,
  paddingOf,
  weightsOf,
} from "./layer_kinds.ts";
import type { LayerCall } from "./network_graph.ts";

type Layer = tf.layers.Layer;
type Padding = "same" | "valid" | tf.backend_util.ExplicitPadding;

/** A layer that is linear in its weights, channel by channel of its output. */
interface Linear {
  readonly calls: readonly LayerCall[];
  /** Whether the images must come with one more channel, of ones. */
  readonly onesChannel: boolean;
  /** The activation that the layer has itself; `undefined` for one that no kernel applies on the way out. */
  readonly activation: FusedActivation | undefined;
  /** The weights that the channels' scales belong to, with the channels as their last axis or axes. */
  readonly weights: () => { kernel: tf.Tensor; bias: tf.Tensor | undefined };
  readonly apply: (
    x: tf.Tensor,
    kernel: tf.Tensor,
    bias: tf.Tensor | undefined,
    activation: FusedActivation,
  ) => tf.Tensor;
}

/** The fields of tfjs's layer that its type declarations hide. */
interface BatchNormalization {
  readonly axis: number | readonly number[];
  readonly epsilon: number;
  readonly gamma?: tf.LayerVariable | null;
  readonly beta?: tf.LayerVariable | null;
  readonly movingMean: tf.LayerVariable;
  readonly movingVariance: tf.LayerVariable;
}

/**
 * Zero padding, a convolution (or a dense layer), batch normalization and ReLU are one convolution in
 * prediction. With the moving mean μ and variance σ² of a channel, γ and β of the normalization,
 *
 *     γ (k ∗ x + b − μ) / √(σ² + ε) + β = (s k) ∗ x + (s (b − μ) + β),  s = γ / √(σ² + ε).
 *
 * What another layer wants, too, is not swallowed, nor a normalization behind an activation, along another
 * axis, or one that padding stands before.
 */
export const convolveInOne: Rule = (call, around) => {
  const linear = linearAt(call, around);
  if (!linear) return undefined;
  const calls = [...linear.calls];
  let { activation } = linear, norm: BatchNormalization | undefined;
  const next = () => around.next(calls.at(-1)!);
  const behind = next();
  if (behind && activation === "linear" && isChannelNorm(behind.layer, linear)) {
    norm = behind.layer as unknown as BatchNormalization;
    calls.push(behind);
  }
  const last = next();
  const fused = last && activation === "linear" ? asActivation(last.layer) : undefined;
  if (fused) {
    activation = fused;
    calls.push(last!);
  }
  if (calls.length === linear.calls.length && calls.length === 1) return undefined;
  if (activation === undefined) return undefined;
  return {
    calls,
    onesChannel: linear.onesChannel,
    run: (x) =>
      tf.tidy(() => {
        let { kernel, bias } = linear.weights();
        if (norm) ({ kernel, bias } = normalized(kernel, bias, norm));
        return linear.apply(x, kernel, bias, activation);
      }),
  };
};

function normalized(kernel: tf.Tensor, bias: tf.Tensor | undefined, norm: BatchNormalization) {
  const { gamma, beta, movingMean, movingVariance, epsilon } = norm;
  const root = tf.sqrt(tf.add(movingVariance.read(), epsilon));
  const scale = gamma ? tf.div(gamma.read(), root) : tf.div(1, root);
  const mean = movingMean.read();
  const shift = tf.mul(bias ? tf.sub(bias, mean) : tf.neg(mean), scale);
  // The channels of a depthwise kernel are its last two axes.
  const channels = scale.shape[0]!, isDepthwise = kernel.shape.at(-1) !== channels;
  const perChannel = isDepthwise ? tf.reshape(scale, kernel.shape.slice(-2)) : scale;
  return {
    kernel: tf.mul(kernel, perChannel),
    bias: beta ? tf.add(shift, beta.read()) : shift,
  };
}

/** Whether a layer normalizes each channel that a linear layer puts out. */
function isChannelNorm(layer: Layer, { calls }: Linear): boolean {
  if (layer.getClassName() !== "BatchNormalization") return false;
  const axes = [(layer as unknown as BatchNormalization).axis].flat();
  const isDense = calls[0]!.layer.getClassName() === "Dense";
  return axes.length === 1 && (axes[0] === -1 || (!isDense && axes[0] === 3));
}

function linearAt(call: LayerCall, around: Surroundings): Linear | undefined {
  const next = around.next(call);
  if (next && canFold(call.layer, next.layer)) return foldedPair(call, next, around);
  const pad = zeroPadding(call.layer);
  if (!pad) return linearOf(call.layer, [call]);
  if (!next || !isConvolution(next.layer) || paddingOf(next.layer) !== "valid") return undefined;
  return linearOf(next.layer, [call, next], pad);
}

/** Two convolutions without an activation between them. */
function foldedPair(first: LayerCall, second: LayerCall, around: Surroundings): Linear {
  const onesChannel = around.takesImages(first);
  return {
    calls: [first, second],
    onesChannel,
    activation: "linear",
    weights: () => foldConvolutions(weightsOf(first.layer), weightsOf(second.layer)),
    apply: (x, kernel, bias, activation) =>
      tf.fused.conv2d({
        x: onesChannel ? x as tf.Tensor4D : appendOnes(x as tf.Tensor4D),
        filter: kernel as tf.Tensor4D,
        ...(bias ? { bias } : {}),
        strides: 1,
        pad: foldedPadding({ kernel: kernel as tf.Tensor4D, bias: bias as tf.Tensor1D }),
        activation,
      }),
  };
}

function isConvolution(layer: Layer): boolean {
  const name = layer.getClassName();
  return ["Conv2D", "DepthwiseConv2D", "SeparableConv2D"].includes(name) && hasChannelsLast(layer);
}

function linearOf(layer: Layer, calls: readonly LayerCall[], pad?: Padding): Linear | undefined {
  const name = layer.getClassName(), isDense = name === "Dense";
  if (!isDense && !isConvolution(layer)) return undefined;
  const { strides, dilationRate, useBias } = layer.getConfig();
  const geometry = {
    strides: strides as [number, number],
    dilations: (dilationRate ?? 1) as [number, number],
    pad: pad ?? paddingOf(layer),
  };
  const applyOf: Record<string, Linear["apply"]> = {
    Dense: (x, kernel, bias, activation) => {
      const a = tf.reshape(x, [-1, kernel.shape[0]!]);
      const options = { ...(bias ? { bias } : {}), activation };
      const y = tf.fused.matMul({ a, b: kernel as tf.Tensor2D, ...options });
      return tf.reshape(y, [...x.shape.slice(0, -1), kernel.shape[1]!]);
    },
    Conv2D: (x, kernel, bias, activation) =>
      tf.fused.conv2d({
        x: x as tf.Tensor4D,
        filter: kernel as tf.Tensor4D,
        ...(bias ? { bias } : {}),
        ...geometry,
        activation,
      }),
    DepthwiseConv2D: (x, kernel, bias, activation) =>
      tf.fused.depthwiseConv2d({
        x: x as tf.Tensor4D,
        filter: kernel as tf.Tensor4D,
        ...(bias ? { bias } : {}),
        ...geometry,
        // The declarations leave explicit padding out.
        pad: geometry.pad as "same",
        activation,
      }),
    SeparableConv2D: (x, kernel, bias, activation) =>
      tf.fused.conv2d({
        x: tf.depthwiseConv2d(
          x as tf.Tensor4D,
          layer.weights[0]!.read() as tf.Tensor4D,
          geometry.strides,
          geometry.pad as "same",
          "NHWC",
          geometry.dilations,
        ),
        filter: kernel as tf.Tensor4D,
        ...(bias ? { bias } : {}),
        strides: 1,
        pad: "valid",
        activation,
      }),
  };
  return {
    calls,
    onesChannel: false,
    activation: ownActivation(layer),
    weights: () => {
      const own = layer.weights.map((weight) => weight.read());
      if (name === "SeparableConv2D") own.shift();
      return { kernel: own[0]!, bias: useBias ? own[1] : undefined };
    },
    apply: applyOf[name]!,
  };
}

/** How a layer of zero padding pads, if it is one. */
function zeroPadding(layer: Layer): tf.backend_util.ExplicitPadding | undefined {
  if (layer.getClassName() !== "ZeroPadding2D" || !hasChannelsLast(layer)) return undefined;
  const [rows, columns] = layer.getConfig()["padding"] as [[number, number], [number, number]];
  return [[0, 0], rows, columns, [0, 0]];
}
