import { Scope } from "../../compute/scope.ts";
import { SharedRows } from "../../compute/shared_rows.ts";
import { argMaxRows } from "../../base/labels.ts";
import { Matrix } from "../../base/matrix.ts";
import { createBreather } from "../../notebook/progress.ts";
import { sumBlockSize, sumByClass } from "./kernel_function.ts";
import { checkReach, scaleRows } from "./scaling.ts";
import { useSupport } from "./support_memory.ts";
import type { RunOptions } from "../../base/run_options.ts";
import type { FittedSvc } from "../fitted_svc.ts";

/** Rows whose kernel values with all support vectors are computed at once. */
const BLOCK_ROWS = 384;

/**
 * The decision value of each pair of classes for each row, positive for the first class of the pair:
 * kernel values with the union of all support vectors, once, and their sums with the coefficients of each class.
 *
 * @returns [rows, pairs], the pairs in the order 0-1, 0-2, …, 1-2, …
 */
export async function decisionValues(
  fitted: FittedSvc,
  X: Matrix,
  { onProgress, signal }: RunOptions,
): Promise<Matrix> {
  const pairs = fitted.intercept.length, most = Math.min(BLOCK_ROWS, X.rows);
  using support = useSupport(fitted);
  using memory = new Scope();
  const { vectors, coefficients, center, intercept, kernel } = support;
  const rowsOf = scaleRows(X, support.scaling);
  checkReach(rowsOf, center, kernel, vectors.norms);
  const block = memory.use(new SharedRows(most, X.cols));
  const classes = fitted.classes.length, { width } = coefficients;
  const values = memory.float32(sumBlockSize(most, vectors));
  const sums = memory.float32(most * classes * width);
  const result = new Float32Array(X.rows * pairs);
  const breathe = createBreather();
  for (let begin = 0; begin < X.rows; begin += BLOCK_ROWS) {
    signal?.throwIfAborted();
    const rows = Math.min(BLOCK_ROWS, X.rows - begin);
    block.fill(rowsOf, begin, rows, center);
    sumByClass(kernel, block, rows, vectors, coefficients, values, sums);
    for (let row = 0, k = begin * pairs; row < rows; row++) {
      const from = row * classes * width;
      for (let a = 0, pair = 0; a < classes; a++) {
        for (let b = a + 1; b < classes; b++) {
          // Of class a the column of b, which is that of b − 1 as a has none of its own; of class b that of a.
          const sum = sums[from + a * width + b - 1]! + sums[from + b * width + a]!;
          result[k++] = sum + intercept[pair++]!;
        }
      }
    }
    if (!result.subarray(begin * pairs, (begin + rows) * pairs).every(Number.isFinite)) {
      throw new RangeError("Svc: decision values are beyond float32: scale the columns");
    }
    onProgress?.({ done: begin + rows, total: X.rows });
    await breathe();
  }
  return new Matrix(result, X.rows, pairs);
}

/**
 * The class with the most votes of the pairs, the first of several, as LIBSVM counts them.
 *
 * @param values [rows, pairs], what {@linkcode decisionValues} gives
 * @param classes The classes' labels
 */
export function vote(values: Matrix, classes: Int32Array): Int32Array {
  const votes = new Int32Array(values.rows * classes.length);
  for (let row = 0, p = 0; row < values.rows; row++) {
    const own = row * classes.length;
    for (let a = 0; a < classes.length; a++) {
      for (let b = a + 1; b < classes.length; b++) {
        votes[own + (values.data[p++]! > 0 ? a : b)]!++;
      }
    }
  }
  return argMaxRows(votes, classes.length).map((best) => classes[best]!);
}

/** [rows, classes]: each class's votes, with a share of their confidence that breaks ties. */
export function oneVsRest(values: Matrix, classes: number): Matrix {
  const result = new Float32Array(values.rows * classes);
  const votes = new Float64Array(classes),
    confidence = new Float64Array(classes);
  for (let row = 0; row < values.rows; row++) {
    votes.fill(0);
    confidence.fill(0);
    let p = row * values.cols;
    for (let a = 0; a < classes; a++) {
      for (let b = a + 1; b < classes; b++) {
        const value = values.data[p++]!;
        confidence[a]! += value;
        confidence[b]! -= value;
        votes[value > 0 ? a : b]!++;
      }
    }
    for (let c = 0; c < classes; c++) {
      // As in scikit-learn the confidence breaks ties and never overturns a vote.
      const share = confidence[c]! / (3 * (Math.abs(confidence[c]!) + 1));
      result[row * classes + c] = votes[c]! + share;
    }
  }
  return new Matrix(result, values.rows, classes);
}
