// A notebook's interrupt is a SIGINT to its kernel. On the real kernel it must stop long work with an
// error and leave the kernel alive, with all that is in its memory.
import assert from "node:assert/strict";
import { join } from "@std/path";
import type { Notebook } from "../../../lib/report/notebook.ts";
import { withNotebooks } from "../../report/notebooks.ts";

const PROJECT = join(import.meta.dirname!, "../../..");

/** A cell that works for minutes, is interrupted after a moment, and says what it ended with. */
function interrupted(work: string): string {
  return `{
    setTimeout(() => Deno.kill(Deno.pid, "SIGINT"), 400);
    const start = performance.now();
    const outcome = await ${work}.then(() => ({ name: "ran to its end" }), (error) => error);
    console.log(outcome.name, performance.now() - start < 20_000 ? "soon" : "late");
    console.log(outcome.message);
  }`;
}

const WORKS = {
  trainCnn: "trainCnn(buildCnn(), { images, labels, shape }, { epochs: 1000 })",
  hiddenFeatures: "hiddenFeatures(buildCnn(), { images, shape }, { batchSize: 1 })",
  "Svc.fit": "new Svc({ C: 1e7, gamma: 1e-3 }).fit(X, y)",
  // It returns with what it has scored by then, if that is something.
  "GridSearch.fit": `new GridSearch((p) => new Svc({ gamma: 1e-3, ...p }),
     { C: Array.from({ length: 1000 }, (_, i) => 1e4 + i) }).fit(X, y)
     .then((search) => { if (search.isStopped) throw new DOMException("stopped", "AbortError"); })`,
  "Umap.fit": "new Umap({ nEpochs: 100_000 }).fit(X)",
  "KNeighborsClassifier.predict": "neighbors.predict(many)",
  "trainCnn with a checkpoint": `trainCnn(buildCnn(), { images, labels, shape },
     { epochs: 1000, checkpoint: await Deno.makeTempDir() })`,
  "RandomForestClassifier.fit": "new RandomForestClassifier({ nEstimators: 1e6 }).fit(X, y)",
};

Deno.test("An interrupt stops long work in a notebook, and the kernel lives on", async () => {
  const cells = [
    `import { buildCnn, GridSearch, hiddenFeatures, Matrix, setUpCompute, Svc, trainCnn,
       Umap } from "deep-features";
     import { seededRandom } from "deep-features/base";
     import { KNeighborsClassifier, RandomForestClassifier } from "deep-features/classifiers";
     await setUpCompute({ backend: "simd", quiet: true });
     const random = seededRandom(1);
     const images = new Uint8Array(4000 * 3072).map(() => 256 * random());
     const labels = new Uint8Array(4000).map(() => 10 * random());
     const shape = [4000, 32, 32, 3];
     const X = new Matrix(new Float32Array(3000 * 40).map(random), 3000, 40);
     const many = new Matrix(new Float32Array(400_000 * 40).map(random), 400_000, 40);
     const y = Uint8Array.from({ length: 3000 }, () => 3 * random());
     const neighbors = new KNeighborsClassifier();
     await neighbors.fit(X, y);`,
    ...Object.values(WORKS).map(interrupted),
    `console.log("alive", X.rows);`,
  ];
  await withNotebooks({ "a.ipynb": cells }, async (folder) => {
    const { stdout, stderr } = await new Deno.Command(Deno.execPath(), {
      args: [
        "run",
        "-P=report",
        join(PROJECT, "tests/report/elsewhere.ts"),
        join(folder, "a.ipynb"),
      ],
      cwd: PROJECT,
    }).output();
    const text = new TextDecoder().decode(stdout);
    assert.ok(text, new TextDecoder().decode(stderr));
    const { notebook, traceback } = JSON.parse(text) as { notebook: Notebook; traceback?: string };
    assert.equal(traceback, undefined, text.slice(0, 2000));
    const printed = notebook.cells.map(({ outputs }) => {
      const stream = outputs!.find((output) => output.output_type === "stream");
      return stream && [stream.text].flat().join("").trim();
    });
    const names = Object.keys(WORKS);
    assert.deepEqual(
      Object.fromEntries(names.map((name, i) => [name, printed[i + 1]?.split("\n")[0]])),
      Object.fromEntries(names.map((name) => [name, "AbortError soon"])),
    );
    assert.match(printed[1]!, /stopped in epoch \d+ of 1000; .* variables are kept$/);
    const withCheckpoint = printed[1 + names.indexOf("trainCnn with a checkpoint")]!;
    assert.match(withCheckpoint, /stopped in epoch \d+ of 1000; the checkpoint holds \d+; /);
    assert.equal(printed.at(-1), "alive 3000");
  }, join(PROJECT, "data"));
});
