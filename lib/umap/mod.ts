/**
 * UMAP: a map of high-dimensional rows in the plane, and placing new rows on it.
 * May import `neighbors/`, `compute/`, `notebook/` and `base/`.
 *
 * @module
 */
export { type FittedUmap, Umap, type UmapOptions } from "./umap.ts";
