import { checkValue, whole } from "../base/check.ts";
import { trainingCount, VALIDATION_SPLIT } from "../dataset/split.ts";

/** Rows of a training set, from `begin` to before `end`. */
export interface Rows {
  readonly begin: number;
  readonly end: number;
}

/**
 * What the article's training makes of so many training images: the network learns from the first four
 * fifths, and never from the last, its validation images.
 *
 * @throws {RangeError} If the number is unusable
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { networkRows } from "deep-features/article";
 *
 * const { learned, validation } = networkRows(50_000);
 * assert.deepEqual(learned, { begin: 0, end: 40_000 });
 * assert.deepEqual(validation, { begin: 40_000, end: 50_000 });
 * ```
 */
export function networkRows(images: number): { learned: Rows; validation: Rows } {
  checkValue("The number of images", images, whole(2));
  const border = trainingCount(images, VALIDATION_SPLIT);
  return { learned: { begin: 0, end: border }, validation: { begin: border, end: images } };
}
