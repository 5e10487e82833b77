/**
 * The nearest rows of a matrix, exactly and fast, for `umap/`, `metrics/` and `classifiers/`.
 * May import `compute/`, `notebook/` and `base/`.
 *
 * @module
 */
export {
  type Metric,
  nearestNeighbours,
  type Neighbours,
  type NeighboursOptions,
} from "./nearest_neighbors.ts";
