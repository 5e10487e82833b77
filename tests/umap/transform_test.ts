import assert from "node:assert/strict";
import { Matrix, trustworthiness, Umap } from "deep-features";
import { seededRandom, standardNormal } from "deep-features/base";
import { KNeighborsClassifier } from "deep-features/classifiers";
import { onThreads } from "../helpers/on_threads.ts";
import { nearestNeighbors } from "deep-features/neighbors";
import { bipartiteGraph } from "../../lib/umap/engine/fuzzy_graph.ts";
import type { Metric } from "../../lib/neighbors/nearest_neighbors.ts";
import fixture from "../fixtures/umap/transform.json" with { type: "json" };

function gaussian(n: number, cols: number, seed: number): Matrix {
  const random = seededRandom(seed);
  return new Matrix(Float32Array.from({ length: n * cols }, () => standardNormal(random)), n, cols);
}

/** Rows `from` … `to - 1`. */
function slice(X: Matrix, from: number, to: number): Matrix {
  return new Matrix(X.data.slice(from * X.cols, to * X.cols), to - from, X.cols);
}

function stack(A: Matrix, B: Matrix): Matrix {
  return new Matrix(Float32Array.from([...A.data, ...B.data]), A.rows + B.rows, A.cols);
}

Deno.test("bipartiteGraph() gives new rows the edge strengths of umap-learn's transform", async () => {
  for (const { metric, X, new: rows, k, edges } of fixture.graph) {
    const neighbors = await nearestNeighbors(Matrix.fromRows(X), Matrix.fromRows(rows), k, {
      metric: metric as Metric,
    });
    const { starts, ends, weights } = bipartiteGraph(neighbors);
    const found = Array.from(
      ends,
      (j, e) => [starts.findIndex((start) => start > e) - 1, j, weights[e]!] as const,
    ).sort((a, b) => a[0] - b[0] || a[1] - b[1]);
    assert.deepEqual(found.map(([i, j]) => [i, j]), edges.map(([i, j]) => [i, j]), metric);
    found.forEach(([i, j, weight], e) =>
      assert.ok(
        Math.abs(weight - edges[e]![2]!) < 1e-4,
        `${metric} ${i}–${j}: ${weight}, not ${edges[e]![2]}`,
      )
    );
  }
});

Deno.test("Umap.transform() places new rows as well as umap-learn's, on three seeds", async () => {
  const { fitted, labels, scores } = fixture.quality;
  const X = Matrix.fromRows(fixture.quality.X);
  const train = slice(X, 0, fitted), test = slice(X, fitted, X.rows);
  const ours = { agreement: 0, trust: 0, drift: 0 };
  for (const seed of [0, 1, 2]) {
    const umap = await new Umap({ seed }).fit(train);
    const before = umap.embedding.data.slice();
    const places = await umap.transform(test);
    const knn = await new KNeighborsClassifier({ nNeighbors: 15 })
      .fit(umap.embedding, labels.slice(0, fitted));
    const predicted = await knn.predict(places);
    ours.agreement += predicted.filter((label, i) => label === labels[fitted + i]).length /
      test.rows / 3;
    ours.trust += await trustworthiness(X, stack(umap.embedding, places), { nNeighbors: 15 }) / 3;
    // Fitted rows given again come to lie close to their places.
    const again = await umap.transform(slice(train, 0, 100));
    const drifts = Array.from(
      { length: 100 },
      (_, i) =>
        Math.hypot(
          again.data[2 * i]! - before[2 * i]!,
          again.data[2 * i + 1]! - before[2 * i + 1]!,
        ),
    ).sort((a, b) => a - b);
    ours.drift += drifts[50]! / 3;
    assert.deepEqual(umap.embedding.data, before);
  }
  const theirs = (name: "agreement" | "trust" | "drift") =>
    scores.reduce((sum, score) => sum + score[name] / 3, 0);
  const text = JSON.stringify({ ours, scores });
  assert.ok(ours.agreement >= theirs("agreement") - 0.02, text);
  assert.ok(ours.trust >= theirs("trust") - 0.005, text);
  assert.ok(ours.drift <= 1.5 * theirs("drift"), text);
});

Deno.test("Umap.transform() without epochs leaves rows at the weighted mean of their neighbours' places", async () => {
  const X = gaussian(60, 4, 1), k = 5;
  // A third of two epochs is none.
  const umap = await new Umap({ nNeighbors: k, nEpochs: 2 }).fit(X);
  const rows = gaussian(6, 4, 2);
  rows.data.set(X.row(31), 8);
  const places = await umap.transform(rows);
  const { indices, distances } = await nearestNeighbors(X, rows, k);
  for (let i = 0; i < rows.rows; i++) {
    const own = distances.subarray(i * k, (i + 1) * k);
    // σ by bisection, with ρ = 0 and the nearest neighbour left out of the sum.
    let low = 0, high = 100;
    for (let step = 0; step < 200; step++) {
      const sigma = (low + high) / 2;
      let sum = 0;
      for (let j = 1; j < k; j++) sum += Math.exp(-own[j]! / sigma);
      if (sum > Math.log2(k)) high = sigma;
      else low = sigma;
    }
    const weights = Array.from(own, (distance) => Math.exp(-distance / low));
    const total = weights.reduce((a, b) => a + b);
    for (let d = 0; d < 2; d++) {
      const mean = weights.reduce(
        (sum, weight, j) => sum + weight * umap.embedding.row(indices[i * k + j]!)[d]!,
        0,
      ) / total;
      const expected = i === 2 ? umap.embedding.row(31)[d]! : mean;
      assert.ok(Math.abs(places.row(i)[d]! - expected) < 1e-3, `row ${i}`);
    }
  }
});

Deno.test("Umap.transform() gives the same places to the bit for any number of threads", async () => {
  const X = gaussian(600, 12, 5), rows = gaussian(700, 12, 6);
  const umap = await new Umap({ nEpochs: 30, seed: 3 }).fit(X);
  const other = await new Umap({ nEpochs: 30, seed: 4 }).fit(X);
  const places = async (umap: Umap) => (await umap.transform(rows)).data.join();
  const results = await onThreads([1, 2, 3], () => places(umap));
  assert.equal(results[1], results[0]);
  assert.equal(results[2], results[0]);
  assert.notEqual(await places(other), results[0]);
});

Deno.test("Umap.transform() takes one row, rows far away, duplicates and maps of duplicates", async () => {
  const X = gaussian(50, 3, 7);
  const umap = await new Umap({ nNeighbors: 5, nEpochs: 60 }).fit(X);
  const [x0, x1] = [Math.min(...umap.embedding.data), Math.max(...umap.embedding.data)];
  for (const rows of [[[1e4, -1e4, 0]], [[0, 0, 0]], Array(40).fill([0.1, 0.2, 0.3])]) {
    const { data } = await umap.transform(Matrix.fromRows(rows));
    assert.equal(data.length, 2 * rows.length);
    assert.ok(data.every((value) => value > x0 - 5 && value < x1 + 5), `${data}`);
  }
  const same = new Matrix(new Float32Array(60).fill(1), 20, 3);
  const flat = await new Umap({ nNeighbors: 5, nEpochs: 30 }).fit(same);
  assert.ok((await flat.transform(slice(same, 0, 4))).data.every(Number.isFinite));
  assert.ok((await flat.transform(slice(X, 0, 4))).data.every(Number.isFinite));
});

Deno.test("Umap.transform() by the cosine takes rows of any length, and of zeros", async () => {
  const X = gaussian(80, 5, 8);
  X.data.fill(0, 0, 5);
  const umap = await new Umap({ nNeighbors: 6, nEpochs: 2, metric: "cosine" }).fit(X);
  const longer = slice(X, 0, 10);
  longer.data.forEach((value, i) => longer.data[i] = 64 * value);
  const { data } = await umap.transform(longer);
  assert.deepEqual(data, umap.embedding.data.slice(0, 20));
});

Deno.test("Umap.transform() reports progress and stops by the signal", async () => {
  const X = gaussian(60, 3, 9);
  const umap = await new Umap({ nNeighbors: 5, nEpochs: 300 }).fit(X);
  const controller = new AbortController();
  const messages: string[] = [];
  let last = 0;
  await assert.rejects(
    umap.transform(X, {
      signal: controller.signal,
      onProgress: ({ done, total, message }) => {
        if (messages.at(-1) !== message) messages.push(message!);
        assert.ok(done >= last && done <= total);
        last = done;
        if (message === "layout") controller.abort();
      },
    }),
    { name: "AbortError" },
  );
  assert.deepEqual(messages, ["nearest neighbours", "layout"]);
  let end = 0;
  await umap.transform(X, { onProgress: ({ done, total }) => end = done / total });
  assert.equal(end, 1);
});

Deno.test("Umap.transform() refuses bad input before any work", async () => {
  const X = gaussian(30, 3, 10);
  await assert.rejects(new Umap().transform(X), /not fitted yet: call fit/);
  const umap = await new Umap({ nNeighbors: 5, nEpochs: 2 }).fit(X);
  await assert.rejects(umap.transform(gaussian(4, 2, 1)), /rows of 2 columns.* fitted on 3/);
  await assert.rejects(umap.transform(new Matrix(new Float32Array(0), 0, 3)), /a 0 × 3 matrix/);
  const bad = gaussian(4, 3, 1);
  bad.data[7] = NaN;
  await assert.rejects(umap.transform(bad), /NaN in row 2, column 1/);
  const aborted = AbortSignal.abort();
  await assert.rejects(umap.transform(X, { signal: aborted }), { name: "AbortError" });
  const line = await new Umap({ nNeighbors: 5, nEpochs: 2, nComponents: 3 }).fit(X);
  assert.equal(line.embedding.cols, 3);
  await assert.rejects(
    line.transform(X),
    /new rows in 3 dimensions.*fit old and new rows together/,
  );
});
