import * as tf from "@tensorflow/tfjs-core";
import { activationCode, type FusedActivation } from "../../compute/gemm.ts";
import { allocate, allocFloat32, freeViews, release } from "../../compute/memory.ts";
import { runKernel, SCRATCH_BYTES } from "../../compute/pool.ts";
import type { SimdBackend } from "../simd_backend.ts";
import { areFloats, type KernelCall, overrideKernel } from "./kernel_override.ts";
import { isFused } from "./mat_mul.ts";
import { sumRows } from "./sum.ts";

type ConvInfo = tf.backend_util.Conv2DInfo;

/** The kernels work on eight filters at a time. */
const FILTER_VECTOR = 8;
/** Groups of images whose filter gradients are summed apart, and then together. */
const GRADIENT_GROUPS = 16;
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
  overrideKernel<tf.Conv2DBackpropInputAttrs>(
    tf.Conv2DBackpropInput,
    inputGradient,
  );
  overrideKernel<tf.Conv2DBackpropFilterAttrs>(
    tf.Conv2DBackpropFilter,
    filterGradient,
  );
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
  const plan = planOf(info);
  if (!plan) return undefined;
  const { filterHeight, filterWidth, inChannels, outChannels } = info;
  const {
    effectiveFilterHeight,
    effectiveFilterWidth,
    dilationHeight,
    dilationWidth,
  } = info;
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
          spread.set(
            values.subarray(from, from + outChannels),
            (tap + i) * plan.filters,
          );
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
    spread: 1,
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
  // The kernel's stride is 1 here; both strides become zeros between the pixels of dy.
  if (!planOf(info) || info.strideHeight !== info.strideWidth) return undefined;
  const paddedHeight = info.inHeight + filterHeight - 1;
  const paddedWidth = info.inWidth + filterWidth - 1;
  if (4 * paddedHeight * paddedWidth * outChannels > SCRATCH_BYTES) {
    return undefined;
  }
  const filters = roundUp(inChannels);
  const turned = allocFloat32(
    filterHeight * filterWidth * outChannels * filters,
  ).fill(0);
  const values = valuesOf(backend, filter);
  const taps = filterHeight * filterWidth;
  for (let tap = 0, from = 0; tap < taps; tap++) {
    const to = (taps - 1 - tap) * outChannels * filters;
    for (let i = 0; i < inChannels; i++) {
      for (let o = 0; o < outChannels; o++) {
        turned[to + o * filters + i] = values[from++]!;
      }
    }
  }
  const result = convolve(backend, {
    x: backend.address(dy),
    images: info.batchSize,
    height: info.outHeight,
    width: info.outWidth,
    channels: outChannels,
    top: filterHeight - 1 - padInfo.top,
    left: filterWidth - 1 - padInfo.left,
    spread: info.strideHeight,
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
    plan.paddedHeight,
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

/** How the kernels see a convolution, or undefined if a padded image does not fit the scratch memory. */
function planOf(info: ConvInfo) {
  const { strideHeight, strideWidth, outHeight, outWidth, inChannels } = info;
  const filterRows = info.effectiveFilterHeight,
    filterColumns = info.effectiveFilterWidth;
  const paddedHeight = (outHeight - 1) * strideHeight + filterRows;
  const paddedWidth = (outWidth - 1) * strideWidth + filterColumns;
  if (outHeight < 1 || outWidth < 1) return undefined;
  if (4 * paddedHeight * paddedWidth * inChannels > SCRATCH_BYTES) {
    return undefined;
  }
  return {
    filterRows,
    run: filterColumns * inChannels,
    filters: roundUp(info.outChannels),
    paddedHeight,
    paddedWidth,
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
  readonly spread: number;
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

function convolve(backend: SimdBackend, c: Convolution): tf.TensorInfo {
  const { info, address } = backend.makeOutputInShared(
    [c.images, c.outHeight, c.outWidth, c.outChannels],
  );
  const pixels = c.images * c.outHeight * c.outWidth;
  const isWide = c.filters !== c.outChannels;
  const y = isWide ? allocate(4 * pixels * c.filters) : address;
  runKernel("convolve", c.images, [
    c.x,
    c.filter,
    y,
    c.height,
    c.width,
    c.channels,
    c.top,
    c.left,
    c.spread,
    (c.outHeight - 1) * c.strideY + c.filterRows,
    (c.outWidth - 1) * c.strideX + c.filterColumns,
    c.filterRows,
    c.filterColumns * c.channels,
    c.outHeight,
    c.outWidth,
    c.filters,
    c.strideY,
    c.strideX,
    c.bias,
    activationCode(c.activation),
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
  runKernel("copyColumns", Math.ceil(rows / COPY_ROWS), [
    from,
    to,
    fromColumns,
    toColumns,
    rows,
  ]);
}

function valuesOf(backend: SimdBackend, info: tf.TensorInfo): Float32Array {
  return backend.data.get(info.dataId).values as Float32Array;
}

function roundUp(filters: number): number {
  return Math.ceil(filters / FILTER_VECTOR) * FILTER_VECTOR;
}
