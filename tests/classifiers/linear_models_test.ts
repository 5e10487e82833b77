import assert from "node:assert/strict";
import { Matrix, type Progress } from "deep-features";
import { seededRandom } from "deep-features/base";
import { LinearSvc, type LinearSvcOptions, LogisticRegression } from "deep-features/classifiers";
import { allocatedBytes } from "../../lib/compute/memory.ts";
import { warnings } from "../helpers/console_lines.ts";

interface Expected {
  coef: number[][];
  intercept: number[];
  decision: number[][];
  predicted: number[];
}
interface Fixture {
  train: number[][];
  y: number[];
  binary: number[];
  test: number[][];
  proba: number[][];
  logistic: { default: Expected; weak: Expected; binary: Expected };
  linearSvc: { default: Expected; weak: Expected; binary: Expected; scaled: Expected };
}
const fixture: Fixture = JSON.parse(
  await Deno.readTextFile(new URL("../fixtures/classifiers/linear.json", import.meta.url)),
);
const { y, binary } = fixture;
const X = Matrix.fromRows(fixture.train), Xt = Matrix.fromRows(fixture.test);
// Columns of size 20 and float32 allow a gradient of about 1e-6.
const TIGHT = { tol: 3e-6 };

/** The largest distance, relative to the largest expected value. */
function distance(actual: ArrayLike<number>, expected: readonly number[]): number {
  assert.equal(actual.length, expected.length);
  const size = Math.max(...expected.map(Math.abs));
  return Math.max(...expected.map((value, i) => Math.abs(value - actual[i]!))) / size;
}

async function compare(
  model: LogisticRegression | LinearSvc,
  labels: number[],
  expected: Expected,
) {
  await model.fit(X, labels);
  const { coef, intercept, converged } = model.fitted;
  assert.ok(converged);
  const decision = await model.decisionFunction(Xt);
  const distances = [
    distance(coef.data, expected.coef.flat()),
    distance(intercept, expected.intercept),
    distance(decision.data, expected.decision.flat()),
  ];
  assert.ok(Math.max(...distances) < 1e-4, distances.join(", "));
  assert.deepEqual([...await model.predict(Xt)], expected.predicted);
}

Deno.test("LogisticRegression reaches scikit-learn's optimum, for four classes and for two", async () => {
  const { logistic } = fixture;
  await compare(new LogisticRegression(TIGHT), y, logistic.default);
  await compare(new LogisticRegression({ ...TIGHT, C: 0.01 }), y, logistic.weak);
  await compare(new LogisticRegression(TIGHT), binary, logistic.binary);
});

Deno.test("LogisticRegression gives scikit-learn's probabilities, which add up to one", async () => {
  const model = await new LogisticRegression(TIGHT).fit(X, y);
  const proba = await model.predictProba(Xt);
  assert.ok(distance(proba.data, fixture.proba.flat()) < 1e-4);
  const two = await (await new LogisticRegression(TIGHT).fit(X, binary)).predictProba(Xt);
  const decision = await (await new LogisticRegression(TIGHT).fit(X, binary)).decisionFunction(Xt);
  for (let i = 0; i < Xt.rows; i++) {
    assert.ok(Math.abs(two.row(i)[1]! - 1 / (1 + Math.exp(-decision.data[i]!))) < 1e-6);
    assert.ok(Math.abs(two.row(i)[0]! + two.row(i)[1]! - 1) < 1e-6);
  }
});

Deno.test("LinearSvc reaches scikit-learn's optimum, for four classes, for two, and scaled", async () => {
  const { linearSvc } = fixture;
  const svc = (options: LinearSvcOptions) => new LinearSvc({ ...TIGHT, ...options });
  await compare(svc({}), y, linearSvc.default);
  await compare(svc({ C: 0.01 }), y, linearSvc.weak);
  await compare(svc({}), binary, linearSvc.binary);
  await compare(svc({ C: 0.1, interceptScaling: 10 }), y, linearSvc.scaled);
});

Deno.test("Linear models take labels of any whole numbers, several blocks of rows, and repeat themselves", async () => {
  const times = 25; // 5,000 rows: three blocks
  const rows = X.takeRows(Array.from({ length: times * X.rows }, (_, i) => i % X.rows));
  const labels = Array.from({ length: rows.rows }, (_, i) => [-3, 7, 7000, 2][y[i % X.rows]!]!);
  for (
    const [once, many] of [
      [new LogisticRegression(TIGHT), new LogisticRegression({ ...TIGHT, C: 1 / times })],
      [new LinearSvc(TIGHT), new LinearSvc({ ...TIGHT, C: 1 / times })],
    ] as const
  ) {
    // The same rows 25 times weigh as much as once with 25 times the penalty's share.
    await once.fit(X, y);
    await many.fit(rows, labels);
    assert.deepEqual([...many.fitted.classes], [-3, 2, 7, 7000]);
    const sorted = [0, 3, 1, 2].flatMap((code) => [...once.fitted.coef.row(code)]);
    assert.ok(distance(many.fitted.coef.data, sorted) < 1e-3);
    const coef = many.fitted.coef.data;
    await many.fit(rows, labels);
    assert.deepEqual(many.fitted.coef.data, coef);
  }
});

Deno.test("Linear models take constant and repeated columns, and more columns than rows", async () => {
  const rows = Matrix.fromRows([[1, 0, 0, 7], [2, 1, 1, 7], [9, 5, 5, 7]]);
  for (const model of [new LogisticRegression(), new LinearSvc()]) {
    await model.fit(rows, [0, 0, 1]);
    assert.deepEqual([...await model.predict(rows)], [0, 0, 1]);
    const [, second, third, constant] = model.fitted.coef.data;
    assert.ok(Math.abs(second! - third!) < 1e-3);
    assert.ok(model.fitted.coef.data.every(Number.isFinite));
    if (model instanceof LogisticRegression) assert.ok(Math.abs(constant!) < 1e-6);
  }
});

Deno.test("Linear models find the same optimum with the covariance and with its diagonal alone", async () => {
  const random = seededRandom(8), cols = 100;
  const few = new Matrix(Float32Array.from({ length: 20 * cols }, () => random()), 20, cols);
  const often = few.takeRows(Array.from({ length: 100 }, (_, i) => i % 20));
  const labels = Array.from({ length: 100 }, (_, i) => i % 20 % 3);
  for (const create of [LogisticRegression, LinearSvc]) {
    const options = { tol: 1e-6, maxIter: 1000 };
    // More than four columns a row: the diagonal.
    const diagonal = await new create(options).fit(few, labels.slice(0, 20));
    const whole = await new create({ ...options, C: 1 / 5 }).fit(often, labels);
    assert.ok(diagonal.fitted.converged && whole.fitted.converged);
    assert.ok(distance(diagonal.fitted.coef.data, [...whole.fitted.coef.data]) < 1e-3);
  }
});

Deno.test("A linear model that maxIter ends early says so, and works", async () => {
  const model = new LogisticRegression({ maxIter: 2 });
  const texts = await warnings(() => model.fit(X, y));
  assert.match(texts.join(), /gradient of .* above tol = 0.0001: raise maxIter = 2/);
  assert.equal(model.fitted.iterations, 2);
  assert.equal(model.fitted.converged, false);
  assert.equal((await model.predict(Xt)).length, Xt.rows);
  assert.deepEqual(await warnings(() => new LogisticRegression().fit(X, y)), []);
});

Deno.test("A linear model says when float32 cannot reach the tolerance", async () => {
  const texts = await warnings(() => new LinearSvc({ tol: 1e-13 }).fit(X, y));
  assert.match(texts.join(), /float32 allows no better/);
});

Deno.test("Linear models tell their progress, stop when told, and give their memory back", async () => {
  const before = allocatedBytes();
  for (const create of [() => new LogisticRegression(), () => new LinearSvc()]) {
    const seen: Progress[] = [];
    await create().fit(X, y, { onProgress: (progress) => seen.push(progress) });
    assert.ok(seen.length > 3);
    assert.equal(seen.at(-1)!.done, seen.at(-1)!.total);
    assert.equal(seen.filter(({ done, total }) => done === total).length, 1);
    const controller = new AbortController();
    const fit = create().fit(X, y, {
      signal: controller.signal,
      onProgress: () => controller.abort(new DOMException("Enough", "AbortError")),
    });
    await assert.rejects(fit, { name: "AbortError" });
    await assert.rejects(create().fit(X, y, { signal: AbortSignal.abort() }), {
      name: "AbortError",
    });
  }
  assert.equal(allocatedBytes(), before);
});

Deno.test("Linear models take columns of size 1e15, and refuse those whose squares leave float32", async () => {
  const scaled = (scale: number) =>
    Matrix.fromRows(Array.from({ length: 40 }, (_, i) => [scale * (i % 2 ? 3 + i : -3 - i)]));
  const labels = Array.from({ length: 40 }, (_, i) => i % 2);
  for (const create of [LogisticRegression, LinearSvc]) {
    for (const scale of [1, 1e5, 1e10, 1e15]) {
      assert.equal(
        await (await new create().fit(scaled(scale), labels)).score(scaled(scale), labels),
        1,
      );
    }
    for (const scale of [1e20, 1e30]) {
      await assert.rejects(new create().fit(scaled(scale), labels), {
        name: "RangeError",
        message: /beyond the range of float32: scale the columns/,
      });
    }
  }
});

Deno.test("Linear models refuse bad input before any work", async () => {
  for (const create of [LogisticRegression, LinearSvc]) {
    const model = new create();
    await assert.rejects(model.predict(Xt), new RegExp(`This ${create.name} is not fitted yet`));
    await assert.rejects(model.fit(X, [1]), /200 rows have 1 labels/);
    await assert.rejects(model.fit(X, y.map(() => 3)), /one class only.*3/);
    await assert.rejects(model.fit(Matrix.fromRows([[1], [NaN]]), [0, 1]), /NaN in row 1/);
    await model.fit(X, y);
    await assert.rejects(model.predict(Matrix.fromRows([[1]])), /1 columns.*fitted with 7/);
    assert.throws(() => new create({ C: 0 }), /C must be positive, got 0/);
    assert.throws(() => new create({ tol: -1 }), /tol must be positive, got -1/);
    assert.throws(() => new create({ maxIter: 0 }), /maxIter .* got 0/);
  }
  assert.throws(
    () => new LinearSvc({ interceptScaling: 0 }),
    /interceptScaling must be positive, got 0/,
  );
});
