import { Matrix } from "../base/matrix.ts";
import { Scope } from "./scope.ts";

/**
 * Rows in the shared memory, for kernels, less a center, which leaves distances as they are but keeps
 * large terms from cancelling in them. They are shared once and handed on; whoever made them gives them
 * back, with `using` or `Scope.use`.
 */
export class SharedRows implements Disposable {
  /** [rows, cols] */
  readonly data: Float32Array;
  /** [rows] squared lengths. */
  readonly norms: Float32Array;
  readonly #memory: Scope;

  /** Room for rows, which {@linkcode SharedRows.set} fills. */
  constructor(readonly rows: number, readonly cols: number) {
    using memory = new Scope();
    this.data = memory.float32(rows * cols);
    this.norms = memory.float32(rows);
    this.#memory = memory.move();
  }

  /** All rows of a matrix, less `center`; default: the means of its columns. */
  static of(X: Matrix, center: Float64Array = columnMeans(X)): SharedRows {
    const shared = new SharedRows(X.rows, X.cols);
    shared.fill(X, 0, X.rows, center);
    return shared;
  }

  /** Sets the first `count` rows to those of X from `begin` on, less `center`. */
  fill(X: Matrix, begin: number, count: number, center: Float64Array): void {
    for (let i = 0; i < count; i++) this.set(i, X, begin + i, center);
  }

  /** Sets row `to` to row `from` of X, less `center`. */
  set(to: number, X: Matrix, from: number, center: Float64Array): void {
    const { data, norms, cols } = this, source = X.data;
    let norm = 0;
    for (let c = 0, at = from * cols, out = to * cols; c < cols; c++) {
      const value = Math.fround(source[at++]! - center[c]!);
      data[out++] = value;
      norm += value * value;
    }
    norms[to] = norm;
  }

  /** Sets row `to` to row `from` of other shared rows, as it is. */
  copy(to: number, other: SharedRows, from: number): void {
    const { cols } = this;
    this.data.set(other.data.subarray(from * cols, (from + 1) * cols), to * cols);
    this.norms[to] = other.norms[from]!;
  }

  /** Copies of some of the rows. */
  take(indices: Uint32Array): SharedRows {
    const taken = new SharedRows(indices.length, this.cols);
    indices.forEach((row, i) => taken.copy(i, this, row));
    return taken;
  }

  /** The values from a row on. */
  from(row: number): Float32Array {
    return this.data.subarray(row * this.cols);
  }

  /** Gives the memory back. */
  [Symbol.dispose](): void {
    this.#memory[Symbol.dispose]();
  }
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
