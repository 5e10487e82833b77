import * as tf from "@tensorflow/tfjs-core";
import { defineKernel } from "../../compute/define_kernel.ts";
import { Scope } from "../../compute/scope.ts";
import type { SimdBackend } from "../simd_backend.ts";
import { BINARY, binary } from "./elementwise.ts";
import { addKernel, areFloats, overrideKernel } from "./kernel_override.ts";
import { Masked, Normalized, type NormalizedBy, rowsOfTask, sharedBy } from "./normalized.ts";

const groupMoments = defineKernel("groupMoments", {
  x: "f32*",
  partial: "f32*",
  rows: "i32",
  columns: "i32",
  groupRows: "i32",
});
const finishMoments = defineKernel("finishMoments", {
  partial: "f32*",
  mean: "f32*",
  variance: "f32*",
  rows: "i32",
  columns: "i32",
  groupRows: "i32",
});
const normalizationSums = defineKernel("normalizationSums", {
  dy: "f32*",
  x: "f32*",
  mean: "f32*",
  sums: "f32*",
  maskFactor: "f32*?",
  maskOffset: "f32*?",
  rows: "i32",
  columns: "i32",
  groupRows: "i32",
});
const normalizationGradient = defineKernel("normalizationGradient", {
  dy: "f32*",
  x: "f32*",
  dx: "f32*",
  mean: "f32*",
  factor: "f32*",
  slope: "f32*",
  shift: "f32*",
  maskFactor: "f32*?",
  maskOffset: "f32*?",
  rows: "i32",
  columns: "i32",
  taskRows: "i32",
});

/** Groups of rows whose sums are taken apart, and then put together in order. */
const GROUPS = 64;
/** tfjs's own ε where none is given. */
const EPSILON = 0.001;

/** Normalizes by the moments of the batch; `[y, mean, variance]`. */
export const BATCH_NORM_TRAINING = "BatchNormTraining";
/** Its gradient: `[dx, dgamma, dbeta]`. */
export const BATCH_NORM_TRAINING_GRADIENT = "BatchNormTrainingGradient";
/** The gradient of `FusedBatchNorm`: `[dx, dmean, dvariance, dscale, doffset]`. */
export const BATCH_NORM_GRADIENT = "BatchNormGradient";

interface EpsilonAttrs {
  readonly varianceEpsilon?: number;
}

/** Registers batch normalization over the last axis: in inference, in training, and both gradients. */
export function registerBatchNorm(): void {
  overrideKernel<EpsilonAttrs>(tf.FusedBatchNorm, ({ inputs, attrs, backend }) => {
    const { mean, variance, scale, offset } = inputs as Record<string, tf.TensorInfo | undefined>;
    const x = inputs["x"]!, columns = x.shape.at(-1) ?? 0;
    if (!areFloats(x, mean, variance, scale, offset)) return undefined;
    if (!isPerColumn(columns, mean, variance, scale, offset)) {
      return normalizeAny(backend, x, mean!, variance!, scale, offset, attrs);
    }
    const m = valuesOf(backend, mean!), v = valuesOf(backend, variance!);
    const s = scale && valuesOf(backend, scale), o = offset && valuesOf(backend, offset);
    const epsilon = attrs.varianceEpsilon ?? EPSILON;
    const factor = v.map((value, c) => (s?.[c] ?? 1) / Math.sqrt(value + epsilon));
    const { info, values: y } = backend.newTensor(x.shape);
    const offsets = m.map((_, c) => o?.[c] ?? 0);
    const by = { mean: f32(m), factor: f32(factor), offset: f32(offsets) };
    new Normalized(backend, x, by).compute(y);
    return info;
  });
  addKernel<EpsilonAttrs>(BATCH_NORM_TRAINING, ({ inputs, attrs, backend }) => {
    const x = inputs["x"]!, { rows, columns } = sizes(x);
    const mean = backend.newTensor([columns]), variance = backend.newTensor([columns]);
    const groupRows = Math.ceil(rows / GROUPS), groups = Math.ceil(rows / groupRows);
    using memory = new Scope();
    const partial = memory.float32(2 * groups * columns);
    groupMoments(groups, { x: backend.values(x), partial, rows, columns, groupRows });
    const moments = { mean: mean.values, variance: variance.values };
    finishMoments(1, { partial, ...moments, rows, columns, groupRows });
    const g = valuesOf(backend, inputs["gamma"]!), b = valuesOf(backend, inputs["beta"]!);
    const v = valuesOf(backend, variance.info);
    const factor = v.map((value, c) =>
      g[c]! / Math.sqrt(value + (attrs.varianceEpsilon ?? EPSILON))
    );
    const by = { mean: mean.values.slice(), factor: f32(factor), offset: f32(b) };
    const y = backend.defer(x.shape, new Normalized(backend, x, by));
    return [y, mean.info, variance.info];
  });
  addKernel<EpsilonAttrs>(BATCH_NORM_TRAINING_GRADIENT, ({ inputs, attrs, backend }) => {
    const dy = inputs["dy"]!, x = inputs["x"]!;
    const mean = inputs["mean"]!, variance = inputs["variance"]!;
    const { rows } = sizes(x), g = valuesOf(backend, inputs["gamma"]!);
    const given = gradientGiven(backend, dy, x);
    const [plain, crossed] = sums(backend, given, x, mean);
    const inverse = inverseDeviations(backend, variance, attrs);
    const factor = inverse.map((value, c) => value * g[c]!);
    // dx = γ/σ · (dy − mean(dy) − (x − μ)/σ² · mean(dy (x − μ)))
    const slope = factor.map((value, c) => -value * inverse[c]! ** 2 * crossed[c]! / rows);
    const shift = factor.map((value, c) => -value * plain[c]! / rows);
    return [
      inputGradient(backend, given, x, mean, factor, slope, shift),
      vector(backend, crossed.map((value, c) => value * inverse[c]!)),
      vector(backend, plain),
    ];
  });
  addKernel<EpsilonAttrs>(BATCH_NORM_GRADIENT, ({ inputs, attrs, backend }) => {
    const { scale } = inputs as Record<string, tf.TensorInfo | undefined>;
    const dy = inputs["dy"]!, x = inputs["x"]!;
    const mean = inputs["mean"]!, variance = inputs["variance"]!;
    const s = scale && valuesOf(backend, scale);
    const [plain, crossed] = sums(backend, { dy }, x, mean);
    const inverse = inverseDeviations(backend, variance, attrs);
    const factor = inverse.map((value, c) => value * (s?.[c] ?? 1));
    const none = new Float64Array(factor.length);
    return [
      inputGradient(backend, { dy }, x, mean, factor, none, none),
      vector(backend, factor.map((value, c) => -value * plain[c]!)),
      vector(backend, factor.map((value, c) => -0.5 * value * inverse[c]! ** 2 * crossed[c]!)),
      vector(backend, crossed.map((value, c) => value * inverse[c]!)),
      vector(backend, plain),
    ];
  });
}

/** Whether each is a vector of as many values as x has columns. */
export function isPerColumn(columns: number, ...infos: (tf.TensorInfo | null | undefined)[]) {
  return infos.every((info) =>
    info == null || (info.shape.at(-1) === columns && tf.util.sizeFromShape(info.shape) === columns)
  );
}

function sizes(x: tf.TensorInfo): { rows: number; columns: number } {
  const columns = x.shape.at(-1)!;
  return { rows: tf.util.sizeFromShape(x.shape) / columns, columns };
}

function valuesOf(backend: SimdBackend, info: tf.TensorInfo): Float64Array {
  return Float64Array.from(backend.data.get(info.dataId).values as Float32Array);
}

function inverseDeviations(
  backend: SimdBackend,
  variance: tf.TensorInfo,
  { varianceEpsilon = EPSILON }: EpsilonAttrs,
): Float64Array {
  return valuesOf(backend, variance).map((value) => 1 / Math.sqrt(value + varianceEpsilon));
}

function vector(backend: SimdBackend, values: Float64Array): tf.TensorInfo {
  return backend.makeTensorInfo([values.length], "float32", Float32Array.from(values));
}

function f32(values: Float64Array): Float32Array {
  return Float32Array.from(values);
}

/** The gradient of what a normalization puts out. */
interface Given {
  readonly dy: tf.TensorInfo;
  /** Whether it counts only where the normalization's result is above zero, and what tells that. */
  readonly mask?: NormalizedBy;
}

/** A gradient that comes through a ReLU is taken before it, where the ReLU is of these very values. */
function gradientGiven(backend: SimdBackend, dy: tf.TensorInfo, x: tf.TensorInfo): Given {
  const masked = backend.deferred(dy);
  if (!(masked instanceof Masked) || masked.normalized.x.dataId !== x.dataId) return { dy };
  return { dy: masked.dy, mask: masked.normalized.by };
}

function maskOf(memory: Scope, { mask }: Given) {
  const { factor = null, offset = null } = mask ? sharedBy(memory, mask) : {};
  return { maskFactor: factor, maskOffset: offset };
}

/** Batch normalization with moments of any shape that broadcasts to that of x. */
function normalizeAny(
  backend: SimdBackend,
  x: tf.TensorInfo,
  mean: tf.TensorInfo,
  variance: tf.TensorInfo,
  scale: tf.TensorInfo | undefined,
  offset: tf.TensorInfo | undefined,
  { varianceEpsilon = EPSILON }: EpsilonAttrs,
): tf.TensorInfo {
  const { info: factor, values } = backend.newTensor(variance.shape);
  const given = backend.values(variance);
  for (let i = 0; i < given.length; i++) values[i] = 1 / Math.sqrt(given[i]! + varianceEpsilon);
  const steps = [[tf.Sub, mean], [tf.Multiply, factor], [tf.Multiply, scale], [tf.Add, offset]];
  let y = x;
  for (const [name, operand] of steps as [string, tf.TensorInfo | undefined][]) {
    if (!operand) continue;
    const before = y;
    y = binary(backend, BINARY[name]!, before, operand);
    if (before !== x) backend.disposeData(before.dataId);
  }
  backend.disposeData(factor.dataId);
  return y;
}

/** For each column, the sums of dy and of dy · (x − mean). */
function sums(
  backend: SimdBackend,
  given: Given,
  x: tf.TensorInfo,
  mean: tf.TensorInfo,
): [Float64Array, Float64Array] {
  const { rows, columns } = sizes(x);
  const groupRows = Math.ceil(rows / GROUPS), groups = Math.ceil(rows / groupRows);
  using memory = new Scope();
  const partial = memory.float32(2 * groups * columns);
  normalizationSums(groups, {
    dy: backend.values(given.dy),
    x: backend.values(x),
    mean: backend.values(mean),
    sums: partial,
    ...maskOf(memory, given),
    rows,
    columns,
    groupRows,
  });
  const result = [new Float64Array(columns), new Float64Array(columns)] as const;
  for (let group = 0, from = 0; group < groups; group++) {
    for (const sum of result) {
      for (let c = 0; c < columns; c++) sum[c]! += partial[from++]!;
    }
  }
  return [...result];
}

/** dy · factor + (x − mean) · slope + shift. */
function inputGradient(
  backend: SimdBackend,
  given: Given,
  x: tf.TensorInfo,
  mean: tf.TensorInfo,
  factors: Float64Array,
  slopes: Float64Array,
  shifts: Float64Array,
): tf.TensorInfo {
  const { rows, columns } = sizes(x), taskRows = rowsOfTask(columns);
  const { info, values: dx } = backend.newTensor(x.shape);
  using memory = new Scope();
  const [factor, slope, shift] = [factors, slopes, shifts].map((values) => {
    const view = memory.float32(columns);
    view.set(values);
    return view;
  }) as [Float32Array, Float32Array, Float32Array];
  normalizationGradient(Math.ceil(rows / taskRows), {
    dy: backend.values(given.dy),
    x: backend.values(x),
    dx,
    ...maskOf(memory, given),
    mean: backend.values(mean),
    factor,
    slope,
    shift,
    rows,
    columns,
    taskRows,
  });
  return info;
}
