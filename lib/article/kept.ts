import { describe } from "../base/check.ts";
import type { Classifier } from "../base/classifier.ts";
import { Matrix } from "../base/matrix.ts";
import type { OnProgress, RunOptions } from "../base/run_options.ts";
import { type FeatureOptions, hiddenFeatures, type ImageArrays } from "../cnn/mod.ts";
import type { Network } from "../cnn/network_text.ts";
import { loadNpy, saveNpy } from "../dataset/npy.ts";
import { GridSearch } from "../model_selection/grid_search.ts";
import { progressLine } from "../notebook/progress.ts";
import type { Settings } from "./cache.ts";
import { findKept, type Found, keep, type KeptForm } from "./kept_files.ts";
import { fitKeptSearch, fromBefore } from "./kept_search.ts";
import { featureSettings, fitSettings } from "./kept_settings.ts";

/** A classifier that is saved and loaded by itself. */
type Keepable = Classifier & { save(path: string): Promise<void> };

/** Anything that is fitted to rows and labels. */
export interface KeptFit<E> {
  /** As the estimator's own `fit`; what comes back may be another of its class, which learned the same before. */
  fit(X: Matrix, y: ArrayLike<number>, options?: RunOptions): Promise<E>;
}

/** As `hiddenFeatures` for one layer of a layers model. */
export type KeptFeatures = (
  model: Network,
  data: ImageArrays,
  options?: FeatureOptions,
) => Promise<Matrix>;

/**
 * Remembers features in `data/`: `kept(hiddenFeatures)(model, images)` is `hiddenFeatures(model, images)`, but
 * where the same was computed before, in whichever notebook, it is read from there. “The same” is told by a
 * digest of all that goes in, weights, images, options: another value anywhere is another result, and is
 * computed. What is damaged is computed anew, with a word.
 *
 * The line of progress says when something was read, and how long it took to compute: the one that the
 * options give, or one of its own. `deno task cache` lists what is kept.
 *
 * @throws {TypeError} If the images are not in memory, or the model is no layers model
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { buildCnn, hiddenFeatures, kept, setUpCompute } from "deep-features";
 *
 * await setUpCompute({ quiet: true });
 * Deno.env.set("ARTICLE_CACHE", await Deno.makeTempDir());
 * const model = buildCnn({ seed: 1, inputShape: [8, 8, 3] });
 * const images = { images: new Uint8Array(3 * 8 * 8 * 3), shape: [3, 8, 8, 3] } as const;
 * const features = await kept(hiddenFeatures)(model, images);
 * assert.deepEqual(features, await hiddenFeatures(model, images));
 * ```
 */
export function kept(work: typeof hiddenFeatures): KeptFeatures;
/**
 * Remembers the scores of a search: each combination's as soon as they are there, so that a search that was
 * interrupted goes on where it was. (With an `Svc`, whose machines start from each other's solutions, the rest
 * may then differ from an uninterrupted search's by what the solver's tolerance leaves open.)
 *
 * @throws {TypeError} When it is fitted, if it scores by a function, which cannot be told from another
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { GridSearch, kept, Matrix, Svc } from "deep-features";
 *
 * Deno.env.set("ARTICLE_CACHE", await Deno.makeTempDir());
 * const X = Matrix.fromRows(Array.from({ length: 20 }, (_, i) => [i]));
 * const y = Array.from({ length: 20 }, (_, i) => i < 10 ? 0 : 1);
 * const search = new GridSearch((parameters) => new Svc(parameters), { C: [0.1, 1] }, { folds: 2 });
 * assert((await kept(search).fit(X, y)).bestScore > 0.8);
 * ```
 */
export function kept<P extends object, E extends Classifier>(
  work: GridSearch<P, E>,
): KeptFit<GridSearch<P, E>>;
/**
 * Remembers a fitted classifier: `kept(new Svc()).fit(X, y)` is `new Svc().fit(X, y)`, but where one of the
 * same class and options has learned from the same rows and labels before, that one is read.
 *
 * @throws {TypeError} If it is neither a classifier that can be saved, nor a `GridSearch`, nor `hiddenFeatures`
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { kept, Matrix, Svc } from "deep-features";
 *
 * Deno.env.set("ARTICLE_CACHE", await Deno.makeTempDir());
 * const X = Matrix.fromRows([[0, 0], [1, 1], [0, 1], [1, 0]]), y = [0, 0, 1, 1];
 * const first = await kept(new Svc({ C: 10, gamma: 2 })).fit(X, y);
 * let message: string | undefined;
 * const onProgress = (progress: { message?: string }) => message = progress.message;
 * const again = await kept(new Svc({ C: 10, gamma: 2 })).fit(X, y, { onProgress });
 * assert(message!.startsWith("from data/"));
 * assert.deepEqual(await again.predict(X), await first.predict(X));
 * ```
 */
export function kept<E extends Keepable>(work: E): KeptFit<E>;
export function kept(work: unknown): KeptFeatures | KeptFit<unknown> {
  if (work === hiddenFeatures) return keptFeatures;
  if (work instanceof GridSearch) {
    return { fit: (X, y, options = {}) => fitKeptSearch(work, X, y, told(options, "Grid search")) };
  }
  if (isKeepable(work)) return { fit: (X, y, options = {}) => keptFit(work, X, y, options) };
  throw new TypeError(
    "kept takes hiddenFeatures, a classifier that can be saved, or a GridSearch, got " +
      describe(work),
  );
}

/** A fitted classifier that learned the same, if one is kept. */
export async function findFitted<E extends Classifier>(
  estimator: E,
  X: Matrix,
  y: ArrayLike<number>,
): Promise<Found<E> | undefined> {
  if (!isKeepable(estimator)) return undefined;
  return await findKept(formOf(estimator), fitSettings(estimator, X, y)) as Found<E> | undefined;
}

/** The features that `hiddenFeatures` gives: those that are kept, or computed now. */
export async function findFeatures(
  model: Network,
  data: ImageArrays,
  options: FeatureOptions = {},
): Promise<Matrix> {
  return (await findKept(FEATURES, await featureSettings(model, data, options)))?.value ??
    await hiddenFeatures(model, data, options);
}

const FEATURES: KeptForm<Matrix> = {
  kind: "features",
  save: (features, path) => saveNpy(path, features),
  async load(path) {
    const { data, shape } = await loadNpy(path);
    return new Matrix(data as Float32Array, shape[0]!, shape[1]!);
  },
};

async function keptFeatures(
  model: Network,
  data: ImageArrays,
  options: FeatureOptions = {},
): Promise<Matrix> {
  return await findOrMake(FEATURES, await featureSettings(model, data, options), {
    make: () => hiddenFeatures(model, data, options),
    tell: told(options, "Features").onProgress,
  });
}

async function keptFit<E extends Keepable>(
  estimator: E,
  X: Matrix,
  y: ArrayLike<number>,
  options: RunOptions,
): Promise<E> {
  const make = async () => {
    await estimator.fit(X, y, options);
    return estimator;
  };
  // What cannot be learned from is told by the estimator itself.
  if (!(X instanceof Matrix)) return await make();
  return await findOrMake(formOf(estimator), fitSettings(estimator, X, y), {
    make,
    tell: told(options, estimator.constructor.name).onProgress,
  });
}

function formOf<E extends Keepable>(estimator: E): KeptForm<E> {
  const { load } = estimator.constructor as unknown as { load(path: string): Promise<E> };
  return { kind: "fitted", save: (fitted, path) => fitted.save(path), load };
}

async function findOrMake<T>(
  form: KeptForm<T>,
  settings: Settings,
  { make, tell }: { make: () => Promise<T>; tell: OnProgress },
): Promise<T> {
  const found = await findKept(form, settings);
  if (found) {
    tell({ done: 1, total: 1, message: fromBefore(found.seconds) });
    return found.value;
  }
  const start = performance.now();
  const value = await make();
  await keep(form, settings, { value, seconds: (performance.now() - start) / 1000 });
  return value;
}

/** The options with a line of progress: a result from before is never used unsaid. */
function told<O extends RunOptions>(
  options: O,
  label: string,
): O & { readonly onProgress: OnProgress } {
  return { ...options, onProgress: options.onProgress ?? progressLine(label) };
}

function isKeepable(work: unknown): work is Keepable {
  const { fit, save, constructor } = Object(work) as Record<string, unknown>;
  return [fit, save, Object(constructor).load].every((part) => typeof part === "function");
}
