import { checkValue, custom, listOf, type Rule, type Rules, seed, whole } from "../base/check.ts";
import type { OnProgress } from "../base/run_options.ts";
import { hiddenFeatures } from "../cnn/hidden_features.ts";
import type { LearningOptions } from "../cnn/learning_options.ts";
import { leaveOut } from "../dataset/leave_out.ts";
import type { Dataset } from "../dataset/load_cifar10.ts";
import { sliceSplit } from "../dataset/split.ts";
import { interruptible } from "../notebook/interrupt.ts";
import { progressLine } from "../notebook/progress.ts";
import { entryPath, readEntry, writeEntry } from "./cache.ts";
import {
  checkComparison,
  comparedNetwork,
  COMPARISON_RULES,
  type ComparisonOptions,
} from "./network_settings.ts";
import type { Preset } from "./preset.ts";
import { untrainedCnn } from "./trained_cnn.ts";
import { rowsOf } from "./unseen_draw.ts";
import { UNSEEN_METHOD_NAMES, type UnseenMethod } from "./unseen_methods.ts";
import { type UnseenPart, unseenParts } from "./unseen_parts.ts";

/** What {@linkcode compareUnseen} can be told. */
export interface UnseenOptions extends ComparisonOptions {
  /** Seed of the network that is trained without the two classes; default: the preset's first. */
  readonly seed?: number | undefined;
}

const RULES: Rules<UnseenOptions> = { ...COMPARISON_RULES, seed };

/** How well a method did on two classes that a network has never seen. */
export interface UnseenRow {
  /** Names of the two classes, as in `"cat/dog"`. */
  readonly pair: string;
  /** Images of each of the two that it learned from. */
  readonly count: number;
  /** Which draw of images it was, from 0. */
  readonly draw: number;
  readonly method: UnseenMethod;
  /** Accuracy on all test images of the two. */
  readonly accuracy: number;
}

/** How far a part is when it has learned: then it predicts. */
const LEARNING_SHARE = 0.99;

/** The numbers of images that a preset may name. */
const COUNTS: Rule = custom(
  "a list of whole numbers of at least 1",
  listOf(whole(1)).isKind,
  (value) => (value as readonly number[]).length > 0 && listOf(whole(1)).allows(value),
);

/**
 * Whether a hidden layer serves classes that its network has never seen. A network is trained on all classes but
 * two; then a few images of each of the two are drawn, as the preset says how many and how often, and these learn
 * to tell them apart:
 * - on the network's features, the layer `hidden`: an RBF SVM, logistic regression, and the nearest neighbors (5, or
 *   as many as there are images of a class);
 * - for comparison, the same SVM on pixels in [0, 1], and a network of the same architecture that is trained on these
 *   images alone, **from scratch**.
 *
 * The classifiers have scikit-learn's defaults; logistic regression may take 1,000 steps, so that it comes to its end.
 * Nothing standardizes the features, as its users mostly don't with those of one layer, and as the other comparisons
 * here don't. The network from scratch learns as the first one, with `training`'s options, but in batches of at most
 * 32 and for at least 40 epochs and 150 steps, without validation: early stopping, which would need that, is left
 * out. The draw is the seed of its weights. All methods, and all networks, are given the same images in a draw, and
 * more images are the fewer ones with others added.
 *
 * What each method reached is kept in `data/` by itself, and so is the network: an interrupted comparison goes on
 * where it was. Where `SWEEP_QUEUE` names a queue, one of its workers trains the first network; all else is done here.
 *
 * @param pair Indices of the two classes
 * @throws {TypeError} If an option or the pair is of the wrong kind, or `training` has weights of classes
 * @throws {RangeError} If the classes are not two that there are, fewer than two others are left, there are fewer
 *   images of the two than the preset asks for, or the network has no layer `hidden`
 * @throws {DOMException} If the signal aborts
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { compareUnseen, readPreset, setUpCompute } from "deep-features";
 *
 * await setUpCompute({ quiet: true });
 * Deno.env.set("ARTICLE_CACHE", await Deno.makeTempDir());
 * const labels = Uint8Array.from({ length: 40 }, (_, i) => i % 4);
 * const images = Uint8Array.from({ length: 40 * 192 }, (_, i) => 80 * labels[Math.floor(i / 192)]!);
 * const split = { images, labels, shape: [40, 8, 8, 3] as const };
 * const classNames = ["black", "dark", "pale", "white"];
 * const data = { train: split, test: split, classNames, source: "stand-in", official: false } as const;
 * const sizes = { epochs: 1, batchSize: 10, unseenCounts: [2], unseenDraws: 1 };
 * const rows = await compareUnseen(data, { ...readPreset("quick"), ...sizes }, [1, 3]);
 * assert.equal(rows[0]!.pair, "dark/white");
 * assert.equal(rows.find(({ method }) => method === "svmOnPixels")!.accuracy, 1);
 * ```
 */
export async function compareUnseen(
  data: Dataset,
  preset: Preset,
  pair: readonly [number, number],
  options: UnseenOptions = {},
): Promise<UnseenRow[]> {
  checkComparison("compareUnseen", options, RULES);
  const { unseenCounts: counts, unseenDraws: draws } = preset;
  checkValue("compareUnseen: unseenCounts of the preset", counts, COUNTS);
  checkValue("compareUnseen: unseenDraws of the preset", draws, whole(1));
  const { classWeight, ...learning } = learningOf(options);
  if (classWeight) {
    throw new TypeError(
      "compareUnseen: training must have no classWeight: those of the classes that are seen say nothing of the others",
    );
  }
  const { seen, unseen } = leaveOut(data, pair);
  checkEnough(unseen, Math.max(...counts));
  const name = unseen.classNames.join("/");
  return await interruptible(options.signal, async (signal) => {
    const { build, seed = preset.seeds[0] ?? 0 } = options;
    const network = comparedNetwork(seen, preset, seed, { ...options, signal });
    const plan = { unseen, network, learning, build, counts, draws };
    const parts = unseenParts(plan, signal);
    const known = await Promise.all(parts.map(({ settings }) => readEntry(pathOf(settings))));
    const lacking = parts.filter((_, i) => known[i] === undefined);
    if (lacking.length > 0) await checkLayer(seen, network.training);
    const learned = await learn(lacking, name, signal);
    return parts.map((part, i) => {
      const { count, draw, method } = part;
      const accuracy = learned.get(part) ?? known[i] as number;
      return { pair: name, count, draw, method, accuracy };
    });
  }, () => "what was learned by then is kept");
}

/** Learns parts one after the other, keeps what each reached, and tells how far that is. */
async function learn(
  parts: readonly UnseenPart[],
  name: string,
  signal: AbortSignal | undefined,
): Promise<Map<UnseenPart, number>> {
  const total = parts.reduce((sum, { work }) => sum + work, 0);
  // The network is trained before, under a line of its own: the watch of this one starts at its first word.
  let line: OnProgress | undefined;
  const tell: OnProgress = (now) => (line ??= progressLine(`Learning ${name}`))(now);
  const learned = new Map<UnseenPart, number>();
  let before = 0;
  for (const part of parts) {
    signal?.throwIfAborted();
    const { count, method, work, settings } = part;
    const message = `${UNSEEN_METHOD_NAMES[method]}, ${count} images of each`;
    const onProgress: OnProgress = (now) => {
      const done = before + LEARNING_SHARE * work * now.done / now.total;
      tell({ done, total, message });
    };
    const accuracy = await part.accuracy({ signal, onProgress });
    await writeEntry(pathOf(settings), settings, accuracy);
    learned.set(part, accuracy);
    before += work;
    tell({ done: before, total, message });
  }
  return learned;
}

function pathOf(settings: UnseenPart["settings"]): string {
  return entryPath("unseen", settings);
}

/** How a network from scratch learns: its epochs and batches are others, and it has no validation images. */
function learningOf({ training = {} }: UnseenOptions): LearningOptions {
  const { epochs: _, batchSize: __, earlyStopping: ___, ...learning } = training;
  return learning;
}

function checkEnough({ train, test, classNames }: Dataset, most: number): void {
  for (const [label, name] of classNames.entries()) {
    const there = rowsOf(train.labels, label).length;
    if (there < most) {
      throw new RangeError(
        `compareUnseen: the preset asks for ${most} training images of "${name}", there are ${there}: ` +
          "give smaller unseenCounts",
      );
    }
    if (rowsOf(test.labels, label).length === 0) {
      throw new RangeError(`compareUnseen: there is no test image of "${name}"`);
    }
  }
}

/** A network without the layer is refused before it is trained. */
async function checkLayer(
  data: Dataset,
  training: Parameters<typeof untrainedCnn>[1],
): Promise<void> {
  const { model } = untrainedCnn(data, training);
  try {
    await hiddenFeatures(model, sliceSplit(data.test, 0, 1));
  } finally {
    model.dispose();
  }
}
