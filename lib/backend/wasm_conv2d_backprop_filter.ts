import * as tf from "@tensorflow/tfjs-core";

/**
 * Registers `Conv2DBackpropFilter`, the one kernel that tfjs's wasm backend lacks for training a CNN.
 *
 * It is composed of kernels that the backend has: for each tap (u, v) of the filter, the gradient is
 * the product Xᵀ·dY of the input pixels that the tap saw, [pixels, in], with the gradients of the
 * outputs, [pixels, out].
 */
export function registerWasmConv2DBackpropFilter(): void {
  if (tf.getKernel(tf.Conv2DBackpropFilter, "wasm")) return;
  tf.registerKernel({
    kernelName: tf.Conv2DBackpropFilter,
    backendName: "wasm",
    kernelFunc: ({ inputs, attrs, backend }) =>
      tf.tidy(() => {
        const [x, dy] = [inputs["x"]!, inputs["dy"]!].map((info) => {
          // These tensors are disposed here, and their values belong to others, too.
          (backend as tf.KernelBackend).incRef(info.dataId);
          return tf.engine().makeTensorFromTensorInfo(info) as tf.Tensor4D;
        });
        return conv2dBackpropFilter(x!, dy!, attrs as unknown as tf.Conv2DBackpropFilterAttrs);
      }),
  });
}

function conv2dBackpropFilter(
  x: tf.Tensor4D,
  dy: tf.Tensor4D,
  attrs: tf.Conv2DBackpropFilterAttrs,
): tf.Tensor4D {
  if (attrs.dataFormat !== "NHWC") {
    throw new RangeError(
      `Conv2DBackpropFilter on the wasm backend needs channels last (NHWC), got ${attrs.dataFormat}`,
    );
  }
  const info = tf.backend_util.computeConv2DInfo(
    x.shape,
    attrs.filterShape,
    attrs.strides,
    1,
    attrs.pad,
    attrs.dimRoundingMode,
  );
  const { padInfo, filterHeight, filterWidth, strideHeight, strideWidth } = info;
  const { batchSize, inChannels, outChannels, outHeight, outWidth } = info;
  return tf.tidy(() => {
    const padded = tf.pad(x, [
      [0, 0],
      [padInfo.top, padInfo.bottom],
      [padInfo.left, padInfo.right],
      [0, 0],
    ]);
    const pixels = batchSize * outHeight * outWidth;
    const gradients = tf.reshape(dy, [pixels, outChannels]);
    const taps: tf.Tensor[] = [];
    for (let u = 0; u < filterHeight; u++) {
      for (let v = 0; v < filterWidth; v++) {
        const seen = tf.stridedSlice(
          padded,
          [0, u, v, 0],
          [
            batchSize,
            u + (outHeight - 1) * strideHeight + 1,
            v + (outWidth - 1) * strideWidth + 1,
            inChannels,
          ],
          [1, strideHeight, strideWidth, 1],
        );
        taps.push(tf.matMul(tf.reshape(seen, [pixels, inChannels]), gradients, true, false));
      }
    }
    return tf.reshape(tf.stack(taps), attrs.filterShape);
  });
}
