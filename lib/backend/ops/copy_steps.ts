import type * as tf from "@tensorflow/tfjs-core";
import { bytesOf } from "../../base/bytes_of.ts";
import { defineKernel } from "../../compute/define_kernel.ts";
import type { SimdBackend } from "../simd_backend.ts";
import { chunks, isEmpty } from "./kernel_override.ts";
import { collapse, type Dimension, stepsOf, withLayout } from "./layout.ts";

const copyKernel = defineKernel("copySteps", {
  x: "u8*",
  y: "u8*",
  n: "i32",
  rank: "i32",
  lengths: "i32*",
  shift: "i32",
});
/** Values that kernels move. */
type Movable = Float32Array | Int32Array | Uint8Array;

/** A copy through all indices below the lengths; the places of the first values are in values. */
interface Copy {
  readonly from: tf.TensorInfo;
  readonly to: Movable;
  readonly firstFrom?: number;
  readonly firstTo?: number;
  readonly lengths: readonly number[];
  readonly stepsFrom: readonly number[];
  readonly stepsTo: readonly number[];
}

/** Whether a tensor's values are numbers or truth values, and it has some. */
export function isNumeric(x: tf.TensorInfo): boolean {
  return ["float32", "int32", "bool"].includes(x.dtype) && !isEmpty(x);
}

/** The inner product: of indices and steps, a place. */
export function inner(a: readonly number[], b: readonly number[]): number {
  return a.reduce((sum, value, i) => sum + value * b[i]!, 0);
}

/** A new tensor of values of another, taken in steps of their own. */
export function copied(
  backend: SimdBackend,
  x: tf.TensorInfo,
  shape: number[],
  stepsFrom: readonly number[],
  firstFrom = 0,
): tf.TensorInfo {
  const { info, values } = backend.newTensor(shape, x.dtype as "float32");
  const stepsTo = stepsOf(shape, shape.length);
  copySteps(backend, { from: x, to: values, firstFrom, lengths: shape, stepsFrom, stepsTo });
  return info;
}

/** Copies values of a tensor in steps of their own to steps of their own. */
export function copySteps(backend: SimdBackend, copy: Copy): void {
  const { from, to, firstFrom = 0, firstTo = 0, lengths, stepsFrom, stepsTo } = copy;
  copyValues(
    (backend.values(from, from.dtype as "float32") as Movable).subarray(firstFrom),
    to.subarray(firstTo),
    lengths.map((length, axis) => ({ length, steps: [stepsFrom[axis]!, stepsTo[axis]!] })),
  );
}

/** Copies values in the shared memory; steps are those of source and target. */
export function copyValues(from: Movable, to: Movable, dimensions: readonly Dimension[]): void {
  const n = dimensions.reduce((product, { length }) => product * length, 1);
  const shift = from.BYTES_PER_ELEMENT === 4 ? 2 : 0;
  withLayout(
    collapse(dimensions),
    (layout) => copyKernel(chunks(n), { x: bytesOf(from), y: bytesOf(to), n, ...layout, shift }),
  );
}
