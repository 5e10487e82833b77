import assert from "node:assert/strict";
import { showTable } from "deep-features";
import { jupyterDisplay } from "../../lib/base/display.ts";
import { figureTables, mainFigures, readMetrics } from "../../lib/report/metrics.ts";
import type { Notebook } from "../../lib/report/notebook.ts";
import { notebookText } from "./notebooks.ts";

function tablesOf(...html: string[]) {
  const notebook: Notebook = JSON.parse(notebookText(["1", "2"]));
  notebook.cells[1]!.outputs = html.map((text) => ({
    output_type: "display_data",
    data: { "text/html": text },
    metadata: {},
  }));
  return figureTables(notebook);
}

Deno.test("figureTables() reads back the tables that showTable() writes", () => {
  const table = showTable([
    { name: "a < b", accuracy: 0.71234, rows: 50_000, p: "< 0.0001" },
    { name: "7", accuracy: null, rows: -2, p: "0.5" },
  ], { caption: "Mine & yours" });
  assert.deepEqual(tablesOf(String(table[jupyterDisplay]()["text/html"])), [{
    caption: "Mine & yours",
    columns: ["name", "accuracy", "rows", "p"],
    // As the page shows it: four digits, a name that looks like a number, an empty cell.
    rows: [["a < b", 0.7123, 50_000, "< 0.0001"], ["7", "", -2, "0.5"]],
  }]);
});

Deno.test("figureTables() reads what others write, a table in a table, and none without titles", () => {
  const inner = "<table><thead><tr><th>x<tbody><tr><td>1</table>";
  const tables = tablesOf(
    "<table><tr><td>1</td></tr></table>",
    `<table><thead><tr><th>a<th>b<tbody><tr><th>r<td>${inner}</table>`,
  );
  assert.deepEqual(tables.map(({ caption }) => caption), ["Cell 2", "Cell 2"]);
  assert.deepEqual(tables[1], { caption: "Cell 2", columns: ["x"], rows: [["1"]] });
  assert.deepEqual(tables[0]!.columns, ["a", "b"]);
  assert.equal(tables[0]!.rows.length, 1);
});

Deno.test("figureTables() names a table without a caption by the heading that it stands under", () => {
  const table = "<table><thead><tr><th>x<tbody><tr><td>1</table>";
  const notebook: Notebook = JSON.parse(
    notebookText(["# A *b*", "1", "## C\n\nText.", "1"]),
  );
  for (const cell of notebook.cells.filter((cell) => cell.cell_type === "code")) {
    cell.outputs = [{ output_type: "display_data", data: { "text/html": table }, metadata: {} }];
  }
  const tables = figureTables(notebook);
  assert.deepEqual(tables.map(({ caption }) => caption), ["A b", "C"]);
});

Deno.test("mainFigures() tells accuracies and the highest means of accuracies, and no other figure", () => {
  const columns = ["name", "mean"];
  assert.deepEqual(
    mainFigures([
      { caption: "SVM", columns: ["class", "f1"], rows: [["cat", 0.9], ["accuracy", "", 0.71]] },
      { caption: "Accuracy by method", columns, rows: [["a", 0.5], ["b", 0.7], ["c", 0.6]] },
      {
        caption: "Mean accuracy of a grid",
        columns: ["C", "gamma", "mean", "rank"],
        rows: [[1, 0.01, "", 2], [10, 0.02, 0.8, 1]],
      },
      { caption: "Seconds", columns, rows: [["a", 3]] },
      { caption: "Accuracy of none", columns, rows: [] },
      { caption: "Accuracy by seed", columns: ["seed", "SVM"], rows: [[0, 0.7]] },
    ]),
    [
      "SVM: accuracy 0.71",
      "Accuracy by method: highest mean 0.7 (b)",
      "Mean accuracy of a grid: highest mean 0.8 (C = 10, gamma = 0.02)",
    ],
  );
});

Deno.test("readMetrics() refuses a file that is none, and says where", async () => {
  const path = await Deno.makeTempFile({ suffix: ".metrics.json" });
  const provenance = { wasRun: true, date: "", deno: "", notices: [] };
  const good = { format: 1, title: "", provenance, tables: [] };
  try {
    await Deno.writeTextFile(path, JSON.stringify(good));
    assert.deepEqual(await readMetrics(path), good);
    for (
      const [text, message] of [
        ["{", /it is not JSON/],
        ["null", /must be object/],
        [JSON.stringify({ ...good, format: 2 }), /\/format must be equal to constant/],
        [JSON.stringify({ ...good, provenance: {} }), /\/provenance must have required property/],
        [
          JSON.stringify({ ...good, tables: [{ caption: "", columns: [], rows: [[null]] }] }),
          /\/tables\/0\/rows\/0\/0 must be string,number/,
        ],
      ] as const
    ) {
      await Deno.writeTextFile(path, text);
      await assert.rejects(readMetrics(path), (error: Error) => {
        assert.ok(error instanceof RangeError);
        assert.match(error.message, message);
        return true;
      });
    }
  } finally {
    await Deno.remove(path);
  }
});
