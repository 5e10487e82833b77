import assert from "node:assert/strict";
import { collapseReturns, OutputCollector } from "../../lib/report/collect_outputs.ts";
import {
  type Cell,
  type Notebook,
  readNotebook,
  writeNotebook,
} from "../../lib/report/notebook.ts";
import { FRAME_TYPE, renderIndex, renderPage } from "../../lib/report/render_page.ts";
import { storable } from "../../lib/report/storable.ts";

const notebook = (...cells: Partial<Cell>[]): Notebook => ({
  cells: cells.map((cell) => ({ cell_type: "markdown", metadata: {}, source: "", ...cell })),
  metadata: {},
  nbformat: 4,
  nbformat_minor: 5,
});
const display = (data: Record<string, unknown>): Partial<Cell> => ({
  cell_type: "code",
  source: "x",
  execution_count: 1,
  outputs: [{ output_type: "display_data", data, metadata: {} }],
});
/** The page without its own style and script. */
const bodyOf = (...cells: Partial<Cell>[]) =>
  renderPage(notebook(...cells), "footer").html.replace(/^[\s\S]*<body>/, "");

Deno.test("renderPage() shows prose with mathematics, headings and a table of contents", () => {
  const body = bodyOf({
    source:
      "# Title & more\n\nFirst *words* with $\\gamma^2$.\n\n$$\\sum_i x_i$$\n\n## Part\n\n## Part",
  });
  assert.match(body, /<h1 id="title-more">Title &amp; more<\/h1>/);
  assert.match(body, /<math[^>]*>.*γ/s);
  assert.match(body, /<math[^>]*display="block"/);
  assert.match(body, /<a href="#part">Part<\/a>.*<a href="#part-2">Part<\/a>/s);
  assert.doesNotMatch(body, /\$/);
  const page = renderPage(notebook({ source: "# T & U\n\nFirst *words*." }), "");
  assert.equal(page.title, "T & U");
  assert.equal(page.summary, "First words.");
});

Deno.test("renderPage() leaves dollar signs in code alone, and highlights TypeScript", () => {
  assert.match(bodyOf({ source: "`$a` and `b$`" }), /<code>\$a<\/code> and <code>b\$<\/code>/);
  const body = bodyOf({ cell_type: "code", source: "const a = `${1}`;", outputs: [] });
  assert.match(body, /<details class="code" open>.*<span class="hljs-keyword">const<\/span>/s);
});

Deno.test("renderPage() lets nothing from a notebook run or load", () => {
  const evil =
    '<script>alert(1)</script><img src="https://evil.example/x.png" onerror="alert(2)">' +
    '<a href="javascript:alert(3)">a</a><iframe src="https://evil.example"></iframe>' +
    '<svg onload="alert(4)"></svg><p style="background:url(https://evil.example)">p</p>';
  const bodies = [
    bodyOf({ source: evil }),
    bodyOf({
      source: `# ${evil}\n\n[x](javascript:alert(5))\n\n$$\\href{javascript:alert(6)}{x}$$`,
    }),
    bodyOf(display({ "text/html": evil })),
    bodyOf(display({ "text/markdown": evil })),
    bodyOf(display({ "text/plain": evil })),
    bodyOf({
      cell_type: "code",
      source: evil,
      outputs: [
        { output_type: "stream", name: "stdout", text: evil },
        { output_type: "error", ename: evil, evalue: evil, traceback: [] },
      ],
    }),
    renderIndex([{
      page: { title: evil, summary: evil, notices: [], html: "" },
      file: '"><script>alert(7)</script>',
      seconds: 1,
    }], evil),
  ];
  for (const body of bodies) {
    const inside = body.replace(/^[\s\S]*<body>/, "");
    assert.doesNotMatch(inside, /<script|<iframe|<svg|<[a-z][^>]* on[a-z]+=|href="javascript/i);
    assert.doesNotMatch(inside, /<[a-z][^>]*(src|style)="[^"]*evil\.example/i);
  }
});

Deno.test("renderPage() shows an SVG as a picture with its description, and a frame in a sandbox", () => {
  const svg =
    '<svg xmlns="http://www.w3.org/2000/svg" aria-label="a &amp; b"><script>x</script></svg>';
  const picture = bodyOf(display({ "image/svg+xml": [svg], "text/html": "other" }));
  assert.match(picture, /<img alt="a &amp; b" src="data:image\/svg\+xml;base64,/);
  assert.doesNotMatch(picture, /other/);
  const frame = bodyOf(display({ [FRAME_TYPE]: "<title>Map</title><script>run()</script>" }));
  assert.match(frame, /<iframe sandbox="allow-scripts" title="Map" srcdoc="&lt;title&gt;/);
});

Deno.test("renderPage() keeps notices, and asks no other host for anything", () => {
  const notice = '<p class="notice warning" role="alert"><strong>Careful</strong></p>';
  const page = renderPage(notebook({ source: "# T" }, display({ "text/html": notice })), "");
  assert.deepEqual(page.notices.length, 1);
  assert.match(page.notices[0]!, /Careful/);
  assert.match(page.html, /Content-Security-Policy" content="default-src 'none'/);
  assert.doesNotMatch(page.html, /(src|href)="https?:/);
});

Deno.test("collapseReturns() shows what a terminal would", () => {
  assert.equal(collapseReturns("\ra 1\ra 22\ra 3 \nnext"), "a 3\nnext");
  const collector = new OutputCollector();
  const outputs = collector.begin();
  const send = (type: string, content: Record<string, unknown>) =>
    collector.add({ header: { msg_id: "1", msg_type: type }, parent_header: {}, content });
  for (const text of ["\r10 %", "\r20 %", "\r100 %\n", "done\n"]) {
    send("stream", { name: "stdout", text });
  }
  assert.deepEqual(outputs, [{ output_type: "stream", name: "stdout", text: "100 %\ndone\n" }]);
  send("display_data", { data: { "text/plain": "a" }, transient: { display_id: "d" } });
  send("update_display_data", { data: { "text/plain": "b" }, transient: { display_id: "d" } });
  assert.deepEqual(outputs[1], {
    output_type: "display_data",
    data: { "text/plain": "b" },
    metadata: {},
  });
  send("clear_output", { wait: true });
  assert.equal(outputs.length, 2);
  send("stream", { name: "stderr", text: "new" });
  assert.equal(outputs.length, 1);
});

Deno.test("writeNotebook() and readNotebook() keep a notebook, in Jupyter's own form", async () => {
  const path = await Deno.makeTempFile({ suffix: ".ipynb" });
  const original = notebook(
    { source: "a\nb" },
    display({ "text/html": "x\ny", [FRAME_TYPE]: "z" }),
  );
  await writeNotebook(path, original);
  const text = await Deno.readTextFile(path);
  assert.match(text, /^\{\n "cells": \[\n/);
  assert.ok(text.endsWith("}\n"));
  const read = await readNotebook(path);
  assert.deepEqual(read.cells[0]!.source, ["a\n", "b"]);
  await Deno.writeTextFile(path, "{}");
  await assert.rejects(readNotebook(path), /not a notebook of format 4/);
  await Deno.writeTextFile(path, "x");
  await assert.rejects(readNotebook(path), /not JSON/);
  await Deno.remove(path);
});

Deno.test("storable() leaves out interactive pages of many megabytes", () => {
  const frames = ["small", "x".repeat(300_000)].map((frame) => {
    const [cell] = storable(notebook(display({ [FRAME_TYPE]: frame, "text/plain": "t" }))).cells;
    return Object.keys((cell!.outputs![0] as { data: object }).data).length;
  });
  assert.deepEqual(frames, [2, 1]);
});
