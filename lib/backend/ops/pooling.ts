import * as tf from "@tensorflow/tfjs-core";
import { runKernel } from "../../compute/pool.ts";
import { areFloats, overrideKernel } from "./kernel_override.ts";

/** Registers max- and average pooling and their gradients. */
export function registerPooling(): void {
  for (const [name, kernel] of [[tf.MaxPool, "maxPool"], [tf.AvgPool, "averagePool"]] as const) {
    overrideKernel<tf.MaxPoolAttrs>(name, ({ inputs, attrs, backend }) => {
      const x = inputs["x"]!;
      if (!areFloats(x)) return undefined;
      const pool = poolInfo(x, attrs);
      const isIdentity = pool.filterHeight === 1 && pool.filterWidth === 1 &&
        tf.util.arraysEqual(pool.inShape, pool.outShape);
      if (isIdentity) return undefined; // as the CPU backend sees it, whatever stride and padding
      const { info, address } = backend.makeOutputInShared(pool.outShape);
      runKernel(kernel, pool.batchSize, [backend.address(x), address, 0, ...geometry(pool)]);
      return info;
    });
  }
  overrideKernel<tf.AvgPoolGradAttrs>(tf.AvgPoolGrad, ({ inputs, attrs, backend }) => {
    const dy = inputs["dy"]!, x = inputs["input"]!;
    if (!areFloats(dy)) return undefined;
    const pool = poolInfo(x, attrs);
    const { info, address } = backend.makeOutputInShared(x.shape);
    runKernel(
      "averagePoolGradient",
      pool.batchSize,
      [0, backend.address(dy), address, ...geometry(pool)],
    );
    return info;
  });
  overrideKernel<tf.MaxPoolGradAttrs>(
    tf.MaxPoolGrad,
    ({ inputs, attrs, backend }) => {
      const dy = inputs["dy"]!, x = inputs["input"]!;
      if (!areFloats(dy, x)) return undefined;
      const pool = poolInfo(x, attrs);
      const { info, address } = backend.makeOutputInShared(x.shape);
      runKernel("maxPoolGradient", pool.batchSize, [
        backend.address(x),
        backend.address(dy),
        address,
        ...geometry(pool),
      ]);
      return info;
    },
  );
}

function poolInfo(
  x: tf.TensorInfo,
  attrs: tf.AvgPoolGradAttrs & { dimRoundingMode?: tf.MaxPoolAttrs["dimRoundingMode"] },
): tf.backend_util.Conv2DInfo {
  return tf.backend_util.computePool2DInfo(
    x.shape as [number, number, number, number],
    attrs.filterSize,
    attrs.strides,
    1,
    attrs.pad,
    attrs.dimRoundingMode,
  );
}

function geometry(pool: tf.backend_util.Conv2DInfo): number[] {
  return [
    pool.inHeight,
    pool.inWidth,
    pool.inChannels,
    pool.outHeight,
    pool.outWidth,
    pool.filterHeight,
    pool.filterWidth,
    pool.strideHeight,
    pool.strideWidth,
    pool.padInfo.top,
    pool.padInfo.left,
    1,
    1,
  ];
}
