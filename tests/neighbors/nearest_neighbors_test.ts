import assert from "node:assert/strict";
import { Matrix, Umap } from "deep-features";
import { nearestNeighbors } from "deep-features/neighbors";
import { gaussian } from "../helpers/rows.ts";

Deno.test("nearestNeighbors() equals brute force, for both metrics and odd sizes", async () => {
  for (
    const [n, queries, cols, k] of [[50, 50, 3, 5], [401, 17, 13, 7], [17, 400, 5, 16]] as const
  ) {
    for (const metric of ["euclidean", "cosine"] as const) {
      const X = gaussian(n, cols, n), Q = n === queries ? X : gaussian(queries, cols, 9);
      const distance = (a: Float32Array, b: Float32Array) => {
        let [dot, aa, bb] = [0, 0, 0];
        a.forEach((value, i) => {
          dot += value * b[i]!;
          aa += value * value;
          bb += b[i]! * b[i]!;
        });
        return metric === "cosine" ? 1 - dot / Math.sqrt(aa * bb) : Math.sqrt(aa + bb - 2 * dot);
      };
      const { indices, distances } = await nearestNeighbors(X, Q, k, { metric });
      for (let i = 0; i < queries; i++) {
        const all = Array.from({ length: n }, (_, j) => distance(Q.row(i), X.row(j)));
        const order = all.map((_, j) => j).sort((a, b) => all[a]! - all[b]!).slice(0, k);
        assert.deepEqual([...indices.subarray(i * k, (i + 1) * k)], order);
        order.forEach((j, r) => assert.ok(Math.abs(distances[i * k + r]! - all[j]!) < 1e-3));
      }
    }
  }
});

Deno.test("nearestNeighbors() is as exact far from the origin", async () => {
  const X = gaussian(300, 6, 4), k = 5;
  // Powers of two, so that moving and moving back loses little.
  const far = new Matrix(X.data.map((value) => Math.round(value * 256) / 256 + 4096), 300, 6);
  const rounded = new Matrix(far.data.map((value) => value - 4096), 300, 6);
  const expected = await nearestNeighbors(rounded, rounded, k);
  assert.deepEqual((await nearestNeighbors(far, far, k)).indices, expected.indices);
});

Deno.test("nearestNeighbors() finds equal rows at distance zero, the row itself first, ties in order", async () => {
  const X = gaussian(120, 40, 5);
  for (let i = 0; i < X.data.length; i++) X.data[i]! *= 50;
  for (const copy of [3, 60, 119]) X.data.set(X.row(30), copy * 40);
  const { indices, distances } = await nearestNeighbors(X, X, 5);
  for (const [i, own] of [[60, [60, 3, 30, 119]], [3, [3, 30, 60, 119]]] as const) {
    assert.deepEqual([...indices.subarray(5 * i, 5 * i + 4)], own);
    assert.deepEqual([...distances.subarray(5 * i, 5 * i + 4)], [0, 0, 0, 0]);
    assert.ok(distances[5 * i + 4]! > 0);
  }
  const asked = await nearestNeighbors(X, X.takeRows([60]), 5);
  assert.deepEqual([...asked.indices.subarray(0, 4)], [3, 30, 60, 119]);
  assert.equal(asked.distances[3], 0);
});

Deno.test("nearestNeighbors() by the cosine puts rows of zeros at 1 from others and 0 from their like", async () => {
  const X = Matrix.fromRows([[0, 0], [1, 0], [2, 0], [0, 3], [-1, 0], [0, 0]]);
  const { indices, distances } = await nearestNeighbors(X, X, 6, { metric: "cosine" });
  const table = Array.from({ length: 6 }, (_, i) => {
    const row = Array(6);
    for (let j = 6 * i; j < 6 * i + 6; j++) {
      row[indices[j]!] = Math.round(1e6 * distances[j]!) / 1e6;
    }
    return row;
  });
  // umap.distances.cosine of umap-learn 0.5.3.
  assert.deepEqual(table, [
    [0, 1, 1, 1, 1, 0],
    [1, 0, 0, 1, 2, 1],
    [1, 0, 0, 1, 2, 1],
    [1, 1, 1, 0, 1, 1],
    [1, 2, 2, 1, 0, 1],
    [0, 1, 1, 1, 1, 0],
  ]);
  // Zeros among the queries alone.
  const asked = await nearestNeighbors(Matrix.fromRows([[1, 1], [-2, 1]]), X.takeRows([0]), 2, {
    metric: "cosine",
  });
  assert.deepEqual([...asked.distances].map((value) => Math.round(1e6 * value) / 1e6), [1, 1]);
});

Deno.test("nearestNeighbors() refuses bad input", async () => {
  const X = gaussian(10, 3, 1);
  await assert.rejects(nearestNeighbors(X, X, 11), /from 1 to the 10 rows, got 11/);
  await assert.rejects(nearestNeighbors(X, X, 0), /got 0/);
  await assert.rejects(nearestNeighbors(X, gaussian(2, 4, 1), 3), /rows of 4 columns .* of 3/);
  const bad = gaussian(2, 3, 1);
  bad.data[1] = NaN;
  await assert.rejects(nearestNeighbors(X, bad, 3), /queries holds NaN in row 0, column 1/);
  const huge = new Matrix(X.data.map((value) => value * 1e30), 10, 3);
  await assert.rejects(nearestNeighbors(huge, huge, 3), /beyond the range of float32/);
});

Deno.test("nearestNeighbors() and Umap do not change with the scale of tiny rows", async () => {
  const X = gaussian(80, 5, 2), k = 6;
  const expected = await nearestNeighbors(X, X, k);
  const map = await new Umap({ nNeighbors: k, nEpochs: 30 }).fit(X);
  for (const scale of [2 ** -73, 2 ** -100]) {
    const tiny = new Matrix(X.data.map((value) => value * scale), 80, 5);
    const { indices, distances } = await nearestNeighbors(tiny, tiny, k);
    assert.deepEqual(indices, expected.indices);
    assert.deepEqual(distances, expected.distances.map((distance) => distance * scale));
    const queries = await nearestNeighbors(tiny, tiny.slice(0, 10), k);
    assert.deepEqual([...queries.indices], [...expected.indices.subarray(0, 10 * k)]);
    const { embedding } = await new Umap({ nNeighbors: k, nEpochs: 30 }).fit(tiny);
    assert.ok(embedding.data.every(Number.isFinite));
  }
  assert.ok(map.embedding.data.every(Number.isFinite));
});
