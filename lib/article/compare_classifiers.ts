import { elsewhere } from "../base/elsewhere.ts";
import type { Dataset } from "../dataset/load_cifar10.ts";
import {
  CLASSIFIER_COMPARISON_RULES,
  type ClassifierComparisonOptions,
  comparisonParts,
  type SeedComparison,
} from "./comparison_parts.ts";
import type { ArticleElsewhere } from "./elsewhere.ts";
import { checkComparison } from "./network_settings.ts";
import type { Outcome } from "./outcome.ts";
import type { Preset } from "./preset.ts";

/** What each method made of the network of one seed. */
export interface Comparison {
  readonly seed: number;
  /** By the keys of {@linkcode METHOD_NAMES}. */
  readonly outcomes: Readonly<Record<string, Outcome>>;
}

/**
 * The softmax and other classifiers on the hidden layer of a network trained from one seed: support vector
 * machines (RBF and linear), logistic regression (on `acti3`, too), nearest neighbors, a random forest; each
 * with its defaults and tuned.
 *
 * The outcome of each is kept in `data/` by itself, with its seconds: an interrupted comparison goes on
 * where it was, and a further classifier leaves the others as they are. The softmax's seconds of fitting
 * are those of training the whole network.
 *
 * @throws {TypeError} If an option is unknown or of the wrong kind
 * @throws {RangeError} If an option is out of its range, or a tuned method is asked for without its tuning
 * @throws {DOMException} If the signal aborts
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { compareClassifiers, readPreset, setUpCompute } from "deep-features";
 *
 * await setUpCompute({ quiet: true });
 * Deno.env.set("ARTICLE_CACHE", await Deno.makeTempDir());
 * const labels = Uint8Array.from({ length: 40 }, (_, i) => i % 2);
 * const images = Uint8Array.from({ length: 40 * 3072 }, (_, i) => 200 * labels[Math.floor(i / 3072)]!);
 * const split = { images, labels, shape: [40, 32, 32, 3] as const };
 * const classNames = ["dark", "bright"];
 * const data = { train: split, test: split, classNames, source: "stand-in", official: false } as const;
 * const preset = { ...readPreset("quick"), epochs: 1, batchSize: 10 };
 * const { outcomes } = await compareClassifiers(data, preset, 1);
 * assert.equal(outcomes["svm"]!.predicted.length, 40);
 * ```
 */
export function compareClassifiers(
  data: Dataset,
  preset: Preset,
  seed: number,
  options?: ClassifierComparisonOptions,
): Promise<Comparison>;
/**
 * The same for several networks, a seed each. Where `SWEEP_QUEUE` names a queue, its workers train all networks
 * and fit all classifiers that are not in `data/` yet (see `docs/sweeps.md`), with the same outcomes.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { compareClassifiers, readPreset, setUpCompute } from "deep-features";
 *
 * await setUpCompute({ quiet: true });
 * Deno.env.set("ARTICLE_CACHE", await Deno.makeTempDir());
 * const labels = Uint8Array.from({ length: 40 }, (_, i) => i % 2);
 * const images = Uint8Array.from({ length: 40 * 3072 }, (_, i) => 200 * labels[Math.floor(i / 3072)]!);
 * const split = { images, labels, shape: [40, 32, 32, 3] as const };
 * const classNames = ["dark", "bright"];
 * const data = { train: split, test: split, classNames, source: "stand-in", official: false } as const;
 * const preset = { ...readPreset("quick"), epochs: 1, batchSize: 10 };
 * const comparisons = await compareClassifiers(data, preset, [1, 2], { methods: ["softmax"] });
 * assert.deepEqual(comparisons.map(({ seed }) => seed), [1, 2]);
 * ```
 */
export function compareClassifiers(
  data: Dataset,
  preset: Preset,
  seeds: readonly number[],
  options?: ClassifierComparisonOptions,
): Promise<Comparison[]>;
export async function compareClassifiers(
  data: Dataset,
  preset: Preset,
  seeds: number | readonly number[],
  options: ClassifierComparisonOptions = {},
): Promise<Comparison | Comparison[]> {
  checkComparison("compareClassifiers", options, CLASSIFIER_COMPARISON_RULES);
  const { signal } = options;
  const all = typeof seeds === "number" ? [seeds] : seeds;
  const plan = (seed: number) => comparisonParts(data, preset, seed, options);
  const workers = await elsewhere<ArticleElsewhere>();
  await workers?.compare(data, all.map(plan), signal);
  const comparisons: Comparison[] = [];
  // One plan at a time, as each keeps the features of its network.
  for (const seed of all) comparisons.push(await outcomesOf(plan(seed), signal));
  return typeof seeds === "number" ? comparisons[0]! : comparisons;
}

/** Reads the outcomes of a seed from the cache, or makes them, one after the other. */
async function outcomesOf(
  { seed, parts }: SeedComparison,
  signal: AbortSignal | undefined,
): Promise<Comparison> {
  const outcomes: Record<string, Outcome> = {};
  for (const { method, outcome } of parts) {
    signal?.throwIfAborted();
    outcomes[method] = await outcome();
  }
  return { seed, outcomes };
}
