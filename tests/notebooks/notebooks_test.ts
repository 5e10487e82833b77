import assert from "node:assert/strict";
import { join } from "@std/path";
import { buildCnn, setUpCompute } from "deep-features";
import { METHODS } from "../../lib/article/methods.ts";
import { networkTexts } from "../../lib/cnn/network_text.ts";
import { notebookNames, PROJECT, readNotebook, solutions } from "../helpers/notebooks.ts";

const sourceOf = (notebook: string, id: string) =>
  readNotebook(notebook).find((cell) => cell.id === id)!.source;

Deno.test("The network that notebook 02 writes out is buildCnn's: layers, loss, optimizer, weights", async () => {
  await setUpCompute({ backend: "simd", quiet: true });
  const file = join(PROJECT, "tests/notebooks", `build-${crypto.randomUUID()}.ts`);
  await Deno.writeTextFile(
    file,
    `import * as tf from "@tensorflow/tfjs";\nimport { Adam } from "deep-features/backend";\n` +
      `export ${sourceOf("02_cnn", "build")}\n`,
  );
  try {
    const { build } = await import(`file://${file}`);
    for (const seed of [0, 3]) {
      const written = build({ seed, inputShape: [32, 32, 3], classes: 10 });
      const library = buildCnn({ seed });
      assert.deepEqual(networkTexts(written), networkTexts(library));
      const [ours, theirs] = [library, written].map((model) =>
        model.getWeights().map((weight: { dataSync(): Float32Array }) => [...weight.dataSync()])
      );
      assert.deepEqual(theirs, ours);
      written.dispose();
      library.dispose();
    }
  } finally {
    await Deno.remove(file);
  }
});

Deno.test("Notebook 04 searches the grid that the library's tuning searches", () => {
  const constants = sourceOf("04_svm", "c01");
  const list = (name: string) =>
    JSON.parse(constants.match(new RegExp(`${name} = (\\[.*?\\])`))![1]!);
  const { grid } = METHODS.find(({ key }) => key === "tunedSvm")!;
  assert.deepEqual({ C: list("C_VALUES"), gammaFactor: list("GAMMA_FACTORS") }, grid);
});

Deno.test("Every exercise has its time, a folded hint and a folded solution", () => {
  for (const name of notebookNames()) {
    const text = readNotebook(name).at(-1)!.source;
    const exercises = text.slice(text.indexOf("## Exercises")).split(/^\*\*\d+\.\*\* /m).slice(1);
    assert.ok(exercises.length >= 3, name);
    for (const exercise of exercises) {
      assert.match(exercise, /\*\(.+\)\*\n/, `${name} says how long: ${exercise.slice(0, 60)}`);
      for (const part of ["Hint", "Solution"]) {
        assert.ok(exercise.includes(`<details><summary>${part}</summary>`), `${name}: ${part}`);
      }
    }
    assert.ok(solutions(name).length >= 2, name);
  }
});

Deno.test("Every notebook says how it is made small, what it takes, and who wrote its papers", () => {
  for (const name of notebookNames()) {
    const [opening] = readNotebook(name);
    assert.match(opening!.source, /readPreset\("quick"\)/, name);
    assert.match(opening!.source, /memory/, name);
    for (const { source } of readNotebook(name)) {
      const bare = source.replace(/\]\([^)]*\)/g, "]").match(/arXiv \d{4}\.\d+|doi:/);
      assert.equal(bare, null, `${name} names a paper without a link`);
    }
  }
});

Deno.test("No text of a notebook states an accuracy of a run: cells compute them", () => {
  // What the article reports is a fact about the article.
  const reported = ["0.7221", "0.72"];
  for (const name of notebookNames()) {
    for (const { kind, source } of readNotebook(name)) {
      if (kind !== "markdown") continue;
      const prose = source.replace(/```[\s\S]*?```/g, "").replace(/\]\([^)]*\)/g, "]");
      const figures = (prose.match(/(?<![\d.])0\.[2-9]\d+/g) ?? []).filter((f) =>
        !reported.includes(f)
      );
      assert.deepEqual(figures, [], `${name}: ${source.slice(0, 60)}`);
    }
  }
});
