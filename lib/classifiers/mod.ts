export type { Classifier, RunOptions } from "./classifier.ts";
export { KNeighborsClassifier, type KNeighborsOptions } from "./k_neighbors.ts";
export type { FittedLinear } from "./linear_classifier.ts";
export { LinearSvc, type LinearSvcOptions } from "./linear_svc.ts";
export { LogisticRegression, type LogisticRegressionOptions } from "./logistic_regression.ts";
export { RandomForestClassifier, type RandomForestOptions } from "./random_forest.ts";
