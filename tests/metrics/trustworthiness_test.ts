import assert from "node:assert/strict";
import { Matrix, trustworthiness } from "deep-features";
import { seededRandom } from "deep-features/base";
import { onThreads } from "../helpers/on_threads.ts";
import type { TrustworthinessOptions } from "deep-features/metrics";
import cases from "../fixtures/metrics/trustworthiness.json" with { type: "json" };

/** The definition, with ties in the order of rows. */
function byDefinition(X: Matrix, embedding: Matrix, k: number): number {
  const n = X.rows;
  /** Ranks of all others from row i, 1 the nearest. */
  const order = (matrix: Matrix, i: number) => {
    const distances = Array.from(
      { length: n },
      (_, j) => matrix.row(i).reduce((sum, value, c) => sum + (value - matrix.row(j)[c]!) ** 2, 0),
    );
    return distances.map((_, j) => j).filter((j) => j !== i)
      .sort((a, b) => distances[a]! - distances[b]! || a - b);
  };
  let excess = 0;
  for (let i = 0; i < n; i++) {
    const before = order(X, i);
    for (const j of order(embedding, i).slice(0, k)) {
      excess += Math.max(0, before.indexOf(j) + 1 - k);
    }
  }
  return 1 - excess * 2 / (n * k * (2 * n - 3 * k - 1));
}

/** Whole numbers, so that distances are exact and many are equal. */
function lattice(n: number, cols: number, seed: number): Matrix {
  const random = seededRandom(seed);
  const data = Float32Array.from({ length: n * cols }, () => Math.floor(4 * random()));
  // Centred columns keep whole numbers whole.
  for (let c = 0; c < cols; c++) {
    let sum = 0;
    for (let i = 1; i < n; i++) sum += data[i * cols + c]!;
    data[c] = -sum;
  }
  return new Matrix(data, n, cols);
}

Deno.test("trustworthiness() equals scikit-learn's, for both metrics", async () => {
  for (const { X, embedding, nNeighbors, metric, value } of cases) {
    const result = await trustworthiness(Matrix.fromRows(X), Matrix.fromRows(embedding), {
      nNeighbors,
      metric: metric as "euclidean" | "cosine",
    });
    assert.ok(Math.abs(result - value) < 1e-9, `${result}, not ${value}`);
  }
  const { X, embedding } = cases[0]!;
  assert.ok(
    Math.abs(
      await trustworthiness(Matrix.fromRows(X), Matrix.fromRows(embedding)) - cases[0]!.value,
    ) <
      1e-9,
  );
});

Deno.test("trustworthiness() ranks rows at equal distances in their order, at any size", async () => {
  for (const [n, k] of [[11, 5], [62, 7], [401, 15]] as const) {
    const X = lattice(n, 3, n), embedding = lattice(n, 2, n + 1);
    const expected = byDefinition(X, embedding, k);
    assert.ok(expected < 0.9);
    const results = await onThreads(
      [1, 3],
      () => trustworthiness(X, embedding, { nNeighbors: k }),
    );
    for (const result of results) {
      assert.ok(Math.abs(result - expected) < 1e-12, `${n}: ${result}, not ${expected}`);
    }
  }
});

Deno.test("trustworthiness() is 1 for the rows themselves, duplicates included", async () => {
  const X = lattice(40, 2, 5);
  assert.equal(await trustworthiness(X, X), 1);
  const same = new Matrix(new Float32Array(60).fill(3), 20, 3);
  assert.equal(await trustworthiness(same, same), 1);
});

Deno.test("trustworthiness() does not change with the scale of the rows, huge or tiny", async () => {
  const X = lattice(60, 3, 7), embedding = lattice(60, 2, 8);
  const expected = await trustworthiness(X, embedding);
  for (const scale of [2 ** 100, 2 ** 60, 2 ** -60, 2 ** -120]) {
    const scaled = new Matrix(X.data.map((value) => value * scale), 60, 3);
    assert.equal(await trustworthiness(scaled, embedding), expected, `${scale}`);
  }
});

Deno.test("trustworthiness() refuses bad input", async () => {
  const X = lattice(20, 3, 1);
  const rejects = (embedding: Matrix, nNeighbors: number, message: RegExp) =>
    assert.rejects(trustworthiness(X, embedding, { nNeighbors }), message);
  await rejects(lattice(19, 2, 1), 5, /20 rows with an embedding of 19/);
  await rejects(X, 10, /less than half of the 20 rows, got 10/);
  await rejects(X, 0, /got 0/);
  await rejects(X, 2.5, /got 2.5/);
  await rejects(new Matrix(new Float32Array(0), 20, 0), 5, /3 columns with 0 dimensions/);
  const bad = lattice(20, 2, 1);
  bad.data[5] = NaN;
  await rejects(bad, 5, /embedding holds NaN in row 2, column 1/);
  await assert.rejects(trustworthiness(X, [[1]] as unknown as Matrix), {
    name: "TypeError",
    message: /embedding must be a Matrix/,
  });
  await assert.rejects(trustworthiness(null as unknown as Matrix, X), TypeError);
  await assert.rejects(trustworthiness(X, X, { k: 5 } as TrustworthinessOptions), {
    name: "TypeError",
    message: /trustworthiness has no option "k"/,
  });
  const controller = new AbortController();
  controller.abort();
  await assert.rejects(trustworthiness(X, X, { signal: controller.signal }), {
    name: "AbortError",
  });
});
