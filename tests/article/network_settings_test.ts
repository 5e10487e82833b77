import assert from "node:assert/strict";
import { basename } from "@std/path";
import {
  compareClassifiers,
  compareLayers,
  readPreset,
  softmaxControls,
  tuneMethods,
} from "deep-features";
import { oneCycle } from "deep-features/cnn";
import { cachePath } from "../../lib/article/cache.ts";
import { comparedNetwork, type ComparisonOptions } from "../../lib/article/network_settings.ts";
import { DATA, PRESET, withCache } from "./small_data.ts";

const ARTICLE = readPreset("article", "1");

/** All that an outcome is named by, as on a machine without a BLAS. */
const settingsOf = (options: ComparisonOptions): Record<string, unknown> => ({
  ...comparedNetwork(DATA, ARTICLE, 3, options).settings,
  backend: "simd",
});

Deno.test("Without training, outcomes have the keys that they had before it was an option", async () => {
  await withCache(async () => {
    for (const options of [{}, { training: undefined }, { training: {} }]) {
      const settings = settingsOf(options), { tests: _, ...network } = settings;
      assert.equal(basename(cachePath("cnn", network)), "cnn-0d0a1b7e8bddcebc");
      assert.equal(
        basename(cachePath("outcome", { ...settings, softmax: {} })),
        "outcome-10ea195126ae1c3e",
      );
    }
    // What says the same as the preset is the same.
    const { epochs, batchSize } = ARTICLE;
    assert.deepEqual(settingsOf({ training: { epochs, batchSize } }), settingsOf({}));
    await Promise.resolve();
  });
});

Deno.test("Each way of training has outcomes of its own", async () => {
  await withCache(async () => {
    const ways: ComparisonOptions["training"][] = [
      {},
      { epochs: 7 },
      { batchSize: 64 },
      { learningRate: oneCycle({ max: 0.01 }) },
      { weightDecay: 0.01 },
      { labelSmoothing: 0.1 },
      { augment: { flip: true } },
    ];
    const keys = ways.map((training) => cachePath("outcome", settingsOf({ training })));
    assert.equal(new Set(keys).size, ways.length);
    const { training } = comparedNetwork(DATA, ARTICLE, 3, { training: { epochs: 7 } });
    assert.deepEqual([training.epochs, training.batchSize], [7, 128]);
    await Promise.resolve();
  });
});

Deno.test("Comparisons refuse a training that cannot be, by name and before any work", async () => {
  await withCache(async () => {
    const compare = { compareClassifiers, compareLayers, tuneMethods, softmaxControls };
    const wrong: [object, string, RegExp][] = [
      [{ training: 7 }, "TypeError", /: training must be an object/],
      [{ training: { epoch: 7 } }, "TypeError", /: training has no option "epoch".* "epochs"/],
      [{ training: { epochs: 0 } }, "RangeError", /: training: epochs must be .* got 0$/],
      [{ training: { seed: 1 } }, "TypeError", /: training has no option "seed"/],
      [
        { training: { augment: { flipp: true } } },
        "TypeError",
        /: training: augment has no option "flipp"/,
      ],
      [{ training: { learningRate: () => 1 } }, "TypeError", /learningRate .* or made by oneCycle/],
    ];
    for (const [name, work] of Object.entries(compare)) {
      for (const [options, kind, message] of wrong) {
        await assert.rejects(
          (work as typeof compareLayers)(DATA, PRESET, 3, options as never),
          (error: Error) =>
            error.name === kind && message.test(error.message) &&
            (/oneCycle/.test(message.source) || error.message.startsWith(name)),
          `${name} ${message}`,
        );
      }
    }
  });
});
