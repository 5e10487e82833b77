export type { Images, ImageShape, Labels } from "./batches.ts";
export { buildCnn, type BuildCnnOptions, compileCnn } from "./build_cnn.ts";
export {
  type FeatureOptions,
  hiddenFeatures,
  type InferenceOptions,
  predictClasses,
} from "./layer_outputs.ts";
export { loadModel, saveModel } from "./save_model.ts";
export {
  type BatchLog,
  type EpochLog,
  type History,
  trainCnn,
  type TrainOptions,
} from "./train_cnn.ts";
