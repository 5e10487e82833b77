/**
 * Choosing parameters: grid search and stratified folds, for any classifier.
 * May import `metrics/`, `notebook/` and `base/`.
 *
 * @module
 */
export {
  type GridFitOptions,
  type GridResult,
  GridSearch,
  type GridSearchOptions,
} from "./grid_search.ts";
export type { GridEdge, ParameterGrid } from "./parameter_grid.ts";
export type { ScoreFunction, Scoring } from "./scoring.ts";
export type { Fold } from "../base/fold.ts";
export { stratifiedKFold } from "./stratified_k_fold.ts";
