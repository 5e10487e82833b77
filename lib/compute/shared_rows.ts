import { allocFloat32, freeViews } from "./memory.ts";
import { Matrix } from "../base/matrix.ts";

/** Rows in the shared memory, for kernels. */
export interface SharedRows {
  /** [rows, cols] */
  readonly data: Float32Array;
  /** [rows] squared lengths. */
  readonly norms: Float32Array;
  readonly rows: number;
  readonly cols: number;
}

/**
 * Copies rows to the shared memory, less `center`, which leaves distances as they are but keeps large
 * terms from cancelling in them.
 */
export function shareRows({ data, rows, cols }: Matrix, center: Float64Array): SharedRows {
  const shared = allocFloat32(data.length), norms = allocFloat32(rows);
  for (let i = 0, at = 0; i < rows; i++) {
    let norm = 0;
    for (let c = 0; c < cols; c++, at++) {
      const value = Math.fround(data[at]! - center[c]!);
      shared[at] = value;
      norm += value * value;
    }
    norms[i] = norm;
  }
  return { data: shared, norms, rows, cols };
}

/** Copies of some shared rows. */
export function takeShared({ data, norms, cols }: SharedRows, indices: Uint32Array): SharedRows {
  const taken = allocFloat32(indices.length * cols), lengths = allocFloat32(indices.length);
  indices.forEach((row, i) => {
    taken.set(data.subarray(row * cols, (row + 1) * cols), i * cols);
    lengths[i] = norms[row]!;
  });
  return { data: taken, norms: lengths, rows: indices.length, cols };
}

/** Gives their memory back. */
export function freeRows({ data, norms }: SharedRows): void {
  freeViews(data, norms);
}

/** The means of the columns. */
export function columnMeans({ data, rows, cols }: Matrix): Float64Array {
  const means = new Float64Array(cols);
  for (let i = 0, at = 0; i < rows; i++) {
    for (let c = 0; c < cols; c++) means[c]! += data[at++]!;
  }
  return means.map((sum) => sum / rows);
}

/**
 * Rows of unit length: their squared Euclidean distance is twice the cosine distance. Where a matrix has
 * rows of zeros, all get one more column, which is 1 in these and else 0: a row of zeros is then at
 * distance 1 from all others and 0 from its like, as in umap-learn.
 */
export function unitRows(...matrices: Matrix[]): Matrix[] {
  const lengths = matrices.map((matrix) =>
    Float64Array.from({ length: matrix.rows }, (_, i) => {
      let sum = 0;
      for (const value of matrix.row(i)) sum += value * value;
      return Math.sqrt(sum);
    })
  );
  const extra = lengths.some((list) => list.includes(0)) ? 1 : 0;
  return matrices.map((matrix, m) => {
    const cols = matrix.cols + extra;
    const data = new Float32Array(matrix.rows * cols);
    for (let i = 0; i < matrix.rows; i++) {
      const length = lengths[m]![i]!;
      if (length === 0) data[(i + 1) * cols - 1] = 1;
      else matrix.row(i).forEach((value, c) => data[i * cols + c] = value / length);
    }
    return new Matrix(data, matrix.rows, cols);
  });
}
