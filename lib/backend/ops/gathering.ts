import * as tf from "@tensorflow/tfjs-core";
import { defineKernel } from "../../compute/define_kernel.ts";
import { fillFloats } from "./elementwise.ts";
import { areFloats, isEmpty, type KernelCall, overrideKernel } from "./kernel_override.ts";

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

/** Registers the choice of rows by their numbers, and its gradient. */
export function registerGathering(): void {
  overrideKernel(tf.GatherV2, gather);
  overrideKernel(tf.UnsortedSegmentSum, segmentSum);
}

/** Entries of an axis by their numbers. */
function gather({ inputs, attrs, backend }: KernelCall<tf.GatherV2Attrs>) {
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
}

/** Sums of rows by segments, the gradient of gathering. */
function segmentSum({ inputs, attrs, backend }: KernelCall<tf.UnsortedSegmentSumAttrs>) {
  const x = inputs["x"]!, ids = inputs["segmentIds"]!, { numSegments: segments } = attrs;
  const isPlain = ids.shape.length === 1 && ids.dtype === "int32" && segments > 0 &&
    ids.shape[0] === x.shape[0];
  if (!isPlain || !areFloats(x)) return undefined;
  const rows = x.shape[0]!, columns = tf.util.sizeFromShape(x.shape.slice(1));
  const { info, values: y } = backend.newTensor([segments, ...x.shape.slice(1)]);
  fillFloats(y, 0);
  const values = { x: backend.values(x), ids: backend.values(ids, "int32"), y };
  segmentSums(Math.ceil(columns / SEGMENT_COLUMNS), { ...values, rows, columns, segments });
  return info;
}
