import * as tf from "@tensorflow/tfjs-core";
import type { MathBackendCPU } from "@tensorflow/tfjs-backend-cpu";
import { type ResizeAttrs, resizePlan } from "./ops/resize_plan.ts";

type Shape4 = [number, number, number, number];

let isDone = false;

/**
 * Puts right what tfjs 4.22 computes wrongly on the CPU, for the `cpu` backend and for what falls back to it:
 *
 * - the gradient of nearest-neighbor resizing (`UpSampling2D`) reads the wrong images of a batch behind the
 *   first one; that of bilinear resizing does not know `halfPixelCenters`. Here each pixel gets the sum of
 *   what it has given, by definition;
 * - batch normalization along another axis than the last takes its moments in turn, as if they belonged to
 *   the last axis, and has no gradient.
 */
export function mendCpuKernels(): void {
  if (isDone) return;
  isDone = true;
  mendResizing(tf.ResizeNearestNeighborGrad, "nearest");
  mendResizing(tf.ResizeBilinearGrad, "bilinear");
  mendBatchNorm();
  mendBatchNormGradient();
}

function replaceKernel(kernelName: string, kernelFunc: tf.KernelFunc): void {
  tf.unregisterKernel(kernelName, "cpu");
  tf.registerKernel({ kernelName, backendName: "cpu", kernelFunc });
}

function mendResizing(kernelName: string, kind: "bilinear" | "nearest"): void {
  replaceKernel(kernelName, ({ inputs, attrs, backend }) => {
    const cpu = backend as MathBackendCPU;
    const [images, dy] = [inputs["images"]!, inputs["dy"]!];
    const given = cpu.data.get(dy.dataId).values as Float32Array;
    const [batch, height, width, channels] = images.shape as Shape4;
    const [, outHeight, outWidth] = dy.shape as Shape4;
    const rows = resizePlan(height, outHeight, kind, (attrs ?? {}) as ResizeAttrs);
    const columns = resizePlan(width, outWidth, kind, (attrs ?? {}) as ResizeAttrs);
    const sums = new Float32Array(batch * height * width * channels);
    let from = 0;
    const add = (image: number, row: number, column: number, share: number) => {
      if (share === 0) return;
      const to = ((image * height + row) * width + column) * channels;
      for (let c = 0; c < channels; c++) sums[to + c]! += share * given[from + c]!;
    };
    for (let image = 0; image < batch; image++) {
      for (let i = 0; i < outHeight; i++) {
        for (let j = 0; j < outWidth; j++, from += channels) {
          const [down, across] = [rows.shares[i]!, columns.shares[j]!];
          add(image, rows.before[i]!, columns.before[j]!, (1 - down) * (1 - across));
          add(image, rows.before[i]!, columns.behind[j]!, (1 - down) * across);
          add(image, rows.behind[i]!, columns.before[j]!, down * (1 - across));
          add(image, rows.behind[i]!, columns.behind[j]!, down * across);
        }
      }
    }
    return cpu.makeTensorInfo(images.shape, "float32", sums);
  });
}

/** Whether moments belong to the last axis, or to each value: what tfjs's own code is right for. */
function isKnown(moment: tf.TensorInfo, x: tf.TensorInfo): boolean {
  const size = tf.util.sizeFromShape;
  return moment.shape.length === 1 || size(moment.shape) === size(x.shape);
}

function mendBatchNorm(): void {
  const { kernelFunc } = tf.getKernel(tf.FusedBatchNorm, "cpu");
  replaceKernel(tf.FusedBatchNorm, (call) => {
    const cpu = call.backend as MathBackendCPU, x = call.inputs["x"]!;
    if (isKnown(call.inputs["mean"]!, x)) return kernelFunc(call);
    const spread: tf.TensorInfo[] = [];
    const inputs = Object.entries(call.inputs).map(([name, info]) => {
      if (name === "x" || info == null) return [name, info] as const;
      const values = broadcast(
        cpu.data.get(info.dataId).values as Float32Array,
        info.shape,
        x.shape,
      );
      const full = cpu.makeTensorInfo(x.shape, "float32", values);
      spread.push(full);
      return [name, full] as const;
    });
    try {
      return kernelFunc({ ...call, inputs: Object.fromEntries(inputs) });
    } finally {
      for (const { dataId } of spread) cpu.disposeData(dataId);
    }
  });
}

/** Values repeated along the axes where their shape has 1. */
function broadcast(values: Float32Array, shape: number[], to: number[]): Float32Array {
  tf.backend_util.assertAndGetBroadcastShape(shape, to);
  const from = [...new Array<number>(to.length - shape.length).fill(1), ...shape];
  const strides = tf.util.computeStrides(to), own = [...tf.util.computeStrides(from), 1];
  return new Float32Array(tf.util.sizeFromShape(to)).map((_, i) => {
    let rest = i, at = 0;
    for (let axis = 0; axis < to.length; axis++) {
      const step = strides[axis] ?? 1, index = Math.floor(rest / step);
      rest -= index * step;
      if (from[axis] !== 1) at += index * own[axis]!;
    }
    return values[at]!;
  });
}

function mendBatchNormGradient(): void {
  const original = tf.getGradient(tf.FusedBatchNorm);
  if (!original) return;
  tf.unregisterGradient(tf.FusedBatchNorm);
  tf.registerGradient({
    ...original,
    gradFunc: (dys, saved, attrs) => {
      const [x, mean, variance, given] = saved as [tf.Tensor, tf.Tensor, tf.Tensor, tf.Tensor?];
      if (isKnown(mean, x)) return original.gradFunc(dys, saved, attrs);
      const dy = dys as tf.Tensor, scale = given ?? tf.scalar(1);
      const axes = tf.backend_util.getReductionAxes(mean.shape, x.shape);
      const inverse = tf.rsqrt(tf.add(variance, attrs["varianceEpsilon"] as number));
      const centered = tf.sub(x, mean), scaled = tf.mul(dy, scale);
      const summed = (value: tf.Tensor) => tf.reshape(tf.sum(value, axes), mean.shape);
      return {
        x: () => tf.mul(scaled, inverse),
        mean: () => tf.neg(tf.mul(summed(scaled), inverse)),
        variance: () =>
          tf.mul(
            summed(tf.mul(scaled, centered)),
            tf.mul(-0.5, tf.mul(inverse, tf.square(inverse))),
          ),
        scale: () => tf.mul(summed(tf.mul(dy, centered)), inverse),
        offset: () => summed(dy),
      };
    },
  });
}
