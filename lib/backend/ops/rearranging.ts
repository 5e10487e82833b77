import * as tf from "@tensorflow/tfjs-core";
import { copied, copySteps, inner, isNumeric } from "./copy_steps.ts";
import { fillFloats } from "./elementwise.ts";
import { areFloats, type KernelCall, overrideKernel } from "./kernel_override.ts";
import { stepsOf } from "./layout.ts";

/** Registers the operations that move the values of one tensor to other places. */
export function registerRearranging(): void {
  overrideKernel(tf.Transpose, transpose);
  overrideKernel(tf.Tile, tile);
  overrideKernel(tf.Reverse, reverse);
  overrideKernel(tf.Slice, slice);
  overrideKernel(tf.StridedSlice, stridedSlice);
  overrideKernel(tf.PadV2, pad);
}

/** Axes in another order. */
function transpose({ inputs, attrs, backend }: KernelCall<tf.TransposeAttrs>) {
  const x = inputs["x"]!;
  if (!isNumeric(x)) return undefined;
  const steps = stepsOf(x.shape, x.shape.length);
  const shape = attrs.perm.map((axis) => x.shape[axis]!);
  return copied(backend, x, shape, attrs.perm.map((axis) => steps[axis]!));
}

/** A tensor repeated along its axes. */
function tile({ inputs, attrs, backend }: KernelCall<tf.TileAttrs>) {
  const x = inputs["x"]!;
  if (!isNumeric(x) || attrs.reps.some((count) => count < 1)) return undefined;
  const steps = stepsOf(x.shape, x.shape.length);
  const shape = x.shape.map((length, axis) => length * attrs.reps[axis]!);
  const { info, values } = backend.newTensor(shape, x.dtype as "float32");
  const lengths = x.shape.flatMap((length, axis) => [attrs.reps[axis]!, length]);
  copySteps(backend, {
    from: x,
    to: values,
    lengths,
    stepsFrom: steps.flatMap((step) => [0, step]),
    stepsTo: stepsOf(lengths, lengths.length),
  });
  return info;
}

/** A tensor turned round along some of its axes. */
function reverse({ inputs, attrs, backend }: KernelCall<tf.ReverseAttrs>) {
  const x = inputs["x"]!;
  if (!isNumeric(x) || x.shape.length === 0) return undefined;
  const reversed = new Set(tf.util.parseAxisParam(attrs.dims, x.shape));
  const steps = stepsOf(x.shape, x.shape.length);
  const first = x.shape.reduce(
    (sum, length, axis) => reversed.has(axis) ? sum + (length - 1) * steps[axis]! : sum,
    0,
  );
  const turned = steps.map((step, axis) => reversed.has(axis) ? -step : step);
  return copied(backend, x, x.shape, turned, first);
}

/** A box of a tensor. */
function slice({ inputs, attrs, backend }: KernelCall<tf.SliceAttrs>) {
  const x = inputs["x"]!;
  if (!isNumeric(x)) return undefined;
  const [begin, shape] = tf.slice_util.parseSliceParams(
    x as tf.Tensor,
    attrs.begin,
    attrs.size,
  ) as [number[], number[]];
  tf.slice_util.assertParamsValid(x, begin, shape);
  if (tf.util.sizeFromShape(shape) === 0) return undefined;
  const steps = stepsOf(x.shape, x.shape.length);
  return copied(backend, x, shape, steps, inner(begin, steps));
}

/** Each so many values of a box, of either sign. */
function stridedSlice({ inputs, attrs, backend }: KernelCall<tf.StridedSliceAttrs>) {
  const x = inputs["x"]!;
  if (!isNumeric(x)) return undefined;
  const { begin, end, strides, beginMask, endMask, ellipsisMask, newAxisMask, shrinkAxisMask } =
    attrs;
  const info = tf.slice_util.sliceInfo(
    x.shape,
    begin,
    end,
    strides,
    beginMask,
    endMask,
    ellipsisMask,
    newAxisMask,
    shrinkAxisMask,
  );
  const isPlain = info.isIdentity || info.sliceDim0 || info.isSimpleSlice;
  if (isPlain || tf.util.sizeFromShape(info.finalShape) === 0) return undefined;
  const steps = stepsOf(x.shape, x.shape.length);
  const taken = steps.map((step, axis) => step * info.strides[axis]!);
  const result = copied(backend, x, info.finalShapeSparse, taken, inner(info.begin, steps));
  return { ...result, shape: info.finalShape };
}

/** A tensor in the midst of a constant. */
function pad({ inputs, attrs, backend }: KernelCall<tf.PadV2Attrs>) {
  const x = inputs["x"]!;
  if (!areFloats(x) || x.shape.length === 0) return undefined;
  const shape = x.shape.map((length, axis) =>
    attrs.paddings[axis]![0] + length + attrs.paddings[axis]![1]
  );
  const { info, values } = backend.newTensor(shape);
  fillFloats(values, attrs.constantValue);
  const steps = stepsOf(shape, shape.length);
  copySteps(backend, {
    from: x,
    to: values,
    firstTo: inner(attrs.paddings.map(([before]) => before), steps),
    lengths: x.shape,
    stepsFrom: stepsOf(x.shape, x.shape.length),
    stepsTo: steps,
  });
  return info;
}
