import { describe } from "./check.ts";

/** Labels that an `Int32Array` holds: classes are kept in one. */
const MIN_LABEL = -(2 ** 31), MAX_LABEL = 2 ** 31 - 1;

/**
 * Checks class labels: an array, or typed array, of whole numbers.
 *
 * @param name What errors call them
 * @throws {TypeError} If they are no array, or one of them is no number
 * @throws {RangeError} If one is no whole number
 */
export function assertLabels(labels: unknown, name = "y"): asserts labels is ArrayLike<number> {
  if (!isList(labels)) {
    throw new TypeError(
      `${name} must be an array of class labels (whole numbers), got ${describe(labels)}`,
    );
  }
  for (let i = 0; i < labels.length; i++) {
    const label = labels[i];
    if (Number.isSafeInteger(label)) continue;
    const text = `Label ${describe(label)} at ${i} of ${name} is no whole number`;
    if (typeof label === "number") throw new RangeError(text);
    throw new TypeError(`${text}: encode classes as 0, 1, 2, …`);
  }
}

function isList(value: unknown): value is ArrayLike<unknown> {
  return Array.isArray(value) || (ArrayBuffer.isView(value) && !(value instanceof DataView));
}

/**
 * Checks that true and predicted labels belong together.
 *
 * @throws {TypeError} If one of them is no array of numbers
 * @throws {RangeError} If there are none, their numbers differ, or one is no whole number
 */
export function assertLabelPairs(yTrue: unknown, yPred: unknown): void {
  assertLabels(yTrue, "yTrue");
  assertLabels(yPred, "yPred");
  if (yTrue.length === 0) throw new RangeError("There are no labels to compare");
  if (yTrue.length !== yPred.length) {
    throw new RangeError(
      `Cannot compare ${yTrue.length} true labels with ${yPred.length} predicted ones`,
    );
  }
}

/** The labels that occur, in rising order. */
export function distinctLabels(...lists: readonly ArrayLike<number>[]): number[] {
  const found = new Set<number>();
  // −0 and 0 are one label.
  for (const list of lists) for (let i = 0; i < list.length; i++) found.add(list[i]! + 0);
  return [...found].sort((a, b) => a - b);
}

/**
 * Class labels as positions among the classes.
 *
 * @returns The classes in rising order, and the position of each label among them
 * @throws {TypeError} If `y` is no array of numbers
 * @throws {RangeError} If a label is no whole number, or none of 32 bits
 */
export function encodeLabels(y: ArrayLike<number>): { classes: Int32Array; codes: Int32Array } {
  assertLabels(y);
  const distinct = distinctLabels(y);
  for (const label of [distinct[0], distinct.at(-1)]) {
    if (label !== undefined && (label < MIN_LABEL || label > MAX_LABEL)) {
      throw new RangeError(
        `Label ${label} is beyond 32 bits, in which classes are kept: labels must be from ` +
          `${MIN_LABEL} to ${MAX_LABEL}`,
      );
    }
  }
  const position = new Map(distinct.map((label, i) => [label, i]));
  return {
    classes: Int32Array.from(distinct),
    codes: Int32Array.from({ length: y.length }, (_, i) => position.get(y[i]!)!),
  };
}

/**
 * The share of labels that were predicted right.
 *
 * @throws {TypeError} If one of the two is no array of numbers
 * @throws {RangeError} If there are no labels, their numbers differ, or one is no whole number
 */
export function accuracy(yTrue: ArrayLike<number>, yPred: ArrayLike<number>): number {
  assertLabelPairs(yTrue, yPred);
  let right = 0;
  for (let i = 0; i < yTrue.length; i++) if (yTrue[i] === yPred[i]) right++;
  return right / yTrue.length;
}

/** The place of the largest value in each row of `cols` values, the first of several. */
export function argMaxRows(values: ArrayLike<number>, cols: number): Int32Array<ArrayBuffer> {
  return Int32Array.from({ length: values.length / cols }, (_, row) => {
    const begin = row * cols;
    let best = begin;
    for (let at = begin + 1; at < begin + cols; at++) if (values[at]! > values[best]!) best = at;
    return best - begin;
  });
}
