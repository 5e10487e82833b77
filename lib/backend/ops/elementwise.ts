import * as tf from "@tensorflow/tfjs-core";
import { defineKernel } from "../../compute/define_kernel.ts";
import { areFloats, CHUNK, type KernelCall, overrideKernel } from "./kernel_override.ts";

const size = tf.util.sizeFromShape;

const SAME = { a: "f32*", b: "f32*", y: "f32*", n: "i32" } as const;
const ROW = { ...SAME, columns: "i32", swap: "bool" } as const;
const SCALAR = { ...SAME, swap: "bool" } as const;
const UNARY = { x: "f32*", y: "f32*", n: "i32", alpha: "f32" } as const;

/** y = a op b: with as many values each, with b a row of a, or with b one value. */
function binaryKernels(op: string) {
  return {
    same: defineKernel(`${op}Same`, SAME),
    row: defineKernel(`${op}Row`, ROW),
    scalar: defineKernel(`${op}Scalar`, SCALAR),
  };
}

const BINARY = [
  [tf.Add, binaryKernels("add")],
  [tf.Sub, binaryKernels("subtract")],
  [tf.Multiply, binaryKernels("multiply")],
  [tf.RealDiv, binaryKernels("divide")],
  [tf.Maximum, binaryKernels("maximum")],
  [tf.Minimum, binaryKernels("minimum")],
] as const;

/** y = 1 above zero, alpha at or below. */
export const step = defineKernel("step", UNARY);

const UNARIES = [
  [tf.Relu, defineKernel("relu", UNARY)],
  [tf.Step, step],
  [tf.Square, defineKernel("square", UNARY)],
  [tf.Sqrt, defineKernel("squareRoot", UNARY)],
  [tf.Neg, defineKernel("negate", UNARY)],
  [tf.Abs, defineKernel("absolute", UNARY)],
] as const;

/** Registers element-wise arithmetic with the broadcasts that occur in training, and unary functions. */
export function registerElementwise(): void {
  for (const [name, kernels] of BINARY) overrideKernel(name, (call) => binary(kernels, call));
  for (const [name, kernel] of UNARIES) {
    overrideKernel<{ alpha?: number }>(name, ({ inputs, attrs, backend }) => {
      const x = inputs["x"]!;
      if (!areFloats(x)) return undefined;
      const n = size(x.shape), alpha = attrs?.alpha ?? 0;
      const { info, values: y } = backend.newTensor(x.shape);
      kernel(Math.ceil(n / CHUNK), { x: backend.values(x), y, n, alpha });
      return info;
    });
  }
}

function binary(
  kernels: ReturnType<typeof binaryKernels>,
  { inputs, backend }: KernelCall<unknown>,
): tf.TensorInfo | undefined {
  const a = inputs["a"]!, b = inputs["b"]!;
  if (!areFloats(a, b)) return undefined;
  const shape = tf.backend_util.assertAndGetBroadcastShape(a.shape, b.shape);
  const n = size(shape);
  const prepare = (big: tf.TensorInfo, small: tf.TensorInfo) => {
    const { info, values: y } = backend.newTensor(shape);
    return { info, args: { a: backend.values(big), b: backend.values(small), y, n } };
  };
  const chunks = Math.ceil(n / CHUNK);
  if (size(a.shape) === n && size(b.shape) === n) {
    const { info, args } = prepare(a, b);
    kernels.same(chunks, args);
    return info;
  }
  for (const [big, small, swap] of [[a, b, false], [b, a, true]] as const) {
    if (size(big.shape) !== n) continue;
    const columns = size(small.shape);
    if (columns === 1) {
      const { info, args } = prepare(big, small);
      kernels.scalar(chunks, { ...args, swap });
      return info;
    }
    if (isSuffix(small.shape, shape)) {
      const rowsInTask = Math.max(1, Math.floor(CHUNK / columns));
      const { info, args } = prepare(big, small);
      kernels.row(Math.ceil(n / columns / rowsInTask), { ...args, columns, swap });
      return info;
    }
  }
  return undefined;
}

/** Whether a shape, without its leading ones, is the end of another. */
function isSuffix(shape: number[], whole: number[]): boolean {
  const first = shape.findIndex((length) => length !== 1);
  const end = shape.slice(first);
  return end.every((length, i) => length === whole[whole.length - end.length + i]);
}
