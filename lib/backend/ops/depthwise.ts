import * as tf from "@tensorflow/tfjs-core";
import { activationCode, type FusedActivation } from "../../compute/gemm.ts";
import { allocate, allocFloat32, freeViews, release } from "../../compute/memory.ts";
import { runKernel } from "../../compute/pool.ts";
import { bandsOf } from "./bands.ts";
import { copyValues } from "./copying.ts";
import { areFloats, type KernelCall, overrideKernel } from "./kernel_override.ts";
import { isFused } from "./mat_mul.ts";
import { sumColumns, sumRows } from "./reductions.ts";

/** Groups of images whose filter gradients are summed apart, and then together. */
const GRADIENT_GROUPS = 16;

type Shape4 = [number, number, number, number];

/** Registers depthwise convolution (plain, and with bias and activation) and both of its gradients. */
export function registerDepthwise(): void {
  overrideKernel<tf.DepthwiseConv2dNativeAttrs>(tf.DepthwiseConv2dNative, (call) => forward(call));
  overrideKernel<tf.FusedDepthwiseConv2DAttrs>(tf.FusedDepthwiseConv2D, (call) => {
    const { bias, preluActivationWeights, filter } = call.inputs;
    const { activation } = call.attrs;
    const filters = filter!.shape[2]! * filter!.shape[3]!;
    if (preluActivationWeights != null || !isFused(activation)) return undefined;
    if (bias != null && tf.util.sizeFromShape(bias.shape) !== filters) return undefined;
    return forward(call, bias, (activation ?? "linear") as FusedActivation);
  });
  overrideKernel<tf.DepthwiseConv2dNativeBackpropInputAttrs>(
    tf.DepthwiseConv2dNativeBackpropInput,
    inputGradient,
  );
  overrideKernel<tf.DepthwiseConv2dNativeBackpropFilterAttrs>(
    tf.DepthwiseConv2dNativeBackpropFilter,
    filterGradient,
  );
}

/** What the kernel is told, but for addresses, bands and the activation. */
interface Geometry {
  readonly images: number;
  readonly height: number;
  readonly width: number;
  readonly channels: number;
  readonly times: number;
  readonly top: number;
  readonly left: number;
  readonly spreadY: number;
  readonly spreadX: number;
  readonly filterRows: number;
  readonly filterColumns: number;
  readonly dilationY: number;
  readonly dilationX: number;
  readonly outHeight: number;
  readonly outWidth: number;
  readonly strideY: number;
  readonly strideX: number;
}

function infoOf(
  x: readonly number[],
  filter: readonly number[],
  attrs: Omit<tf.DepthwiseConv2dNativeAttrs, "dataFormat">,
): tf.backend_util.Conv2DInfo {
  const { strides, pad, dilations, dimRoundingMode } = attrs;
  return tf.backend_util.computeConv2DInfo(
    x as Shape4,
    filter as Shape4,
    strides,
    dilations ?? [1, 1],
    pad,
    dimRoundingMode,
    true,
  );
}

function geometryOf(info: tf.backend_util.Conv2DInfo): Geometry {
  return {
    images: info.batchSize,
    height: info.inHeight,
    width: info.inWidth,
    channels: info.inChannels,
    times: info.outChannels / info.inChannels,
    top: info.padInfo.top,
    left: info.padInfo.left,
    spreadY: 1,
    spreadX: 1,
    filterRows: info.filterHeight,
    filterColumns: info.filterWidth,
    dilationY: info.dilationHeight,
    dilationX: info.dilationWidth,
    outHeight: info.outHeight,
    outWidth: info.outWidth,
    strideY: info.strideHeight,
    strideX: info.strideWidth,
  };
}

function paddedWidth(g: Geometry): number {
  return (g.outWidth - 1) * g.strideX + (g.filterColumns - 1) * g.dilationX + 1;
}

function bands(g: Geometry): { bands: number; rows: number } | undefined {
  return bandsOf({
    rowBytes: 4 * paddedWidth(g) * g.channels * g.times,
    reach: (g.filterRows - 1) * g.dilationY + 1,
    stride: g.strideY,
    outHeight: g.outHeight,
    images: g.images,
  });
}

function convolve(
  x: number,
  filter: number,
  y: number,
  g: Geometry,
  bias: number,
  activation: FusedActivation,
): void {
  const band = bands(g)!;
  runKernel("depthwise", g.images * band.bands, [
    x,
    filter,
    y,
    g.height,
    g.width,
    g.channels,
    g.times,
    g.top,
    g.left,
    g.spreadY,
    g.spreadX,
    paddedWidth(g),
    g.filterRows,
    g.filterColumns,
    g.dilationY,
    g.dilationX,
    g.outHeight,
    g.outWidth,
    g.strideY,
    g.strideX,
    bias,
    activationCode(activation),
    band.bands,
    band.rows,
  ]);
}

function forward(
  { inputs, attrs, backend }: KernelCall<tf.DepthwiseConv2dNativeAttrs>,
  bias?: tf.TensorInfo | null,
  activation: FusedActivation = "linear",
): tf.TensorInfo | undefined {
  const x = inputs["x"]!, filter = inputs["filter"]!;
  if (!areFloats(x, filter, bias) || attrs.dataFormat === "NCHW") return undefined;
  const { strides, dilations } = attrs;
  if (!tf.backend_util.eitherStridesOrDilationsAreOne(strides, dilations ?? [1, 1])) {
    return undefined; // the CPU backend's kernel says what is wrong
  }
  const info = infoOf(x.shape, filter.shape, attrs);
  const geometry = geometryOf(info);
  if (info.outHeight < 1 || info.outWidth < 1 || !bands(geometry)) return undefined;
  const { info: y, address } = backend.makeOutputInShared(info.outShape);
  convolve(
    backend.address(x),
    backend.address(filter),
    address,
    geometry,
    bias == null ? 0 : backend.address(bias),
    activation,
  );
  return y;
}

/** The gradient for the images: the outputs' gradients, zeros between, with the filter turned round. */
function inputGradient(
  { inputs, attrs, backend }: KernelCall<tf.DepthwiseConv2dNativeBackpropInputAttrs>,
): tf.TensorInfo | undefined {
  const dy = inputs["dy"]!, filter = inputs["filter"]!;
  if (!areFloats(dy, filter)) return undefined;
  const info = infoOf(attrs.inputShape, filter.shape, attrs);
  if (info.dilationHeight !== 1 || info.dilationWidth !== 1) return undefined;
  if (!tf.util.arraysEqual(dy.shape, info.outShape)) return undefined;
  const { filterHeight, filterWidth, inChannels, outChannels, padInfo } = info;
  const times = outChannels / inChannels;
  const geometry: Geometry = {
    images: info.batchSize,
    height: info.outHeight,
    width: info.outWidth,
    channels: outChannels,
    times: 1,
    top: filterHeight - 1 - padInfo.top,
    left: filterWidth - 1 - padInfo.left,
    spreadY: info.strideHeight,
    spreadX: info.strideWidth,
    filterRows: filterHeight,
    filterColumns: filterWidth,
    dilationY: 1,
    dilationX: 1,
    outHeight: info.inHeight,
    outWidth: info.inWidth,
    strideY: 1,
    strideX: 1,
  };
  if (!bands(geometry)) return undefined;
  const turned = allocate(4 * filterHeight * filterWidth * outChannels);
  const taps = filterHeight * filterWidth;
  copyValues(
    backend.address(filter) + 4 * (taps - 1) * outChannels,
    turned,
    [{ length: taps, steps: [-outChannels, outChannels] }, { length: outChannels, steps: [1, 1] }],
  );
  const { info: dx, address } = backend.makeOutputInShared(info.inShape);
  const pixels = info.batchSize * info.inHeight * info.inWidth * inChannels;
  const wide = times === 1 ? address : allocate(4 * pixels * times);
  convolve(backend.address(dy), turned, wide, geometry, 0, "linear");
  if (times > 1) {
    sumColumns(wide, address, pixels, times);
    release(wide);
  }
  release(turned);
  return dx;
}

function filterGradient(
  { inputs, attrs, backend }: KernelCall<tf.DepthwiseConv2dNativeBackpropFilterAttrs>,
): tf.TensorInfo | undefined {
  const x = inputs["x"]!, dy = inputs["dy"]!;
  if (!areFloats(x, dy)) return undefined;
  const info = infoOf(x.shape, attrs.filterShape, attrs);
  if (info.dilationHeight !== 1 || info.dilationWidth !== 1) return undefined;
  const g = geometryOf(info), band = bands({ ...g, images: GRADIENT_GROUPS });
  if (!band || !tf.util.arraysEqual(dy.shape, info.outShape)) return undefined;
  const groupSize = Math.ceil(g.images / GRADIENT_GROUPS);
  const groups = Math.ceil(g.images / groupSize);
  const values = g.filterRows * g.filterColumns * g.channels * g.times;
  const sums = allocFloat32(groups * values);
  runKernel("depthwiseFilterGradient", groups, [
    backend.address(x),
    backend.address(dy),
    sums.byteOffset,
    g.height,
    g.width,
    g.channels,
    g.times,
    g.top,
    g.left,
    paddedWidth(g),
    g.filterRows,
    g.filterColumns,
    g.outHeight,
    g.outWidth,
    g.strideY,
    g.strideX,
    g.images,
    groupSize,
    band.rows,
  ]);
  const { info: result, address } = backend.makeOutputInShared(attrs.filterShape);
  sumRows(sums.byteOffset, address, groups, values);
  freeViews(sums);
  return result;
}
