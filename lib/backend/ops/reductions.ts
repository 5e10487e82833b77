import * as tf from "@tensorflow/tfjs-core";
import { defineKernel } from "../../compute/define_kernel.ts";
import { Scope } from "../../compute/scope.ts";
import type { SimdBackend } from "../simd_backend.ts";
import { FEW } from "./elementwise.ts";
import { areFloats, CHUNK, chunks, overrideKernel } from "./kernel_override.ts";

const size = tf.util.sizeFromShape;

const ROWS = { x: "f32*", y: "f32*", rows: "i32", columns: "i32" } as const;
const middleKernel = defineKernel("reduceMiddle", { op: "i32", ...ROWS, divisor: "f32" });
const sumChunks = defineKernel("sumChunks", { x: "f32*", sums: "f64*", n: "i32" });
const argExtreme = defineKernel("argExtreme", {
  x: "f32*",
  y: "i32*",
  columns: "i32",
  smallest: "bool",
});
const softmaxRows = defineKernel("softmaxRows", { x: "f32*", y: "f32*", columns: "i32" });
const rowsKernel = defineKernel("sumRows", { ...ROWS, groupRows: "i32" });
const columnsKernel = defineKernel("sumColumns", { x: "f32*", y: "f32*", columns: "i32" });

/** Rows that a task adds up; the sums of the tasks are added up after. */
const GROUP_ROWS = 1024;

/** Numbers of the reductions, as in the kernel. */
const OPS = { sum: 0, prod: 1, max: 2, min: 3 } as const;

interface ReductionAttrs {
  readonly axis?: number | number[];
  readonly reductionIndices?: number | number[];
  readonly keepDims?: boolean;
}

/** Registers reductions over any axes, the place of an extreme value, and soft-max. */
export function registerReductions(): void {
  const register = (name: string, op: keyof typeof OPS, isMean = false) =>
    overrideKernel<ReductionAttrs>(name, ({ inputs, attrs, backend }) => {
      const x = inputs["x"]!;
      return areFloats(x) ? reduction(backend, x, op, attrs, isMean) : undefined;
    });
  register(tf.Sum, "sum");
  register(tf.Mean, "sum", true);
  register(tf.Max, "max");
  register(tf.Min, "min");
  register(tf.Prod, "prod");
  for (const [smallest, name] of [tf.ArgMax, tf.ArgMin].entries()) {
    overrideKernel<tf.ArgMaxAttrs>(name, ({ inputs, attrs, backend }) => {
      const x = inputs["x"]!;
      const axis = tf.util.parseAxisParam(attrs.axis, x.shape)[0]!;
      if (!areFloats(x) || axis !== x.shape.length - 1) return undefined;
      const shape = x.shape.slice(0, -1), columns = x.shape.at(-1)!;
      const { info, values: y } = backend.newTensor(shape, "int32");
      const args = { x: backend.values(x), y, columns, smallest: smallest === 1 };
      argExtreme(size(shape), args, grain(columns));
      return info;
    });
  }
  overrideKernel<tf.SoftmaxAttrs>(tf.Softmax, ({ inputs, attrs, backend }) => {
    const x = inputs["logits"]!, n = size(x.shape);
    const isLast = attrs.dim === -1 || attrs.dim === x.shape.length - 1;
    if (!areFloats(x) || !isLast || x.shape.length === 0) return undefined;
    const columns = x.shape.at(-1)!;
    const { info, values: y } = backend.newTensor(x.shape);
    if (n < FEW) softmaxOfFew(backend.values(x), y, columns);
    else softmaxRows(n / columns, { x: backend.values(x), y, columns }, grain(columns));
    return info;
  });
}

/**
 * The soft-max of a few rows, exponentials in double precision: with the bits of the CPU backend, which
 * composes it of seven operations that take longer than a batch's logits are worth.
 */
function softmaxOfFew(x: Float32Array, y: Float32Array, columns: number): void {
  for (let from = 0; from < x.length; from += columns) {
    const end = from + columns;
    let largest = x[from]!, sum = 0;
    for (let i = from; i < end; i++) largest = Math.max(largest, x[i]!);
    for (let i = from; i < end; i++) {
      y[i] = Math.exp(Math.fround(x[i]! - largest));
      sum += y[i]!;
    }
    const rounded = Math.fround(sum);
    for (let i = from; i < end; i++) y[i] = y[i]! / rounded;
  }
}

/** Rows that a thread takes at once, so that they are worth it. */
function grain(columns: number): number {
  return Math.max(1, Math.ceil(CHUNK / columns));
}

function reduction(
  backend: SimdBackend,
  x: tf.TensorInfo,
  op: keyof typeof OPS,
  attrs: ReductionAttrs,
  isMean: boolean,
): tf.TensorInfo | undefined {
  const given = attrs.axis ?? attrs.reductionIndices;
  const axes = tf.util.parseAxisParam(given!, x.shape).sort((a, b) => a - b);
  if (axes.length === 0) return undefined;
  const [kept, reduced] = tf.backend_util.computeOutAndReduceShapes(x.shape, axes);
  const shape = attrs.keepDims ? tf.backend_util.expandShapeToKeepDim(kept, axes) : kept;
  const divisor = isMean ? size(reduced) : 1;
  const { info, values: y } = backend.newTensor(shape);
  const values = backend.values(x);
  if (op === "sum" && axes.length === x.shape.length) {
    sumAll(values, y, divisor);
    return info;
  }
  const rank = x.shape.length;
  if (op === "sum" && !isMean) {
    const leading = axes.every((axis, i) => axis === i);
    const trailing = axes.every((axis, i) => axis === rank - axes.length + i);
    if (leading) {
      sumRows(values, y, size(reduced), size(kept));
      return info;
    }
    if (trailing) {
      sumColumns(values, y, size(kept), size(reduced));
      return info;
    }
  }
  reduceGroups(values, y, x.shape, axes, op, divisor);
  return info;
}

/** Reduces one group of neighbouring axes after the other, the last first. */
function reduceGroups(
  x: Float32Array,
  y: Float32Array,
  shape: readonly number[],
  axes: readonly number[],
  op: keyof typeof OPS,
  divisor: number,
): void {
  using memory = new Scope();
  const rest = [...axes];
  let from = x, lengths = [...shape];
  while (rest.length > 0) {
    const last = rest.pop()!;
    let first = last;
    while (rest.at(-1) === first - 1) first = rest.pop()!;
    const blocks = size(lengths.slice(0, first)), columns = size(lengths.slice(last + 1));
    const rows = size(lengths.slice(first, last + 1));
    const isLast = rest.length === 0;
    const to = isLast ? y : memory.float32(blocks * columns);
    reduceMiddle(from, to, blocks, rows, columns, op, isLast ? divisor : 1);
    if (from !== x) memory.free(from);
    from = to;
    lengths = [...lengths.slice(0, first), ...lengths.slice(last + 1)];
  }
}

function reduceMiddle(
  x: Float32Array,
  y: Float32Array,
  blocks: number,
  rows: number,
  columns: number,
  name: keyof typeof OPS,
  divisor: number,
): void {
  const op = OPS[name];
  // Many rows of one block are cut in groups, which are then reduced in their turn.
  const groups = blocks === 1 && columns > 1 ? Math.ceil(rows / GROUP_ROWS) : 1;
  if (groups === 1) {
    middleKernel(blocks, { op, x, y, rows, columns, divisor }, grain(rows * columns));
    return;
  }
  using memory = new Scope();
  const partial = memory.float32(groups * columns), whole = Math.floor(rows / GROUP_ROWS);
  middleKernel(whole, { op, x, y: partial, rows: GROUP_ROWS, columns, divisor: 1 });
  if (whole < groups) {
    const done = whole * columns;
    const last = { x: x.subarray(done * GROUP_ROWS), y: partial.subarray(done) };
    middleKernel(1, { op, ...last, rows: rows % GROUP_ROWS, columns, divisor: 1 });
  }
  middleKernel(1, { op, x: partial, y, rows: groups, columns, divisor });
}

/** Adds up all values in double precision, chunk by chunk. */
function sumAll(x: Float32Array, y: Float32Array, divisor: number): void {
  using memory = new Scope();
  const sums = memory.float64(chunks(x.length));
  sumChunks(sums.length, { x, sums, n: x.length });
  y[0] = sums.reduce((a, b) => a + b) / divisor;
}

/** Adds up each row of x [rows, columns] into y [rows]. */
export function sumColumns(
  x: Float32Array,
  y: Float32Array,
  rows: number,
  columns: number,
): void {
  columnsKernel(rows, { x, y, columns }, Math.ceil(CHUNK / columns));
}

/** Adds up the rows of x [rows, columns] into y [columns], in an order that no thread count changes. */
export function sumRows(
  x: Float32Array,
  y: Float32Array,
  rows: number,
  columns: number,
): void {
  const groups = Math.ceil(rows / GROUP_ROWS);
  if (groups === 1) return rowsKernel(1, { x, y, rows, columns, groupRows: rows });
  using memory = new Scope();
  const sums = memory.float32(groups * columns);
  rowsKernel(groups, { x, y: sums, rows, columns, groupRows: GROUP_ROWS });
  rowsKernel(1, { x: sums, y, rows: groups, columns, groupRows: groups });
}
