import * as tf from "@tensorflow/tfjs-core";
import { allocate, allocFloat64, freeViews, release } from "../../compute/memory.ts";
import { runKernel } from "../../compute/pool.ts";
import type { SimdBackend } from "../simd_backend.ts";
import { FEW } from "./elementwise.ts";
import { areFloats, CHUNK, chunks, overrideKernel } from "./kernel_override.ts";

const size = tf.util.sizeFromShape;

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
      const { info, address } = backend.makeOutputInShared(shape, "int32");
      const ints = [backend.address(x), address, columns, smallest];
      runKernel("argExtreme", size(shape), ints, [], grain(columns));
      return info;
    });
  }
  overrideKernel<tf.SoftmaxAttrs>(tf.Softmax, ({ inputs, attrs, backend }) => {
    const x = inputs["logits"]!, n = size(x.shape);
    const isLast = attrs.dim === -1 || attrs.dim === x.shape.length - 1;
    if (!areFloats(x) || n < FEW || !isLast) return undefined;
    const columns = x.shape.at(-1)!;
    const { info, address } = backend.makeOutputInShared(x.shape);
    const ints = [backend.address(x), address, columns];
    runKernel("softmaxRows", n / columns, ints, [], grain(columns));
    return info;
  });
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
  const { info, address } = backend.makeOutputInShared(shape);
  if (op === "sum" && axes.length === x.shape.length) {
    sumAll(backend.address(x), address, size(x.shape), divisor);
    return info;
  }
  const rank = x.shape.length;
  if (op === "sum" && !isMean) {
    const leading = axes.every((axis, i) => axis === i);
    const trailing = axes.every((axis, i) => axis === rank - axes.length + i);
    if (leading) {
      sumRows(backend.address(x), address, size(reduced), size(kept));
      return info;
    }
    if (trailing) {
      sumColumns(backend.address(x), address, size(kept), size(reduced));
      return info;
    }
  }
  reduceGroups(backend.address(x), address, x.shape, axes, op, divisor);
  return info;
}

/** Reduces one group of neighbouring axes after the other, the last first. */
function reduceGroups(
  x: number,
  y: number,
  shape: readonly number[],
  axes: readonly number[],
  op: keyof typeof OPS,
  divisor: number,
): void {
  const rest = [...axes];
  let from = x, lengths = [...shape];
  while (rest.length > 0) {
    const last = rest.pop()!;
    let first = last;
    while (rest.at(-1) === first - 1) first = rest.pop()!;
    const blocks = size(lengths.slice(0, first)), columns = size(lengths.slice(last + 1));
    const rows = size(lengths.slice(first, last + 1));
    const isLast = rest.length === 0;
    const to = isLast ? y : allocate(4 * blocks * columns);
    reduceMiddle(from, to, blocks, rows, columns, op, isLast ? divisor : 1);
    if (from !== x) release(from);
    from = to;
    lengths = [...lengths.slice(0, first), ...lengths.slice(last + 1)];
  }
}

function reduceMiddle(
  x: number,
  y: number,
  blocks: number,
  rows: number,
  columns: number,
  op: keyof typeof OPS,
  divisor: number,
): void {
  // Many rows of one block are cut in groups, which are then reduced in their turn.
  const groups = blocks === 1 && columns > 1 ? Math.ceil(rows / GROUP_ROWS) : 1;
  if (groups === 1) {
    const ints = [OPS[op], x, y, rows, columns];
    runKernel("reduceMiddle", blocks, ints, [divisor], grain(rows * columns));
    return;
  }
  const partial = allocate(4 * groups * columns), whole = Math.floor(rows / GROUP_ROWS);
  runKernel("reduceMiddle", whole, [OPS[op], x, partial, GROUP_ROWS, columns], [1]);
  if (whole < groups) {
    const done = 4 * whole * columns;
    const ints = [OPS[op], x + done * GROUP_ROWS, partial + done, rows % GROUP_ROWS, columns];
    runKernel("reduceMiddle", 1, ints, [1]);
  }
  runKernel("reduceMiddle", 1, [OPS[op], partial, y, groups, columns], [divisor]);
  release(partial);
}

/** Adds up all values in double precision, chunk by chunk. */
function sumAll(x: number, y: number, n: number, divisor: number): void {
  const sums = allocFloat64(chunks(n));
  runKernel("sumChunks", sums.length, [x, sums.byteOffset, n]);
  new Float32Array(sums.buffer, y, 1)[0] = sums.reduce((a, b) => a + b) / divisor;
  freeViews(sums);
}

/** Adds up each row of x [rows, columns] into y [rows]. */
export function sumColumns(x: number, y: number, rows: number, columns: number): void {
  runKernel("sumColumns", rows, [x, y, columns], [], Math.ceil(CHUNK / columns));
}

/** Adds up the rows of x [rows, columns] into y [columns], in an order that no thread count changes. */
export function sumRows(x: number, y: number, rows: number, columns: number): void {
  const groups = Math.ceil(rows / GROUP_ROWS);
  if (groups === 1) return runKernel("sumRows", 1, [x, y, rows, columns, rows]);
  const sums = allocate(4 * groups * columns);
  runKernel("sumRows", groups, [x, sums, rows, columns, GROUP_ROWS]);
  runKernel("sumRows", 1, [sums, y, groups, columns, groups]);
  release(sums);
}
