/**
 * Nearest neighbors, random forest, logistic regression, linear SVM: what an SVM is compared with.
 * May import `neighbors/`, `compute/`, `notebook/` and `base/`.
 *
 * @module
 */
export {
  type FittedNeighbors,
  KNeighborsClassifier,
  type KNeighborsOptions,
} from "./k_neighbors.ts";
export type { FittedLinear } from "./engine/linear_classifier.ts";
export { LinearSvc, type LinearSvcOptions } from "./linear_svc.ts";
export { LogisticRegression, type LogisticRegressionOptions } from "./logistic_regression.ts";
export {
  type FittedForest,
  RandomForestClassifier,
  type RandomForestOptions,
} from "./random_forest.ts";
export type { Tree } from "./engine/grow_forest.ts";
