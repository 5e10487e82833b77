import { gemm } from "../../compute/gemm.ts";
import { allocFloat32, freeViews, pointer } from "../../compute/memory.ts";
import type { Matrix } from "../../base/matrix.ts";
import { BLOCK_ROWS, center, columnMeans } from "./centered_rows.ts";

/** Rows [rows, columns] times coefficients [outputs, columns], plus intercepts: [rows, outputs]. */
export function linearOutputs(
  X: Matrix,
  coef: Matrix,
  intercept: Float64Array,
): Float32Array<ArrayBuffer> {
  const outputs = coef.rows, cols = coef.cols;
  const result = new Float32Array(X.rows * outputs);
  const mean = columnMeans(X);
  const atMean = Array.from(intercept, (value, k) => {
    const weights = coef.row(k);
    return mean.reduce((sum, m, j) => sum + m * weights[j]!, value);
  });
  const rows = allocFloat32(BLOCK_ROWS * cols), weights = allocFloat32(coef.data.length);
  const planes = allocFloat32(outputs * BLOCK_ROWS);
  try {
    weights.set(coef.data);
    const a = pointer(weights), b = pointer(rows), c = pointer(planes);
    for (let begin = 0; begin < X.rows; begin += BLOCK_ROWS) {
      const count = Math.min(BLOCK_ROWS, X.rows - begin);
      center(X, begin, begin + count, mean, rows);
      gemm({ a, b, c, rows: outputs, columns: count, depth: cols, transposeB: true });
      for (let i = 0; i < count; i++) {
        for (let k = 0; k < outputs; k++) {
          result[(begin + i) * outputs + k] = planes[k * count + i]! + atMean[k]!;
        }
      }
    }
    return result;
  } finally {
    freeViews(rows, weights, planes);
  }
}
