import assert from "node:assert/strict";
import { join } from "@std/path";
import * as tf from "@tensorflow/tfjs";
import { buildCnn, setUpCompute, trainedCnn } from "deep-features";
import type { BuildNetwork } from "deep-features/article";
import { untrainedCnn } from "../../lib/article/trained_cnn.ts";
import { DATA, names, withCache } from "./small_data.ts";

const OPTIONS = { epochs: 1, batchSize: 20, seed: 3 };

Deno.test("trainedCnn keeps a network for each validationSplit, its default as if it were no option", async () => {
  await withCache(async (cache) => {
    const trained = async (options: object) => {
      const { model, history, isNew } = await trainedCnn(DATA, { ...OPTIONS, ...options });
      model.dispose();
      return { history, isNew };
    };
    const first = await trained({});
    assert.equal(first.isNew, true);
    assert.ok(first.history.valLoss.every(Number.isFinite));
    assert.equal((await trained({ validationSplit: 0.2 })).isNew, false);
    const [name] = await names(cache);
    const { settings } = JSON.parse(
      await Deno.readTextFile(join(cache, name!, "training.json")),
    );
    assert.ok(!("validationSplit" in settings));

    const all = await trained({ validationSplit: 0 });
    assert.equal(all.isNew, true);
    assert.ok(all.history.valLoss.every(Number.isNaN));
    assert.equal((await trained({ validationSplit: 0 })).isNew, false);
    assert.equal((await names(cache)).length, 2);

    await assert.rejects(trained({ validationSplit: 1 }), RangeError);
    await assert.rejects(trained({ validationSplit: "0" }), TypeError);
    await assert.rejects(trained({ validationsplit: 0 }), /did you mean "validationSplit"/);
  });
});

Deno.test("The key of the article's network is the one that it had before there were such options", async () => {
  await setUpCompute({ backend: "simd", quiet: true });
  const { model, settings } = untrainedCnn(DATA, { epochs: 20, batchSize: 128, seed: 0 });
  model.dispose();
  assert.deepEqual(
    Object.keys(settings),
    ["images", "network", "epochs", "batchSize", "seed", "backend"],
  );
});

Deno.test("trainedCnn trains networks of tfjs's own optimizers, too, without a checkpoint", async () => {
  await withCache(async (cache) => {
    const build: BuildNetwork = (options) => {
      const model = buildCnn(options);
      model.compile({ optimizer: tf.train.adam(), loss: "categoricalCrossentropy" });
      return model;
    };
    assert.equal((await trainedCnn(DATA, { ...OPTIONS, build })).isNew, true);
    assert.equal((await names(cache)).length, 1);
  });
});

Deno.test("trainedCnn lets one training of a network go on at a time; who waits gets what was made", async () => {
  await withCache(async (cache) => {
    const options = { epochs: 2, batchSize: 20, seed: 5 };
    const both = await Promise.all([trainedCnn(DATA, options), trainedCnn(DATA, options)]);
    assert.deepEqual(both.map(({ isNew }) => isNew).sort(), [false, true]);
    const [first, second] = both.map(({ model }) =>
      model.getWeights().map((weight) => [...weight.dataSync()])
    );
    assert.deepEqual(first, second);
    assert.deepEqual((await names(cache)).map((name) => name.length), ["cnn-".length + 16]);

    // A folder that cannot be written: told with what to do.
    Deno.env.set("ARTICLE_CACHE", join(cache, (await names(cache))[0]!, "model.json"));
    await assert.rejects(
      trainedCnn(DATA, options),
      /Cannot write in .*ARTICLE_CACHE in the environment names another folder/,
    );
  });
});
