import type * as tf from "@tensorflow/tfjs-core";
import { activationCode, type FusedActivation, isByBlas } from "../../compute/gemm.ts";
import { defineKernel } from "../../compute/define_kernel.ts";
import { SCRATCH_BYTES } from "../../compute/pool.ts";
import { Scope } from "../../compute/scope.ts";
import type { SimdBackend } from "../simd_backend.ts";
import { sumRows } from "./reductions.ts";

type ConvInfo = tf.backend_util.Conv2DInfo;

const IMAGES = {
  height: "i32",
  width: "i32",
  channels: "i32",
  top: "i32",
  left: "i32",
  outHeight: "i32",
  outWidth: "i32",
  filters: "i32",
  tilesY: "i32",
  tilesX: "i32",
} as const;
const FILTER = {
  filter: "f32*",
  target: "f32*",
  channels: "i32",
  filters: "i32",
  byBlas: "bool",
} as const;
const CONVOLVE = {
  x: "f32*",
  u: "f32*",
  y: "f32*",
  tiles: "i32",
  taskTiles: "i32",
  ...IMAGES,
  bias: "f32*?",
  activation: "i32",
  byBlas: "bool",
  flag: "i32*",
} as const;
const SUMS = {
  x: "f32*",
  dy: "f32*",
  sums: "f32*",
  tiles: "i32",
  groupTiles: "i32",
  blockTiles: "i32",
  ...IMAGES,
  byBlas: "bool",
} as const;
const FINISH = {
  sums: "f32*",
  target: "f32*",
  channels: "i32",
  filters: "i32",
  flag: "i32*",
} as const;

/**
 * How filters of a size are computed: their kernels, the products of a tile, and the operations of the transforms for
 * a channel, and for a filter, of a tile, in units of a product.
 */
const WAYS = {
  3: {
    points: 36,
    inputCost: 220,
    outputCost: 180,
    transformFilter: defineKernel("winogradFilter", FILTER),
    convolve: defineKernel("winogradConvolve", CONVOLVE),
    filterSums: defineKernel("winogradFilterSums", SUMS),
    finishFilter: defineKernel("winogradFilterFinish", FINISH),
  },
  2: {
    points: 25,
    inputCost: 140,
    outputCost: 125,
    transformFilter: defineKernel("winogradFilter2", FILTER),
    convolve: defineKernel("winogradConvolve2", CONVOLVE),
    filterSums: defineKernel("winogradFilterSums2", SUMS),
    finishFilter: defineKernel("winogradFilterFinish2", FINISH),
  },
} as const;

/** Results of a tile in a row. */
const TILE = 4;
/** Between the matrices of two points. */
const APART_BYTES = 64;
/**
 * Bytes of a block of transformed tiles: they stay in the second-level cache. The sums for a large filter's
 * gradient are gone through once for each block, so blocks are larger there.
 */
const BLOCK_BYTES = 384 << 10, LARGE_BLOCK_BYTES = 768 << 10, LARGE_SUMS = 4096;
/** Tiles of a block where a BLAS computes the products, as it orders the filter anew for each. */
const BLAS_TILES = 48;
/** With fewer channels the products are too short to gain. */
const LEAST_CHANNELS = 16;
/** Rows that the product kernel takes at once. */
const ROWS = 6;
/** Fewest tasks that keep a few threads busy evenly. */
const WANTED_TASKS = 16;
/** Groups of tiles whose sums for the filter's gradient are kept apart: fewer where they are large. */
const GROUPS = 16, FEW_GROUPS = 8, LARGE_FILTER = 8192;
/**
 * How a 3 × 3 or 2 × 2 convolution of stride 1 is cut in tiles; undefined where that is impossible, or takes more
 * operations than the convolution by its definition.
 */
function planOf(info: ConvInfo, isSum = false) {
  const { inChannels: channels, outChannels: filters, outHeight, outWidth, batchSize } = info;
  const side = info.filterHeight;
  const isPlain = info.filterWidth === side && info.strideHeight === 1 && info.strideWidth === 1 &&
    info.dilationHeight === 1 && info.dilationWidth === 1;
  if (
    (side !== 3 && side !== 2) || !isPlain || channels < LEAST_CHANNELS || channels % 4 !== 0 ||
    filters % 8 !== 0
  ) {
    return undefined;
  }
  if (outHeight < 1 || outWidth < 1) return undefined;
  const tilesY = Math.ceil(outHeight / TILE), tilesX = Math.ceil(outWidth / TILE);
  const way = WAYS[side], { points } = way;
  const perTile = points * channels * filters + way.inputCost * channels + way.outputCost * filters;
  const plainly = outHeight * outWidth * side ** 2 * channels * filters;
  if (tilesY * tilesX * perTile > plainly) return undefined;
  const tiles = batchSize * tilesY * tilesX;
  const tileBytes = 4 * points * (channels + filters);
  const room = SCRATCH_BYTES - points * (4 * (channels + 4) + 2 * APART_BYTES);
  if (ROWS * tileBytes > room) return undefined;
  const byBlas = isByBlas(tiles * points * channels * filters);
  const isLarge = isSum && channels * filters >= LARGE_SUMS;
  const bytes = byBlas ? BLAS_TILES * tileBytes : isLarge ? LARGE_BLOCK_BYTES : BLOCK_BYTES;
  const fitting = ROWS * Math.max(1, Math.floor(Math.min(bytes, room) / tileBytes / ROWS));
  const balanced = ROWS * Math.ceil(tiles / WANTED_TASKS / ROWS);
  const block = Math.min(fitting, balanced);
  return { way, tilesY, tilesX, tiles, block, byBlas };
}

function imagesOf(info: ConvInfo, { tilesY, tilesX }: { tilesY: number; tilesX: number }) {
  return {
    height: info.inHeight,
    width: info.inWidth,
    channels: info.inChannels,
    top: info.padInfo.top,
    left: info.padInfo.left,
    outHeight: info.outHeight,
    outWidth: info.outWidth,
    filters: info.outChannels,
    tilesY,
    tilesX,
  };
}

/**
 * A 3 × 3 or 2 × 2 convolution by Winograd's F(4 × 4, 3 × 3) or F(4 × 4, 2 × 2), with bias and activation.
 * Undefined where it is no gain, or where a result is infinite or NaN, which the transforms would spread over a tile.
 */
export function winogradForward(
  backend: SimdBackend,
  info: ConvInfo,
  x: Float32Array,
  filter: Float32Array,
  bias: Float32Array | null,
  activation: FusedActivation,
): tf.TensorInfo | undefined {
  const plan = planOf(info);
  if (!plan) return undefined;
  const { inChannels: channels, outChannels: filters, outHeight, outWidth } = info;
  const { info: result, values: y } = backend.newTensor(
    [info.batchSize, outHeight, outWidth, filters],
  );
  using memory = new Scope();
  const u = memory.float32(plan.way.points * channels * filters), flag = memory.int32(1).fill(0);
  const { way, byBlas } = plan;
  way.transformFilter(filters / 8, { filter, target: u, channels, filters, byBlas });
  way.convolve(Math.ceil(plan.tiles / plan.block), {
    x,
    u,
    y,
    tiles: plan.tiles,
    taskTiles: plan.block,
    ...imagesOf(info, plan),
    bias,
    activation: activationCode(activation),
    byBlas,
    flag,
  });
  if (flag[0] === 0) return result;
  backend.disposeData(result.dataId);
  return undefined;
}

/** The filter's gradient of such a convolution, F(3 × 3, 4 × 4) or F(2 × 2, 4 × 4); undefined as for the convolution. */
export function winogradFilterGradient(
  backend: SimdBackend,
  info: ConvInfo,
  x: Float32Array,
  dy: Float32Array,
): tf.TensorInfo | undefined {
  const plan = planOf(info, true);
  if (!plan) return undefined;
  const { inChannels: channels, outChannels: filters } = info;
  const { way } = plan, values = way.points * channels * filters;
  const wanted = channels * filters >= LARGE_FILTER ? FEW_GROUPS : GROUPS;
  const groupTiles = Math.ceil(plan.tiles / wanted), groups = Math.ceil(plan.tiles / groupTiles);
  using memory = new Scope();
  const sums = memory.float32(groups * values), flag = memory.int32(1).fill(0);
  way.filterSums(groups, {
    x,
    dy,
    sums,
    tiles: plan.tiles,
    groupTiles,
    blockTiles: plan.block,
    ...imagesOf(info, plan),
    byBlas: plan.byBlas,
  });
  const total = groups === 1 ? sums : memory.float32(values);
  if (groups > 1) sumRows(sums, total, groups, values);
  const { info: result, values: target } = backend.newTensor(info.filterShape);
  way.finishFilter(channels, { sums: total, target, channels, filters, flag }, 4);
  if (flag[0] === 0) return result;
  backend.disposeData(result.dataId);
  return undefined;
}
