import { gemm } from "../../compute/gemm.ts";
import { allocFloat32, allocInt32, freeViews, pointer } from "../../compute/memory.ts";
import { runKernel } from "../../compute/pool.ts";
import { createBreather } from "../../notebook/progress.ts";
import type { RunOptions } from "../../base/run_options.ts";
import type { SharedRows } from "../../compute/shared_rows.ts";

/** Rows whose distances to all others are computed at once. */
const BLOCK_ROWS = 384;

/** The k nearest rows of each row. */
export interface Neighbours {
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
  const block = Math.min(BLOCK_ROWS, queries.rows);
  const products = allocFloat32(block * rows.rows);
  const indices = allocInt32(queries.rows * count), distances = allocFloat32(block * count);
  const breathe = createBreather();
  try {
    for (let begin = 0; begin < queries.rows; begin += block) {
      signal?.throwIfAborted();
      const size = Math.min(block, queries.rows - begin);
      gemm({
        a: pointer(queries.data) + 4 * begin * rows.cols,
        b: pointer(rows.data),
        c: pointer(products),
        rows: size,
        columns: rows.rows,
        depth: rows.cols,
        transposeB: true,
      });
      runKernel("smallestDistances", size, [
        pointer(products),
        rows.rows,
        pointer(queries.norms) + 4 * begin,
        pointer(rows.norms),
        count,
        pointer(indices) + 4 * begin * count,
        pointer(distances),
        queries === rows ? begin : -1,
      ]);
      onProgress?.({ done: begin + size, total: queries.rows, message: "nearest neighbours" });
      await breathe();
    }
    if (indices.includes(-1)) {
      throw new RangeError(
        "The rows' distances are beyond the range of float32: scale the columns",
      );
    }
    return new Int32Array(indices);
  } finally {
    freeViews(products, indices, distances);
  }
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
): Neighbours {
  const count = candidates.length / queries.rows;
  const ours = allocInt32(candidates.length);
  const indices = allocInt32(queries.rows * k), distances = allocFloat32(queries.rows * k);
  try {
    ours.set(candidates);
    for (let i = 0; i < queries.rows; i++) {
      const own = ours.subarray(i * count, (i + 1) * count).sort();
      // A row among its like stays its own first neighbour.
      if (queries === rows) own.copyWithin(1, 0, own.indexOf(i)).fill(i, 0, 1);
    }
    runKernel(
      "rerank",
      queries.rows,
      [
        pointer(rows.data),
        pointer(queries.data),
        rows.cols,
        pointer(ours),
        count,
        k,
        pointer(indices),
        pointer(distances),
      ],
      [],
      64,
    );
    return {
      indices: new Int32Array(indices),
      distances: Float32Array.from(distances, Math.sqrt),
      k,
    };
  } finally {
    freeViews(ours, indices, distances);
  }
}
