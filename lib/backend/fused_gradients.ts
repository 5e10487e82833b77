import * as tf from "@tensorflow/tfjs-core";
import { UNARY_GRADIENT, type UnaryGradientAttrs } from "./ops/elementwise.ts";

/** Activations whose gradient can be told from their result, which is all that is kept. */
const FROM_RESULT: readonly string[] = ["linear", "relu"];

/** Whether a product or convolution with this activation has a gradient here. */
export function hasFusedGradient(activation: string): boolean {
  return FROM_RESULT.includes(activation);
}

/**
 * Registers the gradients of a convolution and of a matrix product with bias and activation. tfjs has none:
 * its `tf.fused` takes these kernels apart in training, or computes the gradient for the images of the first
 * layer, too, which nobody asks for; here what is not asked for is not computed.
 */
export function registerFusedGradients(): void {
  if (tf.getGradient(tf.FusedConv2D)) return;
  tf.registerGradient({
    kernelName: tf.FusedConv2D,
    inputsToSave: ["x", "filter"],
    outputsToSave: [true],
    gradFunc: (dy, saved, attrs) => {
      const [x, filter, y] = saved as [tf.Tensor4D, tf.Tensor4D, tf.Tensor4D];
      const { strides, pad, dataFormat, activation } = attrs as unknown as tf.FusedConv2DAttrs;
      const common = { strides, pad, dataFormat };
      const given = beforeActivation(dy as tf.Tensor, y, activation);
      return {
        x: () =>
          run(tf.Conv2DBackpropInput, { dy: given, filter }, { ...common, inputShape: x.shape }),
        filter: () =>
          run(tf.Conv2DBackpropFilter, { x, dy: given }, { ...common, filterShape: filter.shape }),
        bias: () => tf.sum(given, [0, 1, 2]),
      };
    },
  });
  tf.registerGradient({
    kernelName: tf._FusedMatMul,
    inputsToSave: ["a", "b"],
    outputsToSave: [true],
    gradFunc: (dy, saved, attrs) => {
      const [a, b, y] = saved as [tf.Tensor2D, tf.Tensor2D, tf.Tensor2D];
      const { activation } = attrs as unknown as tf._FusedMatMulAttrs;
      const given = beforeActivation(dy as tf.Tensor, y, activation) as tf.Tensor2D;
      return {
        a: () => tf.matMul(given, b, false, true),
        b: () => tf.matMul(a, given, true, false),
        bias: () => tf.sum(given, 0),
      };
    },
  });
}

/** The gradient of what enters an activation. */
function beforeActivation(dy: tf.Tensor, y: tf.Tensor, activation: string): tf.Tensor {
  if (activation === "linear") return dy;
  const attrs: UnaryGradientAttrs = { of: "relu" };
  return run(UNARY_GRADIENT, { dy, x: y }, attrs);
}

function run(name: string, inputs: tf.NamedTensorMap, attrs: object): tf.Tensor {
  return tf.engine().runKernel(name, inputs, attrs as tf.NamedAttrMap) as tf.Tensor;
}
