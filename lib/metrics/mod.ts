/**
 * How good a classifier or a map is: accuracy, confusion matrix, report, McNemar's test, trustworthiness.
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
export { trustworthiness, type TrustworthinessOptions } from "./trustworthiness.ts";
