/**
 * The ground: matrices, labels, random numbers, the estimator contract. Imports nothing of the library.
 *
 * @module
 */
export { assertFinite, Matrix } from "./matrix.ts";
export * from "./random.ts";
export type { Classifier } from "./classifier.ts";
export type { Fold, FoldPrediction } from "./fold.ts";
export type { OnProgress, Progress, RunOptions } from "./run_options.ts";
export { type Displayable, jupyterDisplay } from "./display.ts";
