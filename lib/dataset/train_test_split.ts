import { permutation, seededRandom } from "../base/random.ts";
import { assertSplit, type Split, takeRows } from "./split.ts";

/** What {@linkcode trainTestSplit} can be told. */
export interface TrainTestOptions {
  /** Share of each class's images that goes to the test set; default 0.25, scikit-learn's. */
  readonly testSize?: number;
  /** Default 0; the same seed gives the same split. */
  readonly seed?: number;
}

/**
 * Parts images into a training and a test set, in random order, each class in the same proportions
 * (scikit-learn's `train_test_split(stratify=y)`). Every class keeps at least one image in both.
 *
 * @returns New splits; the given one stays as it is
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
  const { testSize = 0.25, seed = 0 } = options;
  if (!(testSize > 0 && testSize < 1)) {
    throw new RangeError(`testSize must be between 0 and 1, got ${testSize}`);
  }
  assertSplit(split);
  const random = seededRandom(seed);
  const train: number[] = [], test: number[] = [];
  const rowsOfClass = Map.groupBy(split.labels.keys(), (row) => split.labels[row]!);
  for (const label of [...rowsOfClass.keys()].sort((a, b) => a - b)) {
    const rows = rowsOfClass.get(label)!;
    if (rows.length < 2) {
      throw new RangeError(`Class ${label} has a single image: cannot train and test with it`);
    }
    const count = Math.min(rows.length - 1, Math.max(1, Math.round(testSize * rows.length)));
    permutation(rows.length, random).forEach((place, i) =>
      (i < count ? test : train).push(rows[place]!)
    );
  }
  const mixed = (rows: number[]) =>
    takeRows(split, permutation(rows.length, random).map((place) => rows[place]!));
  return { train: mixed(train), test: mixed(test) };
}
