import type { Labels } from "./image_arrays.ts";

/** What each image shows, as a network learns it. */
export interface Targets {
  /** n class indices; for soft labels the most probable class. */
  readonly classes: Int32Array;
  /** n × classes probabilities, if the labels are not simply classes. */
  readonly soft?: Float32Array;
}

/** How far from 1 the sum of a row of probabilities may be. */
const SUM_TOLERANCE = 1e-3;

/**
 * Reads the labels of n images: class indices, or rows of class probabilities, of which one-hot rows are
 * the usual case.
 *
 * @throws {TypeError} If the labels are no array
 * @throws {RangeError} If their number fits neither form, a label lies outside the classes, or a row is no
 *   distribution (negative, not finite, or not summing to 1)
 */
export function readTargets(labels: Labels, n: number, classes: number): Targets {
  if (typeof labels?.length !== "number" || typeof labels === "string") {
    throw new TypeError(
      "Labels must be an array of class indices, or of rows of class probabilities",
    );
  }
  if (labels.length === n) return { classes: indices(labels, classes) };
  if (labels.length === n * classes) return rows(labels, n, classes);
  throw new RangeError(
    `${n} images have ${labels.length} labels: need ${n} class indices or ${
      n * classes
    } one-hot values`,
  );
}

function indices(labels: Labels, classes: number): Int32Array {
  for (let i = 0; i < labels.length; i++) {
    const label = labels[i]!;
    if (!Number.isInteger(label) || label < 0 || label >= classes) {
      throw new RangeError(
        `Label ${label} of image ${i} is not one of the ${classes} classes 0 … ${classes - 1}`,
      );
    }
  }
  return Int32Array.from(labels);
}

function rows(labels: Labels, n: number, classes: number): Targets {
  const largest = new Int32Array(n);
  let isOneHot = true;
  for (let i = 0; i < n; i++) {
    let sum = 0;
    for (let c = 0; c < classes; c++) {
      const share = labels[i * classes + c]!;
      if (!(share >= 0 && share <= 1 + SUM_TOLERANCE)) {
        throw new RangeError(
          `The label row of image ${i} holds ${share}: need probabilities from 0 to 1, such as a one-hot row`,
        );
      }
      if (share !== 0 && share !== 1) isOneHot = false;
      if (share > labels[i * classes + largest[i]!]!) largest[i] = c;
      sum += share;
    }
    if (Math.abs(sum - 1) > SUM_TOLERANCE) {
      throw new RangeError(
        `The label row of image ${i} sums to ${sum}: need 1, as in a one-hot row`,
      );
    }
  }
  return isOneHot ? { classes: largest } : { classes: largest, soft: Float32Array.from(labels) };
}
