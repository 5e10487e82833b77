import assert from "node:assert/strict";
import { join } from "@std/path";
import { compareClassifiers, compareLayers, type Preset, readPreset } from "deep-features";
import { DATA, names, withCache } from "./small_data.ts";

const PRESET: Preset = {
  ...readPreset("quick", "1"),
  epochs: 1,
  batchSize: 20,
  forestRows: 30,
  layerRows: 40,
};

Deno.test("compareClassifiers keeps each outcome by itself, and goes on where it was", async () => {
  await withCache(async (cache) => {
    const { seed, outcomes } = await compareClassifiers(DATA, PRESET, 3);
    assert.equal(seed, 3);
    assert.deepEqual(Object.keys(outcomes), [
      "softmax",
      "svm",
      "tunedSvm",
      "linearSvm",
      "logisticRegression",
      "kNeighbors",
      "randomForest",
    ]);
    for (const { predicted, fitSeconds, predictSeconds } of Object.values(outcomes)) {
      assert.equal(predicted.length, 20);
      assert.ok(fitSeconds > 0 && predictSeconds > 0);
    }
    // Greys that do not overlap: whoever learns at all learns these.
    const right = outcomes["logisticRegression"]!.predicted.filter((p, i) => p === i % 10);
    assert.ok(right.length >= 15, `${right.length}`);

    const files = await names(cache);
    const [network] = files.filter((name) => name.startsWith("cnn-"));
    const kept = files.filter((name) => name.startsWith("outcome-"));
    assert.equal(kept.length, 7);
    // Without the network: nothing is trained as long as all outcomes are there.
    await Deno.remove(join(cache, network!), { recursive: true });
    assert.deepEqual((await compareClassifiers(DATA, PRESET, 3)).outcomes, outcomes);
    assert.deepEqual(await names(cache), kept);

    // Without one outcome that one is made again, and the others are not.
    await Deno.remove(join(cache, kept[0]!));
    const again = (await compareClassifiers(DATA, PRESET, 3)).outcomes;
    const changed = Object.keys(outcomes).filter((name) =>
      again[name]!.predictSeconds !== outcomes[name]!.predictSeconds
    );
    assert.equal(changed.length, 1);
    assert.deepEqual(again[changed[0]!]!.predicted, outcomes[changed[0]!]!.predicted);

    // Another number of forest rows is another forest, and nothing else.
    await compareClassifiers(DATA, { ...PRESET, forestRows: 20 }, 3);
    assert.equal((await names(cache)).filter((name) => name.startsWith("outcome-")).length, 8);
  });
});

Deno.test("compareLayers compares pixels and layers, with their columns, and repeats itself", async () => {
  await withCache(async () => {
    const scores = await compareLayers(DATA, PRESET, 0);
    assert.deepEqual(scores.map(({ columns }) => columns), [3072, 2048, 512, 512, 10, 10]);
    for (const score of scores) {
      for (const method of ["svm", "logisticRegression"] as const) {
        assert.ok(score[method] >= 0 && score[method] <= 1);
      }
    }
    assert.ok(scores[0]!.logisticRegression > 0.9);
    assert.deepEqual(await compareLayers(DATA, PRESET, 0), scores);
  });
});

Deno.test("Comparisons stop when told", async () => {
  await withCache(async () => {
    const signal = AbortSignal.abort();
    const expected = { name: "AbortError" };
    await assert.rejects(compareClassifiers(DATA, PRESET, 0, { signal }), expected);
    await assert.rejects(compareLayers(DATA, PRESET, 0, { signal }), expected);
  });
});
