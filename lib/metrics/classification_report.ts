import pl from "nodejs-polars";
import { assertLabelPairs, assertLabels, distinctLabels } from "../base/labels.ts";
import { describe } from "../base/check.ts";
import { type ClassCounts, classScores, countClasses } from "./engine/class_counts.ts";

/**
 * Precision, recall, F1 score and support of each class, then the accuracy, the plain ("macro") and the
 * support-weighted average, as scikit-learn's `classification_report`. A ratio of nothing counts as 0.
 *
 * @param yTrue Class labels: any whole numbers
 * @param classNames Names of the classes; default: their labels as texts
 * @param labels Which class each name is of; default: 0, 1, …, or, where a label lies outside of these,
 *   the labels that occur, in rising order
 * @returns A frame with the columns `class`, `precision`, `recall`, `f1-score` and `support`; in the row
 *   `accuracy` precision and recall are missing
 * @throws {TypeError} If labels are no arrays of numbers, or names no texts
 * @throws {RangeError} If the labels do not fit each other or the names
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { classificationReport } from "deep-features";
 *
 * const report = classificationReport([0, 1, 1], [0, 1, 0], ["no", "yes"]);
 * assert(report.toRecords()[1]!["precision"] === 1);
 * ```
 */
export function classificationReport(
  yTrue: ArrayLike<number>,
  yPred: ArrayLike<number>,
  classNames?: readonly string[],
  labels?: ArrayLike<number>,
): pl.DataFrame {
  assertLabelPairs(yTrue, yPred);
  const classes = namedClasses(distinctLabels(yTrue, yPred), classNames, labels);
  const found = new Map(countClasses(yTrue, yPred).map((counts) => [counts.label, counts]));
  const rows = classes.map(({ name, label }) => {
    const counts: ClassCounts = found.get(label) ?? { label, hits: 0, support: 0, predicted: 0 };
    return { name, ...classScores(counts), ...counts };
  });
  const total = yTrue.length;
  const average = (name: string, weight: (row: typeof rows[number]) => number) => {
    const sum = (value: (row: typeof rows[number]) => number) =>
      rows.reduce((sum, row) => sum + weight(row) * value(row), 0);
    return {
      name,
      precision: sum((row) => row.precision),
      recall: sum((row) => row.recall),
      f1: sum((row) => row.f1),
      support: total,
    };
  };
  const accuracy = rows.reduce((sum, row) => sum + row.hits, 0) / total;
  const all = [
    ...rows,
    { name: "accuracy", precision: null, recall: null, f1: accuracy, support: total },
    average("macro avg", () => 1 / rows.length),
    average("weighted avg", (row) => row.support / total),
  ];
  return pl.DataFrame({
    class: all.map((row) => row.name),
    precision: all.map((row) => row.precision),
    recall: all.map((row) => row.recall),
    "f1-score": all.map((row) => row.f1),
    support: all.map((row) => row.support),
  });
}

/** The classes of a report, each with its name. */
function namedClasses(
  occurring: readonly number[],
  classNames: readonly string[] | undefined,
  labels: ArrayLike<number> | undefined,
): { name: string; label: number }[] {
  if (labels !== undefined) assertLabels(labels, "labels");
  if (classNames === undefined) {
    return checkCover(Array.from(labels ?? occurring, (label) => ({ name: `${label}`, label })));
  }
  if (!Array.isArray(classNames) || classNames.some((name) => typeof name !== "string")) {
    throw new TypeError(`classNames must be an array of texts, got ${describe(classNames)}`);
  }
  const isInOrder = occurring.every((label) => label >= 0 && label < classNames.length);
  const order = labels ?? (isInOrder ? classNames.map((_, label) => label) : occurring);
  if (order.length !== classNames.length) {
    throw new RangeError(
      `${classNames.length} names do not fit ${order.length} classes: ${
        Array.from(order).join(", ")
      }`,
    );
  }
  return checkCover(classNames.map((name, at) => ({ name, label: order[at]! })));

  function checkCover(classes: { name: string; label: number }[]) {
    const known = new Set(classes.map(({ label }) => label));
    const missing = occurring.find((label) => !known.has(label));
    if (missing !== undefined) {
      throw new RangeError(`Label ${missing} is not one of the classes ${[...known].join(", ")}`);
    }
    if (known.size < classes.length) throw new RangeError("labels holds a label twice");
    return classes;
  }
}
