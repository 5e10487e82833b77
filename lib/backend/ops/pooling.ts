import * as tf from "@tensorflow/tfjs-core";
import { defineKernel } from "../../compute/define_kernel.ts";
import { areFloats, overrideKernel } from "./kernel_override.ts";

const WINDOWS = {
  x: "f32*?",
  y: "f32*",
  dx: "f32*?",
  height: "i32",
  width: "i32",
  channels: "i32",
  outHeight: "i32",
  outWidth: "i32",
  windowHeight: "i32",
  windowWidth: "i32",
  strideY: "i32",
  strideX: "i32",
  top: "i32",
  left: "i32",
} as const;

const maxPool = defineKernel("maxPool", WINDOWS);
const maxPoolGradient = defineKernel("maxPoolGradient", WINDOWS);
const averagePool = defineKernel("averagePool", WINDOWS);
const averagePoolGradient = defineKernel("averagePoolGradient", WINDOWS);

/** Registers max- and average pooling and their gradients. */
export function registerPooling(): void {
  for (const [name, kernel] of [[tf.MaxPool, maxPool], [tf.AvgPool, averagePool]] as const) {
    overrideKernel<tf.MaxPoolAttrs>(name, ({ inputs, attrs, backend }) => {
      const x = inputs["x"]!;
      if (!areFloats(x)) return undefined;
      const pool = poolInfo(x, attrs);
      const isIdentity = pool.filterHeight === 1 && pool.filterWidth === 1 &&
        tf.util.arraysEqual(pool.inShape, pool.outShape);
      if (isIdentity) return undefined; // as the CPU backend sees it, whatever stride and padding
      const { info, values: y } = backend.newTensor(pool.outShape);
      kernel(pool.batchSize, { x: backend.values(x), y, dx: null, ...geometry(pool) });
      return info;
    });
  }
  overrideKernel<tf.AvgPoolGradAttrs>(tf.AvgPoolGrad, ({ inputs, attrs, backend }) => {
    const dy = inputs["dy"]!, x = inputs["input"]!;
    if (!areFloats(dy)) return undefined;
    const pool = poolInfo(x, attrs);
    const { info, values: dx } = backend.newTensor(x.shape);
    averagePoolGradient(pool.batchSize, { x: null, y: backend.values(dy), dx, ...geometry(pool) });
    return info;
  });
  overrideKernel<tf.MaxPoolGradAttrs>(
    tf.MaxPoolGrad,
    ({ inputs, attrs, backend }) => {
      const dy = inputs["dy"]!, x = inputs["input"]!;
      if (!areFloats(dy, x)) return undefined;
      const pool = poolInfo(x, attrs);
      const { info, values: dx } = backend.newTensor(x.shape);
      const values = { x: backend.values(x), y: backend.values(dy), dx };
      maxPoolGradient(pool.batchSize, { ...values, ...geometry(pool) });
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

function geometry(pool: tf.backend_util.Conv2DInfo) {
  return {
    height: pool.inHeight,
    width: pool.inWidth,
    channels: pool.inChannels,
    outHeight: pool.outHeight,
    outWidth: pool.outWidth,
    windowHeight: pool.filterHeight,
    windowWidth: pool.filterWidth,
    strideY: pool.strideHeight,
    strideX: pool.strideWidth,
    top: pool.padInfo.top,
    left: pool.padInfo.left,
  };
}
