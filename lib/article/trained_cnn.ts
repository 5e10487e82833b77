import { join } from "@std/path";
import * as tf from "@tensorflow/tfjs";
import { buildCnn } from "../cnn/build_cnn.ts";
import { loadModel, saveModel } from "../cnn/save_model.ts";
import { type History, trainCnn } from "../cnn/train_cnn.ts";
import type { Dataset } from "../dataset/load_cifar10.ts";
import type { OnProgress } from "../base/run_options.ts";
import { cachePath, fingerprint } from "./cache.ts";

/** How the article's network is trained. */
export interface TrainedCnnOptions {
  readonly epochs: number;
  readonly batchSize: number;
  readonly seed: number;
  /** Told after each batch. */
  readonly onProgress?: OnProgress;
  readonly signal?: AbortSignal;
}

/** A trained network with the figures of its training. */
export interface TrainedCnn {
  readonly model: tf.LayersModel;
  readonly history: History;
  /** Whether it was trained just now, and not read from `data/`. */
  readonly isNew: boolean;
}

const HISTORY_FILE = "history.json";

/**
 * The article's network trained on a data set: read from `data/` if it was trained with the same images,
 * settings and backend before, else trained now and kept there.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { setUpCompute, trainedCnn } from "deep-features";
 *
 * await setUpCompute({ quiet: true });
 * const images = new Uint8Array(20 * 32 * 32 * 3), labels = new Uint8Array(20).map((_, i) => i % 2);
 * const split = { images, labels, shape: [20, 32, 32, 3] as const };
 * const classNames = ["dark", "darker"];
 * const data = { train: split, test: split, classNames, source: "stand-in", official: false } as const;
 * const { history } = await trainedCnn(data, { epochs: 1, batchSize: 10, seed: 1 });
 * assert(history.loss.length === 1);
 * ```
 */
export async function trainedCnn(data: Dataset, options: TrainedCnnOptions): Promise<TrainedCnn> {
  const { epochs, batchSize, seed, onProgress, signal } = options;
  const folder = cachePath("cnn", {
    images: fingerprint(data),
    epochs,
    batchSize,
    seed,
    backend: tf.getBackend(),
  });
  const text = await Deno.readTextFile(join(folder, HISTORY_FILE)).catch(() => undefined);
  if (text !== undefined) {
    return { model: await loadModel(folder), history: JSON.parse(text), isNew: false };
  }
  const model = buildCnn({ seed, classes: data.classNames.length });
  const history = await trainCnn(model, data.train.images, data.train.labels, {
    epochs,
    batchSize,
    seed,
    ...(signal ? { signal } : {}),
    onBatch: ({ epoch, batch, batches, loss, accuracy }) =>
      onProgress?.({
        done: epoch * batches + batch + 1,
        total: epochs * batches,
        message: `epoch ${epoch + 1}/${epochs}: loss ${loss.toFixed(3)}, accuracy ${
          accuracy.toFixed(3)
        }`,
      }),
  });
  await saveModel(model, folder, { [HISTORY_FILE]: JSON.stringify(history) });
  return { model, history, isNew: true };
}
