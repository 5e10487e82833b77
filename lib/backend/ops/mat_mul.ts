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
    const columns = call.inputs["b"]!.shape.at(
      call.attrs.transposeB ? -2 : -1,
    )!;
    if (preluActivationWeights != null || !isFused(call.attrs.activation)) {
      return undefined;
    }
    if (bias != null && tf.util.sizeFromShape(bias.shape) !== columns) {
      return undefined;
    }
    return matMul(
      call,
      bias,
      (call.attrs.activation ?? "linear") as FusedActivation,
    );
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
  const batchShape = tf.broadcast_util.assertAndGetBroadcastShape(
    batchA,
    batchB,
  );
  const batch = tf.util.sizeFromShape(batchShape);
  const sizeA = tf.util.sizeFromShape(batchA),
    sizeB = tf.util.sizeFromShape(batchB);
  // One matrix on either side may serve all of the other; other broadcasts are left to the CPU backend.
  if ((sizeA !== batch && sizeA !== 1) || (sizeB !== batch && sizeB !== 1)) {
    return undefined;
  }
  const { info, address } = backend.makeOutputInShared([
    ...batchShape,
    rows,
    columns,
  ]);
  const addressA = backend.address(a), addressB = backend.address(b);
  for (let i = 0; i < batch; i++) {
    gemm({
      a: addressA + (sizeA === 1 ? 0 : 4 * i * rows * depth),
      b: addressB + (sizeB === 1 ? 0 : 4 * i * depth * columns),
      c: address + 4 * i * rows * columns,
      rows,
      columns,
      depth,
      transposeA,
      transposeB,
      bias: bias == null ? 0 : backend.address(bias),
      activation,
    });
  }
  return info;
}

function lastTwo(shape: number[], transpose: boolean): [number, number] {
  const [rows, columns] = [shape.at(-2)!, shape.at(-1)!];
  return transpose ? [columns, rows] : [rows, columns];
}
