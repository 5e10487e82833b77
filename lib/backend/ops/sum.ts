import * as tf from "@tensorflow/tfjs-core";
import { allocate, release } from "../../compute/memory.ts";
import { runKernel } from "../../compute/pool.ts";
import { areFloats, overrideKernel } from "./kernel_override.ts";

/** Rows that a task adds up; the sums of the tasks are added up after. */
const GROUP_ROWS = 1024;

/** Registers sums over leading axes (gradients of biases) and over trailing axes. */
export function registerSum(): void {
  overrideKernel<tf.SumAttrs>(tf.Sum, ({ inputs, attrs, backend }) => {
    const x = inputs["x"]!;
    if (!areFloats(x)) return undefined;
    const rank = x.shape.length;
    const axes = tf.util.parseAxisParam(attrs.axis, x.shape).sort((a, b) => a - b);
    if (axes.length === 0 || axes.length === rank) return undefined;
    const leading = axes.every((axis, i) => axis === i);
    const trailing = axes.every((axis, i) => axis === rank - axes.length + i);
    if (!leading && !trailing) return undefined;
    const [outShape, reduced] = tf.backend_util.computeOutAndReduceShapes(
      x.shape,
      axes,
    );
    const shape = attrs.keepDims ? tf.backend_util.expandShapeToKeepDim(outShape, axes) : outShape;
    const { info, address } = backend.makeOutputInShared(shape);
    const kept = tf.util.sizeFromShape(outShape),
      summed = tf.util.sizeFromShape(reduced);
    if (leading) sumRows(backend.address(x), address, summed, kept);
    else {
      runKernel(
        "sumColumns",
        kept,
        [backend.address(x), address, summed],
        [],
        Math.ceil(
          16384 / summed,
        ),
      );
    }
    return info;
  });
}

/** Adds up the rows of x [rows, columns] into y [columns], in an order that no thread count changes. */
export function sumRows(
  x: number,
  y: number,
  rows: number,
  columns: number,
): void {
  const groups = Math.ceil(rows / GROUP_ROWS);
  if (groups === 1) return runKernel("sumRows", 1, [x, y, rows, columns, rows]);
  const sums = allocate(4 * groups * columns);
  runKernel("sumRows", groups, [x, sums, rows, columns, GROUP_ROWS]);
  runKernel("sumRows", 1, [sums, y, groups, columns, groups]);
  release(sums);
}
