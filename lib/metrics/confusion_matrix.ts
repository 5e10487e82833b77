import { assertLabelPairs, assertLabels, distinctLabels } from "../base/labels.ts";

/** Counts of predictions: rows are the true classes, columns the predicted ones. */
export interface ConfusionMatrix {
  /** classes × classes counts, row-major. */
  readonly counts: Uint32Array;
  /** Number of classes. */
  readonly classes: number;
  /** The label of each row and column. */
  readonly labels: readonly number[];
}

/** Most classes: their counts take a gigabyte. */
const MAX_CLASSES = 2 ** 14;

/**
 * Counts how often each class was taken for each, as scikit-learn's `confusion_matrix`: the count in
 * row i, column j is of labels i that were predicted as j.
 *
 * @param yTrue Class labels: any whole numbers
 * @param labels The classes, in the order of rows and columns; or their number k, for 0 … k − 1; default:
 *   the labels that occur, in rising order. Unlike scikit-learn's, a label that is not among them is an
 *   error and not left out
 * @throws {TypeError} If labels are no arrays of numbers
 * @throws {RangeError} If the labels do not fit each other or the classes
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { confusionMatrix } from "deep-features";
 *
 * assert(confusionMatrix([0, 0, 1], [0, 1, 1]).counts.join() === "1,1,0,1");
 * const { counts, labels } = confusionMatrix([-1, -1, 5], [5, -1, 5]);
 * assert(counts.join() === "1,1,0,1" && labels.join() === "-1,5");
 * ```
 */
export function confusionMatrix(
  yTrue: ArrayLike<number>,
  yPred: ArrayLike<number>,
  labels?: number | ArrayLike<number>,
): ConfusionMatrix {
  assertLabelPairs(yTrue, yPred);
  const order = orderOf(labels) ?? distinctLabels(yTrue, yPred);
  const classes = order.length;
  if (classes < 1 || classes > MAX_CLASSES) {
    throw new RangeError(`Cannot count ${classes} classes: need from 1 to ${MAX_CLASSES}`);
  }
  const position = new Map(order.map((label, at) => [label, at]));
  const counts = new Uint32Array(classes * classes);
  const at = (label: number) => {
    const found = position.get(label);
    if (found !== undefined) return found;
    const names = typeof labels === "number" ? `0 … ${labels - 1}` : order.join(", ");
    throw new RangeError(`Label ${label} is not one of ${classes} classes: ${names}`);
  };
  for (let i = 0; i < yTrue.length; i++) counts[at(yTrue[i]!) * classes + at(yPred[i]!)]!++;
  return { counts, classes, labels: order };
}

function orderOf(labels: number | ArrayLike<number> | undefined): number[] | undefined {
  if (labels === undefined) return undefined;
  if (typeof labels === "number") {
    if (!(Number.isInteger(labels) && labels >= 1 && labels <= MAX_CLASSES)) {
      throw new RangeError(
        `The number of classes must be a whole number from 1 to ${MAX_CLASSES}, got ${labels}`,
      );
    }
    return Array.from({ length: labels }, (_, label) => label);
  }
  assertLabels(labels, "labels");
  const order = Array.from(labels);
  const twice = order.find((label, at) => order.indexOf(label) !== at);
  if (twice !== undefined) throw new RangeError(`labels holds ${twice} twice`);
  return order;
}
