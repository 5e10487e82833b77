import { gemm } from "../../compute/gemm.ts";
import { Scope } from "../../compute/scope.ts";
import type { Matrix } from "../../base/matrix.ts";
import { columnMeans, SharedRows } from "../../compute/shared_rows.ts";
import { BLOCK_ROWS } from "./linear_objective.ts";

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
  using memory = new Scope();
  const rows = memory.use(new SharedRows(BLOCK_ROWS, cols));
  const weights = memory.float32(coef.data.length);
  const planes = memory.float32(outputs * BLOCK_ROWS);
  weights.set(coef.data);
  for (let begin = 0; begin < X.rows; begin += BLOCK_ROWS) {
    const count = Math.min(BLOCK_ROWS, X.rows - begin);
    rows.fill(X, begin, count, mean);
    gemm({
      a: weights,
      b: rows.data,
      c: planes,
      rows: outputs,
      columns: count,
      depth: cols,
      transposeB: true,
    });
    for (let i = 0; i < count; i++) {
      for (let k = 0; k < outputs; k++) {
        result[(begin + i) * outputs + k] = planes[k * count + i]! + atMean[k]!;
      }
    }
  }
  return result;
}
