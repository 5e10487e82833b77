export {
  type GridResult,
  GridSearch,
  type GridSearchOptions,
  type ParameterGrid,
} from "./grid_search.ts";
export type { KernelFunction, KernelName } from "./kernel_function.ts";
export { loadSvc, saveSvc } from "./save_svc.ts";
export { type Fold, stratifiedKFold } from "./stratified_k_fold.ts";
export { type FitOptions, type FittedSvc, type PredictOptions, Svc } from "./svc.ts";
export type { SvcOptions } from "./svc_parameters.ts";
