import { checkOptions, checkValue, oneOf, type Rules, whole } from "../base/check.ts";
import { assertFinite, type Matrix } from "../base/matrix.ts";
import { RUN_RULES, type RunOptions } from "../base/run_options.ts";
import { findCandidates, nearestOf, type Neighbors } from "./engine/candidates.ts";
import { liftTiny } from "./engine/lift_tiny.ts";
import { Scope } from "../compute/scope.ts";
import { columnMeans, SharedRows, unitRows } from "../compute/shared_rows.ts";

export type { Neighbors } from "./engine/candidates.ts";

/** How far points are apart. */
export type Metric = "euclidean" | "cosine";

/** What a {@linkcode Metric} may be. */
export const METRIC_RULE = oneOf("euclidean", "cosine");

/** What {@linkcode nearestNeighbors} can be told. */
export interface NeighborsOptions extends RunOptions {
  /** Default `"euclidean"`. */
  readonly metric?: Metric;
}

const RULES: Rules<NeighborsOptions> = { ...RUN_RULES, metric: METRIC_RULE };

/** Candidates beyond k, so that the rounding of matrix products loses no neighbour. */
const SPARE = 16;

/**
 * The k nearest rows of `X` for each row of `queries`, exactly: candidates by blocked matrix products,
 * then the lengths of the differences. Ties go to the lower row. By the cosine, a row of zeros is at
 * distance 1 from all others and 0 from its like.
 *
 * The work is queries × rows × columns: with 512 columns 50,000 rows among themselves take 2.6 TFLOP.
 *
 * @param X [n, features]
 * @param queries [m, features]; often X itself, where each row is then its own nearest neighbour
 * @throws {TypeError} If X or queries is no matrix, or an option is unknown or of the wrong kind
 * @throws {RangeError} If k is no whole number from 1 to n, the columns differ, or a value is not finite
 * @throws {DOMException} If the signal aborts
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { Matrix } from "deep-features";
 * import { nearestNeighbors } from "deep-features/neighbors";
 *
 * const X = Matrix.fromRows([[0], [1], [3]]);
 * const { indices, distances } = await nearestNeighbors(X, Matrix.fromRows([[2.5]]), 2);
 * assert(indices.join() === "2,1" && distances.join() === "0.5,1.5");
 * ```
 */
export async function nearestNeighbors(
  X: Matrix,
  queries: Matrix,
  k: number,
  options: NeighborsOptions = {},
): Promise<Neighbors> {
  checkOptions("nearestNeighbors", options, RULES);
  assertFinite(X);
  if (queries !== X) assertFinite(queries, "queries");
  checkValue("k", k, whole(1));
  if (k > X.rows) {
    throw new RangeError(`k must be a whole number from 1 to the ${X.rows} rows, got ${k}`);
  }
  if (queries.cols !== X.cols || X.cols === 0) {
    throw new RangeError(
      `Cannot compare rows of ${queries.cols} columns with rows of ${X.cols}: need as many, at least 1`,
    );
  }
  options.signal?.throwIfAborted();
  if (queries.rows === 0) return { indices: new Int32Array(), distances: new Float32Array(), k };
  if (options.metric !== "cosine") return await euclideanNeighbors(X, queries, k, options);
  const [rows, asked] = queries === X ? unitRows(X) : unitRows(X, queries);
  return toCosine(await euclideanNeighbors(rows!, asked ?? rows!, k, options));
}

/** The search itself, for Euclidean distances and rows that have been checked. */
async function euclideanNeighbors(
  X: Matrix,
  queries: Matrix,
  k: number,
  options: RunOptions,
): Promise<Neighbors> {
  const { matrices: [rows, asked], lower } = queries === X ? liftTiny(X) : liftTiny(X, queries);
  return lower(await search(rows!, asked ?? rows!, k, options));
}

async function search(
  X: Matrix,
  queries: Matrix,
  k: number,
  options: RunOptions,
): Promise<Neighbors> {
  using memory = new Scope();
  const center = columnMeans(X);
  const rows = memory.use(SharedRows.of(X, center));
  const asked = queries === X ? rows : memory.use(SharedRows.of(queries, center));
  return await nearestAmong(rows, asked, k, options);
}

/** The search itself, for rows that are shared already. */
export async function nearestAmong(
  rows: SharedRows,
  queries: SharedRows,
  k: number,
  options: RunOptions,
): Promise<Neighbors> {
  const count = Math.min(rows.rows, k + SPARE);
  return nearestOf(rows, queries, await findCandidates(rows, queries, count, options), k);
}

/** Cosine distances from the Euclidean ones of unit rows. */
export function toCosine({ distances, ...rest }: Neighbors): Neighbors {
  return { ...rest, distances: distances.map((distance) => distance * distance / 2) };
}
