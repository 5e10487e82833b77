import assert from "node:assert/strict";
import { Matrix } from "deep-features";
import {
  meanInterval,
  neighborAccuracy,
  pairedDifference,
  silhouetteScore,
} from "deep-features/metrics";
import fixture from "../fixtures/metrics/intervals.json" with { type: "json" };

/** Predictions of two classifiers of which `b` and `c` times only one is right. */
function predictions(b: number, c: number, n: number) {
  const truth = Array<number>(n).fill(1);
  return {
    truth,
    first: truth.map((_, i) => i < c ? 0 : 1),
    second: truth.map((_, i) => i >= c && i < c + b ? 0 : 1),
  };
}

Deno.test("pairedDifference() is Tango's interval, found by SciPy from the likelihood itself", () => {
  for (const { onlyFirst, onlySecond, n, low, high } of fixture.tango) {
    const { truth, first, second } = predictions(onlyFirst, onlySecond, n);
    const found = pairedDifference(truth, first, second);
    assert.ok(Math.abs(found.difference - (onlyFirst - onlySecond) / n) < 1e-15);
    assert.ok(Math.abs(found.low - low) < 1e-6, `${found.low} ${low}`);
    assert.ok(Math.abs(found.high - high) < 1e-6, `${found.high} ${high}`);
    const back = pairedDifference(truth, second, first);
    assert.ok(Math.abs(back.low + found.high) < 1e-12 && Math.abs(back.high + found.low) < 1e-12);
  }
});

Deno.test("pairedDifference() agrees with the approval ratings in Agresti's textbook: −0.04 ± 1.96 · 0.0095", () => {
  const { truth, first, second } = predictions(86, 150, 1600);
  const { difference, low, high } = pairedDifference(truth, first, second);
  assert.ok(Math.abs(difference + 0.04) < 1e-12);
  assert.ok(
    Math.abs(low + 0.04 + 1.96 * 0.0095) < 5e-4 && Math.abs(high + 0.04 - 1.96 * 0.0095) < 5e-4,
  );
});

Deno.test("pairedDifference() has an interval where all agree, and where all disagree", () => {
  const same = predictions(0, 0, 30), ends = pairedDifference(same.truth, same.first, same.second);
  // z² / (n + z²), where the score is z with no disagreement.
  const bound = 1.959963984540054 ** 2 / (30 + 1.959963984540054 ** 2);
  assert.equal(ends.difference, 0);
  assert.ok(Math.abs(ends.high - bound) < 1e-9 && Math.abs(ends.low + bound) < 1e-9);
  const all = predictions(8, 0, 8), most = pairedDifference(all.truth, all.first, all.second);
  // 8 (1 − δ) / (1 + δ) = z², solved by hand.
  const least = (8 - 1.959963984540054 ** 2) / (8 + 1.959963984540054 ** 2);
  assert.ok(most.difference === 1 && most.high === 1 && Math.abs(most.low - least) < 1e-9);
  assert.throws(() => pairedDifference([1, 2], [1], [1, 2]), RangeError);
});

Deno.test("meanInterval() is SciPy's t interval, and has none for one value", () => {
  for (const { values, low, high } of fixture.means) {
    const found = meanInterval(values);
    // SciPy's own quantile is right to ten digits.
    assert.ok(Math.abs(found.low! - low) < 1e-9 && Math.abs(found.high! - high) < 1e-9);
  }
  assert.deepEqual(meanInterval([0.5]), { mean: 0.5 });
  assert.throws(() => meanInterval([]), RangeError);
});

Deno.test("silhouetteScore() and neighborAccuracy() equal scikit-learn's", async () => {
  for (const { X, y, silhouette, neighbors } of fixture.maps) {
    const rows = Matrix.fromRows(X);
    assert.ok(Math.abs(await silhouetteScore(rows, y) - silhouette) < 1e-9);
    for (const { k, accuracy } of neighbors) {
      assert.equal(await neighborAccuracy(rows, y, { nNeighbors: k }), accuracy);
    }
  }
});

Deno.test("silhouetteScore() and neighborAccuracy() refuse what they cannot use", async () => {
  const X = Matrix.fromRows([[0], [1], [2]]);
  await assert.rejects(silhouetteScore(X, [1, 1, 1]), RangeError);
  await assert.rejects(silhouetteScore(X, [1, 0]), RangeError);
  await assert.rejects(
    neighborAccuracy(X, [0, 1, 0], { nNeighbors: 3 }),
    /less than the 3 rows, got 3/,
  );
  await assert.rejects(
    neighborAccuracy(X, [0, 1, 0], { nNeighbours: 1 } as never),
    /did you mean "nNeighbors"/,
  );
  const signal = AbortSignal.abort();
  await assert.rejects(silhouetteScore(X, [0, 1, 0], { signal }), { name: "AbortError" });
  await assert.rejects(neighborAccuracy(X, [0, 1, 0], { nNeighbors: 1, signal }), {
    name: "AbortError",
  });
  // Copies: one of them stands for the row itself.
  const copies = Matrix.fromRows([[0], [0], [0], [5]]);
  assert.equal(await neighborAccuracy(copies, [0, 0, 0, 1], { nNeighbors: 1 }), 0.75);
});
