/**
 * The public face of the library: whatever a notebook imports, it imports from here.
 *
 * @module
 */
export * from "./matrix.ts";
export * from "./random.ts";
export { formatSeconds, type OnProgress, type Progress, progressLine } from "./progress.ts";
export { type Displayable, jupyterDisplay } from "./display.ts";
export * from "./dataset/mod.ts";
export * from "./cnn/mod.ts";
export * from "./svm/mod.ts";
export * from "./umap/mod.ts";
export * from "./classifiers/mod.ts";
export * from "./metrics/mod.ts";
export * from "./plots/mod.ts";
export * from "./compute/mod.ts";
export * from "./article/mod.ts";
