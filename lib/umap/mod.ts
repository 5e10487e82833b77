export { type Metric, nearestNeighbours, type Neighbours } from "./nearest_neighbours.ts";
export { Umap, type UmapFitOptions, type UmapOptions } from "./umap.ts";
