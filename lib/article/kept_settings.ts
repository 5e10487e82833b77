import { currentBackend } from "../backend/set_up_compute.ts";
import { describe } from "../base/check.ts";
import type { Classifier } from "../base/classifier.ts";
import { digest } from "../base/digest.ts";
import type { Matrix } from "../base/matrix.ts";
import { blasChoice } from "../compute/gemm.ts";
import type { FeatureOptions, ImageArrays } from "../cnn/mod.ts";
import { type Network, networkTexts } from "../cnn/network_text.ts";
import { stratifiedKFold } from "../model_selection/stratified_k_fold.ts";
import type { GridSearch } from "../model_selection/grid_search.ts";
import type { Settings } from "./cache.ts";

/** All that features depend on; the size of the batches is not of it. */
export async function featureSettings(
  model: Network,
  { images, shape }: ImageArrays,
  { layer = "hidden", pool = "flatten", preprocessing }: FeatureOptions,
): Promise<Settings> {
  if (typeof model?.getWeights !== "function" || !ArrayBuffer.isView(images)) {
    throw new TypeError("kept(hiddenFeatures) needs a layers model, and images in memory");
  }
  const weights = await Promise.all(model.getWeights().map((weight) => weight.data()));
  return {
    layer,
    pool,
    ...(preprocessing ? { preprocessing } : {}),
    network: digest(networkTexts(model)[0]),
    weights: digest(...weights),
    images: digest(images.constructor.name, images),
    shape,
    backend: currentBackend(),
  };
}

/** All that a fitted classifier depends on. */
export function fitSettings(estimator: Classifier, X: Matrix, y: ArrayLike<number>): Settings {
  return { ...learnerText(estimator), ...rowsText(X, y) };
}

/**
 * All that a search's scores depend on.
 *
 * @throws {TypeError} If it scores by a function, which cannot be told from another
 */
export function searchSettings<P extends object, E extends Classifier>(
  search: GridSearch<P, E>,
  X: Matrix,
  y: ArrayLike<number>,
): Settings {
  const { folds, seed, scoring } = search.options, { candidates } = search;
  if (typeof scoring === "function") {
    throw new TypeError(
      `kept needs a search that scores by name, got ${
        describe(scoring)
      }, which cannot be told from ` +
        "another when the scores are looked for again: use search.fit",
    );
  }
  const parts = typeof folds === "number" ? stratifiedKFold(y, folds, seed) : folds;
  return {
    learner: candidates[0]!.constructor.name,
    combinations: candidates.length,
    candidates: digest(JSON.stringify(candidates.map(learnerText))),
    folds: parts.length,
    parts: digest(...parts.flatMap((part) => [part.train, part.test].map(wholeNumbers))),
    scoring,
    ...rowsText(X, y),
  };
}

/** A classifier's class and options. */
function learnerText({ constructor, options }: Classifier): Settings {
  // JSON has no Infinity; no option has this text as a value.
  const texts = Object.entries(options).map(([name, value]) => [
    name,
    value === Infinity ? "Infinity" : value,
  ]);
  return { learner: constructor.name, ...Object.fromEntries(texts) };
}

/** Rows and labels, by their digests, and the BLAS in use, on which last digits depend. */
function rowsText(X: Matrix, y: ArrayLike<number>): Settings {
  const { blas } = blasChoice();
  return {
    ...(blas ? { blas: blas.name } : {}),
    rows: X.rows,
    columns: X.cols,
    X: digest(X.data),
    y: digest(wholeNumbers(y)),
  };
}

/** Whole numbers, whatever holds them, with how many there are. */
function wholeNumbers(values: ArrayLike<number>): Float64Array {
  return Float64Array.from([values.length, ...Array.from(values)]);
}
