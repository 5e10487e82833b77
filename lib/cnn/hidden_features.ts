import * as tf from "@tensorflow/tfjs";
import { interruptible } from "../notebook/interrupt.ts";
import { Matrix } from "../base/matrix.ts";
import { createBreather } from "../notebook/progress.ts";
import type { OnProgress } from "../base/run_options.ts";
import { countImages, imageBatch, type Images, range } from "./engine/batches.ts";
import { createForwardPass } from "./engine/forward.ts";

/** Options of everything that runs images through a trained model. */
export interface InferenceOptions {
  /** Images in a batch; default 500. The result does not depend on it. */
  readonly batchSize?: number;
  /** Told after each batch how many images are done. */
  readonly onProgress?: OnProgress;
  /** Stops the work between two batches. */
  readonly signal?: AbortSignal;
}

/** Options of {@linkcode hiddenFeatures}. */
export interface FeatureOptions extends InferenceOptions {
  /** Name of the layer whose output is wanted; default `"hidden"`. */
  readonly layer?: string;
}

/**
 * The outputs of one layer for each image, in batches: by default those of `hidden`, before its ReLU,
 * the features of the article.
 *
 * @param images Images [n, height, width, channels]
 * @returns [n, units of the layer]; a layer with height, width and channels is flattened
 * @throws {RangeError} If the model has no such layer, or the images do not fit it
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { buildCnn, hiddenFeatures, setUpCompute } from "deep-features";
 *
 * await setUpCompute({ quiet: true });
 * const model = buildCnn({ seed: 1, inputShape: [8, 8, 3] });
 * const features = await hiddenFeatures(model, new Uint8Array(3 * 8 * 8 * 3));
 * assert(features.rows === 3 && features.cols === 512);
 * ```
 */
export async function hiddenFeatures(
  model: tf.LayersModel,
  images: Images,
  options: FeatureOptions = {},
): Promise<Matrix> {
  const { layer = "hidden" } = options;
  const pass = createForwardPass(model, { until: layer });
  const { shape, count } = countImages(model, images);
  const units = (model.getLayer(layer).outputShape as number[]).slice(1).reduce(
    (a, b) => a * b,
    1,
  );
  const features = new Float32Array(count * units);
  await inBatches(count, options, async (begin, end) => {
    const output = tf.tidy(() =>
      pass.apply(imageBatch(images, shape, range(begin, end), pass.onesChannel))
    );
    features.set(await output.data<"float32">(), begin * units);
    output.dispose();
  });
  return new Matrix(features, count, units);
}

/**
 * The class of each image: the one with the largest soft-max output.
 *
 * @param images Images [n, height, width, channels]
 * @returns n class indices
 * @throws {RangeError} If the images do not fit the model
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { buildCnn, predictClasses, setUpCompute } from "deep-features";
 *
 * await setUpCompute({ quiet: true });
 * const model = buildCnn({ seed: 1, inputShape: [8, 8, 3] });
 * const classes = await predictClasses(model, new Uint8Array(3 * 8 * 8 * 3));
 * assert(classes.length === 3);
 * ```
 */
export async function predictClasses(
  model: tf.LayersModel,
  images: Images,
  options: InferenceOptions = {},
): Promise<Int32Array> {
  const pass = createForwardPass(model, { logits: true });
  const { shape, count } = countImages(model, images);
  const classes = new Int32Array(count);
  await inBatches(count, options, async (begin, end) => {
    const largest = tf.tidy(() =>
      tf.argMax(
        pass.apply(
          imageBatch(images, shape, range(begin, end), pass.onesChannel),
        ),
        1,
      )
    );
    classes.set(await largest.data<"int32">(), begin);
    largest.dispose();
  });
  return classes;
}

async function inBatches(
  count: number,
  options: InferenceOptions,
  work: (begin: number, end: number) => Promise<void>,
): Promise<void> {
  const { batchSize = 500, onProgress, signal } = options;
  if (!Number.isInteger(batchSize) || batchSize < 1) {
    throw new RangeError(
      `batchSize must be a whole number of at least 1, got ${batchSize}`,
    );
  }
  await interruptible(signal, async (signal) => {
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
