import type * as tf from "@tensorflow/tfjs-core";
import { activationCode, type FusedActivation, gemm, isByBlas } from "../../compute/gemm.ts";
import { defineKernel } from "../../compute/define_kernel.ts";
import { Scope } from "../../compute/scope.ts";
import type { SimdBackend } from "../simd_backend.ts";
import { copyValues } from "./copy_steps.ts";
import { fillFloats } from "./elementwise.ts";
import { sumRows } from "./reductions.ts";

type ConvInfo = tf.backend_util.Conv2DInfo;

const packPanels = defineKernel("packPanels", {
  source: "f32*",
  depth: "i32",
  columns: "i32",
  stepRow: "i32",
  stepColumn: "i32",
  target: "f32*",
});
const pointwise = defineKernel("pointwise", {
  x: "f32*",
  panels: "f32*",
  y: "f32*",
  rows: "i32",
  depth: "i32",
  columns: "i32",
  bias: "f32*?",
  activation: "i32",
  taskRows: "i32",
});
const outerProducts = defineKernel("outerProducts", {
  x: "f32*",
  dy: "f32*",
  sums: "f32*",
  rows: "i32",
  channels: "i32",
  columns: "i32",
  groupRows: "i32",
  byBlas: "bool",
});

/** Fewest tasks that keep a few threads busy evenly. */
const WANTED_TASKS = 32;
/** Most rows of a task: a multiple of the kernel's six whose values stay in the second-level cache. */
const MAX_TASK_ROWS = 96;
/** Groups of rows whose filter gradients are summed apart, and then together. */
const GRADIENT_GROUPS = 16;

/**
 * Whether a convolution is a plain matrix product: 1 × 1, without padding, channels and filters a multiple of
 * the kernels' eight. A stride picks pixels first.
 */
export function isPointwise(info: ConvInfo): boolean {
  const { filterHeight, filterWidth, padInfo, inChannels, outChannels } = info;
  return filterHeight === 1 && filterWidth === 1 && padInfo.top === 0 && padInfo.left === 0 &&
    padInfo.bottom === 0 && padInfo.right === 0 && inChannels % 8 === 0 && outChannels % 8 === 0 &&
    info.outHeight > 0 && info.outWidth > 0;
}

/** y = x · filter, the bias, the activation. */
export function pointwiseForward(
  backend: SimdBackend,
  x: tf.TensorInfo,
  filter: tf.TensorInfo,
  info: ConvInfo,
  bias: tf.TensorInfo | null | undefined,
  activation: FusedActivation,
): tf.TensorInfo {
  const { info: result, values: y } = backend.newTensor(info.outShape);
  const { inChannels, outChannels } = info;
  withPicked(backend.values(x), info, (picked) =>
    product({
      x: picked,
      filter: backend.values(filter),
      y,
      rows: pixels(info),
      depth: inChannels,
      columns: outChannels,
      stepRow: outChannels,
      stepColumn: 1,
      bias: bias == null ? null : backend.values(bias),
      activation,
    }));
  return result;
}

/** dx = dy · filterᵀ, put back to the pixels that were picked. */
export function pointwiseInputGradient(
  backend: SimdBackend,
  dy: tf.TensorInfo,
  filter: tf.TensorInfo,
  info: ConvInfo,
): tf.TensorInfo {
  const { info: result, values: dx } = backend.newTensor(info.inShape);
  const { inChannels, outChannels, strideHeight, strideWidth } = info;
  const isStrided = strideHeight > 1 || strideWidth > 1;
  const rows = pixels(info);
  using memory = new Scope();
  const y = isStrided ? memory.float32(rows * inChannels) : dx;
  product({
    x: backend.values(dy),
    filter: backend.values(filter),
    y,
    rows,
    depth: outChannels,
    columns: inChannels,
    stepRow: 1,
    stepColumn: outChannels,
    bias: null,
    activation: "linear",
  });
  if (isStrided) {
    fillFloats(dx, 0);
    const back = picks(info).map(({ length, steps: [many, few] }) => ({
      length,
      steps: [few!, many!],
    }));
    copyValues(y, dx, back);
  }
  return result;
}

/** The filter's gradient xᵀ · dy. */
export function pointwiseFilterGradient(
  backend: SimdBackend,
  x: tf.TensorInfo,
  dy: tf.TensorInfo,
  info: ConvInfo,
): tf.TensorInfo {
  const { inChannels, outChannels } = info, rows = pixels(info);
  const { info: result, values: total } = backend.newTensor(info.filterShape);
  const groupRows = Math.ceil(rows / GRADIENT_GROUPS), groups = Math.ceil(rows / groupRows);
  const values = inChannels * outChannels;
  using memory = new Scope();
  const sums = memory.float32(groups * values);
  const byBlas = isByBlas(rows * values);
  const sizes = { rows, channels: inChannels, columns: outChannels, groupRows, byBlas };
  withPicked(
    backend.values(x),
    info,
    (picked) => outerProducts(groups, { x: picked, dy: backend.values(dy), sums, ...sizes }),
  );
  sumRows(sums, total, groups, values);
  return result;
}

function pixels({ batchSize, outHeight, outWidth }: ConvInfo): number {
  return batchSize * outHeight * outWidth;
}

/** The pixels that a stride picks, with their steps in the images and in what is picked. */
function picks(info: ConvInfo) {
  const { batchSize, inHeight, inWidth, inChannels, outHeight, outWidth } = info;
  const row = inWidth * inChannels;
  return [
    { length: batchSize, steps: [inHeight * row, outHeight * outWidth * inChannels] },
    { length: outHeight, steps: [info.strideHeight * row, outWidth * inChannels] },
    { length: outWidth, steps: [info.strideWidth * inChannels, inChannels] },
    { length: inChannels, steps: [1, 1] },
  ];
}

function withPicked(x: Float32Array, info: ConvInfo, run: (picked: Float32Array) => void): void {
  if (info.strideHeight === 1 && info.strideWidth === 1) return run(x);
  using memory = new Scope();
  const picked = memory.float32(pixels(info) * info.inChannels);
  copyValues(x, picked, picks(info));
  run(picked);
}

interface Product {
  readonly x: Float32Array;
  readonly filter: Float32Array;
  readonly y: Float32Array;
  readonly rows: number;
  readonly depth: number;
  readonly columns: number;
  /** The filter's steps from one row to the next, and from one column. */
  readonly stepRow: number;
  readonly stepColumn: number;
  readonly bias: Float32Array | null;
  readonly activation: FusedActivation;
}

function product(
  { x, filter, y, rows, depth, columns, stepRow, stepColumn, bias, activation }: Product,
): void {
  if (isByBlas(rows * depth * columns)) {
    const transposeB = stepColumn !== 1;
    gemm({ a: x, b: filter, c: y, rows, columns, depth, transposeB, bias, activation });
    return;
  }
  using memory = new Scope();
  const panels = memory.float32(depth * columns);
  packPanels(
    columns / 8,
    { source: filter, depth, columns, stepRow, stepColumn, target: panels },
    // Small filters are packed by the main thread, before a worker would wake.
    Math.max(1, Math.ceil(2048 / depth)),
  );
  const taskRows = Math.min(MAX_TASK_ROWS, 6 * Math.ceil(rows / WANTED_TASKS / 6));
  pointwise(Math.ceil(rows / taskRows), {
    x,
    panels,
    y,
    rows,
    depth,
    columns,
    bias,
    activation: activationCode(activation),
    taskRows,
  });
}
