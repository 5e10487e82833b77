/**
 * The story of the article: its presets, the trained network, comparisons as typed values, and where their
 * results are kept. May import every room of the library but `report/`.
 *
 * @module
 */
export {
  compareClassifiers,
  type Comparison,
  METHOD_NAMES,
  type MethodKey,
} from "./compare_classifiers.ts";
export { compareLayers, type LayerScores } from "./compare_layers.ts";
export { comparePairs, formatP, type MethodPair } from "./compare_pairs.ts";
export type { Outcome } from "./outcome.ts";
export { type Preset, readPreset } from "./preset.ts";
export { besidePublished, type SoftmaxAndSvm } from "./published.ts";
export {
  accuraciesBySeed,
  type MethodSeconds,
  methodSeconds,
  type MethodSummary,
  summarizeMethods,
} from "./summarize_methods.ts";
export { type TrainedCnn, trainedCnn, type TrainedCnnOptions } from "./trained_cnn.ts";
