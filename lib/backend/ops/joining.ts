import * as tf from "@tensorflow/tfjs-core";
import type { SimdBackend } from "../simd_backend.ts";
import { copied, copySteps, isNumeric } from "./copy_steps.ts";
import { isEmpty, type KernelCall, overrideKernel } from "./kernel_override.ts";
import { stepsOf } from "./layout.ts";

const size = tf.util.sizeFromShape;

/** Registers the operations that put tensors together along an axis, and cut them. */
export function registerJoining(): void {
  overrideKernel(tf.Concat, concat);
  overrideKernel(tf.Pack, pack);
  overrideKernel(tf.SplitV, split);
  overrideKernel(tf.Unpack, unpack);
}

/** Tensors one after the other along an axis. */
function concat({ inputs, attrs, backend }: KernelCall<tf.ConcatAttrs>) {
  const all = inputs as unknown as tf.TensorInfo[];
  const axis = tf.util.parseAxisParam(attrs.axis, all[0]!.shape)[0]!;
  const shapes = all.map(({ shape }) => shape);
  tf.backend_util.assertParamsConsistent(shapes, axis);
  const parts = all.filter((part) => !isEmpty(part));
  if (parts.length < 2) return undefined;
  return joined(backend, parts, axis, tf.backend_util.computeOutShape(shapes, axis));
}

/** Tensors as the entries of a new axis. */
function pack({ inputs, attrs, backend }: KernelCall<tf.PackAttrs>) {
  const all = inputs as unknown as tf.TensorInfo[];
  const [{ shape }] = all as [tf.TensorInfo];
  // The CPU backend's kernel says what is wrong.
  const { axis } = attrs, isOdd = axis < 0 || axis > shape.length;
  if (isOdd || all.some((part) => !tf.util.arraysEqual(part.shape, shape))) return undefined;
  const parts = all.map((part) => ({ ...part, shape: shape.toSpliced(axis, 0, 1) }));
  return joined(backend, parts, axis, shape.toSpliced(axis, 0, all.length));
}

/** Parts of a tensor along an axis. */
function split({ inputs, attrs, backend }: KernelCall<tf.SplitVAttrs>) {
  const x = inputs["x"]!, axis = tf.util.parseAxisParam(attrs.axis, x.shape)[0]!;
  const sizes = tf.backend_util.prepareSplitSize(x as tf.Tensor, attrs.numOrSizeSplits, axis);
  return parted(backend, x, axis, sizes);
}

/** The entries of a tensor along an axis, which goes. */
function unpack({ inputs, attrs, backend }: KernelCall<tf.UnpackAttrs>) {
  const x = inputs["value"]!;
  const axis = attrs.axis < 0 ? attrs.axis + x.shape.length : attrs.axis;
  const shape = x.shape.toSpliced(axis, 1);
  return parted(backend, x, axis, new Array(x.shape[axis]!).fill(1))
    ?.map((part) => ({ ...part, shape }));
}

/** Tensors put together along an axis; undefined where they are no values of one type. */
function joined(
  backend: SimdBackend,
  parts: readonly tf.TensorInfo[],
  axis: number,
  shape: number[],
): tf.TensorInfo | undefined {
  const { dtype } = parts[0]!;
  if (parts.some((part) => !isNumeric(part) || part.dtype !== dtype)) return undefined;
  const { info, values } = backend.newTensor(shape, dtype as "float32");
  const steps = stepsOf(shape, shape.length), step = size(shape.slice(axis + 1));
  let at = 0;
  for (const part of parts) {
    copySteps(backend, {
      from: part,
      to: values,
      firstTo: at * step,
      lengths: part.shape,
      stepsFrom: stepsOf(part.shape, part.shape.length),
      stepsTo: steps,
    });
    at += part.shape[axis]!;
  }
  return info;
}

/** A tensor cut along an axis; undefined where there are no values. */
function parted(
  backend: SimdBackend,
  x: tf.TensorInfo,
  axis: number,
  lengths: readonly number[],
): tf.TensorInfo[] | undefined {
  if (!isNumeric(x) || lengths.some((length) => length < 1)) return undefined;
  const steps = stepsOf(x.shape, x.shape.length), step = size(x.shape.slice(axis + 1));
  let at = 0;
  return lengths.map((length) => {
    const from = at * step;
    at += length;
    return copied(backend, x, x.shape.with(axis, length), steps, from);
  });
}
