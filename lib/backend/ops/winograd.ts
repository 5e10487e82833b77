import type * as tf from "@tensorflow/tfjs-core";
import { activationCode, type FusedActivation } from "../../compute/gemm.ts";
import { allocate, allocInt32, freeViews, release } from "../../compute/memory.ts";
import { runKernel, SCRATCH_BYTES } from "../../compute/pool.ts";
import type { SimdBackend } from "../simd_backend.ts";
import { sumRows } from "./reductions.ts";

type ConvInfo = tf.backend_util.Conv2DInfo;

/** Results of a tile in a row, and products of a tile. */
const TILE = 4, POINTS = 36;
/**
 * Bytes of a block of transformed tiles: they stay in the second-level cache. The sums for a large filter's
 * gradient are gone through once for each block, so blocks are larger there.
 */
const BLOCK_BYTES = 384 << 10, LARGE_BLOCK_BYTES = 768 << 10, LARGE_SUMS = 4096;
/** With fewer channels the products are too short to gain. */
const LEAST_CHANNELS = 16;
/** Rows that the product kernel takes at once. */
const ROWS = 6;
/** Fewest tasks that keep a few threads busy evenly. */
const WANTED_TASKS = 16;
/** Groups of tiles whose sums for the filter's gradient are kept apart: fewer where they are large. */
const GROUPS = 16, FEW_GROUPS = 8, LARGE_FILTER = 8192;
/**
 * Operations of the transforms for a channel, and for a filter, of a tile, in units of a product: a
 * convolution is computed by its definition where Winograd's way would take more.
 */
const INPUT_COST = 220, OUTPUT_COST = 180;

/** How a 3 × 3 convolution of stride 1 is cut in tiles; undefined where that is impossible or no gain. */
function planOf(info: ConvInfo, isSum = false) {
  const { inChannels: channels, outChannels: filters, outHeight, outWidth, batchSize } = info;
  const isPlain = info.filterHeight === 3 && info.filterWidth === 3 && info.strideHeight === 1 &&
    info.strideWidth === 1 && info.dilationHeight === 1 && info.dilationWidth === 1;
  if (!isPlain || channels < LEAST_CHANNELS || channels % 4 !== 0 || filters % 8 !== 0) {
    return undefined;
  }
  if (outHeight < 1 || outWidth < 1) return undefined;
  const tilesY = Math.ceil(outHeight / TILE), tilesX = Math.ceil(outWidth / TILE);
  const perTile = POINTS * channels * filters + INPUT_COST * channels + OUTPUT_COST * filters;
  if (tilesY * tilesX * perTile > outHeight * outWidth * 9 * channels * filters) return undefined;
  const tiles = batchSize * tilesY * tilesX;
  const tileBytes = 4 * POINTS * (channels + filters);
  const bytes = isSum && channels * filters >= LARGE_SUMS ? LARGE_BLOCK_BYTES : BLOCK_BYTES;
  const fitting = ROWS * Math.max(1, Math.floor(bytes / tileBytes / ROWS));
  const balanced = ROWS * Math.ceil(tiles / WANTED_TASKS / ROWS);
  const block = Math.min(fitting, balanced);
  if (block * tileBytes + 4 * POINTS * (channels + 4) > SCRATCH_BYTES) return undefined;
  return { tilesY, tilesX, tiles, block };
}

/**
 * A 3 × 3 convolution by Winograd's F(4 × 4, 3 × 3), with bias and activation; of addresses. Undefined where it
 * is no gain, or where a result is infinite or NaN, which the transforms would spread over a tile.
 */
export function winogradForward(
  backend: SimdBackend,
  info: ConvInfo,
  x: number,
  filter: number,
  bias: number,
  activation: FusedActivation,
): tf.TensorInfo | undefined {
  const plan = planOf(info);
  if (!plan) return undefined;
  const { inChannels, outChannels, outHeight, outWidth } = info;
  const { info: y, address } = backend.makeOutputInShared(
    [info.batchSize, outHeight, outWidth, outChannels],
  );
  const transformed = allocate(4 * POINTS * inChannels * outChannels);
  runKernel("winogradFilter", outChannels / 8, [filter, transformed, inChannels, outChannels]);
  const isFinite = allFinite((flag) =>
    runKernel("winogradConvolve", Math.ceil(plan.tiles / plan.block), [
      x,
      transformed,
      address,
      plan.tiles,
      plan.block,
      info.inHeight,
      info.inWidth,
      inChannels,
      info.padInfo.top,
      info.padInfo.left,
      outHeight,
      outWidth,
      outChannels,
      plan.tilesY,
      plan.tilesX,
      bias,
      activationCode(activation),
      flag,
    ])
  );
  release(transformed);
  if (isFinite) return y;
  backend.disposeData(y.dataId);
  return undefined;
}

/** The filter's gradient of a 3 × 3 convolution, F(3 × 3, 4 × 4); undefined as for the convolution. */
export function winogradFilterGradient(
  backend: SimdBackend,
  info: ConvInfo,
  x: number,
  dy: number,
): tf.TensorInfo | undefined {
  const plan = planOf(info, true);
  if (!plan) return undefined;
  const { inChannels, outChannels } = info;
  const values = inChannels * outChannels;
  const wanted = values >= LARGE_FILTER ? FEW_GROUPS : GROUPS;
  const groupTiles = Math.ceil(plan.tiles / wanted), groups = Math.ceil(plan.tiles / groupTiles);
  const sums = allocate(4 * groups * POINTS * values);
  runKernel("winogradFilterSums", groups, [
    x,
    dy,
    sums,
    plan.tiles,
    groupTiles,
    plan.block,
    info.inHeight,
    info.inWidth,
    inChannels,
    info.padInfo.top,
    info.padInfo.left,
    info.outHeight,
    info.outWidth,
    outChannels,
    plan.tilesY,
    plan.tilesX,
  ]);
  const total = groups === 1 ? sums : allocate(4 * POINTS * values);
  if (groups > 1) sumRows(sums, total, groups, POINTS * values);
  const { info: result, address } = backend.makeOutputInShared(info.filterShape);
  const isFinite = allFinite((flag) =>
    runKernel(
      "winogradFilterFinish",
      inChannels,
      [total, address, inChannels, outChannels, flag],
      [],
      4,
    )
  );
  release(sums);
  if (groups > 1) release(total);
  if (isFinite) return result;
  backend.disposeData(result.dataId);
  return undefined;
}

/** Runs a kernel that raises a flag at an infinite result or NaN. */
function allFinite(run: (flag: number) => void): boolean {
  const flag = allocInt32(1).fill(0);
  run(flag.byteOffset);
  const isFinite = flag[0] === 0;
  freeViews(flag);
  return isFinite;
}
