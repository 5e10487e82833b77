import { gemm } from "../compute/gemm.ts";
import type { Matrix } from "../base/matrix.ts";
import { seededRandom, standardNormal } from "../base/random.ts";
import { Scope } from "../compute/scope.ts";
import { SharedRows } from "../compute/shared_rows.ts";

/** Rounds of orthogonal iteration: enough for a starting layout and for a search of candidates. */
const ROUNDS = 30;

/**
 * The projection of the rows of X on their first principal components, by orthogonal iteration on the
 * covariance matrix.
 *
 * @param X Rows, or shared ones less the means of their columns
 * @param count Number of components, at most the columns of X
 * @returns [rows, count], row-major, the most important component first
 */
export function principalComponents(
  X: Matrix | SharedRows,
  count: number,
  seed: number,
): Float32Array<ArrayBuffer> {
  using memory = new Scope();
  const { data: a, rows, cols } = X instanceof SharedRows ? X : memory.use(SharedRows.of(X));
  const covariance = memory.float32(cols * cols);
  const axes = memory.float32(count * cols), images = memory.float32(count * cols);
  const projected = memory.float32(rows * count);
  gemm({ a, b: a, c: covariance, rows: cols, columns: cols, depth: rows, transposeA: true });
  const random = seededRandom(seed);
  for (let i = 0; i < axes.length; i++) axes[i] = standardNormal(random);
  for (let round = 0; round < ROUNDS; round++) {
    // Each row of `axes` is an axis; the covariance is symmetric.
    gemm({ a: axes, b: covariance, c: images, rows: count, columns: cols, depth: cols });
    axes.set(images);
    orthonormalize(axes, count, cols);
  }
  gemm({ a, b: axes, c: projected, rows, columns: count, depth: cols, transposeB: true });
  return new Float32Array(projected);
}

/** Gram–Schmidt on rows; a row that vanishes stays zero. */
function orthonormalize(axes: Float32Array, count: number, cols: number): void {
  for (let r = 0; r < count; r++) {
    const axis = Float64Array.from(axes.subarray(r * cols, (r + 1) * cols));
    for (let o = 0; o < r; o++) {
      let dot = 0;
      for (let i = 0; i < cols; i++) dot += axis[i]! * axes[o * cols + i]!;
      for (let i = 0; i < cols; i++) axis[i]! -= dot * axes[o * cols + i]!;
    }
    const length = Math.sqrt(axis.reduce((sum, value) => sum + value * value, 0));
    axes.set(length > 1e-30 ? axis.map((value) => value / length) : axis.fill(0), r * cols);
  }
}
