import * as tf from "@tensorflow/tfjs-core";
import { runKernel } from "../../compute/pool.ts";
import { areFloats, CHUNK, type KernelCall, overrideKernel } from "./kernel_override.ts";

const size = tf.util.sizeFromShape;

/** Registers element-wise arithmetic with the broadcasts that occur in training, and unary functions. */
export function registerElementwise(): void {
  for (
    const [name, kernel] of [
      [tf.Add, "add"],
      [tf.Sub, "subtract"],
      [tf.Multiply, "multiply"],
      [tf.RealDiv, "divide"],
      [tf.Maximum, "maximum"],
      [tf.Minimum, "minimum"],
    ] as const
  ) {
    overrideKernel(name, (call) => binary(kernel, call));
  }
  for (
    const [name, kernel] of [
      [tf.Relu, "relu"],
      [tf.Step, "step"],
      [tf.Square, "square"],
      [tf.Sqrt, "squareRoot"],
      [tf.Neg, "negate"],
      [tf.Abs, "absolute"],
    ] as const
  ) {
    overrideKernel<{ alpha?: number }>(name, ({ inputs, attrs, backend }) => {
      const x = inputs["x"]!;
      if (!areFloats(x)) return undefined;
      const n = size(x.shape);
      const { info, address } = backend.makeOutputInShared(x.shape);
      runKernel(
        kernel,
        Math.ceil(n / CHUNK),
        [backend.address(x), address, n],
        [
          attrs?.alpha ?? 0,
        ],
      );
      return info;
    });
  }
}

function binary(
  kernel: string,
  { inputs, backend }: KernelCall<unknown>,
): tf.TensorInfo | undefined {
  const a = inputs["a"]!, b = inputs["b"]!;
  if (!areFloats(a, b)) return undefined;
  const shape = tf.backend_util.assertAndGetBroadcastShape(a.shape, b.shape);
  const n = size(shape);
  const run = (
    variant: string,
    tasks: number,
    big: tf.TensorInfo,
    small: tf.TensorInfo,
    extra: number[],
  ) => {
    const { info, address } = backend.makeOutputInShared(shape);
    runKernel(kernel + variant, tasks, [
      backend.address(big),
      backend.address(small),
      address,
      n,
      ...extra,
    ]);
    return info;
  };
  const chunks = Math.ceil(n / CHUNK);
  if (size(a.shape) === n && size(b.shape) === n) {
    return run("Same", chunks, a, b, []);
  }
  for (const [big, small, swap] of [[a, b, 0], [b, a, 1]] as const) {
    if (size(big.shape) !== n) continue;
    const columns = size(small.shape);
    if (columns === 1) return run("Scalar", chunks, big, small, [swap]);
    if (isSuffix(small.shape, shape)) {
      const rows = n / columns;
      const rowsInTask = Math.max(1, Math.floor(CHUNK / columns));
      return run("Row", Math.ceil(rows / rowsInTask), big, small, [
        columns,
        swap,
      ]);
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
