import * as tf from "@tensorflow/tfjs-core";
import { activationCode, type FusedActivation } from "../../compute/gemm.ts";
import { defineKernel } from "../../compute/define_kernel.ts";
import { Scope } from "../../compute/scope.ts";
import { bandsOf } from "./bands.ts";
import { copyValues } from "./copy_steps.ts";
import { areFloats, type KernelCall, overrideKernel } from "./kernel_override.ts";
import { isFused } from "./mat_mul.ts";
import { sumColumns, sumRows } from "./reductions.ts";

const depthwise = defineKernel("depthwise", {
  x: "f32*",
  filter: "f32*",
  y: "f32*",
  height: "i32",
  width: "i32",
  channels: "i32",
  times: "i32",
  top: "i32",
  left: "i32",
  spreadY: "i32",
  spreadX: "i32",
  paddedWidth: "i32",
  filterRows: "i32",
  filterColumns: "i32",
  dilationY: "i32",
  dilationX: "i32",
  outHeight: "i32",
  outWidth: "i32",
  strideY: "i32",
  strideX: "i32",
  bias: "f32*?",
  activation: "i32",
  bands: "i32",
  bandRows: "i32",
});
const gradientSums = defineKernel("depthwiseFilterGradient", {
  x: "f32*",
  dy: "f32*",
  sums: "f32*",
  height: "i32",
  width: "i32",
  channels: "i32",
  times: "i32",
  top: "i32",
  left: "i32",
  paddedWidth: "i32",
  filterRows: "i32",
  filterColumns: "i32",
  outHeight: "i32",
  outWidth: "i32",
  strideY: "i32",
  strideX: "i32",
  images: "i32",
  groupSize: "i32",
  bandRows: "i32",
});

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
  x: Float32Array,
  filter: Float32Array,
  y: Float32Array,
  g: Geometry,
  bias: Float32Array | null,
  activation: FusedActivation,
): void {
  const band = bands(g)!;
  depthwise(g.images * band.bands, {
    x,
    filter,
    y,
    ...g,
    paddedWidth: paddedWidth(g),
    bias,
    activation: activationCode(activation),
    bands: band.bands,
    bandRows: band.rows,
  });
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
  const { info: result, values: y } = backend.newTensor(info.outShape);
  convolve(
    backend.values(x),
    backend.values(filter),
    y,
    geometry,
    bias == null ? null : backend.values(bias),
    activation,
  );
  return result;
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
  using memory = new Scope();
  const taps = filterHeight * filterWidth;
  const turned = memory.float32(taps * outChannels);
  copyValues(
    backend.values(filter).subarray((taps - 1) * outChannels),
    turned,
    [{ length: taps, steps: [-outChannels, outChannels] }, { length: outChannels, steps: [1, 1] }],
  );
  const { info: result, values: dx } = backend.newTensor(info.inShape);
  const wide = times === 1 ? dx : memory.float32(dx.length * times);
  convolve(backend.values(dy), turned, wide, geometry, null, "linear");
  if (times > 1) sumColumns(wide, dx, dx.length, times);
  return result;
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
  using memory = new Scope();
  const sums = memory.float32(groups * values);
  gradientSums(groups, {
    x: backend.values(x),
    dy: backend.values(dy),
    sums,
    ...g,
    paddedWidth: paddedWidth(g),
    groupSize,
    bandRows: band.rows,
  });
  const { info: result, values: total } = backend.newTensor(attrs.filterShape);
  sumRows(sums, total, groups, values);
  return result;
}
