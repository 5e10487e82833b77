import type * as tf from "@tensorflow/tfjs-core";
import { activationCode, type FusedActivation } from "../../compute/gemm.ts";
import { allocate, release } from "../../compute/memory.ts";
import { runKernel } from "../../compute/pool.ts";
import type { SimdBackend } from "../simd_backend.ts";
import { copyValues } from "./copying.ts";
import { fillFloats } from "./elementwise.ts";
import { sumRows } from "./reductions.ts";

type ConvInfo = tf.backend_util.Conv2DInfo;

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
  const { info: y, address } = backend.makeOutputInShared(info.outShape);
  const { inChannels, outChannels } = info;
  withPicked(backend.address(x), info, (picked) =>
    product(
      picked,
      backend.address(filter),
      address,
      pixels(info),
      inChannels,
      outChannels,
      [outChannels, 1],
      bias == null ? 0 : backend.address(bias),
      activation,
    ));
  return y;
}

/** dx = dy · filterᵀ, put back to the pixels that were picked. */
export function pointwiseInputGradient(
  backend: SimdBackend,
  dy: tf.TensorInfo,
  filter: tf.TensorInfo,
  info: ConvInfo,
): tf.TensorInfo {
  const { info: dx, address } = backend.makeOutputInShared(info.inShape);
  const { inChannels, outChannels, strideHeight, strideWidth } = info;
  const isStrided = strideHeight > 1 || strideWidth > 1;
  const rows = pixels(info);
  const to = isStrided ? allocate(4 * rows * inChannels) : address;
  const weights = backend.address(filter), from = backend.address(dy);
  product(from, weights, to, rows, outChannels, inChannels, [1, outChannels], 0, "linear");
  if (isStrided) {
    fillFloats(address, info.batchSize * info.inHeight * info.inWidth * inChannels, 0);
    copyValues(
      to,
      address,
      picks(info).map(({ length, steps: [many, few] }) => ({ length, steps: [few!, many!] })),
    );
    release(to);
  }
  return dx;
}

/** The filter's gradient xᵀ · dy. */
export function pointwiseFilterGradient(
  backend: SimdBackend,
  x: tf.TensorInfo,
  dy: tf.TensorInfo,
  info: ConvInfo,
): tf.TensorInfo {
  const { inChannels, outChannels } = info, rows = pixels(info);
  const { info: result, address } = backend.makeOutputInShared(info.filterShape);
  const groupRows = Math.ceil(rows / GRADIENT_GROUPS), groups = Math.ceil(rows / groupRows);
  const values = inChannels * outChannels;
  const sums = allocate(4 * groups * values);
  const gradients = backend.address(dy);
  withPicked(
    backend.address(x),
    info,
    (picked) =>
      runKernel(
        "outerProducts",
        groups,
        [picked, gradients, sums, rows, inChannels, outChannels, groupRows],
      ),
  );
  sumRows(sums, address, groups, values);
  release(sums);
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

function withPicked(x: number, info: ConvInfo, run: (picked: number) => void): void {
  if (info.strideHeight === 1 && info.strideWidth === 1) return run(x);
  const picked = allocate(4 * pixels(info) * info.inChannels);
  copyValues(x, picked, picks(info));
  run(picked);
  release(picked);
}

function product(
  x: number,
  filter: number,
  y: number,
  rows: number,
  depth: number,
  columns: number,
  [stepRow, stepColumn]: readonly [number, number],
  bias: number,
  activation: FusedActivation,
): void {
  const panels = allocate(4 * depth * columns);
  const count = columns / 8;
  runKernel(
    "packPanels",
    count,
    [filter, depth, columns, stepRow, stepColumn, panels],
    [],
    // Small filters are packed by the main thread, before a worker would wake.
    Math.max(1, Math.ceil(2048 / depth)),
  );
  const taskRows = Math.min(MAX_TASK_ROWS, 6 * Math.ceil(rows / WANTED_TASKS / 6));
  runKernel("pointwise", Math.ceil(rows / taskRows), [
    x,
    panels,
    y,
    rows,
    depth,
    columns,
    bias,
    activationCode(activation),
    taskRows,
  ]);
  release(panels);
}
