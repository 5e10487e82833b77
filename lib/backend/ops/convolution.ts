import * as tf from "@tensorflow/tfjs-core";
import { activationCode, type FusedActivation } from "../../compute/gemm.ts";
import { allocate, allocFloat32, freeViews, release } from "../../compute/memory.ts";
import { runKernel } from "../../compute/pool.ts";
import type { SimdBackend } from "../simd_backend.ts";
import { bandsOf } from "./bands.ts";
import { copyValues } from "./copying.ts";
import { fillFloats } from "./elementwise.ts";
import { areFloats, type KernelCall, overrideKernel } from "./kernel_override.ts";
import { isFused } from "./mat_mul.ts";
import {
  isPointwise,
  pointwiseFilterGradient,
  pointwiseForward,
  pointwiseInputGradient,
} from "./pointwise.ts";
import { sumRows } from "./reductions.ts";
import { winogradFilterGradient, winogradForward } from "./winograd.ts";

type ConvInfo = tf.backend_util.Conv2DInfo;

/** The kernels work on eight filters at a time. */
const FILTER_VECTOR = 8;
/** Groups of images whose filter gradients are summed apart, and then together. */
const GRADIENT_GROUPS = 16;
/** Pixels of a block of rows in the filter's gradient, as in the kernel. */
const BLOCK_PIXELS = 128;
/** Rows of a task of `copyColumns`, as in the kernel. */
const COPY_ROWS = 256;

/** Registers convolution (plain, and with bias and activation) and both of its gradients. */
export function registerConvolution(): void {
  overrideKernel<tf.Conv2DAttrs>(tf.Conv2D, (call) => forward(call));
  overrideKernel<tf.FusedConv2DAttrs>(tf.FusedConv2D, (call) => {
    const { bias, preluActivationWeights } = call.inputs;
    const filters = call.inputs["filter"]!.shape[3]!;
    const { activation } = call.attrs;
    if (preluActivationWeights != null || !isFused(activation)) {
      return undefined;
    }
    if (bias != null && tf.util.sizeFromShape(bias.shape) !== filters) {
      return undefined;
    }
    return forward(call, bias, (activation ?? "linear") as FusedActivation);
  });
  overrideKernel<tf.Conv2DBackpropInputAttrs>(tf.Conv2DBackpropInput, inputGradient);
  overrideKernel<tf.Conv2DBackpropFilterAttrs>(tf.Conv2DBackpropFilter, filterGradient);
}

function forward(
  { inputs, attrs, backend }: KernelCall<tf.Conv2DAttrs>,
  bias?: tf.TensorInfo | null,
  activation: FusedActivation = "linear",
): tf.TensorInfo | undefined {
  const x = inputs["x"]!, filter = inputs["filter"]!;
  const { strides, pad, dataFormat, dilations, dimRoundingMode } = attrs;
  if (dataFormat === "NCHW" || !areFloats(x, filter, bias)) return undefined;
  const info = tf.backend_util.computeConv2DInfo(
    x.shape as [number, number, number, number],
    filter.shape as [number, number, number, number],
    strides,
    dilations ?? 1,
    pad,
    dimRoundingMode,
  );
  if (isPointwise(info)) return pointwiseForward(backend, x, filter, info, bias, activation);
  const images = backend.address(x), weights = backend.address(filter);
  const added = bias == null ? 0 : backend.address(bias);
  const fast = winogradForward(backend, info, images, weights, added, activation);
  if (fast) return fast;
  const plan = planOf(info);
  if (!plan) return undefined;
  const { filterHeight, filterWidth, inChannels, outChannels } = info;
  const { effectiveFilterHeight, effectiveFilterWidth, dilationHeight, dilationWidth } = info;
  const isPlain = dilationHeight === 1 && dilationWidth === 1 &&
    outChannels % FILTER_VECTOR === 0;
  let spread: Float32Array<SharedArrayBuffer> | undefined;
  if (!isPlain) {
    // Dilation and a number of filters that is no multiple of eight: a filter with zeros between.
    spread = allocFloat32(plan.filterRows * plan.run * plan.filters).fill(0);
    const values = valuesOf(backend, filter);
    for (let r = 0, from = 0; r < filterHeight; r++) {
      for (let c = 0; c < filterWidth; c++) {
        for (let i = 0; i < inChannels; i++, from += outChannels) {
          const tap = (r * dilationHeight * effectiveFilterWidth + c * dilationWidth) *
            inChannels;
          spread.set(values.subarray(from, from + outChannels), (tap + i) * plan.filters);
        }
      }
    }
  }
  let wideBias: Float32Array<SharedArrayBuffer> | undefined;
  if (bias != null && plan.filters !== outChannels) {
    wideBias = allocFloat32(plan.filters).fill(0);
    wideBias.set(valuesOf(backend, bias));
  }
  const result = convolve(backend, {
    x: backend.address(x),
    images: info.batchSize,
    height: info.inHeight,
    width: info.inWidth,
    channels: inChannels,
    top: info.padInfo.top,
    left: info.padInfo.left,
    spreadY: 1,
    spreadX: 1,
    filter: spread?.byteOffset ?? backend.address(filter),
    filterRows: effectiveFilterHeight,
    filterColumns: effectiveFilterWidth,
    filters: plan.filters,
    outHeight: info.outHeight,
    outWidth: info.outWidth,
    outChannels,
    strideY: info.strideHeight,
    strideX: info.strideWidth,
    bias: wideBias?.byteOffset ?? (bias == null ? 0 : backend.address(bias)),
    activation,
  });
  freeViews(...[spread, wideBias].filter((view) => view !== undefined));
  return result;
}

/** The gradient for the images: the gradients of the outputs convolved with the filter turned round. */
function inputGradient(
  { inputs, attrs, backend }: KernelCall<tf.Conv2DBackpropInputAttrs>,
): tf.TensorInfo | undefined {
  const dy = inputs["dy"]!, filter = inputs["filter"]!;
  const { inputShape, strides, pad, dataFormat, dimRoundingMode } = attrs;
  if (dataFormat === "NCHW" || !areFloats(dy, filter)) return undefined;
  const info = tf.backend_util.computeConv2DInfo(
    inputShape,
    filter.shape as [number, number, number, number],
    strides,
    1,
    pad,
    dimRoundingMode,
  );
  const { filterHeight, filterWidth, inChannels, outChannels, padInfo } = info;
  // conv2dTranspose may hand over outputs of another size: the CPU backend takes what it needs of them.
  if (!tf.util.arraysEqual(dy.shape, info.outShape)) return undefined;
  if (isPointwise(info)) return pointwiseInputGradient(backend, dy, filter, info);
  const taps = filterHeight * filterWidth;
  const weights = backend.address(filter), filters = roundUp(inChannels);
  const turned = allocFloat32(taps * outChannels * filters);
  if (filters !== inChannels) turned.fill(0);
  copyValues(weights + 4 * (taps - 1) * inChannels * outChannels, turned.byteOffset, [
    { length: taps, steps: [-inChannels * outChannels, outChannels * filters] },
    { length: outChannels, steps: [1, filters] },
    { length: inChannels, steps: [outChannels, 1] },
  ]);
  const fast = withSpread(backend.address(dy), info, (gradients, height, width) =>
    winogradForward(
      backend,
      {
        ...info,
        inHeight: height,
        inWidth: width,
        inChannels: outChannels,
        outHeight: info.inHeight,
        outWidth: info.inWidth,
        outChannels: inChannels,
        strideHeight: 1,
        strideWidth: 1,
        padInfo: {
          ...padInfo,
          top: filterHeight - 1 - padInfo.top,
          left: filterWidth - 1 - padInfo.left,
        },
      },
      gradients,
      turned.byteOffset,
      0,
      "linear",
    ));
  if (fast) {
    freeViews(turned);
    return fast;
  }
  // The kernel's stride is 1 here; the strides become zeros between the pixels of dy.
  const result = convolve(backend, {
    x: backend.address(dy),
    images: info.batchSize,
    height: info.outHeight,
    width: info.outWidth,
    channels: outChannels,
    top: filterHeight - 1 - padInfo.top,
    left: filterWidth - 1 - padInfo.left,
    spreadY: info.strideHeight,
    spreadX: info.strideWidth,
    filter: turned.byteOffset,
    filterRows: filterHeight,
    filterColumns: filterWidth,
    filters,
    outHeight: info.inHeight,
    outWidth: info.inWidth,
    outChannels: inChannels,
    strideY: 1,
    strideX: 1,
    bias: 0,
    activation: "linear",
  });
  freeViews(turned);
  return result;
}

/**
 * Hands on the gradients of a convolution's results with zeros between the pixels for its strides, as the
 * convolution of stride 1 that makes the images' gradients takes them.
 */
function withSpread<T>(
  dy: number,
  info: ConvInfo,
  run: (gradients: number, height: number, width: number) => T | undefined,
): T | undefined {
  const { batchSize, outHeight, outWidth, outChannels, strideHeight, strideWidth } = info;
  if (strideHeight === 1 && strideWidth === 1) return run(dy, outHeight, outWidth);
  if (info.filterHeight !== 3 || info.filterWidth !== 3) return undefined;
  const height = (outHeight - 1) * strideHeight + 1, width = (outWidth - 1) * strideWidth + 1;
  const row = width * outChannels, values = batchSize * height * row;
  const spread = allocate(4 * values);
  fillFloats(spread, values, 0);
  copyValues(dy, spread, [
    { length: batchSize, steps: [outHeight * outWidth * outChannels, height * row] },
    { length: outHeight, steps: [outWidth * outChannels, strideHeight * row] },
    { length: outWidth, steps: [outChannels, strideWidth * outChannels] },
    { length: outChannels, steps: [1, 1] },
  ]);
  const result = run(spread, height, width);
  release(spread);
  return result;
}

function filterGradient(
  { inputs, attrs, backend }: KernelCall<tf.Conv2DBackpropFilterAttrs>,
): tf.TensorInfo | undefined {
  const x = inputs["x"]!, dy = inputs["dy"]!;
  const { strides, pad, dataFormat, dimRoundingMode, filterShape } = attrs;
  if (dataFormat === "NCHW" || !areFloats(x, dy)) return undefined;
  const info = tf.backend_util.computeConv2DInfo(
    x.shape as [number, number, number, number],
    filterShape,
    strides,
    1,
    pad,
    dimRoundingMode,
  );
  if (isPointwise(info)) return pointwiseFilterGradient(backend, x, dy, info);
  const fast = winogradFilterGradient(backend, info, backend.address(x), backend.address(dy));
  if (fast) return fast;
  const plan = planOf(info);
  if (!plan) return undefined;
  const { batchSize, outHeight, outWidth, outChannels } = info;
  const pixels = batchSize * outHeight * outWidth;
  const isWide = plan.filters !== outChannels;
  let dyAddress = backend.address(dy);
  if (isWide) {
    const wide = allocate(4 * pixels * plan.filters);
    copyColumns(dyAddress, wide, pixels, outChannels, plan.filters);
    dyAddress = wide;
  }
  const groupSize = Math.ceil(batchSize / GRADIENT_GROUPS);
  const groups = Math.ceil(batchSize / groupSize);
  const values = plan.filterRows * plan.run;
  const sums = allocate(4 * groups * values * plan.filters);
  runKernel("filterGradient", groups, [
    backend.address(x),
    dyAddress,
    sums,
    info.inHeight,
    info.inWidth,
    info.inChannels,
    info.padInfo.top,
    info.padInfo.left,
    plan.gradientRows,
    plan.paddedWidth,
    plan.filterRows,
    plan.run,
    outHeight,
    outWidth,
    plan.filters,
    info.strideHeight,
    info.strideWidth,
    batchSize,
    groupSize,
  ]);
  const { info: result, address } = backend.makeOutputInShared(filterShape);
  const total = isWide ? allocate(4 * values * plan.filters) : address;
  sumRows(sums, total, groups, values * plan.filters);
  if (isWide) {
    copyColumns(total, address, values, plan.filters, outChannels);
    release(total);
    release(dyAddress);
  }
  release(sums);
  return result;
}

/** How the kernels see a convolution, or undefined if a band of one row does not fit the scratch memory. */
function planOf(info: ConvInfo) {
  const { strideHeight, strideWidth, outHeight, outWidth, inChannels } = info;
  const filterRows = info.effectiveFilterHeight,
    filterColumns = info.effectiveFilterWidth;
  const paddedWidth = (outWidth - 1) * strideWidth + filterColumns;
  if (outHeight < 1 || outWidth < 1) return undefined;
  const band = bandsOf({
    rowBytes: 4 * paddedWidth * inChannels,
    reach: filterRows,
    stride: strideHeight,
    outHeight,
    images: info.batchSize,
  });
  if (!band) return undefined;
  // The filter's gradient takes all rows at once, or bands of whole blocks of rows, as in the kernel.
  const whole = bandsOf({
    rowBytes: 4 * paddedWidth * inChannels,
    reach: filterRows,
    stride: strideHeight,
    outHeight,
    images: Infinity,
  })!;
  const blockRows = Math.max(1, Math.floor(BLOCK_PIXELS / outWidth));
  const gradientRows = whole.bands === 1
    ? Math.ceil(outHeight / blockRows) * blockRows
    : Math.floor(whole.rows / blockRows) * blockRows;
  if (gradientRows < 1) return undefined;
  return {
    filterRows,
    run: filterColumns * inChannels,
    filters: roundUp(info.outChannels),
    paddedWidth,
    gradientRows,
  };
}

interface Convolution {
  readonly x: number;
  readonly images: number;
  readonly height: number;
  readonly width: number;
  readonly channels: number;
  readonly top: number;
  readonly left: number;
  readonly spreadY: number;
  readonly spreadX: number;
  readonly filter: number;
  readonly filterRows: number;
  readonly filterColumns: number;
  readonly filters: number;
  readonly outHeight: number;
  readonly outWidth: number;
  readonly outChannels: number;
  readonly strideY: number;
  readonly strideX: number;
  readonly bias: number;
  readonly activation: FusedActivation;
}

function convolve(backend: SimdBackend, c: Convolution): tf.TensorInfo | undefined {
  const paddedWidth = (c.outWidth - 1) * c.strideX + c.filterColumns;
  const band = bandsOf({
    rowBytes: 4 * paddedWidth * c.channels,
    reach: c.filterRows,
    stride: c.strideY,
    outHeight: c.outHeight,
    images: c.images,
  });
  if (!band) return undefined;
  const { info, address } = backend.makeOutputInShared(
    [c.images, c.outHeight, c.outWidth, c.outChannels],
  );
  const pixels = c.images * c.outHeight * c.outWidth;
  const isWide = c.filters !== c.outChannels;
  const y = isWide ? allocate(4 * pixels * c.filters) : address;
  runKernel("convolve", c.images * band.bands, [
    c.x,
    c.filter,
    y,
    c.height,
    c.width,
    c.channels,
    c.top,
    c.left,
    c.spreadY,
    c.spreadX,
    paddedWidth,
    c.filterRows,
    c.filterColumns * c.channels,
    c.outHeight,
    c.outWidth,
    c.filters,
    c.strideY,
    c.strideX,
    c.bias,
    activationCode(c.activation),
    band.bands,
    band.rows,
  ]);
  if (isWide) {
    copyColumns(y, address, pixels, c.filters, c.outChannels);
    release(y);
  }
  return info;
}

function copyColumns(
  from: number,
  to: number,
  rows: number,
  fromColumns: number,
  toColumns: number,
) {
  runKernel("copyColumns", Math.ceil(rows / COPY_ROWS), [from, to, fromColumns, toColumns, rows]);
}

function valuesOf(backend: SimdBackend, info: tf.TensorInfo): Float32Array {
  return backend.data.get(info.dataId).values as Float32Array;
}

function roundUp(filters: number): number {
  return Math.ceil(filters / FILTER_VECTOR) * FILTER_VECTOR;
}
