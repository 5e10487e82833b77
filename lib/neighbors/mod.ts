/**
 * The nearest rows of a matrix, exactly and fast, for `umap/`, `metrics/` and `classifiers/`.
 * May import `compute/`, `notebook/` and `base/`.
 *
 * @module
 */
export {
  type Metric,
  nearestNeighbors,
  type Neighbors,
  type NeighborsOptions,
} from "./nearest_neighbors.ts";
