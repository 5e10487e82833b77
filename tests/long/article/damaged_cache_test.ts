import assert from "node:assert/strict";
import { join } from "@std/path";
import { compareClassifiers, trainedCnn } from "deep-features";
import { DATA, names, PRESET, withCache } from "../../article/small_data.ts";
import { warnings } from "../../helpers/console_lines.ts";

const OPTIONS = { epochs: 1, batchSize: 20, seed: 3 };

/** Changes the value of one byte in a file. */
async function flipByte(path: string, at: number): Promise<void> {
  const bytes = await Deno.readFile(path);
  bytes[at]! ^= 1;
  await Deno.writeFile(path, bytes);
}

Deno.test("A kept network that is damaged is said to be so, and trained anew to the same weights", async () => {
  await withCache(async (cache) => {
    const digests = async () => {
      const [name] = await names(cache);
      return JSON.parse(await Deno.readTextFile(join(cache, name!, "training.json"))).sha256;
    };
    const train = async () => {
      const { model, isNew } = await trainedCnn(DATA, OPTIONS);
      const weights = model.getWeights().map((weight) => [...weight.dataSync()]);
      model.dispose();
      return { weights, isNew };
    };
    const { weights } = await train();
    assert.match(await digests(), /^[0-9a-f]{64}$/);
    const [name] = await names(cache);
    const damages: Record<string, (folder: string) => Promise<void>> = {
      "one bit of the weights": (folder) => flipByte(join(folder, "weights.bin"), 1000),
      "one bit of the topology": (folder) => flipByte(join(folder, "model.json"), 50),
      "a figure": async (folder) => {
        const path = join(folder, "training.json"), text = await Deno.readTextFile(path);
        const training = JSON.parse(text);
        training.history.accuracy[0] = 0.99;
        await Deno.writeTextFile(path, JSON.stringify(training));
      },
      "half a file": (folder) => Deno.truncate(join(folder, "training.json"), 20),
      "no weights": (folder) => Deno.remove(join(folder, "weights.bin")),
    };
    for (const [what, damage] of Object.entries(damages)) {
      await damage(join(cache, name!));
      let again: Awaited<ReturnType<typeof train>> | undefined;
      const said = await warnings(async () => again = await train());
      assert.ok(said.some((text) => text.includes(name!) && /is damaged/.test(text)), what);
      assert.deepEqual(again, { weights, isNew: true }, what);
      assert.equal((await train()).isNew, false, what);
    }
    assert.deepEqual(await names(cache), [name]);
  });
});

Deno.test("An outcome that was changed or cut is said to be damaged, and made anew", async () => {
  await withCache(async (cache) => {
    const { outcomes } = await compareClassifiers(DATA, PRESET, 3);
    const kept = (await names(cache)).filter((name) => name.startsWith("outcome-"));
    const [changed, cut, foreign] = kept.map((name) => join(cache, name)) as [
      string,
      string,
      string,
    ];
    const text = await Deno.readTextFile(changed);
    await Deno.writeTextFile(changed, text.replace(/"fitSeconds":/, '"fitSeconds":1'));
    await Deno.truncate(cut, 10);
    await Deno.writeTextFile(foreign, "<html>");
    let again: typeof outcomes | undefined;
    const said = await warnings(async () =>
      again = (await compareClassifiers(DATA, PRESET, 3)).outcomes
    );
    for (const path of [changed, cut, foreign]) {
      assert.ok(said.some((line) => line.startsWith(`${path} is damaged`)), path);
    }
    const predictions = (all: typeof outcomes) =>
      Object.entries(all).map(([method, { predicted }]) => [method, [...predicted]]);
    assert.deepEqual(predictions(again!), predictions(outcomes));
  });
});
