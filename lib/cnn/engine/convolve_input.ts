import * as tf from "@tensorflow/tfjs";
import type { ConvolutionWeights } from "./fold_convolutions.ts";

/**
 * Convolves the images themselves (stride 1), with gradients for kernel and bias alone: nobody asks for
 * the gradient with respect to the images, which `tf.fused.conv2d` would compute all the same.
 */
export function convolveInput(
  x: tf.Tensor4D,
  weights: ConvolutionWeights,
  pad: "same" | "valid" | tf.backend_util.ExplicitPadding,
): tf.Tensor4D {
  const filterShape = weights.kernel.shape;
  const convolve = tf.customGrad((kernel, bias, save) => {
    (save as tf.GradSaveFunc)([x]);
    return {
      value: tf.fused.conv2d({
        x,
        filter: kernel as tf.Tensor4D,
        bias: bias as tf.Tensor1D,
        strides: 1,
        pad,
      }),
      gradFunc: (dy: tf.Tensor, [saved]: tf.Tensor[]) => [
        tf.engine().runKernel(tf.Conv2DBackpropFilter, { x: saved!, dy }, {
          strides: [1, 1],
          pad,
          dataFormat: "NHWC",
          dimRoundingMode: undefined,
          filterShape,
          // deno-lint-ignore no-explicit-any -- the engine's attribute type has no room for "undefined"
        } as any) as tf.Tensor,
        tf.sum(dy, [0, 1, 2]),
      ],
    };
  });
  return convolve(weights.kernel, weights.bias) as tf.Tensor4D;
}
