/**
 * The nearest rows of a matrix, exactly and fast, for `umap/`, `metrics/` and `classifiers/`.
 * May import `compute/`, `notebook/` and `base/`.
 *
 * @module
 */
export { type Metric, nearestNeighbours, type Neighbours } from "./nearest_neighbors.ts";
