import assert from "node:assert/strict";
import { join } from "@std/path";
import { readRuns } from "../../bench/saved_run.ts";
import {
  resultsText,
  type StoredNotebook,
  strongText,
  withResults,
  writtenResults,
} from "../../docs/readme_figures.ts";
import { networksText, speedText } from "../../docs/speed_tables.ts";
import { notebookNames, PROJECT, readNotebook } from "../helpers/notebooks.ts";

const README = Deno.readTextFileSync(join(PROJECT, "README.md"));
const stored = (name: string) =>
  JSON.parse(
    Deno.readTextFileSync(join(PROJECT, "notebooks", `${name}.ipynb`)),
  ) as StoredNotebook;

/** Texts without what the formatter decides: line ends, widths of columns. */
const plain = (text: string) =>
  text.replaceAll(/\s*\|\s*/g, "|").replaceAll(/\|-+/g, "|-").replaceAll(/\s+/g, " ");

Deno.test("README's results are what the committed outputs of 05_beyond and 06_strong say", () => {
  const results = {
    article: resultsText(stored("05_beyond")),
    strong: strongText(stored("06_strong")),
  };
  for (const part of ["article", "strong"] as const) {
    const expected = results[part];
    // Outputs of before these cells: the figures are compared below all the same.
    if (expected === undefined) continue;
    const written = writtenResults(README, part);
    assert.equal(plain(written), plain(expected), "run deno task readme:figures");
  }
});

Deno.test("README's tables of speeds are what the saved runs of the benches say", async () => {
  const runs = await readRuns();
  for (
    const [part, text] of [["speed", speedText(runs)], ["networks", networksText(runs)]] as const
  ) {
    assert.ok(text, `bench/saved_runs.json has nothing for ${part}`);
    assert.equal(plain(writtenResults(README, part)), plain(text), "run deno task readme:figures");
  }
});

Deno.test("speedText() sets runs without and with a BLAS side by side, and bold what is slower", () => {
  const setting = { machine: "2 × CPU", deno: "2.9.6", date: "2026-01-02" };
  const runs = {
    without: {
      ...setting,
      command: "deno task bench svm matmul",
      rows: [
        { bench: "matmul", name: "product", ours: 3, peer: 2, unit: "ms" },
        { bench: "svm", name: "SVC fit", ours: 0.5, peer: 10, unit: "s", note: "12 vectors" },
      ],
    },
    with: {
      ...setting,
      command: "deno task bench blas matmul",
      blas: "OpenBLAS 1",
      rows: [
        { bench: "blas", name: "fit, without", ours: 1, peer: 4, unit: "s" },
        { bench: "matmul", name: "product", ours: 1, peer: 2, unit: "ms" },
      ],
    },
  };
  assert.equal(
    speedText(runs),
    "- `deno task bench svm matmul`, 2 × CPU, Deno 2.9.6, no BLAS, 2026-01-02\n" +
      "- `deno task bench blas matmul`, 2 × CPU, Deno 2.9.6, OpenBLAS 1, 2026-01-02\n\n" +
      "| work | ours | peer | ours / peer | with a BLAS | ours / peer | bench |\n" +
      "| --- | --- | --- | --- | --- | --- | --- |\n" +
      "| SVC fit | 0.500 s | 10.0 s | 0.050 | – | – | `svm` |\n" +
      "| product | 3.00 ms | 2.00 ms | **1.50** | 1.00 ms | 0.50 | `matmul` |\n" +
      "| fit, without | – | 4.00 s | – | 1.00 s | 0.25 | `blas` |\n\n" +
      "<details><summary>What was found beside the times</summary>\n\n- SVC fit: 12 vectors\n\n" +
      "</details>",
  );
  assert.equal(speedText({ without: runs.without }), undefined);
});

Deno.test("networksText() marks what misses its bar", () => {
  const setting = { machine: "2 × CPU", deno: "2.9.6", date: "2026-01-02", command: "bench" };
  const row = (ours: number) => ({
    bench: "networks",
    name: "ResNet-20: step",
    ours,
    peer: 100,
    unit: "ms",
    columns: {
      bar: "1.2",
      "ours / tfjs's wasm": "0.022",
      "2 threads against 1": "1.80 ×",
      "on the CPU backend": "0.10 %",
    },
  });
  const runs = {
    without: { ...setting, rows: [row(150)] },
    with: { ...setting, blas: "OpenBLAS 1", rows: [row(110)] },
  };
  const lines = networksText(runs)!.split("\n");
  assert.equal(
    lines[2],
    "| ResNet-20 | 1.2 | 110 ms | 1.10 | 1.80 × | 150 ms | **1.50** | 1.80 × | 0.022 |",
  );
  assert.equal(
    lines.at(-1),
    "In bold what misses its bar. On the CPU backend ran at most 0.1 % of a step.",
  );
});

Deno.test("Each accuracy in README's results is found in a committed output", () => {
  const section = README.slice(README.indexOf("## Results"), README.indexOf("## How fast"));
  const outputs = notebookNames().flatMap(readNotebook).map(({ output }) => output).join("\n");
  const figures = section.split("\n").filter((line) => line.startsWith("|"))
    // The article's own figures stand in the texts of the notebooks.
    .flatMap((line) => line.split("|").slice(0, -2).join("|").match(/\d\.\d{4}/g) ?? []);
  assert.ok(figures.length >= 14, `${figures.length}`);
  const astray = [...new Set(figures)].filter((figure) => !outputs.includes(figure));
  assert.deepEqual(astray, [], "these are in no output");
});

const result = (text: string) => ({
  output_type: "execute_result",
  data: { "text/plain": text },
});
const stream = (text: string) => ({ output_type: "stream", text: [text] });

Deno.test("strongText() sets two networks side by side, and writes the curves as a table", () => {
  const cell = (id: string, output: ReturnType<typeof result> | ReturnType<typeof stream>) => ({
    id,
    outputs: [output],
  });
  const notebook: StoredNotebook = {
    cells: [
      cell(
        "article",
        result(
          "network    method     mean    over its softmax, points\n" +
            "article's  SVM (RBF)  0.7100  1.00\n" +
            "article's  softmax    0.7000  0.00\n" +
            "residual   softmax    0.9000  0.00\n",
        ),
      ),
      cell(
        "unseen-table",
        result("network  method   n = 5  n = 10\nresidual  SVM on features  0.700  0.800\n"),
      ),
      cell("gained", stream("It gains.\nnot a sentence\n")),
      cell("unseen-says", stream("Caught up.\n")),
    ],
  };
  assert.equal(
    strongText(notebook),
    "| the same rows for all (points over the network's softmax) | article's | residual |\n" +
      "| --- | --- | --- |\n| SVM (RBF) | 0.7100 (1.00) | – |\n" +
      "| softmax | 0.7000 (0.00) | 0.9000 (0.00) |\n\n" +
      "| network | method | n = 5 | n = 10 |\n| --- | --- | --- | --- |\n" +
      "| residual | SVM on features | 0.700 | 0.800 |\n\n- It gains.\n- Caught up.",
  );
  assert.equal(strongText({ cells: [] }), undefined);
});

Deno.test("resultsText() writes tables and sentences, and keeps what stands around them", () => {
  const notebook: StoredNotebook = {
    cells: [
      {
        id: "c06",
        outputs: [
          stream("best: SVM\n"),
          result("method     mean      sd\nSVM (RBF)  0.7100  0.0060\n"),
        ],
      },
      {
        id: "ways",
        outputs: [
          stream("SVM, seed 0 100 %\n"),
          result(
            "rows            method     mean      sd\n" +
              "the same rows   SVM (RBF)  0.7100  0.0060\n" +
              "the same rows   softmax    0.7000  0.0090\n" +
              "all rows        softmax    0.7200  0.0010\n",
          ),
        ],
      },
      { id: "ways-say", outputs: [stream("the same rows: SVM is ahead.\n")] },
      { id: "controls-say", outputs: [stream("A draw.\n")] },
    ],
  };
  const results = resultsText(notebook)!;
  assert.equal(
    results,
    "| test accuracy | the same rows | all rows |\n| --- | --- | --- |\n" +
      "| SVM (RBF) | 0.7100 ± 0.0060 | – |\n| softmax | 0.7000 ± 0.0090 | 0.7200 ± 0.0010 |\n\n" +
      "| the same rows for all | test accuracy |\n| --- | --- |\n| SVM (RBF) | 0.7100 ± 0.0060 |\n\n" +
      "- the same rows: SVM is ahead.\n- A draw.",
  );
  const readme = withResults(README, results);
  assert.equal(writtenResults(readme), results);
  assert.ok(readme.includes("## How fast") && readme.startsWith(README.slice(0, 200)));
  assert.equal(resultsText({ cells: [] }), undefined);
});
