/**
 * The public face of the library: whatever a notebook imports, it imports from here.
 *
 * @module
 */
import "./notebook/kernel_hooks.ts";
export * from "./base/mod.ts";
export * from "./notebook/mod.ts";
export * from "./dataset/mod.ts";
export * from "./cnn/mod.ts";
export * from "./umap/mod.ts";
export * from "./svm/mod.ts";
export * from "./classifiers/mod.ts";
export * from "./model_selection/mod.ts";
export * from "./metrics/mod.ts";
export * from "./plots/mod.ts";
export * from "./neighbors/mod.ts";
export * from "./backend/mod.ts";
export * from "./compute/mod.ts";
export * from "./article/mod.ts";
