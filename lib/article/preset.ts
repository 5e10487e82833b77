import { noteRunFact } from "../base/run_facts.ts";
import { LEFT_OUT, sampledPairs } from "./left_out_pairs.ts";

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
  /** Those of the seeds for which a network is trained on all images, too, without validation. */
  readonly allRowsSeeds: readonly number[];
  /** Those of the seeds for which the controls are trained, too: networks that are held back. */
  readonly controlSeeds: readonly number[];
  /** Epochs that the residual network trains. */
  readonly residualEpochs: number;
  /** Pairs of classes that a network is trained without, to learn them from its features afterwards. */
  readonly unseenPairs: readonly (readonly [number, number])[];
  /** Whether the residual network is trained without them, too, or the article's alone. */
  readonly unseenResidual: boolean;
  /** How often images of such a pair are drawn to learn from. */
  readonly unseenDraws: number;
  /** How many images of each of the two are learned from, in rising order. */
  readonly unseenCounts: readonly number[];
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
  allRowsSeeds: [],
  controlSeeds: [],
  residualEpochs: 10,
  unseenPairs: LEFT_OUT.slice(0, 1),
  unseenResidual: false,
  unseenDraws: 1,
  unseenCounts: [5, 10, 20, 50, 100, 500],
};

/** A few thousand images and two epochs: everything runs, in a minute or two. */
const QUICK: Preset = {
  name: "quick",
  trainImages: 4000,
  testImages: 1000,
  epochs: 2,
  batchSize: 128,
  umapRows: 4000,
  gridRows: 600,
  folds: 3,
  forestRows: 1000,
  layerRows: 1000,
  seeds: [0, 1],
  allRowsSeeds: [0, 1],
  controlSeeds: [0],
  residualEpochs: 2,
  unseenPairs: LEFT_OUT.slice(0, 1),
  unseenResidual: true,
  unseenDraws: 1,
  unseenCounts: [5, 20],
};

/** What the article's sizes are beside where several networks are compared. */
const SEVERAL = {
  residualEpochs: 24,
  unseenPairs: sampledPairs(4),
  unseenResidual: true,
  unseenDraws: 3,
};

/** Most networks that can be asked for: each takes minutes to train. */
const MAX_SEEDS = 20;

/**
 * The sizes that the environment variable `PRESET` names, `article` (the default) or `quick`, for as many
 * networks as `SEEDS` says (a whole number from 1 to 20; their seeds are 0, 1, …). Without it the article
 * compares one network, so that all notebooks run in less than half an hour, and `quick` two.
 *
 * Where several are compared, each seed trains a second network, on all images, and the first seed the
 * controls; `CONTROLS` says for how many of the seeds these are trained (0 to as many as there are). With
 * one seed nothing of that is trained, unless `CONTROLS` asks for it. In the article's sizes, several seeds
 * train the residual network for 24 epochs in place of 10, leave out four pairs of classes in place of one, from
 * both networks, and draw three times from each.
 *
 * In a notebook, `readPreset("quick")` makes everything small without an environment variable.
 *
 * @throws {RangeError} If the name is neither of the two, or a number of seeds is unusable
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { readPreset } from "deep-features";
 *
 * assert(readPreset("article").epochs === 20);
 * assert(readPreset("article", "5").seeds.join() === "0,1,2,3,4");
 * assert(readPreset("article", "5", "2").controlSeeds.join() === "0,1");
 * ```
 */
export function readPreset(
  name: string = Deno.env.get("PRESET") || "article",
  seeds: string | undefined = Deno.env.get("SEEDS") || undefined,
  controls: string | undefined = Deno.env.get("CONTROLS") || undefined,
): Preset {
  const preset = [ARTICLE, QUICK].find((preset) => preset.name === name);
  if (!preset) throw new RangeError(`PRESET must be article or quick, got ${name}`);
  const chosen = seeds === undefined
    ? preset.seeds
    : Array.from({ length: wholeNumber("SEEDS", seeds, 1, MAX_SEEDS) }, (_, seed) => seed);
  noteRunFact("preset", name);
  noteRunFact("seeds", ...chosen);
  if (seeds === undefined && controls === undefined) return preset;
  const held = controls === undefined
    ? Math.min(1, chosen.length - 1)
    : wholeNumber("CONTROLS", controls, 0, chosen.length);
  return {
    ...preset,
    ...(preset === ARTICLE && chosen.length > 1 ? SEVERAL : {}),
    seeds: chosen,
    allRowsSeeds: chosen.length > 1 || held > 0 ? chosen : [],
    controlSeeds: chosen.slice(0, held),
  };
}

function wholeNumber(name: string, text: string, least: number, most: number): number {
  const value = Number(text);
  if (Number.isInteger(value) && value >= least && value <= most) return value;
  throw new RangeError(`${name} must be a whole number from ${least} to ${most}, got ${text}`);
}
