import assert from "node:assert/strict";
import { join } from "@std/path";
import { trainedCnn } from "deep-features";
import { listCache } from "deep-features/article";
import { type Network, oneCycle } from "deep-features/cnn";
import { DATA, names, withCache } from "../../article/small_data.ts";

const OPTIONS = { epochs: 1, batchSize: 20, seed: 3 };

Deno.test("trainedCnn goes on from the last epoch that was done, to the same weights, and clears up", async () => {
  const options = { ...OPTIONS, epochs: 4 };
  const weightsOf = (model: Network) => model.getWeights().map((w) => [...w.dataSync()]);
  let expected: number[][] = [];
  await withCache(async () => {
    const { model } = await trainedCnn(DATA, options);
    expected = weightsOf(model);
  });
  await withCache(async (cache) => {
    const progress: number[] = [];
    // Three batches an epoch, and its validation costs a fifth of one.
    const UNITS = 3.2;
    const stopIn = async (epoch: number) => {
      const controller = new AbortController();
      await assert.rejects(
        trainedCnn(DATA, {
          ...options,
          signal: controller.signal,
          onProgress: (now) => now.done > epoch * UNITS && controller.abort(),
        }),
        { name: "AbortError" },
      );
    };
    await stopIn(3);
    const [name, ...others] = await names(cache);
    assert.match(name!, /^cnn-[0-9a-f]{16}\.checkpoint$/);
    assert.deepEqual(others, []);
    const [entry] = await listCache(cache);
    assert.equal(entry!.settings!["unfinished"], true);
    const onProgress = ({ done }: { done: number }) => progress.push(done);
    const { model, history, isNew } = await trainedCnn(DATA, { ...options, onProgress });
    const rounded = progress.map((done) => Number(done.toFixed(6)));
    assert.deepEqual(rounded, [10.6, 11.6, 12.6, 12.8]);
    assert.deepEqual(weightsOf(model), expected);
    assert.equal(history.loss.length, 4);
    assert.equal(isNew, true);
    assert.deepEqual(await names(cache), [name!.replace(".checkpoint", "")]);
    assert.equal((await trainedCnn(DATA, options)).isNew, false);

    // A damaged checkpoint is told, and all is done anew.
    await Deno.remove(join(cache, name!.replace(".checkpoint", "")), { recursive: true });
    await stopIn(3);
    await Deno.truncate(join(cache, name!, "checkpoint.bin"), 1000);
    const said: string[] = [];
    console.warn = (text) => said.push(text);
    const again = await trainedCnn(DATA, options);
    assert.match(said.join("\n"), /checkpoint\.bin is damaged .*: the training starts anew$/);
    assert.deepEqual(weightsOf(again.model), expected);
  });
});

Deno.test("trainedCnn keeps a network for each way of learning, the article's as if there were no other", async () => {
  await withCache(async (cache) => {
    const trained = async (options: object) => {
      const { model, isNew } = await trainedCnn(DATA, { ...OPTIONS, ...options });
      model.dispose();
      return isNew;
    };
    const ways = [
      {},
      { learningRate: 0.01 },
      { learningRate: oneCycle({ max: 0.01 }) },
      { learningRate: oneCycle({ max: 0.02 }) },
      { weightDecay: 0.1 },
      { labelSmoothing: 0.1 },
      { classWeight: Array.from({ length: 10 }, (_, i) => i + 1) },
      { earlyStopping: { patience: 2 } },
      { augment: { flip: true } },
      { earlyStopping: { patience: 2, restoreBest: true } },
    ];
    for (const [i, way] of ways.entries()) {
      assert.equal(await trained(way), true);
      assert.equal((await names(cache)).length, i + 1);
    }
    assert.equal(await trained({ augment: { flip: false, shift: 0 } }), false);
    assert.equal(await trained({ augment: { cutout: 0, flip: true } }), false);
    assert.equal(await trained({ weightDecay: 0, labelSmoothing: 0 }), false);
    assert.equal(await trained({ learningRate: oneCycle({ max: 0.01, warmUp: 0.3 }) }), false);
    assert.equal(await trained({ earlyStopping: { patience: 2, restoreBest: false } }), false);
    await assert.rejects(trained({ learningRate: () => 0.01 }), {
      name: "TypeError",
      message: /learningRate must be a number or made by oneCycle, cosine or stepDecay/,
    });
    await assert.rejects(trained({ earlyStopping: { patienc: 2 } }), /did you mean "patience"/);
  });
});
