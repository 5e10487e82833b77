import * as tf from "@tensorflow/tfjs";
import { checkOptions, type Rules, text, whole } from "../base/check.ts";
import { Matrix } from "../base/matrix.ts";
import { RUN_RULES, type RunOptions } from "../base/run_options.ts";
import { interruptible } from "../notebook/interrupt.ts";
import { createBreather } from "../notebook/progress.ts";
import { imageBatch, predictionBatch, range } from "./engine/batches.ts";
import { createForwardPass } from "./engine/forward.ts";
import { checkImages, type ImageArrays } from "./engine/image_arrays.ts";
import { noticeFallbacks } from "./engine/notice_fallbacks.ts";
import { predictedClass } from "./engine/objective.ts";

/** Options of everything that runs images through a trained model. */
export interface InferenceOptions extends RunOptions {
  /**
   * Images in a batch; default 500, or fewer where a layer puts out very much for one. The result does not
   * depend on it.
   */
  readonly batchSize?: number | undefined;
}

const INFERENCE_RULES: Rules<InferenceOptions> = { batchSize: whole(1), ...RUN_RULES };

/** Options of {@linkcode hiddenFeatures}. */
export interface FeatureOptions extends InferenceOptions {
  /** Name of the layer whose output is wanted; default `"hidden"`. */
  readonly layer?: string | undefined;
}

const FEATURE_RULES: Rules<FeatureOptions> = { layer: text, ...INFERENCE_RULES };

/**
 * The outputs of one layer for each image, in batches: by default those of `hidden`, before its ReLU,
 * the features of the article. Any layers model with one input will do, whatever the arrangement of its
 * layers; the layer may stand in a model inside.
 *
 * @param data Images with their shape, such as a split
 * @returns [n, units of the layer]; a layer with height, width and channels is flattened
 * @throws {TypeError} If an option is unknown or of the wrong kind, or the images have no shape
 * @throws {RangeError} If the model has no such layer, or the images do not fit it or are not finite
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { buildCnn, hiddenFeatures, setUpCompute } from "deep-features";
 *
 * await setUpCompute({ quiet: true });
 * const model = buildCnn({ seed: 1, inputShape: [8, 8, 3] });
 * const images = new Uint8Array(3 * 8 * 8 * 3);
 * const features = await hiddenFeatures(model, { images, shape: [3, 8, 8, 3] });
 * assert(features.rows === 3 && features.cols === 512);
 * ```
 */
export async function hiddenFeatures(
  model: tf.LayersModel,
  data: ImageArrays,
  options: FeatureOptions = {},
): Promise<Matrix> {
  checkOptions("hiddenFeatures", options, FEATURE_RULES);
  const pass = createForwardPass(model, { until: options.layer ?? "hidden" });
  const count = checkImages(model, data);
  let features = new Float32Array(0);
  const work = async (begin: number, end: number) => {
    const output = tf.tidy(() => pass.apply(imageBatch(data, range(begin, end), pass.onesChannel)));
    const units = output.size / (end - begin);
    if (begin === 0) features = new Float32Array(count * units);
    features.set(await output.data<"float32">(), begin * units);
    output.dispose();
  };
  await noticeFallbacks("hiddenFeatures", () => inBatches(count, pass.widest, options, work));
  return new Matrix(features, count, features.length / count);
}

/**
 * The class of each image: the one with the largest score. For a network with one output unit, class 1 is
 * a score above 0.5 (above 0 if it was compiled with a hinge loss).
 *
 * @param data Images with their shape, such as a split
 * @returns n class indices
 * @throws {TypeError} If an option is unknown or of the wrong kind, or the images have no shape
 * @throws {RangeError} If the images do not fit the model or are not finite
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { buildCnn, predictClasses, setUpCompute } from "deep-features";
 *
 * await setUpCompute({ quiet: true });
 * const model = buildCnn({ seed: 1, inputShape: [8, 8, 3] });
 * const images = new Uint8Array(3 * 8 * 8 * 3);
 * const classes = await predictClasses(model, { images, shape: [3, 8, 8, 3] });
 * assert(classes.length === 3);
 * ```
 */
export async function predictClasses(
  model: tf.LayersModel,
  data: ImageArrays,
  options: InferenceOptions = {},
): Promise<Int32Array> {
  checkOptions("predictClasses", options, INFERENCE_RULES);
  const pass = createForwardPass(model, { logits: true });
  const count = checkImages(model, data);
  const classes = new Int32Array(count);
  const work = async (begin: number, end: number) => {
    const predicted = tf.tidy(() =>
      predictedClass(model, pass.apply(imageBatch(data, range(begin, end), pass.onesChannel)))
    );
    classes.set(await predicted.data<"int32">(), begin);
    predicted.dispose();
  };
  await noticeFallbacks("predictClasses", () => inBatches(count, pass.widest, options, work));
  return classes;
}

async function inBatches(
  count: number,
  widest: number,
  options: InferenceOptions,
  work: (begin: number, end: number) => Promise<void>,
): Promise<void> {
  const { batchSize = predictionBatch(widest), onProgress } = options;
  await interruptible(options.signal, async (signal) => {
    const breathe = createBreather();
    for (let begin = 0; begin < count; begin += batchSize) {
      signal?.throwIfAborted();
      const end = Math.min(count, begin + batchSize);
      await work(begin, end);
      onProgress?.({ done: end, total: count });
      await breathe();
    }
  });
}
