import type * as tf from "@tensorflow/tfjs-core";
import { activationCode, type FusedActivation } from "../../compute/gemm.ts";
import { defineKernel } from "../../compute/define_kernel.ts";
import { Scope } from "../../compute/scope.ts";
import type { Deferred } from "../deferred.ts";
import type { SimdBackend } from "../simd_backend.ts";
import { CHUNK } from "./kernel_override.ts";

const normalizeRows = defineKernel("normalizeRows", {
  x: "f32*",
  y: "f32*",
  mean: "f32*",
  factor: "f32*",
  offset: "f32*",
  added: "f32*?",
  activation: "i32",
  rows: "i32",
  columns: "i32",
  taskRows: "i32",
});

/** Values of each column that rows are normalized by. */
export interface NormalizedBy {
  readonly mean: Float32Array;
  readonly factor: Float32Array;
  readonly offset: Float32Array;
}

/**
 * (x − mean) · factor + offset, and a tensor that is added, before somebody needs it: what a normalization in
 * training puts out is most often only added to something and rectified, which the same pass does.
 */
export class Normalized implements Deferred {
  readonly sources: readonly tf.TensorInfo[];

  constructor(
    readonly backend: SimdBackend,
    readonly x: tf.TensorInfo,
    readonly by: NormalizedBy,
    readonly added?: tf.TensorInfo,
  ) {
    this.sources = added ? [x, added] : [x];
  }

  compute(y: Float32Array): void {
    this.write(y, "linear");
  }

  /** Writes the values with an activation. */
  write(y: Float32Array, activation: FusedActivation): void {
    const { backend, x, by, added } = this, columns = x.shape.at(-1)!;
    const rows = y.length / columns, taskRows = rowsOfTask(columns);
    using memory = new Scope();
    const tensors = {
      x: backend.values(x),
      y,
      added: added ? backend.values(added) : null,
      ...sharedBy(memory, by),
    };
    normalizeRows(Math.ceil(rows / taskRows), {
      ...tensors,
      activation: activationCode(activation),
      rows,
      columns,
      taskRows,
    });
  }
}

/** Which normalization a tensor is the ReLU of; its gradient is told from what was normalized. */
const rectified = new WeakMap<tf.DataId, Normalized>();

/** The gradient of ReLU behind a normalization, before somebody needs it: that of the normalization may do without. */
export class Masked implements Deferred {
  readonly sources: readonly tf.TensorInfo[];

  constructor(
    readonly dy: tf.TensorInfo,
    y: tf.TensorInfo,
    readonly normalized: Normalized,
    readonly compute: (dx: Float32Array) => void,
  ) {
    this.sources = [dy, y];
  }
}

/** The ReLU of a normalization that nobody has needed so far, or undefined. */
export function rectify(
  backend: SimdBackend,
  x: tf.TensorInfo,
  activation: "relu" | "relu6",
): tf.TensorInfo | undefined {
  const normalized = backend.deferred(x);
  if (!(normalized instanceof Normalized)) return undefined;
  const { info, values } = backend.newTensor(x.shape);
  normalized.write(values, activation);
  if (activation === "relu" && !normalized.added) rectified.set(info.dataId, normalized);
  return info;
}

/** The normalization that a tensor is the ReLU of, if it is. */
export function rectifiedOf(y: tf.TensorInfo): Normalized | undefined {
  return rectified.get(y.dataId);
}

/** The sum of a normalization that nobody has needed so far with another tensor of its shape, or undefined. */
export function addToNormalized(
  backend: SimdBackend,
  a: tf.TensorInfo,
  b: tf.TensorInfo,
): tf.TensorInfo | undefined {
  if (a.shape.length !== b.shape.length || a.shape.some((n, i) => n !== b.shape[i])) {
    return undefined;
  }
  for (const [first, second] of [[a, b], [b, a]] as const) {
    const normalized = backend.deferred(first);
    if (!(normalized instanceof Normalized) || normalized.added) continue;
    return backend.defer(a.shape, new Normalized(backend, normalized.x, normalized.by, second));
  }
  return undefined;
}

/** Rows of a task of the kernels that go through all values once. */
export function rowsOfTask(columns: number): number {
  return Math.max(1, Math.floor(CHUNK / columns));
}

/** The values of each column in the shared memory. */
export function sharedBy(memory: Scope, { mean, factor, offset }: NormalizedBy): NormalizedBy {
  const shared = (values: Float32Array) => {
    const view = memory.float32(values.length);
    view.set(values);
    return view;
  };
  return { mean: shared(mean), factor: shared(factor), offset: shared(offset) };
}
