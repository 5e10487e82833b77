import assert from "node:assert/strict";
import { basename, join } from "@std/path";
import type * as tf from "@tensorflow/tfjs";
import { buildCnn, loadModel, saveModel, setUpCompute } from "deep-features";

async function withModel(work: (model: tf.LayersModel, folder: string) => Promise<void>) {
  await setUpCompute({ backend: "simd", quiet: true });
  const folder = await Deno.makeTempDir();
  const model = buildCnn({ seed: 1, inputShape: [8, 8, 3], classes: 2 });
  try {
    await work(model, folder);
  } finally {
    model.dispose();
    await Deno.remove(folder, { recursive: true });
  }
}

/** All files below a folder with their texts. */
async function files(folder: string, prefix = ""): Promise<Record<string, string>> {
  const found: Record<string, string> = {};
  for await (const { name, isDirectory } of Deno.readDir(folder)) {
    const path = join(folder, name);
    if (isDirectory) Object.assign(found, await files(path, `${prefix}${name}/`));
    else found[prefix + name] = await Deno.readTextFile(path);
  }
  return found;
}

Deno.test("saveModel() replaces a saved model or an empty folder, and nothing else", async () => {
  await withModel(async (model, folder) => {
    const mine = join(folder, "mine");
    await Deno.mkdir(join(mine, "photographs"), { recursive: true });
    await Deno.writeTextFile(join(mine, "thesis.txt"), "years of work");
    await Deno.writeTextFile(join(mine, "photographs", "cat.jpg"), "a cat");
    const before = await files(folder);
    await assert.rejects(saveModel(model, mine), RangeError);
    const cwd = Deno.cwd();
    try {
      Deno.chdir(mine);
      await assert.rejects(saveModel(model, "."), RangeError);
      await assert.rejects(saveModel(model, ""), TypeError);
    } finally {
      Deno.chdir(cwd);
    }
    // A file in the folder's place, and a saved model to which somebody added something.
    await assert.rejects(saveModel(model, join(mine, "thesis.txt")), RangeError);
    assert.deepEqual(await files(folder), before);

    const empty = join(folder, "empty");
    await Deno.mkdir(empty);
    await saveModel(model, empty);
    await saveModel(model, empty);
    await Deno.writeTextFile(join(empty, "notes.txt"), "mine");
    await assert.rejects(saveModel(model, empty), /notes\.txt/);
    assert.equal(await Deno.readTextFile(join(empty, "notes.txt")), "mine");
    (await loadModel(empty)).dispose();
  });
});

Deno.test("saveModel() keeps texts under plain names beside the model, and none outside or in its files' place", async () => {
  await withModel(async (model, folder) => {
    const place = join(folder, "model");
    const outside = ["../../x", "..", ".", "a/b", "/tmp/x", "", "a\\b", "C:x", "nul\0byte"];
    for (const name of outside) {
      await assert.rejects(saveModel(model, place, { [name]: "text" }), TypeError, name);
    }
    for (const name of ["model.json", "weights.bin", "MODEL.JSON"]) {
      await assert.rejects(saveModel(model, place, { [name]: "{}" }), RangeError, name);
    }
    assert.deepEqual(await files(folder), {});
    await saveModel(model, place, { "history.json": "[1]" });
    assert.deepEqual(Object.keys(await files(folder)).map((path) => basename(path)).sort(), [
      "history.json",
      "model.json",
      "weights.bin",
    ]);
  });
});
