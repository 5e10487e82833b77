/**
 * The story of the article: its presets, the trained network, comparisons as typed values, and where their
 * results are kept. May import every room of the library but `report/`.
 *
 * @module
 */
export { compareClassifiers, type Comparison } from "./compare_classifiers.ts";
export { type ClassifierComparisonOptions, type Sharing } from "./comparison_parts.ts";
export { compareUnseen, type UnseenOptions, type UnseenRow } from "./compare_unseen.ts";
export { compareLayers, type LayerScores } from "./compare_layers.ts";
export { comparePairs, formatP, type MethodPair, pairInWords } from "./compare_pairs.ts";
export { kept, type KeptFeatures, type KeptFit } from "./kept.ts";
export { type CacheEntry, listCache, pruneCache } from "./list_cache.ts";
export { METHOD_NAMES, type MethodKey, type Parameters } from "./methods.ts";
export type { ComparisonOptions, NetworkTraining } from "./network_settings.ts";
export type { Outcome } from "./outcome.ts";
export { type Preset, readPreset } from "./preset.ts";
export { besidePublished, type SoftmaxAndSvm } from "./published.ts";
export { networkRows, type Rows } from "./rows.ts";
export { type SoftmaxControl, softmaxControls } from "./softmax_controls.ts";
export {
  accuraciesBySeed,
  type MethodSeconds,
  methodSeconds,
  type MethodSummary,
  summarizeMethods,
} from "./summarize_methods.ts";
export { summarizeUnseen, type UnseenMean, type UnseenSummary } from "./summarize_unseen.ts";
export {
  type BuildNetwork,
  type TrainedCnn,
  trainedCnn,
  type TrainedCnnOptions,
} from "./trained_cnn.ts";
export { tuneMethods, type Tuning } from "./tune_methods.ts";
export { UNSEEN_METHOD_NAMES, type UnseenMethod } from "./unseen_methods.ts";
