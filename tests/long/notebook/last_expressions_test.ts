// What stands under a cell that ends with a value of the library, on the real kernel.
import assert from "node:assert/strict";
import { join } from "@std/path";
import { RawKernel } from "../../notebook/raw_kernel.ts";

const PROJECT = join(import.meta.dirname!, "../../..");

Deno.test("Values of the library as a cell's last expression are shown in a few lines", async () => {
  const kernel = await RawKernel.start(PROJECT);
  try {
    const values = [
      ["buildCnn({ seed: 1, inputShape: [8, 8, 3] })", /^Model of \d+ layers, [\d,]+ param/],
      ["sliceSplit(data.train, 0, 3)", /^Split\n +images +3\n/],
      ["data", /^Dataset\n +training images +4\n/],
      ["new Svc({ C: 3 })", /^Svc\n +C +3\n/],
      ["await new LogisticRegression().fit(X, y)", /^LogisticRegression\n.*classes +0, 1\n/s],
      ["new Umap()", /^Umap\n +nNeighbors +15\n/],
      ["search", /^GridSearch\n.*best parameters/s],
      ["X", /^Matrix of 6 rows × 2 columns/],
      ["pipeline", /^Pipeline\n.*classNames +a, b$/s],
    ] as const;
    const setUp = `
      import { buildCnn, firstImages, GridSearch, Matrix, setUpCompute, sliceSplit, Svc, Umap } from "deep-features";
      import { LogisticRegression } from "deep-features/classifiers";
      import { Pipeline } from "deep-features/pipeline";
      await setUpCompute({ quiet: true });
      const split = { images: new Uint8Array(48), labels: Uint8Array.of(0, 1, 0, 1), shape: [4, 2, 2, 3] };
      const data = firstImages({ train: split, test: split, classNames: ["a", "b"], source: "own", official: false }, 4, 4);
      const y = [0, 0, 0, 1, 1, 1], X = Matrix.fromRows(y.map((label, i) => [label, i]));
      const search = await new GridSearch((p) => new Svc(p), { C: [1, 2] }, { folds: 3 }).fit(X, y);
      const pipeline = new Pipeline({ model: buildCnn({ inputShape: [8, 8, 3] }), classNames: ["a", "b"],
        classifier: await new Svc().fit(X, y) });
      undefined`;
    const heard = await kernel.run(setUp, ...values.map(([code]) => code));
    const faults = heard.filter(({ type }) => type === "error").map(({ text }) => text);
    assert.deepEqual(faults, []);
    for (const [i, [code, expected]] of values.entries()) {
      const shown = heard.filter(({ cell, type }) => cell === i + 1 && type === "execute_result");
      assert.equal(shown.length, 1, code);
      assert.match(shown[0]!.text, expected);
      assert.ok(shown[0]!.text.split("\n").length < 25, shown[0]!.text);
    }
  } finally {
    await kernel.stop();
  }
});
