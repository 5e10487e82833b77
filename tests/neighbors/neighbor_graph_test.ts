import assert from "node:assert/strict";
import { Matrix } from "deep-features";
import { seededRandom, standardNormal } from "deep-features/base";
import { onThreads } from "../helpers/on_threads.ts";
import { nearestNeighbors } from "deep-features/neighbors";
import { neighborGraph } from "../../lib/neighbors/neighbor_graph.ts";
import { principalComponents } from "../../lib/neighbors/principal_components.ts";
import { sheet } from "../helpers/rows.ts";

Deno.test("neighborGraph() finds nearly all neighbours among candidates, with exact distances", async () => {
  const X = sheet(1200, 140, 1.5), k = 10;
  for (const metric of ["euclidean", "cosine"] as const) {
    const exact = await nearestNeighbors(X, X, k, { metric });
    const found = await neighborGraph(X, k, { exactRows: 100, metric });
    // Candidates are few of the rows, so that some neighbour is missed if this is the search by components.
    assert.notDeepEqual(found.indices, exact.indices);
    let hits = 0;
    for (let i = 0; i < X.rows; i++) {
      const own = exact.indices.subarray(i * k, (i + 1) * k);
      assert.equal(found.indices[i * k], i);
      for (let j = 0; j < k; j++) {
        const at = own.indexOf(found.indices[i * k + j]!);
        if (at < 0) continue;
        hits++;
        assert.equal(exact.distances[i * k + at]!, found.distances[i * k + j]!);
      }
    }
    assert.ok(hits / exact.indices.length > 0.95, `recall ${hits / exact.indices.length}`);
  }
});

Deno.test("neighborGraph() searches exactly where principal components miss neighbours", async () => {
  const random = seededRandom(9);
  // Noise in all directions alike: 64 of 200 components tell little.
  const X = new Matrix(
    Float32Array.from({ length: 900 * 200 }, () => standardNormal(random)),
    900,
    200,
  );
  for (const metric of ["euclidean", "cosine"] as const) {
    const options = { metric, exactRows: 100 };
    assert.deepEqual(
      await neighborGraph(X, 10, options),
      await nearestNeighbors(X, X, 10, { metric }),
    );
  }
});

Deno.test("neighborGraph() takes duplicates at any size", async () => {
  const X = new Matrix(new Float32Array(500 * 130).fill(2), 500, 130);
  const { indices, distances } = await neighborGraph(X, 5, { exactRows: 100 });
  assert.ok(distances.every((distance) => distance === 0));
  for (let i = 0; i < 500; i++) {
    assert.equal(indices[5 * i], i);
    assert.equal(new Set(indices.subarray(5 * i, 5 * i + 5)).size, 5);
  }
});

Deno.test("principalComponents() finds the directions of largest variance, in order", () => {
  const random = seededRandom(1);
  const X = new Matrix(new Float32Array(2000 * 5), 2000, 5);
  for (let i = 0; i < 2000; i++) {
    X.data[5 * i + 1] = 7 + 10 * standardNormal(random);
    X.data[5 * i + 3] = 3 * standardNormal(random);
    X.data[5 * i + 4] = 0.1 * standardNormal(random);
  }
  const projected = principalComponents(X, 2, 1);
  const correlation = (component: number, column: number) => {
    let [sum, aa, bb] = [0, 0, 0];
    for (let i = 0; i < 2000; i++) {
      const a = projected[2 * i + component]!, b = X.data[5 * i + column]! - (column === 1 ? 7 : 0);
      sum += a * b;
      aa += a * a;
      bb += b * b;
    }
    return Math.abs(sum / Math.sqrt(aa * bb));
  };
  assert.ok(correlation(0, 1) > 0.999);
  assert.ok(correlation(1, 3) > 0.99);
});

Deno.test("neighborGraph() finds the same to the bit for any number of threads", async () => {
  const X = sheet(900, 140);
  const results = await onThreads([1, 2, 3], () => neighborGraph(X, 10, { exactRows: 100 }));
  assert.deepEqual(results[1], results[0]);
  assert.deepEqual(results[2], results[0]);
});
