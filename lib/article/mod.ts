export { compareClassifiers, type Predictions } from "./compare_classifiers.ts";
export { type Preset, readPreset } from "./preset.ts";
export { type TrainedCnn, trainedCnn, type TrainedCnnOptions } from "./trained_cnn.ts";
