import assert from "node:assert/strict";
import { jupyterDisplay } from "deep-features/base";
import { accuracyScore, GridSearch, Matrix, Svc, type SvcOptions } from "deep-features";
import {
  type Classifier,
  type Fold,
  type Progress,
  type RunOptions,
  seededRandom,
} from "deep-features/base";
import { KNeighborsClassifier, type KNeighborsOptions } from "deep-features/classifiers";
import { onThreads } from "../helpers/on_threads.ts";
import { type ParameterGrid, stratifiedKFold } from "deep-features/model_selection";
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
type Scores = Record<string, number[][]>;
/** Scores of `tests/fixtures/svm/make_scoring.py` on given folds of three classes of 60, 30 and 12 rows. */
const scored: { X: number[][]; y: number[]; foldOf: number[]; svc: Scores; neighbors: Scores } =
  JSON.parse(await Deno.readTextFile(new URL("../fixtures/svm/scoring.json", import.meta.url)));
const X = Matrix.fromRows(fixture.X);
const makeSvc = (parameters: SvcOptions) => new Svc({ tol: 1e-5, ...parameters });

/** Runs something and gathers what it warns of. */
function warningsOf<T>(run: () => T): { result: T; warnings: string[] } {
  const warnings: string[] = [];
  const warn = console.warn;
  console.warn = (text: string) => warnings.push(text);
  try {
    return { result: run(), warnings };
  } finally {
    console.warn = warn;
  }
}

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
  assert.deepEqual(folds.flatMap(({ test }) => [...test]).sort((a, b) => a - b), [...y.keys()]);
  for (const { train, test } of folds) {
    assert.equal(train.length + test.length, 103);
    assert.ok(test.every((i) => !train.includes(i)));
  }
  assert.deepEqual(stratifiedKFold(y, 4, 7), folds);
  assert.notDeepEqual(stratifiedKFold(y, 4, 8), folds);
  assert.throws(() => stratifiedKFold([0, 1], 2), /Cannot make 2 folds: class 1 has 1 rows/);
  const { result: lean, warnings } = warningsOf(() =>
    stratifiedKFold([...Array(40).fill(0), ...Array(40).fill(1), 2, 2, 2], 5)
  );
  assert.match(warnings.join(), /class 2 has 3 rows, fewer than the 5 folds/);
  assert.equal(warnings.length, 1);
  assert.deepEqual(lean.map(({ test }) => test.length).sort(), [16, 16, 17, 17, 17]);
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
const ALONE = 0.05;
/** Memory for kernel values, in MiB, that has room for two classes of these rows, and not for all. */
const BY_PAIRS = 0.1;

Deno.test("Machines cross-validated in their groups predict what they predict together, to the bit", async () => {
  const { y } = fixture, folds = stratifiedKFold(y, 3, 5), { warn } = console;
  const predictions = async (machines: readonly Svc[], numbers: readonly number[]) => {
    const found: (readonly [number, number, string])[] = [];
    for await (const each of machines[0]!.crossValidate(machines, X, y, folds)!) {
      found.push([numbers[each.peer]!, each.fold, each.predicted.join()]);
    }
    return found;
  };
  const machinesWith = (cacheMiB: number) =>
    [0.05, 0.5, "scale" as const].flatMap((gamma) =>
      [10, 0.1, 1].flatMap((C) =>
        [-1, 50].map((maxIter) => new Svc({ C, gamma, maxIter, cacheMiB }))
      )
    );
  console.warn = () => {}; // of maxIter
  try {
    for (const cacheMiB of [1400, BY_PAIRS]) {
      const machines = machinesWith(cacheMiB);
      const together = await predictions(machines, machines.map((_, i) => i));
      const groups = machines[0]!.crossValidationGroups(machines, X, y, folds)!;
      // A chain of rising C for each gamma; each machine with a limit of steps is alone.
      assert.deepEqual(groups.map(({ length }) => length).sort(), [...Array(9).fill(1), 3, 3, 3]);
      const apart = [];
      for (const group of groups) {
        apart.push(...await predictions(group.map((i) => machines[i]!), group));
      }
      assert.deepEqual(apart.sort(), together.sort());
    }
  } finally {
    console.warn = warn;
  }
  // By itself the second would share its work in another way.
  const mixed = [new Svc({ cacheMiB: BY_PAIRS }), new Svc({ C: 2 })];
  assert.deepEqual(mixed[0]!.crossValidationGroups(mixed, X, y, folds), [[0, 1]]);
  const small = [new Svc({ cacheMiB: ALONE }), new Svc({ C: 2 })];
  assert.equal(small[0]!.crossValidationGroups(small, X, y, folds), undefined);
});

Deno.test("GridSearch scores alike whether the machines share kernel values and solutions or not", async () => {
  const y = fixture.y;
  // Folds whose training rows differ in number and overlap, one of which lacks a class.
  const rows = [...y.keys()];
  const lacking = {
    train: Int32Array.from(rows.filter((i) => y[i] !== y[0] && i % 3 !== 0)),
    test: Int32Array.from(rows.filter((i) => i % 3 === 0)),
  };
  const folds = [...stratifiedKFold(y, 3, 5), lacking];
  const grids: ParameterGrid<SvcOptions>[] = [
    { C: [10, 0.1, 1], gamma: [0.05, 0.5] },
    {
      C: [0.1, 1],
      gamma: ["scale", "auto"],
      classWeight: ["balanced", { [y.find((label) => label !== y[0])!]: 3 }],
    },
    { kernel: ["linear", "poly", "sigmoid", "rbf"], coef0: [0, 1], C: [0.02, 0.1] },
    { C: [1, 3], maxIter: [20, 5] },
  ];
  const warn = console.warn;
  console.warn = () => {}; // of maxIter
  try {
    for (const grid of grids) {
      const [shared, byPairs, alone] = await Promise.all(
        [1400, BY_PAIRS, ALONE].map(async (cacheMiB) =>
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
        assert.deepEqual(byPairs![i]!.scores, scores, `by pairs: ${JSON.stringify(parameters)}`);
      }
      assert.equal(shared!.length, alone!.length);
    }
  } finally {
    console.warn = warn;
  }
});

Deno.test("GridSearch gives the same for any number of threads, and leaves no memory behind", async () => {
  const results = await onThreads([1, 2, 3], async () => {
    const search = new GridSearch(makeSvc, { C: [0.1, 1, 10] }, { folds: 3, refit: false });
    await search.fit(X, fixture.y);
    const bytes = allocatedBytes();
    await search.fit(X, fixture.y);
    // The memory of machines of earlier tests may be given back meanwhile.
    assert.ok(allocatedBytes() <= bytes);
    return JSON.stringify(search.results.map(({ scores }) => scores));
  });
  assert.equal(results[1], results[0]);
  assert.equal(results[2], results[0]);
});

Deno.test("A search by pairs of classes shares in parts, stops in the midst, and gives its memory back", async () => {
  const y = fixture.y, folds = stratifiedKFold(y, 3, 5), done: number[] = [];
  const machines = [1, 0.1].map((C) => new Svc({ C, cacheMiB: BY_PAIRS }));
  const predictions = (options: RunOptions = {}) =>
    machines[0]!.crossValidate(machines, X, y, folds, options)!;
  // Both C of one kernel, so three pairs of classes for all six predictions.
  const onProgress = (progress: Progress) => done.push(progress.done);
  const all = await Array.fromAsync(predictions({ onProgress }));
  assert.deepEqual(done, [1.5, 3, 4.5]);
  assert.deepEqual(all.map(({ peer, fold }) => [peer, fold]), [
    [1, 0],
    [0, 0],
    [1, 1],
    [0, 1],
    [1, 2],
    [0, 2],
  ]);
  for (const { fold, predicted } of all) assert.equal(predicted.length, folds[fold]!.test.length);
  const before = allocatedBytes(), controller = new AbortController();
  const stopped = Array.fromAsync(
    predictions({ signal: controller.signal, onProgress: () => controller.abort() }),
  );
  await assert.rejects(stopped, { name: "AbortError" });
  assert.ok(allocatedBytes() <= before);
});

Deno.test("GridSearch refuses a bad grid, bad folds and bad parameters before long work", async () => {
  assert.throws(() => new GridSearch(makeSvc, { C: [] }), /no values for C/);
  await assert.rejects(
    new GridSearch(makeSvc, { C: [1] }, { folds: 100 }).fit(X, fixture.y),
    /Cannot make 100 folds/,
  );
  assert.throws(() => new GridSearch(makeSvc, { C: [-1] }), /C must be positive/);
  type Any = ParameterGrid<SvcOptions>;
  const grids: [unknown, RegExp][] = [
    [{ Cc: [1] }, /^TypeError: Svc has no option "Cc": did you mean "C"\?/],
    [{ ["__proto__"]: [1] }, /^TypeError: Svc has no option "__proto__"/],
    [{ __proto__: [1] }, /^TypeError: GridSearch: the grid must be a plain object/],
    [{}, /^RangeError: GridSearch: the grid has no parameters to try/],
    [null, /^TypeError: GridSearch: the grid must be a plain object .* got null/],
    [{ C: 1 }, /^TypeError: GridSearch: the values of C must be an array, got 1/],
    [{ C: [1, 1] }, /^RangeError: GridSearch: the grid has a value of C twice/],
  ];
  for (const [grid, message] of grids) {
    assert.throws(() => new GridSearch(makeSvc, grid as Any), message);
  }
  const makers: [unknown, RegExp][] = [
    [() => null, /^TypeError: GridSearch: make\(parameters\) must return a classifier.* got null/],
    [() => ({}), /^TypeError: GridSearch: make\(parameters\) must return .* a plain object/],
    [() => new Svc(), /^RangeError: GridSearch: 2 values of C make classifiers with 1/],
    [
      () => new KNeighborsClassifier(),
      /^TypeError: GridSearch: KNeighborsClassifier has no parameter "C"/,
    ],
    [null, /^TypeError: GridSearch: make must be a function, got null/],
  ];
  for (const [make, message] of makers) {
    assert.throws(() => new GridSearch(make as typeof makeSvc, { C: [1, 2] }), message);
  }
  assert.throws(
    () => new GridSearch(makeSvc, { C: [1] }, { fold: 3 } as object),
    /^TypeError: GridSearch has no option "fold": did you mean "folds"\?/,
  );
  const n = fixture.y.length, all = [...fixture.y.keys()], half = all.slice(75);
  const alike = all.filter((i) => fixture.y[i] === fixture.y[0] && i > 0);
  const badFolds: [unknown, RegExp][] = [
    [[], /^RangeError: There are no folds/],
    [[{ train: all, test: [] }], /^RangeError: test of fold 0 has no rows/],
    [[{ train: [], test: all }], /^RangeError: train of fold 0 has no rows/],
    [[{ train: half, test: [0, n] }], /^RangeError: test of fold 0 names row 150: .* 0 to 149/],
    [[{ train: [...half, -1], test: [0] }], /^RangeError: train of fold 0 names row -1/],
    [[{ train: half, test: [0.5] }], /^RangeError: test of fold 0 names row 0.5/],
    [[{ train: half, test: [0, 0] }], /^RangeError: test of fold 0 names a row twice/],
    [[{ train: half, test: [1, 80] }], /^RangeError: Row 80 is in train and in test of fold 0/],
    [[{ train: alike, test: [0] }], /^RangeError: Cannot learn from one class only/],
    [[{ train: half }], /^TypeError: test of fold 0 must be an array of row numbers/],
    [[null], /^TypeError: Fold 0 must be \{ train, test \}, got null/],
  ];
  for (const [folds, message] of badFolds) {
    const search = new GridSearch(makeSvc, { C: [1] }, { folds: folds as Fold[] });
    await assert.rejects(search.fit(X, fixture.y), message);
  }
  await assert.rejects(new GridSearch(makeSvc, { C: [1] }).fit(X, [1]), /150 rows have 1 labels/);
});

Deno.test("Svc.save() and Svc.load() keep every decision, and refuse a damaged file", async () => {
  const path = await Deno.makeTempFile();
  try {
    const svc = await new Svc({ C: 3 }).fit(X, fixture.y);
    await svc.save(path);
    const loaded = await Svc.load(path);
    assert.deepEqual(await loaded.decisionFunction(X), await svc.decisionFunction(X));
    assert.equal(loaded.options.C, 3);
    assert.deepEqual(loaded.fitted.support, svc.fitted.support);
    await Deno.truncate(path, (await Deno.stat(path)).size - 4);
    await assert.rejects(Svc.load(path), /is damaged/);
    await Deno.writeTextFile(path, "something else");
    await assert.rejects(Svc.load(path), /does not hold an Svc/);
  } finally {
    await Deno.remove(path);
  }
});

Deno.test("GridSearch takes any classifier and any score, as scikit-learn's GridSearchCV", async () => {
  const folds = [0, 1, 2].map((fold) => ({
    train: Int32Array.from(scored.foldOf.keys().filter((i) => scored.foldOf[i] !== fold)),
    test: Int32Array.from(scored.foldOf.keys().filter((i) => scored.foldOf[i] === fold)),
  }));
  const X = Matrix.fromRows(scored.X);
  const half = (yTrue: Int32Array, yPred: Int32Array) => accuracyScore(yTrue, yPred) / 2;
  for (
    const [scoring, expected, factor] of [
      ["accuracy", "accuracy", 1],
      ["balancedAccuracy", "balanced_accuracy", 1],
      ["f1Macro", "f1_macro", 1],
      [half, "accuracy", 0.5],
    ] as const
  ) {
    const neighbors = await new GridSearch(
      (parameters: KNeighborsOptions) => new KNeighborsClassifier(parameters),
      { nNeighbors: [1, 4, 9, 30] },
      { folds, scoring },
    ).fit(X, scored.y);
    const svc = await new GridSearch(
      (parameters: SvcOptions) => new Svc({ tol: 1e-5, ...parameters }),
      { C: [0.1, 1, 10], gamma: [0.05, 0.5] },
      { folds, scoring },
    ).fit(X, scored.y);
    for (const [search, name] of [[neighbors, "neighbors"], [svc, "svc"]] as const) {
      search.results.forEach(({ scores }, i) =>
        scores.forEach((score, fold) => {
          const right = factor * scored[name][expected]![i]![fold]!;
          assert.ok(
            Math.abs(score - right) < 1e-12,
            `${name} ${expected} ${i}: ${score}, ${right}`,
          );
        })
      );
    }
  }
  const broken = new GridSearch(makeSvc, { C: [1] }, { folds, scoring: () => NaN });
  await assert.rejects(
    broken.fit(X, scored.y),
    /^RangeError: GridSearch: scoring must give a finite/,
  );
  assert.throws(
    () => new GridSearch(makeSvc, { C: [1] }, { scoring: "f1" as "f1Macro" }),
    /^RangeError: GridSearch: scoring must be "accuracy", "balancedAccuracy" or "f1Macro" or a/,
  );
});

Deno.test("GridSearch lets classifiers of one class cross-validate together, if they can", async () => {
  const calls: string[] = [];
  class Peers extends KNeighborsClassifier {
    async *crossValidate(peers: readonly Classifier[], X: Matrix, y: number[], folds: Fold[]) {
      calls.push(peers.map(({ options }) => JSON.stringify(options)).join());
      for (const [peer, classifier] of peers.entries()) {
        for (const [fold, { train, test }] of folds.entries()) {
          await classifier.fit(X.takeRows(train), Array.from(train, (i) => y[i]!));
          yield { peer, fold, predicted: await classifier.predict(X.takeRows(test)), seconds: 1 };
        }
      }
    }
  }
  const scores = async (make: (parameters: KNeighborsOptions) => Classifier) => {
    const grid = { nNeighbors: [1, 4] };
    const search = new GridSearch(make, grid, { folds: 3, refit: false });
    return (await search.fit(X, fixture.y)).results.map((result) => result.scores);
  };
  const together = await scores((parameters) => new Peers(parameters));
  assert.deepEqual(calls, ['{"nNeighbors":1},{"nNeighbors":4}']);
  assert.deepEqual(together, await scores((parameters) => new KNeighborsClassifier(parameters)));
});

Deno.test("GridSearch tells when its best lies at an edge of the grid", async () => {
  const warnings: string[] = [];
  const warn = console.warn;
  console.warn = (text: string) => warnings.push(text);
  try {
    // Half of the labels are noise: many neighbours are best, and one is worst.
    const n = 200, random = seededRandom(1);
    const rows = Matrix.fromRows(Array.from({ length: n }, (_, i) => [i + 0.1 * random()]));
    const y = Array.from({ length: n }, (_, i) => random() < 0.3 ? i % 2 : i < n / 2 ? 0 : 1);
    const search = async (nNeighbors: number[]) =>
      await new GridSearch(
        (parameters: KNeighborsOptions) => new KNeighborsClassifier(parameters),
        { nNeighbors },
        { folds: 4 },
      ).fit(rows, y);
    const edge = await search([1, 2, 15]);
    assert.deepEqual(edge.edges, [{ parameter: "nNeighbors", value: 15, side: "greatest" }]);
    assert.match(
      warnings.join(),
      /best nNeighbors = 15 is the greatest that was tried: try higher/,
    );
    assert.deepEqual((await search([1, 15, 149])).edges, []);
    assert.deepEqual((await search([1, 15])).edges, []);
    assert.equal(warnings.length, 1);
  } finally {
    console.warn = warn;
  }
});

Deno.test("GridSearch shows itself: its options, then the best, and where that is at an edge", async () => {
  const search = new GridSearch(makeSvc, { C: [1e-4, 1, 2] }, { folds: 3 });
  assert.match(Deno.inspect(search), /^GridSearch \{ combinations: 3, folds: 3, .*nothing yet \}$/);
  const wide = new GridSearch(makeSvc, { C: [1e-5, 1e-4, 1] }, { folds: 3 });
  await wide.fit(X, fixture.y);
  const { "text/plain": text, "text/html": html } = wide[jupyterDisplay]() as Record<
    string,
    string
  >;
  const score = wide.bestScore.toFixed(4);
  for (const shown of [text!, html!, Deno.inspect(wide)]) {
    assert.ok(shown.includes("best parameters") && shown.includes("C = 1"), shown);
    assert.ok(shown.includes(score) && shown.includes("is the greatest that was tried"), shown);
  }
  assert.ok(text!.split("\n").length < 12);
});
