import assert from "node:assert/strict";
import { join } from "@std/path";
import { trainedCnn } from "deep-features";
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
