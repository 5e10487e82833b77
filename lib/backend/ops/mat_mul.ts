import * as tf from "@tensorflow/tfjs-core";
import { type FusedActivation, gemm } from "../../compute/gemm.ts";
import { areFloats, type KernelCall, overrideKernel } from "./kernel_override.ts";

/** Activations that the kernels apply on the way out. */
const FUSED: readonly string[] = ["linear", "relu", "relu6"];

/** Whether a fused kernel of ours can apply this activation. */
export function isFused(activation: string | null | undefined): boolean {
  return activation == null || FUSED.includes(activation);
}

/** Registers matrix products, plain and with bias and activation. */
export function registerMatMul(): void {
  overrideKernel<tf.BatchMatMulAttrs>(tf.BatchMatMul, (call) => matMul(call));
  overrideKernel<tf._FusedMatMulAttrs>(tf._FusedMatMul, (call) => {
    const { bias, preluActivationWeights } = call.inputs;
    const columns = call.inputs["b"]!.shape.at(call.attrs.transposeB ? -2 : -1)!;
    if (preluActivationWeights != null || !isFused(call.attrs.activation)) {
      return undefined;
    }
    if (bias != null && tf.util.sizeFromShape(bias.shape) !== columns) {
      return undefined;
    }
    return matMul(call, bias, (call.attrs.activation ?? "linear") as FusedActivation);
  });
}

function matMul(
  { inputs, attrs, backend }: KernelCall<tf.BatchMatMulAttrs>,
  bias?: tf.TensorInfo | null,
  activation: FusedActivation = "linear",
): tf.TensorInfo | undefined {
  const a = inputs["a"]!, b = inputs["b"]!;
  if (!areFloats(a, b, bias)) return undefined;
  const { transposeA, transposeB } = attrs;
  const [rows, depth] = lastTwo(a.shape, transposeA);
  const [depthB, columns] = lastTwo(b.shape, transposeB);
  if (depth !== depthB) return undefined; // the CPU backend's kernel says what is wrong
  const batchA = a.shape.slice(0, -2), batchB = b.shape.slice(0, -2);
  const batchShape = tf.broadcast_util.assertAndGetBroadcastShape(batchA, batchB);
  const batch = tf.util.sizeFromShape(batchShape);
  const sizeA = tf.util.sizeFromShape(batchA),
    sizeB = tf.util.sizeFromShape(batchB);
  // One matrix on either side may serve all of the other; other broadcasts are left to the CPU backend.
  if ((sizeA !== batch && sizeA !== 1) || (sizeB !== batch && sizeB !== 1)) {
    return undefined;
  }
  const { info, values: c } = backend.newTensor([...batchShape, rows, columns]);
  const valuesA = backend.values(a), valuesB = backend.values(b);
  const biasValues = bias == null ? null : backend.values(bias);
  for (let i = 0; i < batch; i++) {
    gemm({
      a: sizeA === 1 ? valuesA : valuesA.subarray(i * rows * depth),
      b: sizeB === 1 ? valuesB : valuesB.subarray(i * depth * columns),
      c: c.subarray(i * rows * columns),
      rows,
      columns,
      depth,
      transposeA,
      transposeB,
      bias: biasValues,
      activation,
    });
  }
  return info;
}

function lastTwo(shape: number[], transpose: boolean): [number, number] {
  const [rows, columns] = [shape.at(-2)!, shape.at(-1)!];
  return transpose ? [columns, rows] : [rows, columns];
}
