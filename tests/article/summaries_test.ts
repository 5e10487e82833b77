import assert from "node:assert/strict";
import {
  accuraciesBySeed,
  accuracyInterval,
  besidePublished,
  comparePairs,
  type Comparison,
  formatP,
  mcNemarTest,
  methodSeconds,
  pairedDifference,
  summarizeMethods,
} from "deep-features";
import { meanAndSd } from "deep-features/metrics";

const TRUTH = Array<number>(40).fill(1);
/** An outcome with `right` right predictions, from place `from` on. */
const outcome = (right: number, from = 0, fitSeconds = 1) => ({
  predicted: TRUTH.map((_, i) => i >= from && i < from + right ? 1 : 0),
  fitSeconds,
  predictSeconds: fitSeconds / 10,
});
const FIRST: Comparison = {
  seed: 0,
  outcomes: { softmax: outcome(20), svm: outcome(30, 0, 4), tree: outcome(20, 20) },
};
const SECOND: Comparison = {
  seed: 1,
  outcomes: { softmax: outcome(24), svm: outcome(22, 0, 6), tree: outcome(20, 20) },
};

Deno.test("meanAndSd is that of NumPy with ddof = 1, and has no spread for one value", () => {
  const { mean, sd } = meanAndSd([0.7093, 0.7111, 0.7102, 0.7]);
  assert.ok(Math.abs(mean - 0.70765) < 1e-12 && Math.abs(sd! - 0.00515267) < 1e-7);
  assert.deepEqual(meanAndSd([0.5]), { mean: 0.5 });
  assert.throws(() => meanAndSd([]), /no values/);
});

Deno.test("summarizeMethods puts the best first, with a spread only over several seeds", () => {
  const wilson = (right: number) => {
    const { low, high } = accuracyInterval(TRUTH, outcome(right).predicted);
    return { mean: right / 40, low, high };
  };
  assert.deepEqual(summarizeMethods(TRUTH, [FIRST]), [
    { method: "svm", name: "SVM (RBF)", ...wilson(30) },
    { method: "softmax", name: "softmax", ...wilson(20) },
    { method: "tree", name: "tree", ...wilson(20) },
  ]);
  const [best] = summarizeMethods(TRUTH, [FIRST, SECOND]);
  assert.equal(best!.name, "SVM (RBF)");
  assert.ok(Math.abs(best!.mean - 0.65) < 1e-12 && Math.abs(best!.sd! - 0.2 / Math.SQRT2) < 1e-12);
  assert.throws(() => summarizeMethods(TRUTH, []), /no comparison/);
});

Deno.test("accuraciesBySeed and methodSeconds keep the order of the methods", () => {
  assert.deepEqual(accuraciesBySeed(TRUTH, [FIRST, SECOND]), [
    { seed: 0, softmax: 0.5, svm: 0.75, tree: 0.5 },
    { seed: 1, softmax: 0.6, svm: 0.55, tree: 0.5 },
  ]);
  assert.deepEqual(methodSeconds([FIRST, SECOND])[1], {
    method: "svm",
    name: "SVM (RBF)",
    fitSeconds: 4,
    predictSeconds: 0.4,
  });
  // A run that was paused changes nothing.
  const outcomes = Object.fromEntries(
    Object.entries(SECOND.outcomes).map((
      [name, outcome],
    ) => [name, { ...outcome, fitSeconds: 9999 }]),
  );
  const paused = methodSeconds([{ seed: 2, outcomes }, SECOND]);
  assert.equal(paused[1]!.fitSeconds, SECOND.outcomes["svm"]!.fitSeconds);
});

Deno.test("comparePairs shows counts for one seed", () => {
  const rows = comparePairs(TRUTH, [FIRST]);
  assert.equal(rows.length, 3);
  const { svm, softmax } = FIRST.outcomes;
  assert.deepEqual(rows[0], {
    better: "SVM (RBF)",
    worse: "softmax",
    ...pairedDifference(TRUTH, svm!.predicted, softmax!.predicted),
    onlyBetterRight: 10,
    onlyWorseRight: 0,
    seedsAhead: 1,
    smallestP: 2 * 0.5 ** 10,
    largestP: 2 * 0.5 ** 10,
  });
  assert.equal(formatP(rows[0]!.largestP), "0.002");
  assert.equal(formatP(rows[2]!.largestP), "1");
});

Deno.test("comparePairs shows a row a pair for several seeds: seeds ahead, range of p", () => {
  const rows = comparePairs(TRUTH, [FIRST, SECOND]);
  assert.equal(rows.length, 3);
  const { difference, low, high, ...rest } = rows[0]!;
  assert.ok(Math.abs(Number(difference) - 0.1) < 1e-12);
  // The differences of the two networks, 0.25 and −0.05, have the sd 0.3 / √2; t(0.975, 1) = 12.706.
  assert.ok(Math.abs(high - (0.1 + 12.7062 * 0.15)) < 1e-4 && Math.abs(low + high - 0.2) < 1e-9);
  assert.deepEqual(rest, {
    better: "SVM (RBF)",
    worse: "softmax",
    onlyBetterRight: 10,
    onlyWorseRight: 2,
    seedsAhead: 1,
    smallestP: 2 * 0.5 ** 10,
    largestP: 0.5,
  });
  const predicted = (seed: Comparison) => seed.outcomes["softmax"]!.predicted;
  const { pValue } = mcNemarTest(TRUTH, SECOND.outcomes["svm"]!.predicted, predicted(SECOND));
  assert.equal(pValue, 0.5);
});

Deno.test("comparePairs of seven methods and five seeds has 21 rows, tiny p as a bound", () => {
  const truth = Array<number>(400).fill(1);
  const comparisons = [0, 1, 2, 3, 4].map((seed) => ({
    seed,
    outcomes: Object.fromEntries([0, 1, 2, 3, 4, 5, 6].map((m) => [`method ${m}`, {
      predicted: truth.map((_, i) => i < 50 * m ? 1 : 0),
      fitSeconds: 1,
      predictSeconds: 1,
    }])),
  }));
  const rows = comparePairs(truth, comparisons);
  assert.equal(rows.length, 21);
  assert.ok(rows.every((row) => formatP(row.largestP) === "< 0.0001"));
  assert.ok(rows.every((row) => row.seedsAhead === 5));
});

Deno.test("besidePublished adds this run's SVMs to the published figures", () => {
  const rows = besidePublished(summarizeMethods(TRUTH, [FIRST]), "toys");
  assert.deepEqual(rows.at(-1), {
    source: "this run",
    images: "toys",
    svm: "SVM (RBF), on the fixed network",
    softmaxPercent: 50,
    svmPercent: 75,
  });
  assert.equal(rows.filter(({ source }) => source.startsWith("Agarap")).length, 2);
  assert.throws(
    () => besidePublished([{ method: "svm", name: "SVM", mean: 1 }], "toys"),
    /no softmax/,
  );
});
