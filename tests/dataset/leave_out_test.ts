import assert from "node:assert/strict";
import { type Dataset, leaveOut, type Split } from "deep-features";
import { seededRandom } from "deep-features/base";

/** Images whose bytes are all their own. */
function split(count: number, seed: number, classes = 5): Split {
  const random = seededRandom(seed);
  return {
    images: Uint8Array.from({ length: count * 12 }, () => 256 * random()),
    labels: Uint8Array.from({ length: count }, () => classes * random()),
    shape: [count, 2, 2, 3],
  };
}

const DATA: Dataset = {
  train: split(80, 1),
  test: split(40, 2),
  classNames: ["a", "b", "c", "d", "e"],
  source: "made up",
  official: false,
};

/** The same by a plain loop. */
function byHand({ images, labels }: Split, newLabel: readonly number[]) {
  const bytes: number[] = [], classes: number[] = [];
  for (let i = 0; i < labels.length; i++) {
    if (newLabel[labels[i]!]! < 0) continue;
    classes.push(newLabel[labels[i]!]!);
    for (let k = 0; k < 12; k++) bytes.push(images[12 * i + k]!);
  }
  return { bytes, classes };
}

const flat = ({ images, labels, shape }: Split) => {
  assert.deepEqual(shape, [labels.length, 2, 2, 3]);
  return { bytes: [...images], classes: [...labels] };
};

Deno.test("leaveOut parts images by classes and counts these anew, as a plain loop does", () => {
  const before = [...DATA.train.labels];
  const pairs: [[number, number], number[], string[], number[], string[]][] = [
    [[1, 3], [0, -1, 1, -1, 2], ["a", "c", "e"], [-1, 0, -1, 1, -1], ["b", "d"]],
    [[4, 0], [-1, 0, 1, 2, -1], ["b", "c", "d"], [1, -1, -1, -1, 0], ["e", "a"]],
  ];
  for (const [pair, seenLabels, seenNames, unseenLabels, unseenNames] of pairs) {
    const { seen, unseen } = leaveOut(DATA, pair);
    for (const part of ["train", "test"] as const) {
      assert.deepEqual(flat(seen[part]), byHand(DATA[part], seenLabels));
      assert.deepEqual(flat(unseen[part]), byHand(DATA[part], unseenLabels));
    }
    assert.deepEqual([seen.classNames, unseen.classNames], [seenNames, unseenNames]);
    assert.deepEqual([unseen.source, unseen.official], ["made up", false]);
  }
  assert.deepEqual([...DATA.train.labels], before);
});

Deno.test("leaveOut refuses what are no two classes, and what would leave nothing", () => {
  const leave = (pair: unknown, data = DATA) => () => leaveOut(data, pair as [number, number]);
  assert.throws(leave(3), { name: "TypeError", message: /leaveOut: pair must be two class/ });
  assert.throws(leave(["a", "b"]), { name: "TypeError" });
  assert.throws(leave([1]), { name: "RangeError", message: /two class indices.*got \[1\]/ });
  assert.throws(leave([1, 1]), { name: "RangeError", message: /two different .* got \[1, 1\]/ });
  assert.throws(leave([1, 5]), { name: "RangeError", message: /no class 5, only 0 … 4/ });
  assert.throws(leave([-1, 2]), RangeError);
  const three = { ...DATA, train: split(20, 1, 3), test: split(20, 2, 3) };
  assert.throws(
    leave([0, 1], { ...three, classNames: ["a", "b", "c"] }),
    /of 3 classes, 1 would be left/,
  );
  assert.throws(leave([3, 4], three), /class 3, 4 has no training image/);
  assert.throws(
    leave([0, 1], { ...DATA, classNames: ["a", "b", "c", "d"] }),
    /label 4 of image \d+ has no name/,
  );
});
