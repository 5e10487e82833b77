import type { Matrix } from "../../base/matrix.ts";

/** Rows whose outputs are computed at once: they stay in the caches between their two products. */
export const BLOCK_ROWS = 2048;

/** The mean of each column. */
export function columnMeans({ data, rows, cols }: Matrix): Float64Array {
  const mean = new Float64Array(cols);
  for (let i = 0; i < rows; i++) {
    for (let j = 0; j < cols; j++) mean[j]! += data[i * cols + j]!;
  }
  return mean.map((sum) => sum / rows);
}

/** Copies rows begin … end − 1, less the mean. */
export function center(
  { data, cols }: Matrix,
  begin: number,
  end: number,
  mean: Float64Array,
  target: Float32Array,
): void {
  for (let i = begin, to = 0; i < end; i++) {
    for (let j = 0; j < cols; j++) target[to++] = data[i * cols + j]! - mean[j]!;
  }
}
