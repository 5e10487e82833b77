import assert from "node:assert/strict";
import { Matrix, trustworthiness, Umap } from "deep-features";
import { onThreads } from "../helpers/on_threads.ts";
import { nearestNeighbors } from "deep-features/neighbors";
import { sheet } from "../helpers/rows.ts";
import { componentStart } from "../../lib/umap/engine/component_start.ts";
import { fuzzyGraph } from "../../lib/umap/engine/fuzzy_graph.ts";
import { spectralStart } from "../../lib/umap/engine/spectral_start.ts";
import parts from "../fixtures/umap/parts.json" with { type: "json" };
import fixture from "../fixtures/umap/graph.json" with { type: "json" };

Deno.test("fuzzyGraph() equals umap-learn's fuzzy simplicial set", () => {
  const { starts, ends, weights } = fuzzyGraph({
    indices: Int32Array.from(fixture.indices),
    distances: Float32Array.from(fixture.distances),
    k: fixture.k,
  });
  const edges = Array.from(ends, (j, e) => [starts.findIndex((start) => start > e) - 1, j]);
  assert.deepEqual(edges, fixture.edges.map(([i, j]) => [i, j]));
  fixture.edges.forEach(([, , weight], e) =>
    assert.ok(Math.abs(weights[e]! - weight!) < 1e-4, `edge ${e}: ${weights[e]}, not ${weight}`)
  );
});

Deno.test("spectralStart() puts the parts of a graph that hang together loosely on two sides", () => {
  // Two cliques of ten, joined by one weak edge.
  const edges = Array.from(
    { length: 20 },
    (_, i) =>
      Array.from({ length: 20 }, (_, j) => j).filter((j) =>
        j !== i &&
        (Math.floor(i / 10) === Math.floor(j / 10) || i + j === 19 && Math.abs(i - j) === 1)
      ),
  );
  const starts = Int32Array.from([0, ...edges.map((_, i) => edges.slice(0, i + 1).flat().length)]);
  const ends = Int32Array.from(edges.flat());
  const weights = Float32Array.from(ends, (_, e) => {
    const i = starts.findIndex((start) => start > e) - 1;
    return Math.floor(i / 10) === Math.floor(ends[e]! / 10) ? 1 : 0.01;
  });
  const places = spectralStart({ starts, ends, weights }, 1);
  const sides = Array.from({ length: 20 }, (_, i) => Math.sign(places[2 * i]!));
  assert.equal(new Set(sides.slice(0, 10)).size, 1);
  assert.equal(new Set(sides.slice(10)).size, 1);
  assert.notEqual(sides[0], sides[19]);
});

Deno.test("componentStart() keeps the shape of parts that hang together apart from others", async () => {
  const X = Matrix.fromRows(parts.X);
  const start = componentStart(fuzzyGraph(await nearestNeighbors(X, X, 15)), X, 1);
  for (const part of [0, 1, 2]) {
    const rows = Array.from({ length: X.rows / 3 }, (_, i) => 3 * i + part);
    const score = await trustworthiness(
      X.takeRows(rows),
      new Matrix(start, X.rows, 2).takeRows(rows),
      { nNeighbors: 45 },
    );
    assert.ok(score > 0.9, `part ${part}: ${score}`);
    // No point of another part lies as near to the middle as the part's own farthest.
    const [x, y] = [0, 1].map((d) =>
      rows.reduce((sum, row) => sum + start[2 * row + d]! / rows.length, 0)
    ) as [number, number];
    const distances = Array.from(
      { length: X.rows },
      (_, i) => Math.hypot(start[2 * i]! - x, start[2 * i + 1]! - y),
    );
    const own = Math.max(...rows.map((row) => distances[row]!));
    assert.ok(distances.every((distance, i) => i % 3 === part || distance > own / 2));
  }
});

Deno.test("Umap's maps of parts far from each other are as trustworthy as umap-learn's", async () => {
  const X = Matrix.fromRows(parts.X);
  const ours = { trust: 0, within: 0 };
  for (const seed of [0, 1, 2]) {
    const { embedding } = await new Umap({ seed }).fit(X);
    ours.trust += await trustworthiness(X, embedding, { nNeighbors: 15 }) / 3;
    for (const part of [0, 1, 2]) {
      const rows = Array.from({ length: X.rows / 3 }, (_, i) => 3 * i + part);
      ours.within +=
        await trustworthiness(X.takeRows(rows), embedding.takeRows(rows), { nNeighbors: 45 }) / 9;
    }
  }
  for (const name of ["trust", "within"] as const) {
    const theirs = parts.scores.reduce((sum, score) => sum + score[name] / 3, 0);
    const room = name === "trust" ? 0.003 : 0.03;
    assert.ok(ours[name] >= theirs - room, `${name}: ${ours[name]}, umap-learn ${theirs}`);
  }
});

Deno.test("Umap gives the same embedding to the bit for any number of threads", async () => {
  const X = sheet(700, 20);
  const results = await onThreads([1, 2, 3], async () => {
    const { embedding } = await new Umap({ nEpochs: 60, seed: 3 }).fit(X);
    return embedding.data.join();
  });
  assert.equal(results[1], results[0]);
  assert.equal(results[2], results[0]);
});
