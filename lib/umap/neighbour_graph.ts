import { allocFloat32, allocInt32, freeViews, pointer } from "../compute/memory.ts";
import { runKernel } from "../compute/pool.ts";
import { Matrix } from "../matrix.ts";
import type { OnProgress } from "../progress.ts";
import { type Metric, nearestNeighbours, type Neighbours } from "./nearest_neighbours.ts";
import { principalComponents } from "./principal_components.ts";

/** Up to so many rows the exact search is quick. */
const EXACT_ROWS = 20_000;
/** Principal components in which candidates are searched, and candidates for each neighbour wanted. */
const COMPONENTS = 64, CANDIDATES = 4;

/**
 * The k nearest rows of X for each of its rows: exactly for up to 20,000 rows, beyond that (Euclidean, and
 * with many columns) among the 4 k nearest in the first 64 principal components, whose exact distances
 * decide. On the article's hidden features that finds 999 of 1,000 neighbours in a third of the time.
 *
 * @param exactRows Rows up to which the search is exact
 */
export async function neighbourGraph(
  X: Matrix,
  k: number,
  options: {
    metric?: Metric;
    seed?: number;
    exactRows?: number;
    onProgress?: OnProgress | undefined;
    signal?: AbortSignal | undefined;
  } = {},
): Promise<Neighbours> {
  const { metric = "euclidean", seed = 0, exactRows = EXACT_ROWS } = options;
  const count = Math.min(X.rows, CANDIDATES * k);
  if (X.rows <= exactRows || metric !== "euclidean" || X.cols < 2 * COMPONENTS) {
    return await nearestNeighbours(X, X, k, { ...options, metric });
  }
  const projected = new Matrix(principalComponents(X, COMPONENTS, seed), X.rows, COMPONENTS);
  const candidates = await nearestNeighbours(projected, projected, count, options);
  const data = allocFloat32(X.data.length), ours = allocInt32(candidates.indices.length);
  const indices = allocInt32(X.rows * k), distances = allocFloat32(X.rows * k);
  try {
    data.set(X.data);
    ours.set(candidates.indices);
    runKernel(
      "rerank",
      X.rows,
      [
        pointer(data),
        X.cols,
        pointer(ours),
        count,
        k,
        pointer(indices),
        pointer(distances),
      ],
      [],
      64,
    );
    return { indices: new Int32Array(indices), distances: distances.slice().map(Math.sqrt), k };
  } finally {
    freeViews(data, ours, indices, distances);
  }
}
