import { gemm } from "../compute/gemm.ts";
import { defineKernel } from "../compute/define_kernel.ts";
import { Scope } from "../compute/scope.ts";
import { interruptible } from "../notebook/interrupt.ts";
import { checkOptions, type Rules, whole } from "../base/check.ts";
import { assertFinite, Matrix } from "../base/matrix.ts";
import { RUN_RULES, type RunOptions } from "../base/run_options.ts";
import { createBreather } from "../notebook/progress.ts";
import { type Metric, METRIC_RULE, nearestNeighbors } from "../neighbors/nearest_neighbors.ts";
import { SharedRows, unitRows } from "../compute/shared_rows.ts";

const addRanksBeyond = defineKernel("ranksBeyond", {
  products: "f32*",
  columns: "i32",
  norms: "f32*",
  self: "i32",
  k: "i32",
  neighbors: "i32*",
  sums: "f64*",
});

/** Rows whose distances to all others are computed at once. */
const BLOCK_ROWS = 384;
/** Rows whose largest value lies between these have squares that float32 holds. */
const SMALLEST = 2 ** -30, LARGEST = 2 ** 50;

/** What {@linkcode trustworthiness} can be told. */
export interface TrustworthinessOptions extends RunOptions {
  /** Neighbours in the embedding that are looked at; default 5, as in scikit-learn. */
  readonly nNeighbors?: number;
  /** Of the distances between the rows of X; default `"euclidean"`. */
  readonly metric?: Metric;
}

const RULES: Rules<TrustworthinessOptions> = {
  ...RUN_RULES,
  nNeighbors: whole(1),
  metric: METRIC_RULE,
};

/**
 * How far an embedding's neighbours were neighbours before (Venna & Kaski 2001, equation 2; scikit-learn's
 * `trustworthiness`): 1 − 2 / (n k (2n − 3k − 1)) Σ max(0, r(i, j) − k) over the k nearest j of each row i
 * in the embedding, with r(i, j) the rank of j among the rows by their distance from i in X. It is 1 if no
 * neighbour is a stranger; a random embedding gets about one half.
 *
 * Rows at equal distances rank in their order. The work is rows² × columns: 10,000 × 512 take seconds.
 *
 * @param X [n, features]
 * @param embedding [n, dimensions]
 * @throws {RangeError} If the rows differ in number, a value is not finite, or nNeighbors is no whole
 *   number from 1 to less than half the rows
 * @throws {DOMException} If the signal aborts
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { Matrix, trustworthiness } from "deep-features";
 *
 * const X = Matrix.fromRows([[0, 0], [1, 0], [3, 0], [7, 0], [9, 0]]);
 * const line = Matrix.fromRows([[0], [1], [3], [7], [9]]);
 * assert(await trustworthiness(X, line, { nNeighbors: 2 }) === 1);
 * ```
 */
export async function trustworthiness(
  X: Matrix,
  embedding: Matrix,
  options: TrustworthinessOptions = {},
): Promise<number> {
  checkOptions("trustworthiness", options, RULES);
  assertFinite(X);
  assertFinite(embedding, "embedding");
  const { nNeighbors: k = 5, metric = "euclidean", signal, onProgress } = options;
  const n = X.rows;
  if (embedding.rows !== n) {
    throw new RangeError(`Cannot compare ${n} rows with an embedding of ${embedding.rows}`);
  }
  if (X.cols === 0 || embedding.cols === 0) {
    throw new RangeError(
      `Cannot compare ${X.cols} columns with ${embedding.cols} dimensions: need at least 1 each`,
    );
  }
  if (k >= n / 2) {
    throw new RangeError(
      `nNeighbors must be a whole number from 1 to less than half of the ${n} rows, got ${k}`,
    );
  }
  signal?.throwIfAborted();
  const excess = await interruptible(signal, async (signal) => {
    const { indices } = await nearestNeighbors(embedding, embedding, k + 1, { signal });
    // Each row is its own first neighbour.
    const others = indices.filter((_, at) => at % (k + 1) > 0);
    const rows = metric === "cosine" ? unitRows(X)[0]! : ofUnitSize(X);
    return await ranksBeyond(rows, others, k, { onProgress, signal });
  });
  return 1 - excess * 2 / (n * k * (2 * n - 3 * k - 1));
}

/**
 * Rows whose squares would leave float32, made larger or smaller by a power of two, which changes no rank;
 * others as they are.
 */
function ofUnitSize(X: Matrix): Matrix {
  const largest = X.data.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  if (largest === 0 || (largest > SMALLEST && largest < LARGEST)) return X;
  const factor = 2 ** -Math.floor(Math.log2(largest));
  return new Matrix(X.data.map((value) => value * factor), X.rows, X.cols);
}

/** The sum of max(0, rank − k) over each row's given neighbours. */
async function ranksBeyond(
  X: Matrix,
  neighbors: Int32Array,
  k: number,
  { onProgress, signal }: RunOptions,
): Promise<number> {
  using memory = new Scope();
  const rows = memory.use(SharedRows.of(X));
  const products = memory.float32(Math.min(BLOCK_ROWS, X.rows) * X.rows);
  const others = memory.int32(neighbors.length), sums = memory.float64(X.rows);
  const breathe = createBreather();
  others.set(neighbors);
  for (let begin = 0; begin < X.rows; begin += BLOCK_ROWS) {
    signal?.throwIfAborted();
    const size = Math.min(BLOCK_ROWS, X.rows - begin);
    gemm({
      a: rows.from(begin),
      b: rows.data,
      c: products,
      rows: size,
      columns: X.rows,
      depth: X.cols,
      transposeB: true,
    });
    addRanksBeyond(size, {
      products,
      columns: X.rows,
      norms: rows.norms,
      self: begin,
      k,
      neighbors: others.subarray(begin * k),
      sums: sums.subarray(begin),
    });
    onProgress?.({ done: begin + size, total: X.rows, message: "ranks" });
    await breathe();
  }
  return sums.reduce((a, b) => a + b, 0);
}
