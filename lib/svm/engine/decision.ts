import { gemm } from "../../compute/gemm.ts";
import { allocFloat32, freeViews } from "../../compute/memory.ts";
import { Matrix } from "../../base/matrix.ts";
import { createBreather } from "../../notebook/progress.ts";
import { allocKernelRows, centerOf, copyRow, kernelBlock } from "./kernel_function.ts";
import type { FittedSvc, PredictOptions } from "../svc.ts";

/** Rows whose kernel values with all support vectors are computed at once. */
const BLOCK_ROWS = 384;

/**
 * The decision value of each pair of classes for each row, positive for the first class of the pair:
 * kernel values with the union of all support vectors, once, and one product with their coefficients.
 *
 * @returns [rows, pairs], the pairs in the order 0-1, 0-2, …, 1-2, …
 */
export async function decisionValues(
  fitted: FittedSvc,
  X: Matrix,
  { onProgress, signal }: PredictOptions,
): Promise<Matrix> {
  const { supportVectors, intercept } = fitted;
  const pairs = intercept.length, count = supportVectors.rows;
  const vectors = allocKernelRows(count, X.cols);
  const block = allocKernelRows(BLOCK_ROWS, X.cols);
  const values = allocFloat32(BLOCK_ROWS * count);
  const coefficients = allocFloat32(count * pairs);
  const decisions = allocFloat32(BLOCK_ROWS * pairs);
  const result = new Float32Array(X.rows * pairs);
  const center = centerOf(supportVectors, fitted.kernel.kernel);
  const breathe = createBreather();
  try {
    for (let i = 0; i < count; i++) copyRow(supportVectors, i, vectors, i, center);
    coefficients.set(pairCoefficients(fitted));
    for (let begin = 0; begin < X.rows; begin += BLOCK_ROWS) {
      signal?.throwIfAborted();
      const rows = Math.min(BLOCK_ROWS, X.rows - begin);
      for (let i = 0; i < rows; i++) copyRow(X, begin + i, block, i, center);
      kernelBlock(fitted.kernel, block, 0, rows, vectors, values);
      gemm({
        a: values.byteOffset,
        b: coefficients.byteOffset,
        c: decisions.byteOffset,
        rows,
        columns: pairs,
        depth: count,
      });
      for (let k = 0; k < rows * pairs; k++) {
        result[begin * pairs + k] = decisions[k]! + intercept[k % pairs]!;
      }
      onProgress?.({ done: begin + rows, total: X.rows });
      await breathe();
    }
  } finally {
    freeViews(
      vectors.data,
      vectors.norms,
      block.data,
      block.norms,
      values,
      coefficients,
      decisions,
    );
  }
  return new Matrix(result, X.rows, pairs);
}

/** [support vectors, pairs]: each support vector's coefficient in each pair, mostly zero. */
function pairCoefficients(
  { classes, nSupport, dualCoef }: FittedSvc,
): Float32Array {
  const pairs = classes.length * (classes.length - 1) / 2;
  const table = new Float32Array(dualCoef.cols * pairs);
  let vector = 0;
  nSupport.forEach((count, cls) => {
    for (const end = vector + count; vector < end; vector++) {
      let pair = 0;
      for (let a = 0; a < classes.length; a++) {
        for (let b = a + 1; b < classes.length; b++, pair++) {
          if (cls !== a && cls !== b) continue;
          const other = cls === a ? b : a;
          const line = other > cls ? other - 1 : other;
          table[vector * pairs + pair] = dualCoef
            .data[line * dualCoef.cols + vector]!;
        }
      }
    }
  });
  return table;
}

/**
 * The class with the most votes of the pairs, the first of several, as LIBSVM counts them.
 *
 * @param values [rows, pairs], what {@linkcode decisionValues} gives
 * @param classes The classes' labels
 */
export function vote(values: Matrix, classes: Int32Array): Int32Array {
  const predicted = new Int32Array(values.rows);
  const votes = new Int32Array(classes.length);
  for (let row = 0; row < values.rows; row++) {
    votes.fill(0);
    let p = row * values.cols;
    for (let a = 0; a < classes.length; a++) {
      for (let b = a + 1; b < classes.length; b++) {
        votes[values.data[p++]! > 0 ? a : b]!++;
      }
    }
    predicted[row] = classes[votes.indexOf(Math.max(...votes))]!;
  }
  return predicted;
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
