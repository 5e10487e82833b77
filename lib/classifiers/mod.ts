export type { Classifier, RunOptions } from "./classifier.ts";
export { KNeighborsClassifier, type KNeighborsOptions } from "./k_neighbors.ts";
export { RandomForestClassifier, type RandomForestOptions } from "./random_forest.ts";
