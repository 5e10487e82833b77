import * as tf from "@tensorflow/tfjs-core";
import { defineKernel } from "../../compute/define_kernel.ts";
import type { SimdBackend } from "../simd_backend.ts";
import { fillFloats } from "./elementwise.ts";
import { areFloats, bytesOf, chunks, isEmpty, overrideKernel } from "./kernel_override.ts";
import { collapse, type Dimension, stepsOf, withLayout } from "./layout.ts";

const size = tf.util.sizeFromShape;

const copyKernel = defineKernel("copySteps", {
  x: "u8*",
  y: "u8*",
  n: "i32",
  rank: "i32",
  lengths: "i32*",
  shift: "i32",
});
const gatherRows = defineKernel("gatherRows", {
  x: "f32*",
  indices: "i32*",
  y: "f32*",
  rows: "i32",
  columns: "i32",
  count: "i32",
});

const segmentSums = defineKernel("segmentSums", {
  x: "f32*",
  ids: "i32*",
  y: "f32*",
  rows: "i32",
  columns: "i32",
  segments: "i32",
});
/** Columns of a task of `segmentSums`, as in the kernel. */
const SEGMENT_COLUMNS = 64;

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

/** Registers the operations that only move values, and sums of rows that were moved. */
export function registerCopying(): void {
  registerSegments();
  overrideKernel<tf.TransposeAttrs>(tf.Transpose, ({ inputs, attrs, backend }) => {
    const x = inputs["x"]!;
    if (!isNumeric(x)) return undefined;
    const steps = stepsOf(x.shape, x.shape.length);
    const shape = attrs.perm.map((axis) => x.shape[axis]!);
    return copied(backend, x, shape, attrs.perm.map((axis) => steps[axis]!));
  });
  overrideKernel<tf.TileAttrs>(tf.Tile, ({ inputs, attrs, backend }) => {
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
  });
  overrideKernel<tf.ReverseAttrs>(tf.Reverse, ({ inputs, attrs, backend }) => {
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
  });
  overrideKernel<tf.SliceAttrs>(tf.Slice, ({ inputs, attrs, backend }) => {
    const x = inputs["x"]!;
    if (!isNumeric(x)) return undefined;
    const [begin, shape] = tf.slice_util.parseSliceParams(
      x as tf.Tensor,
      attrs.begin,
      attrs.size,
    ) as [number[], number[]];
    tf.slice_util.assertParamsValid(x, begin, shape);
    if (size(shape) === 0) return undefined;
    const steps = stepsOf(x.shape, x.shape.length);
    return copied(backend, x, shape, steps, inner(begin, steps));
  });
  overrideKernel<tf.StridedSliceAttrs>(tf.StridedSlice, ({ inputs, attrs, backend }) => {
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
    if (isPlain || size(info.finalShape) === 0) return undefined;
    const steps = stepsOf(x.shape, x.shape.length);
    const taken = steps.map((step, axis) => step * info.strides[axis]!);
    const result = copied(backend, x, info.finalShapeSparse, taken, inner(info.begin, steps));
    return { ...result, shape: info.finalShape };
  });
  overrideKernel<tf.PadV2Attrs>(tf.PadV2, ({ inputs, attrs, backend }) => {
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
  });
  overrideKernel<tf.ConcatAttrs>(tf.Concat, ({ inputs, attrs, backend }) => {
    const all = inputs as unknown as tf.TensorInfo[];
    const axis = tf.util.parseAxisParam(attrs.axis, all[0]!.shape)[0]!;
    const shapes = all.map(({ shape }) => shape);
    tf.backend_util.assertParamsConsistent(shapes, axis);
    const parts = all.filter((part) => !isEmpty(part));
    if (parts.length < 2) return undefined;
    return joined(backend, parts, axis, tf.backend_util.computeOutShape(shapes, axis));
  });
  overrideKernel<tf.PackAttrs>(tf.Pack, ({ inputs, attrs, backend }) => {
    const all = inputs as unknown as tf.TensorInfo[];
    const [{ shape }] = all as [tf.TensorInfo];
    // The CPU backend's kernel says what is wrong.
    const { axis } = attrs, isOdd = axis < 0 || axis > shape.length;
    if (isOdd || all.some((part) => !tf.util.arraysEqual(part.shape, shape))) return undefined;
    const parts = all.map((part) => ({ ...part, shape: shape.toSpliced(axis, 0, 1) }));
    return joined(backend, parts, axis, shape.toSpliced(axis, 0, all.length));
  });
  overrideKernel<tf.SplitVAttrs>(tf.SplitV, ({ inputs, attrs, backend }) => {
    const x = inputs["x"]!, axis = tf.util.parseAxisParam(attrs.axis, x.shape)[0]!;
    const sizes = tf.backend_util.prepareSplitSize(x as tf.Tensor, attrs.numOrSizeSplits, axis);
    return parted(backend, x, axis, sizes);
  });
  overrideKernel<tf.UnpackAttrs>(tf.Unpack, ({ inputs, attrs, backend }) => {
    const x = inputs["value"]!;
    const axis = attrs.axis < 0 ? attrs.axis + x.shape.length : attrs.axis;
    const shape = x.shape.toSpliced(axis, 1);
    return parted(backend, x, axis, new Array(x.shape[axis]!).fill(1))
      ?.map((part) => ({ ...part, shape }));
  });
  overrideKernel<tf.GatherV2Attrs>(tf.GatherV2, ({ inputs, attrs, backend }) => {
    const x = inputs["x"]!, indices = inputs["indices"]!;
    if (!areFloats(x) || indices.dtype !== "int32" || isEmpty(indices)) return undefined;
    const axis = tf.util.parseAxisParam(attrs.axis, x.shape)[0]!;
    const { batchSize, outerSize, dimSize, sliceSize, outputShape } = tf.backend_util.segment_util
      .collectGatherOpShapeInfo(
        x as tf.Tensor,
        indices as tf.Tensor,
        axis,
        attrs.batchDims ?? 0,
      );
    const picked = backend.values(indices, "int32"), count = picked.length;
    // Indices out of range: the CPU backend's kernel says which.
    if (batchSize !== 1 || picked.some((i) => i < 0 || i >= dimSize)) return undefined;
    const { info, values: y } = backend.newTensor(outputShape);
    gatherRows(
      outerSize * count,
      { x: backend.values(x), indices: picked, y, rows: dimSize, columns: sliceSize, count },
      Math.max(1, Math.ceil(4096 / sliceSize)),
    );
    return info;
  });
}

/** Registers sums of rows by segments, the gradient of gathering. */
function registerSegments(): void {
  overrideKernel<tf.UnsortedSegmentSumAttrs>(
    tf.UnsortedSegmentSum,
    ({ inputs, attrs, backend }) => {
      const x = inputs["x"]!, ids = inputs["segmentIds"]!, { numSegments: segments } = attrs;
      const isPlain = ids.shape.length === 1 && ids.dtype === "int32" && segments > 0 &&
        ids.shape[0] === x.shape[0];
      if (!isPlain || !areFloats(x)) return undefined;
      const rows = x.shape[0]!, columns = size(x.shape.slice(1));
      const { info, values: y } = backend.newTensor([segments, ...x.shape.slice(1)]);
      fillFloats(y, 0);
      const values = { x: backend.values(x), ids: backend.values(ids, "int32"), y };
      segmentSums(Math.ceil(columns / SEGMENT_COLUMNS), { ...values, rows, columns, segments });
      return info;
    },
  );
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

/** Whether a tensor's values are numbers or truth values, and it has some. */
function isNumeric(x: tf.TensorInfo): boolean {
  return ["float32", "int32", "bool"].includes(x.dtype) && !isEmpty(x);
}

function inner(a: readonly number[], b: readonly number[]): number {
  return a.reduce((sum, value, i) => sum + value * b[i]!, 0);
}

function copied(
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

function copySteps(backend: SimdBackend, copy: Copy): void {
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
