import assert from "node:assert/strict";
import { Matrix, type RunOptions, Umap, type UmapOptions } from "deep-features";
import { jupyterDisplay } from "deep-features/base";
import { gaussian } from "../helpers/rows.ts";

/** Two far clusters: even rows and odd rows. */
function twoClusters(n: number): Matrix {
  const X = gaussian(n, 8, 3);
  for (let i = 0; i < n; i++) X.data[i * 8]! += 30 * (i % 2);
  return X;
}

Deno.test("Umap lays two far clusters apart, and repeats itself for a seed", async () => {
  const X = twoClusters(200);
  const fit = (seed: number) => new Umap({ nNeighbors: 10, nEpochs: 200, seed }).fit(X);
  const { embedding } = await fit(1);
  const means = [0, 1].map((cluster) => {
    let [x, y] = [0, 0];
    for (let i = cluster; i < 200; i += 2) {
      x += embedding.data[2 * i]! / 100;
      y += embedding.data[2 * i + 1]! / 100;
    }
    return [x, y] as const;
  });
  let wrong = 0;
  for (let i = 0; i < 200; i++) {
    const [own, other] = [means[i % 2]!, means[1 - i % 2]!].map(([x, y]) =>
      Math.hypot(embedding.data[2 * i]! - x, embedding.data[2 * i + 1]! - y)
    );
    if (own! > other!) wrong++;
  }
  assert.equal(wrong, 0);
  assert.deepEqual((await fit(1)).embedding, embedding);
  assert.notDeepEqual((await fit(2)).embedding.data, embedding.data);
});

Deno.test("Umap takes duplicates, reports progress and stops by the signal", async () => {
  const same = new Matrix(new Float32Array(40 * 3).fill(2), 40, 3);
  const { embedding } = await new Umap({ nNeighbors: 5, nEpochs: 20 }).fit(same);
  assert.ok(embedding.data.every(Number.isFinite));
  const controller = new AbortController();
  const messages = new Set<string>();
  let last = 0;
  await assert.rejects(
    new Umap({ nNeighbors: 5, nEpochs: 50 }).fit(twoClusters(60), {
      signal: controller.signal,
      onProgress: ({ done, total, message }) => {
        messages.add(message!);
        assert.ok(done >= last && done <= total);
        last = done;
        if (message === "layout") controller.abort();
      },
    }),
    { name: "AbortError" },
  );
  assert.deepEqual([...messages], ["nearest neighbours", "layout"]);
});

Deno.test("Umap lays out rows of zeros by the cosine, and groups of duplicates, with finite places", async () => {
  const X = gaussian(90, 4, 6);
  X.data.fill(0, 0, 12);
  const cosine = await new Umap({ nNeighbors: 6, nEpochs: 60, metric: "cosine" }).fit(X);
  assert.ok(cosine.embedding.data.every(Number.isFinite));
  // Three groups of thirty equal rows: more than there are neighbours, so that no edge leaves a group.
  const groups = Matrix.fromRows(Array.from({ length: 90 }, (_, i) => [10 * (i % 3), i % 3]));
  for (const init of ["spectral", "pca", "random"] as const) {
    const { embedding } = await new Umap({ nNeighbors: 6, nEpochs: 60, init }).fit(groups);
    assert.ok(embedding.data.every(Number.isFinite), init);
    // One column has one principal component.
    const line = await new Umap({ nNeighbors: 6, nEpochs: 60, init }).fit(gaussian(50, 1, 2));
    assert.ok(line.embedding.data.every(Number.isFinite), init);
  }
});

Deno.test("Umap warns where there are few rows, and goes on with one neighbour less, as umap-learn does", async () => {
  const warn = console.warn, texts: string[] = [];
  console.warn = (text) => texts.push(text);
  try {
    // umap-learn 0.5.3 takes n − 1 neighbours of n rows; of fewer than four it fails from inside.
    for (const [rows, taken] of [[15, 14], [10, 9], [5, 4], [4, 3], [3, 2]] as const) {
      const X = gaussian(rows, 3, rows);
      texts.length = 0;
      const few = await new Umap({ nEpochs: 40 }).fit(X);
      assert.equal(few.fitted.nNeighbors, taken);
      assert.deepEqual(texts, [
        `Umap: nNeighbors = 15 is not fewer than the ${rows} rows: taking ${taken}`,
      ]);
      const same = await new Umap({ nEpochs: 40, nNeighbors: taken }).fit(X);
      assert.equal(texts.length, 1);
      assert.deepEqual(few.embedding, same.embedding);
      assert.ok(few.embedding.data.every(Number.isFinite));
      const places = await few.transform(gaussian(7, 3, 1));
      assert.ok(places.rows === 7 && places.data.every(Number.isFinite));
    }
    for (const [rows, nComponents] of [[1, 2], [2, 2], [1, 1], [3, 1], [4, 3], [5, 1]] as const) {
      for (const init of ["spectral", "pca", "random"] as const) {
        const umap = await new Umap({ nComponents, init, nEpochs: 20 }).fit(gaussian(rows, 2, 4));
        assert.deepEqual([umap.embedding.rows, umap.embedding.cols], [rows, nComponents]);
        assert.ok(umap.embedding.data.every(Number.isFinite), `${rows} rows, ${nComponents}`);
        if (nComponents !== 2) continue;
        const places = await umap.transform(gaussian(3, 2, 5));
        assert.ok(places.rows === 3 && places.data.every(Number.isFinite), `${rows} rows`);
      }
    }
    const { embedding } = await new Umap({ nEpochs: 20 }).fit(gaussian(2, 2, 4));
    assert.notDeepEqual(embedding.row(0), embedding.row(1));
  } finally {
    console.warn = warn;
  }
});

Deno.test("Umap refuses bad input before any work", async () => {
  const X = gaussian(10, 3, 1);
  const refuses = (options: UmapOptions, message: RegExp) =>
    assert.throws(() => new Umap(options), message);
  const rejects = (umap: Umap, message: RegExp) => assert.rejects(umap.fit(X), message);
  refuses({ nNeighbors: 1 }, /nNeighbors .* got 1/);
  refuses({ minDist: 2 }, /minDist must be from 0 to spread \(1\), got 2/);
  refuses({ nNeighbors: 3, nComponents: 0 }, /nComponents .* got 0/);
  refuses({ nNeighbors: 3, nEpochs: 0.5 }, /nEpochs .* got 0.5/);
  refuses({ nNeighbors: 3, minDist: NaN }, /minDist .* got NaN/);
  refuses({ minDist: 0, spread: 0 }, /spread must be positive, got 0/);
  refuses({ nNeighbors: 3, seed: 0.5 }, /seed .* got 0.5/);
  refuses({ seed: 1e300 }, /seed .* got 1e\+300/);
  refuses({ metric: "manhattan" as "cosine" }, /"euclidean" or "cosine", got "manhattan"/);
  refuses({ init: "tsne" as "pca" }, /"spectral", "pca" or "random", got "tsne"/);
  refuses({ n_neighbors: 5 } as UmapOptions, /no option "n_neighbors": did you mean "nNeighbors"/);
  await rejects(new Umap({ nNeighbors: 3, nComponents: 1000 }), /fewer than the 10 rows, got 1000/);
  await rejects(new Umap({ nNeighbors: 3, nComponents: 10 }), /fewer than the 10 rows, got 10/);
  await assert.rejects(new Umap({ nComponents: 1 }).fit(gaussian(2, 3, 1)), /2 rows .* not in 1/);
  for (const wrong of [undefined, null, { rows: 9, cols: 1, data: [] }, [[1], [2]], "X"]) {
    await assert.rejects(new Umap().fit(wrong as unknown as Matrix), {
      name: "TypeError",
      message: /X must be a Matrix/,
    });
  }
  await assert.rejects(new Umap().fit(X, { onProgres: () => {} } as RunOptions), {
    name: "TypeError",
    message: /did you mean "onProgress"/,
  });
  const sized = (rows: number, cols: number) =>
    new Matrix(new Float32Array(rows * cols), rows, cols);
  await assert.rejects(new Umap().fit(sized(0, 3)), /a 0 × 3 matrix: need rows and columns/);
  await assert.rejects(new Umap().fit(sized(20, 0)), /a 20 × 0 matrix: need rows and columns/);
  const huge = new Matrix(X.data.map((value) => value * 1e30), 10, 3);
  await assert.rejects(new Umap({ nNeighbors: 3 }).fit(huge), /beyond the range of float32/);
  for (const value of [Infinity, NaN]) {
    X.data[4] = value;
    await rejects(new Umap({ nNeighbors: 3 }), new RegExp(`${value} in row 1, column 1`));
  }
  assert.throws(() => new Umap().embedding, /not fitted yet/);
});

Deno.test("Umap shows itself in a notebook and in console.log: its parameters, and what it learned", async () => {
  const umap = new Umap({ nNeighbors: 7, nEpochs: 5 });
  assert.match(Deno.inspect(umap), /^Umap \{ nNeighbors: 7, .*metric: euclidean.*not yet \}$/);
  await umap.fit(gaussian(30, 4, 1));
  const { "text/plain": plain, "text/html": html } = umap[jupyterDisplay]();
  for (const shown of [plain, html, Deno.inspect(umap)] as string[]) {
    assert.match(shown, /nNeighbors.*7.*minDist.*0\.1.*rows.*30.*columns.*4/s);
    assert.ok(shown.length < 1500);
  }
});
