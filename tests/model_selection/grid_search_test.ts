import assert from "node:assert/strict";
import {
  GridSearch,
  loadSvc,
  Matrix,
  type ParameterGrid,
  saveSvc,
  setThreads,
  stratifiedKFold,
  Svc,
  type SvcOptions,
  threads,
} from "deep-features";
import { allocatedBytes } from "../../lib/compute/memory.ts";

interface Fixture {
  X: number[][];
  y: number[];
  foldOf: number[];
  grid: { C: number[]; gamma: number[] };
  mean: number[];
  sd: number[];
  rank: number[];
  best: { C: number; gamma: number };
}
const fixture: Fixture = JSON.parse(
  await Deno.readTextFile(new URL("../fixtures/svm/grid.json", import.meta.url)),
);
const X = Matrix.fromRows(fixture.X);
const makeSvc = (parameters: SvcOptions) => new Svc({ tol: 1e-5, ...parameters });

Deno.test("stratifiedKFold() deals each class evenly, each row once, by the seed", () => {
  const y = Array.from({ length: 103 }, (_, i) => i % 10 === 0 ? 1 : i % 3 === 0 ? 5 : -2);
  const folds = stratifiedKFold(y, 4, 7);
  const count = (label: number, rows: Iterable<number>) =>
    [...rows].filter((i) => y[i] === label).length;
  for (const label of [1, 5, -2]) {
    const counts = folds.map(({ test }) => count(label, test));
    assert.ok(Math.max(...counts) - Math.min(...counts) <= 1);
  }
  const sizes = folds.map(({ test }) => test.length);
  assert.ok(Math.max(...sizes) - Math.min(...sizes) <= 1);
  assert.deepEqual(
    folds.flatMap(({ test }) => [...test]).sort((a, b) => a - b),
    [...y.keys()],
  );
  for (const { train, test } of folds) {
    assert.equal(train.length + test.length, 103);
    assert.ok(test.every((i) => !train.includes(i)));
  }
  assert.deepEqual(stratifiedKFold(y, 4, 7), folds);
  assert.notDeepEqual(stratifiedKFold(y, 4, 8), folds);
  assert.throws(() => stratifiedKFold([0, 0, 1], 2), /Cannot make 2 folds: class 1 has 1 rows/);
  assert.throws(() => stratifiedKFold(y, 1), /at least 2, got 1/);
});

Deno.test("GridSearch has scikit-learn's scores, ranks and best parameters on the same folds", async () => {
  const folds = [0, 1, 2].map((fold) => ({
    train: Int32Array.from(fixture.foldOf.keys().filter((i) => fixture.foldOf[i] !== fold)),
    test: Int32Array.from(fixture.foldOf.keys().filter((i) => fixture.foldOf[i] === fold)),
  }));
  const search = await new GridSearch(makeSvc, fixture.grid, { folds }).fit(X, fixture.y);
  search.results.forEach(({ mean, sd }, i) => {
    assert.ok(Math.abs(mean - fixture.mean[i]!) < 1e-12);
    assert.ok(Math.abs(sd - fixture.sd[i]!) < 1e-12);
  });
  const rows = search.table.toRecords();
  assert.deepEqual(rows.map((row) => row["rank"]), fixture.rank);
  assert.deepEqual(Object.keys(rows[0]!), ["C", "gamma", "mean", "sd", "seconds", "rank"]);
  assert.deepEqual(search.bestParams, fixture.best);
  assert.equal(search.bestScore, Math.max(...search.results.map(({ mean }) => mean)));
  const refitted = await makeSvc(fixture.best).fit(X, fixture.y);
  assert.deepEqual(await search.bestEstimator.predict(X), await refitted.predict(X));
});

Deno.test("GridSearch reports progress, and keeps what it has when it is stopped", async () => {
  const controller = new AbortController();
  const search = new GridSearch(makeSvc, { C: [1, 2, 3] }, { folds: 2 });
  assert.throws(() => search.bestParams, /Nothing has been scored yet/);
  const seen: string[] = [];
  await search.fit(X, fixture.y, {
    signal: controller.signal,
    onProgress: ({ done, total, message }) => {
      assert.equal(total, 7);
      seen.push(message!);
      if (done === 3) controller.abort();
    },
  });
  assert.equal(search.isStopped, true);
  assert.deepEqual(seen, ["C = 1", "C = 1", "C = 2"]);
  assert.equal(search.results.length, 1);
  assert.deepEqual(search.bestParams, { C: 1 });
  assert.throws(() => search.bestEstimator, /not been fitted to all rows/);
  // Stopped before there is anything to return, or by something else than the signal, it fails.
  await assert.rejects(search.fit(X, fixture.y, { signal: AbortSignal.abort() }), {
    name: "AbortError",
  });
  const onProgress = () => {
    throw new Error("from the caller");
  };
  const before = allocatedBytes();
  await assert.rejects(search.fit(X, fixture.y, { onProgress }), /from the caller/);
  assert.equal(allocatedBytes(), before);
});

/** A cache too small to share kernel values, so that every machine is fitted on its own. */
const ALONE = 0.1;

Deno.test("GridSearch scores alike whether the machines share kernel values and solutions or not", async () => {
  const y = fixture.y;
  // Folds whose training rows differ in number and overlap, one of which lacks a class.
  const rows = [...y.keys()];
  const lacking = {
    train: Int32Array.from(rows.filter((i) => y[i] !== y[0])),
    test: Int32Array.from(rows.filter((i) => i % 3 === 0)),
  };
  const folds = [...stratifiedKFold(y, 3, 5), lacking];
  const grids: ParameterGrid<SvcOptions>[] = [
    { C: [10, 0.1, 1], gamma: [0.05, 0.5] },
    { C: [0.1, 1], gamma: ["scale", "auto"], classWeight: ["balanced", { [y[0]!]: 3 }] },
    { kernel: ["linear", "poly", "sigmoid", "rbf"], coef0: [0, 1], C: [0.02, 0.1] },
    { C: [1, 3], maxIter: [20, 5] },
  ];
  const warn = console.warn;
  console.warn = () => {}; // of maxIter
  try {
    for (const grid of grids) {
      const [shared, alone] = await Promise.all(
        [1400, ALONE].map(async (cacheMiB) =>
          (await new GridSearch(
            (parameters: SvcOptions) => new Svc({ tol: 1e-6, cacheMiB, ...parameters }),
            grid,
            { folds, refit: false },
          ).fit(X, y)).results
        ),
      );
      for (const [i, { parameters, scores }] of alone!.entries()) {
        // Where steps run out early, another order of steps may leave another machine.
        if (parameters.maxIter) continue;
        assert.deepEqual(shared![i]!.scores, scores, JSON.stringify(parameters));
      }
      assert.equal(shared!.length, alone!.length);
    }
  } finally {
    console.warn = warn;
  }
});

Deno.test("GridSearch gives the same for any number of threads, and leaves no memory behind", async () => {
  const before = threads();
  const results: string[] = [];
  try {
    for (const count of [1, 2, 3]) {
      setThreads(count);
      const search = new GridSearch(makeSvc, { C: [0.1, 1, 10] }, { folds: 3, refit: false });
      await search.fit(X, fixture.y);
      const bytes = allocatedBytes();
      await search.fit(X, fixture.y);
      assert.equal(allocatedBytes(), bytes);
      results.push(JSON.stringify(search.results.map(({ scores }) => scores)));
    }
  } finally {
    setThreads(before);
  }
  assert.equal(results[1], results[0]);
  assert.equal(results[2], results[0]);
});

Deno.test("GridSearch refuses a bad grid, bad folds and bad parameters before long work", async () => {
  assert.throws(() => new GridSearch(makeSvc, { C: [] }), /no values for C/);
  await assert.rejects(
    new GridSearch(makeSvc, { C: [1] }, { folds: 100 }).fit(X, fixture.y),
    /Cannot make 100 folds/,
  );
  await assert.rejects(
    new GridSearch(makeSvc, { C: [-1] }).fit(X, fixture.y),
    /C must be positive/,
  );
  await assert.rejects(new GridSearch(makeSvc, { C: [1] }).fit(X, [1]), /150 rows have 1 labels/);
});

Deno.test("saveSvc() and loadSvc() keep every decision, and refuse a damaged file", async () => {
  const path = await Deno.makeTempFile();
  try {
    const svc = await new Svc({ C: 3 }).fit(X, fixture.y);
    await saveSvc(svc, path);
    const loaded = await loadSvc(path);
    assert.deepEqual(await loaded.decisionFunction(X), await svc.decisionFunction(X));
    assert.equal(loaded.options.C, 3);
    assert.deepEqual(loaded.fitted.support, svc.fitted.support);
    await Deno.truncate(path, (await Deno.stat(path)).size - 4);
    await assert.rejects(loadSvc(path), /is damaged/);
    await Deno.writeTextFile(path, "something else");
    await assert.rejects(loadSvc(path), /does not hold an Svc/);
  } finally {
    await Deno.remove(path);
  }
});
