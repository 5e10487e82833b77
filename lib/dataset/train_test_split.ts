import { callable, checkOptions, custom, type Rules, seed as seedRule } from "../base/check.ts";
import { permutation, seededRandom } from "../base/random.ts";
import { assertSplit, type Split, takeRows } from "./split.ts";

/** What {@linkcode trainTestSplit} can be told. */
export interface TrainTestOptions {
  /** Share of the images that goes to the test set, between 0 and 1; default 0.25, scikit-learn's. */
  readonly testSize?: number;
  /** Default 0; the same seed gives the same split. */
  readonly seed?: number;
  /** Told where a small class would be missing from a part; default: standard error. */
  readonly warn?: (message: string) => void;
}

const RULES: Rules<TrainTestOptions> = {
  testSize: custom(
    "between 0 and 1",
    (value) => typeof value === "number",
    (value) => (value as number) > 0 && (value as number) < 1,
  ),
  seed: seedRule,
  warn: callable,
};

/**
 * Parts images into a training and a test set, in random order, each class in the same proportions
 * (scikit-learn's `train_test_split(stratify=y)`): the test set has ⌈testSize · n⌉ images, and what is left
 * over after each class's whole share goes to the classes with the largest rest, by chance among equals.
 * Unlike there, every class keeps at least one image in both parts; where its share would be none, that is
 * said.
 *
 * @returns New splits; the given one stays as it is
 * @throws {TypeError} If an option is of a wrong kind or unknown
 * @throws {RangeError} If the share is not between 0 and 1, the seed is not a whole number, or a class
 *   has a single image
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { trainTestSplit } from "deep-features";
 *
 * const images = { images: new Uint8Array(8 * 3), labels: Uint8Array.of(0, 0, 0, 0, 1, 1, 1, 1) };
 * const { train, test } = trainTestSplit({ ...images, shape: [8, 1, 1, 3] }, { seed: 1 });
 * assert(train.shape[0] === 6 && test.labels.toSorted().join() === "0,1");
 * ```
 */
export function trainTestSplit(
  split: Split,
  options: TrainTestOptions = {},
): { train: Split; test: Split } {
  checkOptions("trainTestSplit", options, RULES);
  const { testSize = 0.25, seed = 0, warn = console.warn } = options;
  assertSplit(split);
  const random = seededRandom(seed);
  const rowsOfClass = [...Map.groupBy(split.labels.keys(), (row) => split.labels[row]!)]
    .sort(([a], [b]) => a - b);
  for (const [label, rows] of rowsOfClass) {
    if (rows.length < 2) {
      throw new RangeError(`Class ${label} has a single image: cannot train and test with it`);
    }
  }
  const counts = rowsOfClass.map(([, rows]) => rows.length);
  const wanted = Math.ceil(testSize * split.labels.length);
  const testCounts = allocate(counts, wanted, random);
  const moved = keepOneEach(counts, testCounts).map((i) => rowsOfClass[i]![0]);
  if (moved.length > 0) {
    warn(
      `Class ${
        moved.join(", ")
      } would be missing from the training or the test set at a test share of ` +
        `${testSize}, so one of its images is kept there`,
    );
  }
  const train: number[] = [], test: number[] = [];
  rowsOfClass.forEach(([, rows], i) =>
    permutation(rows.length, random).forEach((place, k) =>
      (k < testCounts[i]! ? test : train).push(rows[place]!)
    )
  );
  const mixed = (rows: number[]) =>
    takeRows(split, permutation(rows.length, random).map((place) => rows[place]!));
  return { train: mixed(train), test: mixed(test) };
}

/** Shares `wanted` among classes in proportion: whole shares first, then the largest rests, ties by chance. */
function allocate(counts: readonly number[], wanted: number, random: () => number): number[] {
  const n = counts.reduce((a, b) => a + b);
  // count · wanted is exact, so that equal rests are equal.
  const shares = counts.map((count) => Math.floor(count * wanted / n));
  const rests = counts.map((count) => (count * wanted) % n);
  const left = wanted - shares.reduce((a, b) => a + b);
  const chance = permutation(counts.length, random);
  const order = [...counts.keys()].sort((a, b) => rests[b]! - rests[a]! || chance[a]! - chance[b]!);
  for (const i of order.slice(0, left)) shares[i]!++;
  return shares;
}

/**
 * Sees to it that each class has an image in both parts: the class that has most above one there gives one
 * up where any can, so that the sizes stay.
 *
 * @returns The classes that were given one
 */
function keepOneEach(counts: readonly number[], testCounts: number[]): number[] {
  const moved: number[] = [];
  for (const [i, count] of counts.entries()) {
    const step = testCounts[i] === 0 ? 1 : testCounts[i] === count ? -1 : 0;
    if (step === 0) continue;
    moved.push(i);
    testCounts[i]! += step;
    const spare = counts.map((count, k) => step > 0 ? testCounts[k]! : count - testCounts[k]!);
    const giver = spare.indexOf(Math.max(...spare));
    if (giver !== i && spare[giver]! > 1) testCounts[giver]! -= step;
  }
  return moved;
}
