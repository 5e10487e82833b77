import assert from "node:assert/strict";
import type { Notebook } from "../../lib/report/notebook.ts";
import { renderPage } from "../../lib/report/render_page.ts";
import { sectionsOf } from "../../lib/report/sections.ts";
import { notebookText } from "./notebooks.ts";

Deno.test("sectionsOf() takes headings and prose of a page, and neither code nor outputs", () => {
  const notebook: Notebook = JSON.parse(notebookText([
    "# The *title*\n\nA lead\nwith $x^2$ &amp; `code`.\n\n```ts\nblock\n```",
    "const secret = 1",
    "## Again\n\n- one\n- two\n\n| a |\n|---|\n| cell |",
    "## Again",
  ]));
  notebook.cells[1]!.outputs = [
    { output_type: "display_data", data: { "text/html": "<p>output</p>" }, metadata: {} },
  ];
  const { html } = renderPage(notebook, { cellSeconds: [], footer: "foot" });
  assert.deepEqual(sectionsOf(html), [
    { heading: "The title", id: "The-title", text: "A lead with x2 & code." },
    { heading: "Again", id: "Again", text: "one two" },
    { heading: "Again", id: "Again-2", text: "" },
  ]);
  assert.deepEqual(sectionsOf("no page"), []);
});
