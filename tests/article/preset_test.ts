import assert from "node:assert/strict";
import { readPreset } from "deep-features";
import { evaluate } from "../helpers/evaluate.ts";

Deno.test("readPreset compares one network in the article, and two in quick", () => {
  assert.deepEqual(readPreset("article", undefined).seeds, [0]);
  assert.deepEqual(readPreset("quick", undefined).seeds, [0, 1]);
});

Deno.test("readPreset takes the number of seeds, from the environment too", async () => {
  assert.deepEqual(readPreset("article", "5").seeds, [0, 1, 2, 3, 4]);
  const code = `
    import { readPreset } from "deep-features";
    console.log(readPreset("quick").seeds.join());
  `;
  assert.equal((await evaluate(code, { SEEDS: "3" })).printed, "0,1,2");
  assert.equal((await evaluate(code, { SEEDS: "" })).printed, "0,1");
});

Deno.test("readPreset refuses other names and numbers of seeds", () => {
  assert.throws(() => readPreset("slow"), /PRESET must be article or quick, got slow/);
  for (const seeds of ["0", "21", "2.5", "many", "-1"]) {
    assert.throws(() => readPreset("article", seeds), RangeError, seeds);
  }
  assert.throws(() => readPreset("article", "21"), /SEEDS .* from 1 to 20, got 21/);
});

Deno.test("readPreset trains further networks where several are compared, or CONTROLS asks for them", () => {
  const further = (...args: Parameters<typeof readPreset>) => {
    const { allRowsSeeds, controlSeeds } = readPreset(...args);
    return [allRowsSeeds, controlSeeds];
  };
  assert.deepEqual(further("article", undefined, undefined), [[], []]);
  assert.deepEqual(further("article", "1", undefined), [[], []]);
  assert.deepEqual(further("article", "3", undefined), [[0, 1, 2], [0]]);
  assert.deepEqual(further("article", "3", "0"), [[0, 1, 2], []]);
  assert.deepEqual(further("article", "3", "2"), [[0, 1, 2], [0, 1]]);
  assert.deepEqual(further("article", undefined, "1"), [[0], [0]]);
  assert.deepEqual(further("quick", undefined, undefined), [[0, 1], [0]]);
  assert.throws(() => readPreset("article", "2", "3"), /CONTROLS .* from 0 to 2, got 3/);
});

Deno.test("readPreset trains the residual network for longer where several are compared", () => {
  assert.equal(readPreset("article", undefined, undefined).residualEpochs, 10);
  assert.equal(readPreset("article", "1", undefined).residualEpochs, 10);
  assert.equal(readPreset("article", "2", undefined).residualEpochs, 24);
  assert.equal(readPreset("quick", "3").residualEpochs, 2);
});

Deno.test("readPreset leaves out cat and dog, and with several seeds three pairs more, always the same", () => {
  const one = readPreset("article", "1", undefined),
    several = readPreset("article", "3", undefined);
  assert.deepEqual([one.unseenPairs, one.unseenDraws], [[[3, 5]], 1]);
  assert.deepEqual(readPreset("article", undefined, undefined).unseenPairs, one.unseenPairs);
  assert.deepEqual(several.unseenPairs, [[3, 5], [8, 9], [0, 6], [6, 8]]);
  assert.equal(several.unseenDraws, 3);
  assert.deepEqual([one.unseenResidual, several.unseenResidual], [false, true]);
  for (const [a, b] of several.unseenPairs) assert.ok(a >= 0 && a < b && b < 10, `${a}, ${b}`);
  for (const preset of [one, several]) {
    assert.deepEqual(preset.unseenCounts, [5, 10, 20, 50, 100, 500]);
  }
  for (const quick of [readPreset("quick"), readPreset("quick", "3")]) {
    const { unseenPairs, unseenDraws, unseenCounts } = quick;
    assert.deepEqual([unseenPairs, unseenDraws, unseenCounts], [[[3, 5]], 1, [5, 20]]);
  }
});
