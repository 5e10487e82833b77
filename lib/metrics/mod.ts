/**
 * How good a classifier or a map is: accuracy, confusion matrix, report, McNemar's test, intervals,
 * trustworthiness, silhouette.
 * May import `neighbors/`, `compute/`, `notebook/` and `base/`.
 *
 * @module
 */
export { accuracyScore } from "./accuracy.ts";
export { type AccuracyInterval, accuracyInterval } from "./accuracy_interval.ts";
export { balancedAccuracy } from "./balanced_accuracy.ts";
export { classificationReport } from "./classification_report.ts";
export { type ConfusionMatrix, confusionMatrix } from "./confusion_matrix.ts";
export { f1Macro } from "./f1_macro.ts";
export { type McNemarResult, mcNemarTest } from "./mc_nemar.ts";
export { type MeanAndSd, meanAndSd } from "./mean_and_sd.ts";
export { type MeanInterval, meanInterval } from "./mean_interval.ts";
export { neighborAccuracy, type NeighborAccuracyOptions } from "./neighbor_accuracy.ts";
export { type PairedDifference, pairedDifference } from "./paired_difference.ts";
export { silhouetteScore } from "./silhouette_score.ts";
export { trustworthiness, type TrustworthinessOptions } from "./trustworthiness.ts";
