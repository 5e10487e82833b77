import { gemm } from "../../compute/gemm.ts";
import { defineKernel } from "../../compute/define_kernel.ts";
import { Scope } from "../../compute/scope.ts";
import { createBreather } from "../../notebook/progress.ts";
import type { RunOptions } from "../../base/run_options.ts";
import type { SharedRows } from "../../compute/shared_rows.ts";

const smallestDistances = defineKernel("smallestDistances", {
  products: "f32*",
  columns: "i32",
  rowNorms: "f32*",
  columnNorms: "f32*",
  k: "i32",
  indices: "i32*",
  distances: "f32*",
  self: "i32",
});

const rerank = defineKernel("rerank", {
  data: "f32*",
  queries: "f32*",
  columns: "i32",
  candidates: "i32*",
  count: "i32",
  k: "i32",
  indices: "i32*",
  distances: "f32*",
});

/** Rows whose distances to all others are computed at once. */
const BLOCK_ROWS = 384;
/** Queries whose candidates a thread takes at once. */
const ROWS_AT_ONCE = 64;

/** The k nearest rows of each row. */
export interface Neighbors {
  /** [rows, k] row numbers, nearest first. */
  readonly indices: Int32Array;
  /** [rows, k] distances. */
  readonly distances: Float32Array;
  readonly k: number;
}

/**
 * The `count` rows that are nearest to each query by squared lengths and matrix products, whose rounding
 * may change the order of near ones: blocks of distances, and a running selection of the smallest.
 *
 * @param queries May be `rows` itself; each row is then the first of its own candidates
 * @returns [queries, count] row numbers
 * @throws {RangeError} If squared distances exceed float32
 */
export async function findCandidates(
  rows: SharedRows,
  queries: SharedRows,
  count: number,
  { onProgress, signal }: RunOptions = {},
): Promise<Int32Array> {
  using memory = new Scope();
  const block = Math.min(BLOCK_ROWS, queries.rows);
  const products = memory.float32(block * rows.rows);
  const indices = memory.int32(queries.rows * count), distances = memory.float32(block * count);
  const breathe = createBreather();
  for (let begin = 0; begin < queries.rows; begin += block) {
    signal?.throwIfAborted();
    const size = Math.min(block, queries.rows - begin);
    gemm({
      a: queries.from(begin),
      b: rows.data,
      c: products,
      rows: size,
      columns: rows.rows,
      depth: rows.cols,
      transposeB: true,
    });
    smallestDistances(size, {
      products,
      columns: rows.rows,
      rowNorms: queries.norms.subarray(begin),
      columnNorms: rows.norms,
      k: count,
      indices: indices.subarray(begin * count),
      distances,
      self: queries === rows ? begin : -1,
    });
    onProgress?.({ done: begin + size, total: queries.rows, message: "nearest neighbours" });
    await breathe();
  }
  if (indices.includes(-1)) {
    throw new RangeError("The rows' distances are beyond the range of float32: scale the columns");
  }
  return new Int32Array(indices);
}

/**
 * Of each query's candidates the k nearest by Euclidean distances without cancellation: of equal rows the
 * distance is exactly zero. Ties go to the lower row.
 *
 * @param candidates [queries, count] row numbers, at least k each
 */
export function nearestOf(
  rows: SharedRows,
  queries: SharedRows,
  candidates: Int32Array,
  k: number,
): Neighbors {
  using memory = new Scope();
  const count = candidates.length / queries.rows;
  const ours = memory.int32(candidates.length);
  const indices = memory.int32(queries.rows * k), distances = memory.float32(queries.rows * k);
  ours.set(candidates);
  for (let i = 0; i < queries.rows; i++) {
    const own = ours.subarray(i * count, (i + 1) * count).sort();
    // A row among its like stays its own first neighbour.
    if (queries === rows) own.copyWithin(1, 0, own.indexOf(i)).fill(i, 0, 1);
  }
  rerank(
    queries.rows,
    {
      data: rows.data,
      queries: queries.data,
      columns: rows.cols,
      candidates: ours,
      count,
      k,
      indices,
      distances,
    },
    ROWS_AT_ONCE,
  );
  return {
    indices: new Int32Array(indices),
    distances: Float32Array.from(distances, Math.sqrt),
    k,
  };
}
