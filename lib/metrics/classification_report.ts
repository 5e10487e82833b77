import pl from "nodejs-polars";
import { confusionMatrix } from "./confusion_matrix.ts";

/**
 * Precision, recall, F1 score and support of each class, then the accuracy, the plain ("macro") and the
 * support-weighted average, as scikit-learn's `classification_report`. A ratio of nothing counts as 0.
 *
 * @param classNames Names of the classes 0, 1, …
 * @returns A frame with the columns `class`, `precision`, `recall`, `f1-score` and `support`; in the row
 *   `accuracy` precision and recall are missing
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
  classNames: readonly string[],
): pl.DataFrame {
  const { counts, classes } = confusionMatrix(yTrue, yPred, classNames.length);
  const ratio = (part: number, whole: number) => whole === 0 ? 0 : part / whole;
  const rows = classNames.map((name, c) => {
    const hits = counts[c * classes + c]!;
    let support = 0, predicted = 0;
    for (let other = 0; other < classes; other++) {
      support += counts[c * classes + other]!;
      predicted += counts[other * classes + c]!;
    }
    const precision = ratio(hits, predicted), recall = ratio(hits, support);
    const f1 = ratio(2 * precision * recall, precision + recall);
    return { name, precision, recall, f1, support, hits };
  });
  const total = yTrue.length;
  const average = (
    name: string,
    weight: (row: typeof rows[number]) => number,
  ) => {
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
    {
      name: "accuracy",
      precision: null,
      recall: null,
      f1: accuracy,
      support: total,
    },
    average("macro avg", () => 1 / classes),
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
