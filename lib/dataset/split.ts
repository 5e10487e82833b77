import { checkValue, custom, describe, type Rule, seed as seedRule, whole } from "../base/check.ts";
import { assertLabels } from "../base/labels.ts";
import { permutation, seededRandom } from "../base/random.ts";
import { showSplit } from "./engine/show_images.ts";

/** Images with their labels. */
export interface Split {
  /** Bytes of n images, [n, height, width, channels]: row-major, channels last. */
  readonly images: Uint8Array;
  /** n class indices. */
  readonly labels: Uint8Array;
  /** `[n, height, width, channels]`; 3 channels are red, green and blue, 1 is grey. */
  readonly shape: readonly [number, number, number, number];
}

/** What an option that is a split may be; {@linkcode assertSplit} looks closer. */
export const SPLIT_RULE: Rule = custom(
  "a split with images, labels and shape",
  (value) => typeof value === "object" && value !== null && "images" in value && "shape" in value,
);

/**
 * Checks that the parts of a split fit together.
 *
 * @throws {TypeError} If it is no split
 * @throws {RangeError} If there is no image, or the lengths do not fit the shape
 */
export function assertSplit(split: Split): void {
  const isSplit = typeof split === "object" && split !== null && Array.isArray(split.shape) &&
    split.shape.length === 4 && ArrayBuffer.isView(split.images) &&
    ArrayBuffer.isView(split.labels);
  if (!isSplit) {
    throw new TypeError(
      `A split must be { images, labels, shape: [n, height, width, channels] }, got ${
        describe(split)
      }`,
    );
  }
  const [n, height, width, channels] = split.shape;
  if (n === 0) throw new RangeError("The set of images is empty");
  if (split.images.length !== n * height * width * channels) {
    throw new RangeError(
      `${split.images.length} bytes do not make images of shape [${split.shape.join(", ")}]`,
    );
  }
  if (split.labels.length !== n) {
    throw new RangeError(`${n} images have ${split.labels.length} labels: need one each`);
  }
}

/**
 * The images and labels of the rows named by `rows`, in that order.
 *
 * @throws {RangeError} If a row does not exist
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { takeRows } from "deep-features";
 *
 * const split = { images: new Uint8Array([1, 1, 1, 2, 2, 2]), labels: new Uint8Array([7, 8]) };
 * const second = takeRows({ ...split, shape: [2, 1, 1, 3] }, [1]);
 * assert(second.images.join() === "2,2,2" && second.labels.join() === "8");
 * ```
 */
export function takeRows(split: Split, rows: ArrayLike<number>): Split {
  assertSplit(split);
  const [n, height, width, channels] = split.shape;
  const size = height * width * channels;
  const images = new Uint8Array(rows.length * size);
  const labels = new Uint8Array(rows.length);
  for (let i = 0; i < rows.length; i++) {
    const row = rows[i]!;
    if (!Number.isInteger(row) || row < 0 || row >= n) {
      throw new RangeError(`Cannot take image ${row} of ${n}`);
    }
    images.set(split.images.subarray(row * size, (row + 1) * size), i * size);
    labels[i] = split.labels[row]!;
  }
  return showSplit({ images, labels, shape: [rows.length, height, width, channels] });
}

/**
 * The images `begin` … `end - 1` as a view of the same memory; `end` may lie beyond the last one.
 *
 * @throws {RangeError} If that would be no image
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { sliceSplit } from "deep-features";
 *
 * const split = { images: new Uint8Array([1, 1, 1, 2, 2, 2]), labels: new Uint8Array([7, 8]) };
 * const first = sliceSplit({ ...split, shape: [2, 1, 1, 3] }, 0, 1);
 * assert(first.shape.join() === "1,1,1,3" && first.labels.join() === "7");
 * ```
 */
export function sliceSplit(split: Split, begin: number, end: number): Split {
  assertSplit(split);
  const [n, height, width, channels] = split.shape;
  const size = height * width * channels;
  const last = Math.min(end, n);
  if (!(Number.isInteger(begin) && Number.isInteger(last) && begin >= 0 && begin < last)) {
    throw new RangeError(`Cannot take images ${begin} … ${end} of ${n}: none would be left`);
  }
  return showSplit({
    images: split.images.subarray(begin * size, last * size),
    labels: split.labels.subarray(begin, last),
    shape: [last - begin, height, width, channels],
  });
}

/**
 * Shuffles images and labels together.
 *
 * @param seed The same seed gives the same order
 * @returns A new split; the given one stays as it is
 * @throws {RangeError} If the split is empty or its lengths do not fit
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { shuffle } from "deep-features";
 *
 * const split = { images: new Uint8Array([1, 1, 1, 2, 2, 2]), labels: new Uint8Array([1, 2]) };
 * const shuffled = shuffle({ ...split, shape: [2, 1, 1, 3] }, 7);
 * assert(shuffled.images[0] === shuffled.labels[0]);
 * ```
 */
export function shuffle(split: Split, seed: number): Split {
  assertSplit(split);
  checkValue("shuffle: seed", seed, seedRule);
  return takeRows(split, permutation(split.shape[0], seededRandom(seed)));
}

/** Share of the images, from the end, that is kept for validation where nobody says another: the article's. */
export const VALIDATION_SPLIT = 0.2;

/** How many images, from the beginning, are for training if a share of them, from the end, is for validation. */
export function trainingCount(images: number, validationShare: number): number {
  return Math.floor(images * (1 - validationShare));
}

/**
 * Parts off the last images for validation, as the `validation_split` of Keras does.
 *
 * Warns where the validation part holds a class that the training part lacks, as happens where images lie
 * in the order of their classes: no network can learn what it never sees, so shuffle them first.
 *
 * @param share Share of the images that goes to validation; default 0.2
 * @param warn Where the warning goes; default: standard error
 * @returns Views of the same memory
 * @throws {RangeError} If either part would be empty
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { trainValidationSplit } from "deep-features";
 *
 * const images = new Uint8Array(10 * 3), labels = Uint8Array.from({ length: 10 }, (_, i) => i % 2);
 * const { train, validation } = trainValidationSplit({ images, labels, shape: [10, 1, 1, 3] });
 * assert(train.labels.length === 8 && validation.labels.join() === "0,1");
 * ```
 */
export function trainValidationSplit(
  split: Split,
  share = VALIDATION_SPLIT,
  warn: (message: string) => void = console.warn,
): { train: Split; validation: Split } {
  assertSplit(split);
  const n = split.shape[0];
  const trainCount = trainingCount(n, share);
  if (!(share > 0 && share < 1) || trainCount < 1 || trainCount >= n) {
    throw new RangeError(`Cannot keep a share of ${share} of ${n} images for validation`);
  }
  const train = sliceSplit(split, 0, trainCount), validation = sliceSplit(split, trainCount, n);
  const known = new Set(train.labels);
  const unseen = [...new Set(validation.labels)].filter((label) => !known.has(label));
  if (unseen.length > 0) {
    const classes = unseen.sort((a, b) => a - b).join(", ");
    warn(
      `The validation part holds images of class ${classes}, of which the training part has none: the ` +
        "images seem to lie in the order of their classes. shuffle(split, seed) mixes them",
    );
  }
  return { train, validation };
}

/**
 * Scales bytes to float32 in [0, 1], dividing by 255.
 *
 * @throws {TypeError} If the images are no bytes: they may have been scaled already
 * @throws {RangeError} If there are no images
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { normalize } from "deep-features";
 *
 * assert(normalize(new Uint8Array([0, 51, 255]))[2] === 1);
 * ```
 */
export function normalize(images: Uint8Array): Float32Array {
  if (!(images instanceof Uint8Array || (images as unknown) instanceof Uint8ClampedArray)) {
    throw new TypeError(`Cannot normalize ${describe(images)}: images must be bytes (Uint8Array)`);
  }
  if (images.length === 0) {
    throw new RangeError("Cannot normalize an empty set of images");
  }
  const scaled = new Float32Array(images.length);
  for (let i = 0; i < images.length; i++) scaled[i] = images[i]! / 255;
  return scaled;
}

/**
 * One-hot rows of class indices, one after the other.
 *
 * @param classes Number of classes, the length of a row; default 10
 * @returns [n, classes]
 * @throws {TypeError} If `labels` is no array of numbers
 * @throws {RangeError} If there are no labels, or one lies outside the classes
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { oneHot } from "deep-features";
 *
 * assert(oneHot([2, 0], 3).join() === "0,0,1,1,0,0");
 * ```
 */
export function oneHot(labels: ArrayLike<number>, classes = 10): Float32Array {
  assertLabels(labels, "labels");
  checkValue("oneHot: classes", classes, whole(1));
  if (labels.length === 0) {
    throw new RangeError("Cannot encode an empty set of labels");
  }
  const rows = new Float32Array(labels.length * classes);
  for (let i = 0; i < labels.length; i++) {
    const label = labels[i]!;
    if (!Number.isInteger(label) || label < 0 || label >= classes) {
      throw new RangeError(
        `Label ${label} at ${i} is not one of the ${classes} classes 0 … ${classes - 1}`,
      );
    }
    rows[i * classes + label] = 1;
  }
  return rows;
}
