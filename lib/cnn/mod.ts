/**
 * Convolutional networks: build, train, read a hidden layer, predict, save and load.
 * May import `backend/`, `compute/`, `dataset/`, `notebook/` and `base/`.
 *
 * @module
 */
import { showModels } from "./show_model.ts";

showModels();

export { CheckpointError } from "./engine/checkpoint.ts";
export type { Augment } from "./engine/augment.ts";
export type { ClassWeight } from "./engine/class_weights.ts";
export type { EarlyStopping } from "./engine/early_stopping.ts";
export type { EpochLog, History } from "./engine/history.ts";
export type { ImageArrays, Images, LabeledImages, Labels } from "./engine/image_arrays.ts";
export { buildCnn, type BuildCnnOptions, compileCnn } from "./build_cnn.ts";
export { buildResidualCnn, RESIDUAL_TRAINING } from "./build_residual_cnn.ts";
export { copyWeights } from "./copy_weights.ts";
export {
  type FeatureOptions,
  hiddenFeatures,
  type InferenceOptions,
  type LayersFeatureOptions,
  type Pooling,
  predictClasses,
  type PredictionOptions,
} from "./hidden_features.ts";
export type { LearningOptions } from "./learning_options.ts";
export {
  cosine,
  type CosineOptions,
  type LearningRate,
  oneCycle,
  type OneCycleOptions,
  type Schedule,
  type ScheduleText,
  stepDecay,
  type StepDecayOptions,
} from "./learning_rate.ts";
export type { NetworkOptions } from "./network_size.ts";
export type { Network } from "./network_text.ts";
export { type PixelScale, type Preprocessing } from "./preprocessing.ts";
export { loadModel, type LoadModelOptions } from "./load_model.ts";
export { saveModel } from "./save_model.ts";
export { type BatchLog, trainCnn, type TrainOptions } from "./train_cnn.ts";
