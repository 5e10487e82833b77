import assert from "node:assert/strict";
import { accuracyScore, classificationReport, confusionMatrix, mcNemarTest } from "deep-features";
import fixture from "../fixtures/metrics/metrics.json" with { type: "json" };

const { yTrue, yPred } = fixture;
const NAMES = ["a", "b", "c", "d"];

Deno.test("accuracyScore() and confusionMatrix() equal scikit-learn's", () => {
  assert.equal(accuracyScore(yTrue, yPred), fixture.accuracy);
  const { counts, classes } = confusionMatrix(yTrue, yPred);
  assert.equal(classes, 4);
  assert.deepEqual([...counts], fixture.confusion);
});

Deno.test("classificationReport() equals scikit-learn's, a class that is never predicted included", () => {
  const rows = classificationReport(yTrue, yPred, NAMES).toRecords();
  assert.deepEqual(rows.map((row) => row["class"]), [
    ...NAMES,
    "accuracy",
    "macro avg",
    "weighted avg",
  ]);
  const expected = fixture.report as unknown as Record<
    string,
    number & Record<string, number>
  >;
  for (const row of rows) {
    const name = row["class"] as string;
    if (name === "accuracy") {
      assert.equal(row["f1-score"], expected[name]);
      assert.equal(row["precision"], null);
      continue;
    }
    for (const column of ["precision", "recall", "f1-score", "support"]) {
      const value = row[column] as number;
      assert.ok(
        Math.abs(value - expected[name]![column]!) < 1e-12,
        `${name} ${column}`,
      );
    }
  }
  assert.equal(rows[3]!["precision"], 0);
});

Deno.test("mcNemarTest() equals SciPy's distributions, exact and approximate", () => {
  for (const { onlyFirst, onlySecond, pValue } of fixture.mcnemar) {
    const n = onlyFirst + onlySecond + 5;
    const truth = Array(n).fill(1);
    const first = truth.map((_, i) => i < onlySecond ? 0 : 1);
    const second = truth.map((_, i) => i >= onlySecond && i < onlySecond + onlyFirst ? 0 : 1);
    const result = mcNemarTest(truth, first, second);
    assert.deepEqual([result.onlyFirst, result.onlySecond], [
      onlyFirst,
      onlySecond,
    ]);
    assert.equal(
      result.method,
      onlyFirst + onlySecond < 25 ? "exact" : "chi-squared",
    );
    assert.ok(
      Math.abs(result.pValue - pValue) < 1e-12 + 1e-10 * pValue,
      `${result.pValue}`,
    );
  }
});

Deno.test("Metrics refuse labels that do not belong together", () => {
  assert.throws(() => accuracyScore([], []), /no labels/);
  assert.throws(
    () => accuracyScore([1], [1, 2]),
    /1 true labels with 2 predicted/,
  );
  assert.throws(() => accuracyScore([0.5], [1]), /true label 0.5 at 0/);
  assert.throws(
    () => confusionMatrix([0, 1], [0, -1]),
    /predicted label -1 at 1/,
  );
  assert.throws(
    () => confusionMatrix([0, 3], [0, 1], 3),
    /Label 3 is not one of 3 classes/,
  );
  assert.throws(() => classificationReport([0, 4], [0, 1], NAMES), RangeError);
});
