import assert from "node:assert/strict";
import { type Split, trainTestSplit } from "deep-features";

/** Image i has the bytes i, i, i. */
function numbered(labels: number[]): Split {
  const images = Uint8Array.from({ length: labels.length * 3 }, (_, i) => Math.floor(i / 3));
  return { images, labels: Uint8Array.from(labels), shape: [labels.length, 1, 1, 3] };
}
const rows = ({ images }: Split) => [...images].filter((_, i) => i % 3 === 0);
const count = ({ labels }: Split, label: number) => labels.filter((l) => l === label).length;

Deno.test("trainTestSplit takes each image once, each class in the same proportions", () => {
  const split = numbered(Array.from({ length: 100 }, (_, i) => i < 60 ? 0 : i < 92 ? 1 : 2));
  const { train, test } = trainTestSplit(split, { seed: 3 });
  assert.deepEqual([...rows(train), ...rows(test)].sort((a, b) => a - b), [...Array(100).keys()]);
  assert.deepEqual([0, 1, 2].map((label) => count(test, label)), [15, 8, 2]);
  for (const part of [train, test]) {
    rows(part).forEach((row, i) => assert.equal(part.labels[i], split.labels[row]));
    assert.equal(part.shape[0], part.labels.length);
  }
});

Deno.test("trainTestSplit mixes the order, repeats itself for a seed, and differs for another", () => {
  const split = numbered(Array.from({ length: 80 }, (_, i) => i % 2));
  const { train } = trainTestSplit(split, { seed: 1 });
  assert.notDeepEqual(rows(train), rows(train).toSorted((a, b) => a - b));
  assert.deepEqual(rows(trainTestSplit(split, { seed: 1 }).train), rows(train));
  assert.notDeepEqual(rows(trainTestSplit(split, { seed: 2 }).train), rows(train));
});

Deno.test("trainTestSplit keeps an image of each class on both sides, whatever the share", () => {
  const split = numbered([0, 0, 1, 1, 1]);
  for (const testSize of [0.01, 0.99]) {
    const { train, test } = trainTestSplit(split, { testSize, warn: () => {} });
    for (const part of [train, test]) assert.ok(count(part, 0) > 0 && count(part, 1) > 0);
  }
});

Deno.test("trainTestSplit refuses bad shares, seeds, and classes of one image", () => {
  const split = numbered([0, 0, 1, 1]);
  assert.throws(() => trainTestSplit(split, { testSize: 0 }), /testSize .* got 0/);
  assert.throws(() => trainTestSplit(split, { testSize: 1 }), /testSize .* got 1/);
  assert.throws(() => trainTestSplit(split, { seed: 0.5 }), /seed .* got 0.5/);
  assert.throws(() => trainTestSplit(numbered([0, 0, 4])), /Class 4 has a single image/);
});

Deno.test("trainTestSplit has scikit-learn's sizes: the share of all images, not of each class", () => {
  const tens = numbered(Array.from({ length: 60 }, (_, i) => i % 10));
  for (const seed of [0, 1, 2]) {
    const { test } = trainTestSplit(tens, { seed });
    assert.equal(test.shape[0], 15);
    const counts = Array.from({ length: 10 }, (_, label) => count(test, label));
    assert.deepEqual(counts.toSorted(), [1, 1, 1, 1, 1, 2, 2, 2, 2, 2]);
  }
  // train_test_split(y, test_size=…, stratify=y) of scikit-learn 1.2: sizes of the test set by class.
  const cases: [number[], number, number[]][] = [
    [[60, 32, 8], 0.25, [15, 8, 2]],
    [[100, 2], 0.25, [25, 1]],
    [[2, 3], 0.4, [1, 1]],
  ];
  for (const [sizes, testSize, expected] of cases) {
    const split = numbered(sizes.flatMap((size, label) => Array(size).fill(label)));
    const warn = () => assert.fail("warned");
    const { test } = trainTestSplit(split, { testSize, warn });
    assert.deepEqual(sizes.map((_, label) => count(test, label)), expected);
  }
});

Deno.test("trainTestSplit keeps one image of a small class in each part, and says so", () => {
  const split = numbered([...Array(18).fill(0), 1, 1]);
  const warnings: string[] = [];
  const { train, test } = trainTestSplit(split, {
    testSize: 0.2,
    warn: (message) => warnings.push(message),
  });
  assert.deepEqual([count(test, 0), count(test, 1), count(train, 1)], [3, 1, 1]);
  assert.match(warnings.join(), /Class 1 would be missing.*one of its images is kept/);
});

Deno.test("trainTestSplit knows its options", () => {
  const split = numbered([0, 0, 1, 1]);
  assert.throws(
    () => trainTestSplit(split, { test_size: 0.5 } as never),
    /did you mean "testSize"/,
  );
});
