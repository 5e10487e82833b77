import assert from "node:assert/strict";
import {
  accuracy,
  argMaxRows,
  assertLabelPairs,
  assertLabels,
  distinctLabels,
  encodeLabels,
} from "../../lib/base/labels.ts";

Deno.test("assertLabels() takes arrays of whole numbers of any kind and size", () => {
  for (
    const labels of [
      [],
      [0, 1, 2],
      [-1, 1],
      [3e9, -7],
      new Float64Array([5, 2]),
      new Float32Array([1, 2]),
      new Uint8Array([9]),
      new Int32Array([-4]),
    ]
  ) assertLabels(labels);
});

Deno.test("assertLabels() says which label is wrong and of which kind it is", () => {
  const kinds = [
    [undefined, TypeError, /y must be an array of class labels .* got undefined/],
    [null, TypeError, /got null/],
    [{ length: 1, 0: 1 }, TypeError, /got a plain object/],
    ["012", TypeError, /got "012"/],
    [3, TypeError, /got 3/],
    [new DataView(new ArrayBuffer(4)), TypeError, /class DataView/],
    [new BigInt64Array(2), TypeError, /Label 0 at 0 of y/],
    [[1, 2n], TypeError, /Label 2 at 1/],
    [["1"], TypeError, /Label "1" at 0/],
    [[true], TypeError, /Label true at 0/],
    [[[1, 0], [0, 1]], TypeError, /Label \[1, 0\] at 0.*encode/],
    [new Array(2), TypeError, /Label undefined at 0/],
    [[1, NaN], RangeError, /Label NaN at 1/],
    [[Infinity], RangeError, /Label Infinity at 0/],
    [new Float32Array([0, 0.5]), RangeError, /Label 0.5 at 1/],
    [[2 ** 53], RangeError, /at 0/],
  ] as const;
  for (const [labels, kind, message] of kinds) {
    assert.throws(() => assertLabels(labels), (error: Error) => {
      assert.ok(error.constructor === kind, `${error.name}: ${error.message}`);
      assert.match(error.message, message);
      return true;
    });
  }
});

Deno.test("assertLabelPairs() wants as many predictions as labels, and some", () => {
  assertLabelPairs([-1], [7]);
  assert.throws(() => assertLabelPairs([], []), /no labels to compare/);
  assert.throws(() => assertLabelPairs([1], [1, 2]), /1 true labels with 2 predicted/);
  assert.throws(() => assertLabelPairs([1], undefined), /yPred must be an array/);
});

Deno.test("encodeLabels() puts classes in rising order as numbers, not as texts", () => {
  const { classes, codes } = encodeLabels([10, -3, 9, 10, -0, 0]);
  assert.deepEqual([...classes], [-3, 0, 9, 10]);
  assert.deepEqual([...codes], [3, 0, 2, 3, 1, 1]);
  const ends = [-(2 ** 31), 2 ** 31 - 1];
  assert.deepEqual([...encodeLabels(ends).classes], ends);
});

Deno.test("encodeLabels() refuses labels beyond 32 bits by name", () => {
  assert.throws(() => encodeLabels([3e9, 1]), {
    name: "RangeError",
    message: /Label 3000000000 is beyond 32 bits.* from -2147483648 to 2147483647/,
  });
  assert.throws(() => encodeLabels([1, -(2 ** 31) - 1]), RangeError);
});

Deno.test("distinctLabels(), accuracy() and argMaxRows() count as they say", () => {
  assert.deepEqual(distinctLabels([3, -1], [20, 3]), [-1, 3, 20]);
  assert.equal(accuracy([-1, 1, 3e9, 2], new Float64Array([-1, 1, 3e9, 0])), 0.75);
  assert.deepEqual([...argMaxRows([1, 2, 2, 5, -1, 0], 3)], [1, 0]);
  assert.deepEqual([...argMaxRows([], 3)], []);
});
