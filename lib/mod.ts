/**
 * The public face of the library, in the order of the article: what its notebooks call. What is beside
 * the article stands in its room: `import { KNeighborsClassifier } from "deep-features/classifiers"`.
 *
 * @module
 */

// § 1–3: the images
export {
  type Dataset,
  firstImages,
  type ImageFolder,
  leaveOut,
  loadCifar10,
  loadImageFolder,
  normalize,
  oneHot,
  shuffle,
  sliceSplit,
  sourceNotice,
  type Split,
  takeRows,
  trainTestSplit,
  trainValidationSplit,
} from "./dataset/mod.ts";

// § 4: the network
export { type Compute, setUpCompute } from "./backend/mod.ts";
export {
  buildCnn,
  buildResidualCnn,
  type History,
  loadModel,
  predictClasses,
  RESIDUAL_TRAINING,
  saveModel,
  trainCnn,
  type TrainOptions,
} from "./cnn/mod.ts";

// § 5: the hidden layer
export { Matrix } from "./base/mod.ts";
export { type FeatureOptions, hiddenFeatures } from "./cnn/mod.ts";
export { kept } from "./article/mod.ts";
export { Umap, type UmapOptions } from "./umap/mod.ts";

// § 6: the support vector machine
export { Svc, type SvcOptions } from "./svm/mod.ts";
export { GridSearch } from "./model_selection/mod.ts";
export {
  accuracyInterval,
  accuracyScore,
  classificationReport,
  type ConfusionMatrix,
  confusionMatrix,
  mcNemarTest,
  neighborAccuracy,
  pairedDifference,
  silhouetteScore,
  trustworthiness,
} from "./metrics/mod.ts";

// § 7: what else there is
export {
  accuraciesBySeed,
  besidePublished,
  compareClassifiers,
  compareLayers,
  comparePairs,
  compareUnseen,
  type Comparison,
  formatP,
  METHOD_NAMES,
  methodSeconds,
  networkRows,
  pairInWords,
  type Preset,
  readPreset,
  softmaxControls,
  summarizeMethods,
  summarizeUnseen,
  type TrainedCnn,
  trainedCnn,
  tuneMethods,
} from "./article/mod.ts";

// What a reader sees
export { type OnProgress, type Progress, type RunOptions } from "./base/mod.ts";
export { progressLine } from "./notebook/mod.ts";
export {
  classScatter,
  comparisonChart,
  confusionHeatmap,
  type Figure,
  gridSearchHeatmap,
  imageGrid,
  type InteractiveFigure,
  interactiveMap,
  learningCurves,
  saveFigure,
  showTable,
  type Table,
  trainingSizeCurves,
} from "./plots/mod.ts";

// Where the variable SWEEP_QUEUE names a queue, parts of long work go there; only then is this room loaded.
import { provideElsewhere } from "./base/elsewhere.ts";
provideElsewhere(async (address) => (await import("./sweep/mod.ts")).openSweep(address));
