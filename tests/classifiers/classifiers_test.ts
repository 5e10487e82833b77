import assert from "node:assert/strict";
import { accuracyScore, Matrix } from "deep-features";
import { KNeighborsClassifier, RandomForestClassifier } from "deep-features/classifiers";

interface Fixture {
  train: number[][];
  y: number[];
  test: number[][];
  yTest: number[];
  neighbors: number[];
  forestScores: number[];
  stumpScores: number[];
}
const fixture: Fixture = JSON.parse(
  await Deno.readTextFile(new URL("../fixtures/classifiers/classifiers.json", import.meta.url)),
);
const X = Matrix.fromRows(fixture.train), Xt = Matrix.fromRows(fixture.test);
const mean = (values: number[]) => values.reduce((a, b) => a + b, 0) / values.length;

Deno.test("KNeighborsClassifier predicts what scikit-learn's does", async () => {
  const knn = await new KNeighborsClassifier().fit(X, fixture.y);
  assert.deepEqual([...await knn.predict(Xt)], fixture.neighbors);
});

Deno.test("RandomForestClassifier scores as scikit-learn's over seeds, full-grown and shallow", async () => {
  for (
    const [maxDepth, expected] of [[Infinity, fixture.forestScores], [
      2,
      fixture.stumpScores,
    ]] as const
  ) {
    const scores: number[] = [];
    for (let seed = 0; seed < 5; seed++) {
      const forest = await new RandomForestClassifier({ seed, maxDepth }).fit(X, fixture.y);
      scores.push(accuracyScore(fixture.yTest, await forest.predict(Xt)));
    }
    // Two forests of one seed each differ by some 0.015 here; means of five by less than half of it.
    const difference = Math.abs(mean(scores) - mean([...expected]));
    assert.ok(difference < 0.02, `${mean(scores)}, scikit-learn ${mean([...expected])}`);
  }
});

Deno.test("RandomForestClassifier learns its training set by heart, and repeats itself for a seed", async () => {
  const forest = await new RandomForestClassifier({ nEstimators: 30, seed: 4 }).fit(X, fixture.y);
  assert.ok(accuracyScore(fixture.y, await forest.predict(X)) > 0.98);
  const again = await new RandomForestClassifier({ nEstimators: 30, seed: 4 }).fit(X, fixture.y);
  assert.deepEqual(await again.predict(Xt), await forest.predict(Xt));
  const other = await new RandomForestClassifier({ nEstimators: 30, seed: 5 }).fit(X, fixture.y);
  assert.notDeepEqual(await other.predict(Xt), await forest.predict(Xt));
});

Deno.test("RandomForestClassifier keeps the least rows in a leaf, and takes constant columns", async () => {
  const rows = Matrix.fromRows(Array.from({ length: 20 }, (_, i) => [7, i]));
  const y = Array.from({ length: 20 }, (_, i) => i < 3 ? 1 : 2);
  const forest = await new RandomForestClassifier({ minSamplesLeaf: 10, nEstimators: 15 }).fit(
    rows,
    y,
  );
  // Leaves of ten rows are mostly of class 2, whatever the row.
  assert.deepEqual(new Set(await forest.predict(rows)), new Set([2]));
  const free = await new RandomForestClassifier({ nEstimators: 15 }).fit(rows, y);
  assert.equal((await free.predict(rows))[0], 1);
});

Deno.test("Classifiers refuse bad input before any work", async () => {
  for (const classifier of [new KNeighborsClassifier(), new RandomForestClassifier()]) {
    await assert.rejects(classifier.predict(Xt), /not fitted yet/);
    await assert.rejects(classifier.fit(X, [1]), /500 rows have 1 labels/);
    await assert.rejects(classifier.fit(X, fixture.y.map(() => 3)), /one class only.*3/);
    await assert.rejects(classifier.fit(Matrix.fromRows([[1], [NaN]]), [0, 1]), /NaN in row 1/);
    await classifier.fit(X, fixture.y);
    await assert.rejects(classifier.predict(Matrix.fromRows([[1]])), /1 columns.*fitted with 12/);
  }
  const make = (options: ConstructorParameters<typeof RandomForestClassifier>[0]) => () =>
    new RandomForestClassifier(options);
  assert.throws(make({ nEstimators: 0 }), /nEstimators .* got 0/);
  await assert.rejects(
    make({ maxFeatures: 13 })().fit(X, fixture.y),
    /maxFeatures .* 12 columns, got 13/,
  );
  assert.throws(make({ maxDepth: 0 }), /maxDepth .* got 0/);
  assert.throws(make({ maxDepth: 1.5 }), /maxDepth .* got 1.5/);
  await assert.rejects(new KNeighborsClassifier({ nNeighbors: 501 }).fit(X, fixture.y), /got 501/);
});

Deno.test("predictProba() of neighbours counts their votes, of a forest averages its trees; the largest is predicted", async () => {
  const X = Matrix.fromRows([[0], [1], [2], [10], [11]]), y = [4, 4, 7, 7, 9];
  const knn = await new KNeighborsClassifier({ nNeighbors: 3 }).fit(X, y);
  const shares = await knn.predictProba(Matrix.fromRows([[0], [9], [20]]));
  const third = Math.fround(1 / 3), two = Math.fround(2 / 3);
  assert.deepEqual([...shares.data], [two, third, 0, 0, two, third, 0, two, third]);
  const forest = await new RandomForestClassifier({ nEstimators: 9 }).fit(X, y);
  const rows = Matrix.fromRows([[0], [3], [6], [10.4], [30]]);
  const own = await forest.predictProba(rows), predicted = await forest.predict(rows);
  for (let i = 0; i < rows.rows; i++) {
    const values = [...own.row(i)];
    assert.ok(Math.abs(values.reduce((a, b) => a + b) - 1) < 1e-6);
    assert.equal(forest.fitted.classes[values.indexOf(Math.max(...values))], predicted[i]);
    // By hand: each tree of this one column is walked.
    const sums = [0, 0, 0];
    for (const { column, threshold, right, shares } of forest.fitted.trees) {
      let node = 0;
      while (column[node] === 0) {
        node = rows.row(i)[0]! <= threshold[node]! ? node + 1 : right[node]!;
      }
      sums.forEach((_, c) => sums[c]! += shares[right[node]! * 3 + c]! / 9);
    }
    assert.deepEqual(values.map((v) => v.toFixed(5)), sums.map((v) => v.toFixed(5)));
  }
});
