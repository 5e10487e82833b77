import { describe } from "./check.ts";
import { jupyterDisplay } from "./display.ts";

/** Rows and columns of a large matrix that a notebook shows. */
const SHOWN = 5, SHOWN_COLUMNS = 8;

/**
 * A dense matrix of float32 values in row-major order, the form in which features and embeddings pass
 * between the modules of this library.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { Matrix } from "deep-features";
 *
 * const X = Matrix.fromRows([[1, 2], [3, 4], [5, 6]]);
 * assert(X.rows === 3 && X.cols === 2);
 * assert(X.row(1)[0] === 3);
 * ```
 */
export class Matrix {
  /** The values: element (i, j) stands at `i * cols + j`. */
  readonly data: Float32Array;
  /** Number of rows (samples). */
  readonly rows: number;
  /** Number of columns (features). */
  readonly cols: number;

  /**
   * Wraps `data` without copying it.
   *
   * @param data `rows * cols` values in row-major order
   * @param rows Number of rows
   * @param cols Number of columns
   * @throws {TypeError} If `data` is not a `Float32Array`
   * @throws {RangeError} If the sizes are not whole numbers, or do not match the length of `data`
   */
  constructor(data: Float32Array, rows: number, cols: number) {
    if (!(data instanceof Float32Array)) {
      throw new TypeError(
        `Cannot make a Matrix: data must be a Float32Array, got ${describe(data)}`,
      );
    }
    for (const [name, size] of [["rows", rows], ["cols", cols]] as const) {
      if (!Number.isInteger(size) || size < 0) {
        throw new RangeError(`Cannot make a Matrix: ${name} must be a whole number, got ${size}`);
      }
    }
    if (data.length !== rows * cols) {
      throw new RangeError(
        `Cannot make a ${rows} × ${cols} Matrix from ${data.length} values: need ${rows * cols}`,
      );
    }
    this.data = data;
    this.rows = rows;
    this.cols = cols;
  }

  /**
   * Copies an array of equally long rows.
   *
   * @throws {TypeError} If `rows` is no array of rows of numbers
   * @throws {RangeError} If the rows differ in length
   */
  static fromRows(rows: readonly ArrayLike<number>[]): Matrix {
    if (!Array.isArray(rows)) {
      throw new TypeError(`Cannot make a Matrix: rows must be an array, got ${describe(rows)}`);
    }
    const cols: number = rows[0]?.length ?? 0;
    const data = new Float32Array(rows.length * cols);
    // `forEach` passes over holes.
    Array.from(rows).forEach((row: ArrayLike<unknown>, i) => {
      const isRow = typeof row === "object" && row !== null;
      const wrong = isRow ? Array.from(row).findIndex((value) => typeof value !== "number") : -1;
      if (!isRow || wrong >= 0) {
        const where = isRow ? `row ${i}, column ${wrong}` : `row ${i}`;
        throw new TypeError(
          `Cannot make a Matrix: ${where} is ${describe(isRow ? row[wrong] : row)}, not ` +
            (isRow ? "a number" : "an array of numbers"),
        );
      }
      if (row.length !== cols) {
        throw new RangeError(
          `Cannot make a Matrix: row ${i} has ${row.length} values, row 0 has ${cols}`,
        );
      }
      data.set(row as ArrayLike<number>, i * cols);
    });
    return new Matrix(data, rows.length, cols);
  }

  /** Row `i` as a view of the matrix's own memory. */
  row(i: number): Float32Array {
    if (!Number.isInteger(i) || i < 0 || i >= this.rows) {
      throw new RangeError(`Cannot take row ${i} of a matrix of ${this.rows} rows`);
    }
    return this.data.subarray(i * this.cols, (i + 1) * this.cols);
  }

  /**
   * Rows `begin` … `end - 1` as a view of the matrix's own memory, as `Array.prototype.slice` counts:
   * an end beyond the last row stands for the last row, a negative place is counted from the end.
   */
  slice(begin = 0, end = this.rows): Matrix {
    const place = (at: number) => {
      const whole = Math.trunc(at) || 0;
      return Math.min(this.rows, whole < 0 ? Math.max(0, this.rows + whole) : whole);
    };
    const from = place(begin), to = Math.max(from, place(end));
    return new Matrix(this.data.subarray(from * this.cols, to * this.cols), to - from, this.cols);
  }

  /** A new matrix of the rows named by `indices`, in that order; a row may be named more than once. */
  takeRows(indices: ArrayLike<number>): Matrix {
    const data = new Float32Array(indices.length * this.cols);
    for (let k = 0; k < indices.length; k++) {
      data.set(this.row(indices[k]!), k * this.cols);
    }
    return new Matrix(data, indices.length, this.cols);
  }

  /** How a notebook shows it: its shape and its first rows. */
  [jupyterDisplay](): Record<string, unknown> {
    const title = `Matrix of ${this.rows} rows × ${this.cols} columns`;
    const rows = Array.from({ length: Math.min(SHOWN, this.rows) }, (_, i) => {
      const values = Array.from(this.row(i).subarray(0, SHOWN_COLUMNS), (value) => {
        return String(Number(value.toPrecision(6)));
      });
      return this.cols > SHOWN_COLUMNS ? [...values, "…"] : values;
    });
    if (this.rows > SHOWN) rows.push(["…"]);
    const cells = (row: string[]) => row.map((cell) => `<td>${cell}</td>`).join("");
    return {
      "text/plain": [title, ...rows.map((row) => row.join("  "))].join("\n"),
      "text/html": `<table><caption>${title}</caption><tbody>${
        rows.map((row) => `<tr>${cells(row)}</tr>`).join("")
      }</tbody></table>`,
    };
  }
}

/**
 * Checks that `X` is a matrix.
 *
 * @throws {TypeError} If it is something else, with how to make one
 */
export function assertMatrix(X: unknown, name = "X"): asserts X is Matrix {
  if (X instanceof Matrix) return;
  const isRows = Array.isArray(X) && X.length > 0 && X.every((row) => typeof row === "object");
  throw new TypeError(
    `${name} must be a Matrix, got ${isRows ? "an array of rows" : describe(X)}: ` +
      (isRows ? "make one by Matrix.fromRows(rows)" : "make one by new Matrix(data, rows, cols)"),
  );
}

/**
 * Checks that `X` is a matrix of finite values.
 *
 * @throws {TypeError} If X is no matrix
 * @throws {RangeError} Naming the first row and column that holds NaN or an infinity
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { Matrix } from "deep-features";
 * import { assertFinite } from "deep-features/base";
 *
 * let message = "";
 * try {
 *   assertFinite(Matrix.fromRows([[1, 2], [3, NaN]]));
 * } catch (error) {
 *   message = (error as RangeError).message;
 * }
 * assert(message.includes("NaN in row 1, column 1"));
 * ```
 */
export function assertFinite(X: Matrix, name = "X"): void {
  assertMatrix(X, name);
  const { data, cols } = X;
  for (let k = 0; k < data.length; k++) {
    if (!Number.isFinite(data[k])) {
      throw new RangeError(
        `${name} holds ${data[k]} in row ${Math.floor(k / cols)}, column ${
          k % cols
        }: all values must be finite`,
      );
    }
  }
}
