import { Matrix } from "../base/matrix.ts";
import { permutation, seededRandom } from "../base/random.ts";
import type { RunOptions } from "../base/run_options.ts";
import { Scope } from "../compute/scope.ts";
import { SharedRows, unitRows } from "../compute/shared_rows.ts";
import { findCandidates, nearestOf, type Neighbors } from "./engine/candidates.ts";
import { liftTiny } from "./engine/lift_tiny.ts";
import { type Metric, nearestAmong, toCosine } from "./nearest_neighbors.ts";
import { principalComponents } from "./principal_components.ts";

/** Up to so many rows the exact search is quick. */
const EXACT_ROWS = 20_000;
/** Principal components in which candidates are searched, and candidates for each neighbour wanted. */
const COMPONENTS = 64, CANDIDATES = 4;
/** Rows whose exact neighbours show what the candidates miss, and the share that must be found. */
const SAMPLE_ROWS = 384, MIN_RECALL = 0.95;

/**
 * The k nearest rows of X for each of its rows: exactly for up to 20,000 rows, beyond that (with many
 * columns) among the 4 k nearest in the first 64 principal components, whose exact distances decide.
 *
 * Some data has no such components. So the exact neighbours of 384 random rows are searched first, and
 * if fewer than 95 % of them are among these rows' candidates, the whole search is exact.
 *
 * On the article's hidden features, 50,000 × 512 and k = 15, the candidates hold 99.8 % of the true
 * neighbours (99.7 % by the cosine) for 17 s of processor time, against some 80 s for brute force. On
 * noise, alike in all directions, the trial adds an eighth to brute force.
 *
 * Nearest-neighbour descent, with pynndescent as umap-learn calls it, finds 95.0 % of them in 10.5 s, and
 * 44 % on noise (20,000 × 512): it gains little time here and loses neighbours, silently. (2026-11-24, two
 * cores of an AMD EPYC; recall on 3,840 and 500 random rows.)
 *
 * @param exactRows Rows up to which the search is exact without such a trial
 */
export async function neighborGraph(
  X: Matrix,
  k: number,
  { metric = "euclidean", seed = 0, exactRows = EXACT_ROWS, ...options }: RunOptions & {
    metric?: Metric;
    seed?: number;
    exactRows?: number;
  } = {},
): Promise<Neighbors> {
  using memory = new Scope();
  const { matrices: [lifted], lower } = liftTiny(metric === "cosine" ? unitRows(X)[0]! : X);
  const rows = memory.use(SharedRows.of(lifted!));
  const isLarge = rows.rows > exactRows && rows.cols >= 2 * COMPONENTS;
  const found = (isLarge ? await searchComponents(rows, k, seed, options) : undefined) ??
    await nearestAmong(rows, rows, k, options);
  return metric === "cosine" ? toCosine(lower(found)) : lower(found);
}

/** The neighbours by way of principal components; undefined if these would miss too many. */
async function searchComponents(
  rows: SharedRows,
  k: number,
  seed: number,
  options: RunOptions,
): Promise<Neighbors | undefined> {
  using memory = new Scope();
  const projected = new Matrix(principalComponents(rows, COMPONENTS, seed), rows.rows, COMPONENTS);
  const count = Math.min(rows.rows, CANDIDATES * k);
  const sample = permutation(rows.rows, seededRandom(seed)).subarray(0, SAMPLE_ROWS);
  const short = memory.use(SharedRows.of(projected, new Float64Array(COMPONENTS)));
  const sampled = memory.use(rows.take(sample)), shortSampled = memory.use(short.take(sample));
  const { signal } = options;
  const nearest = async (among: SharedRows, queries: SharedRows) =>
    nearestOf(rows, sampled, await findCandidates(among, queries, count, { signal }), k);
  const expected = await nearest(rows, sampled);
  if (recall(await nearest(short, shortSampled), expected) < MIN_RECALL) return undefined;
  return nearestOf(rows, rows, await findCandidates(short, short, count, options), k);
}

/** The share of neighbours, a row itself left out, that are no farther than the farthest true one. */
function recall(found: Neighbors, { distances, k }: Neighbors): number {
  let hits = 0;
  found.distances.forEach((distance, at) => {
    if (at % k > 0 && distance <= distances[at - at % k + k - 1]!) hits++;
  });
  return hits / (distances.length - distances.length / k);
}
