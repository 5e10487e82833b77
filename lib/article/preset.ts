/** The sizes of a run of the notebooks. */
export interface Preset {
  readonly name: "article" | "quick";
  /** Most training images; the first ones are taken. */
  readonly trainImages: number;
  /** Most test images. */
  readonly testImages: number;
  /** Epochs that the CNN trains. */
  readonly epochs: number;
  readonly batchSize: number;
  /** Most rows that UMAP lays out. */
  readonly umapRows: number;
  /** Most rows of the grid search. */
  readonly gridRows: number;
  /** Folds of the grid search. */
  readonly folds: number;
  /** Most rows that the random forest learns from. */
  readonly forestRows: number;
  /** Most training rows of the comparison of layers. */
  readonly layerRows: number;
  /** Seeds of the networks that are compared at the end; the first is that of all other notebooks. */
  readonly seeds: readonly number[];
}

/** The article's own sizes. */
const ARTICLE: Preset = {
  name: "article",
  trainImages: 50_000,
  testImages: 10_000,
  epochs: 20,
  batchSize: 128,
  umapRows: 50_000,
  gridRows: 10_000,
  folds: 5,
  forestRows: 50_000,
  layerRows: 10_000,
  seeds: [0],
};

/** A few thousand images and two epochs: everything runs, in a minute or two. */
const QUICK: Preset = {
  name: "quick",
  trainImages: 4000,
  testImages: 1000,
  epochs: 2,
  batchSize: 128,
  umapRows: 1500,
  gridRows: 600,
  folds: 3,
  forestRows: 1000,
  layerRows: 1000,
  seeds: [0, 1],
};

/** Most networks that can be asked for: each takes minutes to train. */
const MAX_SEEDS = 20;

/**
 * The sizes that the environment variable `PRESET` names, `article` (the default) or `quick`, for as many
 * networks as `SEEDS` says (a whole number from 1 to 20; their seeds are 0, 1, …). Without it the article
 * compares one network, so that all notebooks run in a quarter of an hour, and `quick` two.
 *
 * @throws {RangeError} If the name is neither of the two, or the number of seeds is unusable
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { readPreset } from "deep-features";
 *
 * assert(readPreset("article").epochs === 20);
 * assert(readPreset("article", "5").seeds.join() === "0,1,2,3,4");
 * ```
 */
export function readPreset(
  name: string = Deno.env.get("PRESET") || "article",
  seeds: string | undefined = Deno.env.get("SEEDS") || undefined,
): Preset {
  const preset = [ARTICLE, QUICK].find((preset) => preset.name === name);
  if (!preset) throw new RangeError(`PRESET must be article or quick, got ${name}`);
  if (seeds === undefined) return preset;
  const count = Number(seeds);
  if (!(Number.isInteger(count) && count >= 1 && count <= MAX_SEEDS)) {
    throw new RangeError(`SEEDS must be a whole number from 1 to ${MAX_SEEDS}, got ${seeds}`);
  }
  return { ...preset, seeds: Array.from({ length: count }, (_, seed) => seed) };
}
