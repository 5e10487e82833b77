import assert from "node:assert/strict";
import { accuracyScore, classificationReport, confusionMatrix, mcNemarTest } from "deep-features";
import { accuracyInterval, balancedAccuracy, f1Macro } from "deep-features/metrics";
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
      assert.ok(Math.abs(value - expected[name]![column]!) < 1e-12, `${name} ${column}`);
    }
  }
  assert.equal(rows[3]!["precision"], 0);
});

Deno.test("accuracyInterval() equals SciPy's Wilson interval", () => {
  for (const { right, n, low, high } of fixture.wilson) {
    const truth = Array(n).fill(3), predicted = truth.map((_, i) => i < right ? 3 : -3);
    const found = accuracyInterval(truth, predicted);
    assert.equal(found.accuracy, right / n);
    assert.ok(
      Math.abs(found.low - low) < 1e-12 && Math.abs(found.high - high) < 1e-12,
      `${right}/${n}`,
    );
  }
  assert.throws(() => accuracyInterval([], []), RangeError);
});

Deno.test("mcNemarTest() equals SciPy's distributions, exact and approximate", () => {
  for (const { onlyFirst, onlySecond, pValue } of fixture.mcnemar) {
    const n = onlyFirst + onlySecond + 5;
    const truth = Array(n).fill(1);
    const first = truth.map((_, i) => i < onlySecond ? 0 : 1);
    const second = truth.map((_, i) => i >= onlySecond && i < onlySecond + onlyFirst ? 0 : 1);
    const result = mcNemarTest(truth, first, second);
    assert.deepEqual([result.onlyFirst, result.onlySecond], [onlyFirst, onlySecond]);
    assert.equal(result.method, onlyFirst + onlySecond < 25 ? "exact" : "chi-squared");
    assert.ok(Math.abs(result.pValue - pValue) < 1e-12 + 1e-10 * pValue, `${result.pValue}`);
  }
});

const isNear = (a: number, b: number) => Math.abs(a - b) < 1e-12;

Deno.test("balancedAccuracy() and f1Macro() equal scikit-learn's", () => {
  assert.ok(isNear(balancedAccuracy(yTrue, yPred), fixture.balancedAccuracy));
  assert.ok(isNear(f1Macro(yTrue, yPred), fixture.f1Macro));
});

Deno.test("Metrics take labels of any whole numbers as scikit-learn's do", () => {
  for (const expected of fixture.otherLabels) {
    const truth = Float64Array.from(expected.yTrue), predicted = expected.yPred;
    assert.ok(isNear(accuracyScore(truth, predicted), expected.accuracy));
    assert.ok(isNear(balancedAccuracy(truth, predicted), expected.balancedAccuracy));
    assert.ok(isNear(f1Macro(truth, predicted), expected.f1Macro));
    const { counts, classes, labels } = confusionMatrix(truth, predicted);
    assert.deepEqual(labels, expected.labels);
    assert.equal(classes, labels.length);
    assert.deepEqual([...counts], expected.confusion);
    const backwards = confusionMatrix(truth, predicted, [...labels].reverse()).counts;
    assert.deepEqual([...backwards].reverse(), expected.confusion);
    const report = classificationReport(truth, predicted).toRecords();
    const theirs = expected.report as unknown as Record<string, Record<string, number>>;
    for (const row of report.filter((row) => row["class"] !== "accuracy")) {
      for (const column of ["precision", "recall", "f1-score", "support"]) {
        const value = theirs[row["class"] as string]![column]!;
        assert.ok(isNear(row[column] as number, value), `${row["class"]} ${column}`);
      }
    }
    assert.equal(report.length, expected.labels.length + 3);
  }
});

Deno.test("classificationReport() gives names to the labels that they are of", () => {
  const names = (...args: Parameters<typeof classificationReport>) =>
    classificationReport(...args).toRecords().slice(0, -3)
      .map((row) => `${row["class"]} ${row["support"]}`);
  assert.deepEqual(names([-1, 1, 1], [1, 1, 1], ["no", "yes"]), ["no 1", "yes 2"]);
  // Where all labels may be numbers of names, they are.
  assert.deepEqual(names([1, 1], [1, 1], ["a", "b"]), ["a 0", "b 2"]);
  assert.deepEqual(names([1, 2, 2], [1, 1, 2], ["a", "b"], [2, 1]), ["a 2", "b 1"]);
  assert.deepEqual(names([5, 9], [5, 5]), ["5 1", "9 1"]);
  assert.throws(
    () => names([-1, 1], [1, 1], ["a", "b", "c"]),
    /3 names do not fit 2 classes: -1, 1/,
  );
  assert.throws(() => names([1, 7], [1, 1], ["a", "b"], [1, 2]), /Label 7 is not one of .* 1, 2/);
  assert.throws(() => names([1], [1], ["a", "b"], [1, 1]), /twice/);
  assert.throws(() => names([1], [1], "ab" as unknown as string[]), TypeError);
});

Deno.test("Metrics refuse labels that do not belong together", () => {
  assert.throws(() => accuracyScore([], []), /no labels/);
  assert.throws(() => accuracyScore([1], [1, 2]), /1 true labels with 2 predicted/);
  assert.throws(() => accuracyScore([0.5], [1]), /Label 0.5 at 0 of yTrue/);
  assert.throws(() => confusionMatrix([0, 1], [0, -1], 2), /Label -1 is not one of 2 classes/);
  assert.throws(() => confusionMatrix([0, 3], [0, 1], 3), /Label 3 is not one of 3 classes/);
  assert.throws(() => classificationReport([0, 4], [0, 1], NAMES), RangeError);
  const wrong = ["01", { 0: 1 }, null, undefined, 3] as unknown as number[][];
  for (const metric of [accuracyScore, balancedAccuracy, f1Macro, confusionMatrix]) {
    for (const labels of wrong) {
      assert.throws(() => metric(labels, [0, 1]), { name: "TypeError", message: /^yTrue must be/ });
      assert.throws(() => metric([0, 1], labels), { name: "TypeError", message: /^yPred must be/ });
    }
  }
  assert.throws(() => mcNemarTest([0, 1], [0, 1], wrong[0]!), TypeError);
  for (const labels of [0, 1.5, NaN, 1e9, [], [1, 1]]) {
    assert.throws(() => confusionMatrix([0, 1], [0, 1], labels), RangeError);
  }
});
