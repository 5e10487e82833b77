import type { Neighbors } from "../../neighbors/nearest_neighbors.ts";

/** A weighted graph in compressed rows: the edges of vertex i are `starts[i]` … `starts[i + 1] - 1`. */
export interface Graph {
  readonly starts: Int32Array;
  readonly ends: Int32Array;
  readonly weights: Float32Array;
}

/** Binary search for a bandwidth stops here, as in umap-learn. */
const SEARCH_STEPS = 64;
const SEARCH_TOLERANCE = 1e-5;
/** A bandwidth is at least this share of the mean distance. */
const MIN_SHARE = 1e-3;

/**
 * The fuzzy simplicial set of a neighbour graph (McInnes et al. 2018, algorithms 2 and 3; umap-learn's
 * `fuzzy_simplicial_set` with its defaults): edge weights exp(−max(0, d − ρ) / σ), with ρ a row's
 * distance to its nearest other point and σ such that its weights add up to log₂ k, then the union of
 * both directions, a + b − ab.
 */
export function fuzzyGraph(neighbors: Neighbors): Graph {
  const { indices, distances, k } = neighbors;
  const n = indices.length / k;
  const strengths = membershipStrengths(distances, n, k);
  // Both directions of each edge, in the order of rows and then of the other ends.
  const counts = new Int32Array(n + 1);
  const isEdge = (e: number) => indices[e] !== Math.floor(e / k) && strengths[e]! > 0;
  for (let e = 0; e < indices.length; e++) {
    if (!isEdge(e)) continue;
    counts[Math.floor(e / k) + 1]!++;
    counts[indices[e]! + 1]!++;
  }
  for (let i = 0; i < n; i++) counts[i + 1]! += counts[i]!;
  const fill = counts.slice(0, n);
  // Sorting numbers is quick: the other end above, the edge and its direction below.
  const keys = new Float64Array(counts[n]!);
  const base = 2 * indices.length;
  for (let e = 0; e < indices.length; e++) {
    if (!isEdge(e)) continue;
    const i = Math.floor(e / k), j = indices[e]!;
    keys[fill[i]!++] = j * base + 2 * e;
    keys[fill[j]!++] = i * base + 2 * e + 1;
  }
  const starts = new Int32Array(n + 1);
  const ends = new Int32Array(keys.length), weights = new Float32Array(keys.length);
  let size = 0;
  for (let i = 0; i < n; i++) {
    const row = keys.subarray(counts[i]!, counts[i + 1]!).sort();
    for (let p = 0; p < row.length;) {
      const j = Math.floor(row[p]! / base);
      const a = strengths[(row[p]! % base) >> 1]!;
      const isPair = p + 1 < row.length && Math.floor(row[p + 1]! / base) === j;
      const b = isPair ? strengths[(row[p + 1]! % base) >> 1]! : 0;
      ends[size] = j;
      weights[size++] = a + b - a * b;
      p += isPair ? 2 : 1;
    }
    starts[i + 1] = size;
  }
  return { starts, ends: ends.slice(0, size), weights: weights.slice(0, size) };
}

/**
 * The graph that joins new rows to the fitted ones (umap-learn's `transform`): each new row has edges to
 * its neighbours alone. umap-learn lowers the local connectivity by one here, to zero, so ρ is zero, and
 * only a row that equals a fitted one has an edge of weight 1.
 *
 * @param neighbors Of each new row among the fitted ones
 * @returns Vertices are the new rows, other ends the fitted ones
 */
export function bipartiteGraph({ indices, distances, k }: Neighbors): Graph {
  const n = indices.length / k;
  return {
    starts: Int32Array.from({ length: n + 1 }, (_, i) => i * k),
    ends: indices,
    weights: membershipStrengths(distances, n, k, 0),
  };
}

/**
 * Weight of each directed edge: algorithm 3's smooth distances.
 *
 * @param localConnectivity How many neighbours (0 or 1) are joined with weight 1, however far
 */
function membershipStrengths(
  distances: Float32Array,
  n: number,
  k: number,
  localConnectivity = 1,
): Float32Array {
  const target = Math.log2(k);
  const overall = distances.reduce((a, b) => a + b, 0) / distances.length;
  const strengths = new Float32Array(distances.length);
  for (let i = 0; i < n; i++) {
    const row = distances.subarray(i * k, (i + 1) * k);
    const rho = localConnectivity && (row.find((distance) => distance > 0) ?? 0);
    let low = 0, high = Infinity, sigma = 1;
    for (let step = 0; step < SEARCH_STEPS; step++) {
      let sum = 0;
      for (let j = 1; j < k; j++) {
        const beyond = row[j]! - rho;
        sum += beyond > 0 ? Math.exp(-beyond / sigma) : 1;
      }
      if (Math.abs(sum - target) < SEARCH_TOLERANCE) break;
      if (sum > target) high = sigma;
      else low = sigma;
      sigma = high === Infinity ? sigma * 2 : (low + high) / 2;
    }
    const mean = rho > 0 ? row.reduce((a, b) => a + b, 0) / k : overall;
    sigma = Math.max(sigma, MIN_SHARE * mean);
    for (let j = 0; j < k; j++) {
      const beyond = row[j]! - rho;
      strengths[i * k + j] = beyond <= 0 || sigma === 0 ? 1 : Math.exp(-beyond / sigma);
    }
  }
  return strengths;
}
