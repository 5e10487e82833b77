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
    const { train, test } = trainTestSplit(split, { testSize });
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
