import * as tf from "@tensorflow/tfjs-core";
import { activationCode, type FusedActivation } from "../../compute/gemm.ts";
import { defineKernel } from "../../compute/define_kernel.ts";
import { Scope } from "../../compute/scope.ts";
import type { SimdBackend } from "../simd_backend.ts";
import { bandsOf } from "./bands.ts";
import { copyValues } from "./copy_steps.ts";
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

const convolveKernel = defineKernel("convolve", {
  x: "f32*",
  filter: "f32*",
  y: "f32*",
  height: "i32",
  width: "i32",
  channels: "i32",
  top: "i32",
  left: "i32",
  stepPixel: "i32",
  stepRow: "i32",
  stepImage: "i32",
  paddedWidth: "i32",
  filterRows: "i32",
  run: "i32",
  outHeight: "i32",
  outWidth: "i32",
  filters: "i32",
  strideY: "i32",
  strideX: "i32",
  bias: "f32*?",
  activation: "i32",
  bands: "i32",
  bandRows: "i32",
});
const gradientSums = defineKernel("filterGradient", {
  x: "f32*",
  dy: "f32*",
  sums: "f32*",
  height: "i32",
  width: "i32",
  channels: "i32",
  top: "i32",
  left: "i32",
  bandRows: "i32",
  paddedWidth: "i32",
  filterRows: "i32",
  run: "i32",
  outHeight: "i32",
  outWidth: "i32",
  filters: "i32",
  strideY: "i32",
  strideX: "i32",
  images: "i32",
  groupSize: "i32",
});
const columnsKernel = defineKernel("copyColumns", {
  x: "f32*",
  y: "f32*",
  from: "i32",
  to: "i32",
  rows: "i32",
});

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
  const images = backend.values(x), weights = backend.values(filter);
  const added = bias == null ? null : backend.values(bias);
  const fast = winogradForward(backend, info, images, weights, added, activation);
  if (fast) return fast;
  const plan = planOf(info);
  if (!plan) return undefined;
  const { filterHeight, filterWidth, inChannels, outChannels } = info;
  const { effectiveFilterHeight, effectiveFilterWidth, dilationHeight, dilationWidth } = info;
  const isPlain = dilationHeight === 1 && dilationWidth === 1 &&
    outChannels % FILTER_VECTOR === 0;
  using memory = new Scope();
  let spread: Float32Array | undefined;
  if (!isPlain) {
    // Dilation and a number of filters that is no multiple of eight: a filter with zeros between.
    spread = memory.float32(plan.filterRows * plan.run * plan.filters).fill(0);
    for (let r = 0, from = 0; r < filterHeight; r++) {
      for (let c = 0; c < filterWidth; c++) {
        for (let i = 0; i < inChannels; i++, from += outChannels) {
          const tap = (r * dilationHeight * effectiveFilterWidth + c * dilationWidth) *
            inChannels;
          spread.set(weights.subarray(from, from + outChannels), (tap + i) * plan.filters);
        }
      }
    }
  }
  let wideBias = added;
  if (added && plan.filters !== outChannels) {
    wideBias = memory.float32(plan.filters).fill(0);
    wideBias.set(added);
  }
  const result = convolveWhole(backend, {
    x: images,
    images: info.batchSize,
    height: info.inHeight,
    width: info.inWidth,
    channels: inChannels,
    top: info.padInfo.top,
    left: info.padInfo.left,
    filter: spread ?? weights,
    filterRows: effectiveFilterHeight,
    filterColumns: effectiveFilterWidth,
    filters: plan.filters,
    outHeight: info.outHeight,
    outWidth: info.outWidth,
    strideY: info.strideHeight,
    strideX: info.strideWidth,
    bias: wideBias,
    activation,
  }, info.outShape);
  const isDilated = dilationHeight > 1 || dilationWidth > 1;
  if (!result || !isDilated || isFiniteSum(memory, backend.values(result), outChannels)) {
    return result;
  }
  // An infinite value times a zero between the taps is NaN: such images are left to the CPU backend.
  backend.disposeData(result.dataId);
  return undefined;
}

/** Whether no value of an array is infinite or NaN; rarely wrong for huge ones. */
function isFiniteSum(memory: Scope, values: Float32Array, columns: number): boolean {
  const sums = memory.float32(columns);
  sumRows(values, sums, values.length / columns, columns);
  return sums.every(Number.isFinite);
}

/**
 * The gradient for the images: the gradients of the outputs convolved with the filter turned round. With
 * strides, the pixels of each remainder see taps of their own, so each is a convolution of stride 1.
 */
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
  // conv2dTranspose may hand over outputs of another size: the CPU backend takes what it needs of them.
  if (!tf.util.arraysEqual(dy.shape, info.outShape)) return undefined;
  if (isPointwise(info)) return pointwiseInputGradient(backend, dy, filter, info);
  const { inChannels, outChannels, strideHeight, strideWidth } = info;
  const gradients = backend.values(dy), weights = backend.values(filter);
  const filters = roundUp(inChannels);
  using memory = new Scope();
  const parts: { convolution: Convolution; from: number }[] = [];
  for (let y = 0; y < Math.min(strideHeight, info.inHeight); y++) {
    for (let x = 0; x < Math.min(strideWidth, info.inWidth); x++) {
      const { rows, columns, ...place } = remainderOf(info, y, x);
      if (rows.taps * columns.taps === 0) continue;
      const turned = memory.float32(rows.taps * columns.taps * outChannels * filters);
      if (filters !== inChannels) turned.fill(0);
      const tap = inChannels * outChannels, row = info.filterWidth * tap;
      copyValues(weights.subarray(rows.last * row + columns.last * tap), turned, [
        { length: rows.taps, steps: [-strideHeight * row, columns.taps * outChannels * filters] },
        { length: columns.taps, steps: [-strideWidth * tap, outChannels * filters] },
        { length: outChannels, steps: [1, filters] },
        { length: inChannels, steps: [outChannels, 1] },
      ]);
      const convolution = {
        x: gradients,
        images: info.batchSize,
        height: info.outHeight,
        width: info.outWidth,
        channels: outChannels,
        ...place,
        filter: turned,
        filterRows: rows.taps,
        filterColumns: columns.taps,
        filters,
        strideY: 1,
        strideX: 1,
        bias: null,
        activation: "linear",
      } as const;
      parts.push({ convolution, from: (y * info.inWidth + x) * filters });
    }
  }
  const whole = parts[0];
  if (strideHeight === 1 && strideWidth === 1 && whole) {
    const turned: ConvInfo = {
      ...info,
      inHeight: info.outHeight,
      inWidth: info.outWidth,
      inChannels: outChannels,
      outHeight: info.inHeight,
      outWidth: info.inWidth,
      outChannels: inChannels,
      padInfo: { ...info.padInfo, top: whole.convolution.top, left: whole.convolution.left },
    };
    const { filter: weights } = whole.convolution;
    const fast = winogradForward(backend, turned, gradients, weights, null, "linear");
    if (fast) return fast;
  }
  if (parts.some(({ convolution }) => !bandOf(convolution))) return undefined;
  const { info: result, values } = backend.newTensor(info.inShape);
  const pixels = info.batchSize * info.inHeight * info.inWidth;
  const isWide = filters !== inChannels;
  const dx = isWide ? memory.float32(pixels * filters) : values;
  // Pixels between the taps of a stride that is longer than the filter.
  if (info.filterHeight < strideHeight || info.filterWidth < strideWidth) fillFloats(dx, 0);
  const stepRow = strideHeight * info.inWidth * filters, stepPixel = strideWidth * filters;
  const steps = { stepPixel, stepRow, stepImage: info.inHeight * info.inWidth * filters };
  for (const { convolution, from } of parts) convolve(convolution, dx.subarray(from), steps);
  if (isWide) copyColumns(dx, values, pixels, filters, inChannels);
  return result;
}

/** The convolution that gives the pixels (y + i · stride, x + j · stride) of the gradient for the images. */
function remainderOf(info: ConvInfo, y: number, x: number) {
  const { padInfo } = info;
  const along = (first: number, stride: number, filter: number, size: number, before: number) => {
    // The taps k with k ≡ first + before are seen, from the output (first + before − k) / stride on.
    const tap = (first + before) % stride, shift = (first + before - tap) / stride;
    const taps = Math.max(0, Math.ceil((filter - tap) / stride));
    const last = tap + stride * (taps - 1), out = Math.ceil((size - first) / stride);
    return { taps, last, out, before: taps - 1 - shift };
  };
  const rows = along(y, info.strideHeight, info.filterHeight, info.inHeight, padInfo.top);
  const columns = along(x, info.strideWidth, info.filterWidth, info.inWidth, padInfo.left);
  return {
    rows,
    columns,
    top: rows.before,
    left: columns.before,
    outHeight: rows.out,
    outWidth: columns.out,
  };
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
  const images = backend.values(x), given = backend.values(dy);
  const fast = winogradFilterGradient(backend, info, images, given);
  if (fast) return fast;
  const plan = planOf(info);
  if (!plan) return undefined;
  const { batchSize, outHeight, outWidth, outChannels } = info;
  const pixels = batchSize * outHeight * outWidth;
  const isWide = plan.filters !== outChannels;
  using memory = new Scope();
  let gradients = given;
  if (isWide) {
    gradients = memory.float32(pixels * plan.filters);
    copyColumns(given, gradients, pixels, outChannels, plan.filters);
  }
  const groupSize = Math.ceil(batchSize / GRADIENT_GROUPS);
  const groups = Math.ceil(batchSize / groupSize);
  const values = plan.filterRows * plan.run;
  const sums = memory.float32(groups * values * plan.filters);
  gradientSums(groups, {
    x: images,
    dy: gradients,
    sums,
    height: info.inHeight,
    width: info.inWidth,
    channels: info.inChannels,
    top: info.padInfo.top,
    left: info.padInfo.left,
    bandRows: plan.gradientRows,
    paddedWidth: plan.paddedWidth,
    filterRows: plan.filterRows,
    run: plan.run,
    outHeight,
    outWidth,
    filters: plan.filters,
    strideY: info.strideHeight,
    strideX: info.strideWidth,
    images: batchSize,
    groupSize,
  });
  const { info: result, values: target } = backend.newTensor(filterShape);
  const total = isWide ? memory.float32(values * plan.filters) : target;
  sumRows(sums, total, groups, values * plan.filters);
  if (isWide) copyColumns(total, target, values, plan.filters, outChannels);
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
  readonly x: Float32Array;
  readonly images: number;
  readonly height: number;
  readonly width: number;
  readonly channels: number;
  readonly top: number;
  readonly left: number;
  readonly filter: Float32Array;
  readonly filterRows: number;
  readonly filterColumns: number;
  readonly filters: number;
  readonly outHeight: number;
  readonly outWidth: number;
  readonly strideY: number;
  readonly strideX: number;
  readonly bias: Float32Array | null;
  readonly activation: FusedActivation;
}

function paddedWidthOf({ outWidth, strideX, filterColumns }: Convolution): number {
  return (outWidth - 1) * strideX + filterColumns;
}

function bandOf(c: Convolution) {
  return bandsOf({
    rowBytes: 4 * paddedWidthOf(c) * c.channels,
    reach: c.filterRows,
    stride: c.strideY,
    outHeight: c.outHeight,
    images: c.images,
  });
}

/** A convolution into a new tensor; undefined if not even a row fits the scratch memory. */
function convolveWhole(
  backend: SimdBackend,
  c: Convolution,
  shape: number[],
): tf.TensorInfo | undefined {
  if (!bandOf(c)) return undefined;
  const { info, values: result } = backend.newTensor(shape);
  const outChannels = shape.at(-1)!, pixels = result.length / outChannels;
  const isWide = c.filters !== outChannels;
  using memory = new Scope();
  const y = isWide ? memory.float32(pixels * c.filters) : result;
  const stepRow = c.outWidth * c.filters;
  convolve(c, y, { stepPixel: c.filters, stepRow, stepImage: c.outHeight * stepRow });
  if (isWide) copyColumns(y, result, pixels, c.filters, outChannels);
  return info;
}

/** A convolution for which there is a {@linkcode bandOf}, with the steps of its results in values. */
function convolve(
  c: Convolution,
  y: Float32Array,
  steps: { readonly stepPixel: number; readonly stepRow: number; readonly stepImage: number },
): void {
  const band = bandOf(c)!;
  convolveKernel(c.images * band.bands, {
    ...c,
    ...steps,
    y,
    paddedWidth: paddedWidthOf(c),
    run: c.filterColumns * c.channels,
    activation: activationCode(c.activation),
    bands: band.bands,
    bandRows: band.rows,
  });
}

function copyColumns(
  x: Float32Array,
  y: Float32Array,
  rows: number,
  from: number,
  to: number,
): void {
  columnsKernel(Math.ceil(rows / COPY_ROWS), { x, y, from, to, rows });
}

function roundUp(filters: number): number {
  return Math.ceil(filters / FILTER_VECTOR) * FILTER_VECTOR;
}
