import assert from "node:assert/strict";
import {
  normalize,
  oneHot,
  shuffle,
  sliceSplit,
  type Split,
  takeRows,
  trainValidationSplit,
} from "deep-features";

/** n images of 1 × 2 × 3 bytes, image i all i, with label i. */
function numbered(n: number): Split {
  return {
    images: Uint8Array.from({ length: n * 6 }, (_, k) => Math.floor(k / 6)),
    labels: Uint8Array.from({ length: n }, (_, i) => i),
    shape: [n, 1, 2, 3],
  };
}

Deno.test("shuffle() keeps images with their labels, loses none, and repeats itself for a seed", () => {
  const split = numbered(50);
  const shuffled = shuffle(split, 3);
  assert.deepEqual([...shuffled.labels].sort((a, b) => a - b), [...split.labels]);
  assert.notDeepEqual([...shuffled.labels], [...split.labels]);
  shuffled.labels.forEach((label, i) => {
    assert.deepEqual([...shuffled.images.subarray(i * 6, i * 6 + 6)], Array(6).fill(label));
  });
  assert.deepEqual(shuffle(split, 3), shuffled);
  assert.notDeepEqual(shuffle(split, 4).labels, shuffled.labels);
  assert.equal(split.labels[7], 7);
});

Deno.test("trainValidationSplit() keeps the last fifth for validation", () => {
  const { train, validation } = trainValidationSplit(numbered(11), 0.2, () => {});
  assert.deepEqual([...train.labels], [0, 1, 2, 3, 4, 5, 6, 7]);
  assert.deepEqual([...validation.labels], [8, 9, 10]);
  assert.deepEqual(validation.shape, [3, 1, 2, 3]);
  assert.equal(validation.images[0], 8);
  assert.throws(() => trainValidationSplit(numbered(1)), /share of 0.2 of 1 images/);
  assert.throws(() => trainValidationSplit(numbered(3), 1), RangeError);
});

Deno.test("normalize() divides by 255 in float32", () => {
  assert.deepEqual([...normalize(new Uint8Array([0, 51, 255]))], [0, Math.fround(0.2), 1]);
  assert.throws(() => normalize(new Uint8Array(0)), /empty/);
});

Deno.test("oneHot() sets one column a row, and refuses labels outside the classes", () => {
  const rows = oneHot([3, 9]);
  assert.equal(rows.length, 20);
  assert.deepEqual([...rows].flatMap((value, k) => value ? [k] : []), [3, 19]);
  assert.throws(() => oneHot([0, 10]), /Label 10 at 1 is not one of the 10 classes/);
  assert.throws(() => oneHot([0.5]), /Label 0.5/);
  assert.throws(() => oneHot([]), /empty/);
});

Deno.test("takeRows() and sliceSplit() name a row that does not exist", () => {
  assert.deepEqual([...takeRows(numbered(4), [2, 2]).labels], [2, 2]);
  assert.throws(() => takeRows(numbered(4), [4]), /image 4 of 4/);
  assert.equal(sliceSplit(numbered(4), 1, 99).shape[0], 3);
  assert.throws(() => sliceSplit(numbered(4), 4, 9), /none would be left/);
});

Deno.test("A split whose parts do not fit is refused", () => {
  const split = numbered(2);
  assert.throws(
    () => shuffle({ ...split, labels: new Uint8Array(3) }, 1),
    /2 images have 3 labels/,
  );
  assert.throws(() => shuffle({ ...split, images: new Uint8Array(11) }, 1), /11 bytes/);
  assert.throws(() => shuffle(numbered(0), 1), /empty/);
});

Deno.test("trainValidationSplit() warns where the validation part holds classes that training lacks", () => {
  const inOrder = { ...numbered(50), labels: Uint8Array.from({ length: 50 }, (_, i) => i / 10) };
  const warnings: string[] = [];
  trainValidationSplit(inOrder, undefined, (message) => warnings.push(message));
  assert.equal(warnings.length, 1);
  assert.match(
    warnings[0]!,
    /holds images of class 4, of which the training part has none.*shuffle/,
  );
  trainValidationSplit(shuffle(inOrder, 0), 0.2, (message) => warnings.push(message));
  assert.equal(warnings.length, 1);
});

Deno.test("normalize() and oneHot() refuse what is not bytes, or no labels", () => {
  assert.throws(
    () => normalize(new Float32Array(3) as never),
    /Float32Array: images must be bytes/,
  );
  assert.throws(() => oneHot([NaN, 1]), /Label NaN at 0/);
  assert.throws(() => oneHot("12" as never), TypeError);
  assert.throws(() => oneHot([1], 0), /classes must be a whole number of at least 1, got 0/);
  assert.throws(() => shuffle(numbered(3), 0.5), /seed must be a whole number/);
  assert.throws(() => shuffle(null as never, 1), /A split must be/);
  assert.throws(() => sliceSplit(numbered(4), 0, 2.5), RangeError);
});
