/**
 * From a picture to its class: a network, the layer that is read, what becomes of the pixels, and a
 * classifier, kept together in one folder. May import `cnn/`, `dataset/`, `svm/`, `classifiers/`,
 * `backend/`, `notebook/` and `base/`.
 *
 * @module
 */
export { type Classification, Pipeline, type PipelineParts } from "./pipeline.ts";
export { loadPipeline, savePipeline } from "./save_pipeline.ts";
