import assert from "node:assert/strict";
import { type Notebook, readNotebook, writeNotebook } from "../../lib/report/notebook.ts";
import { FRAME_TYPE } from "../../lib/report/render_page.ts";
import { storable } from "../../lib/report/storable.ts";

const cells = (...data: Record<string, unknown>[]): Notebook => ({
  cells: data.map((bundle) => ({
    cell_type: "code",
    metadata: {},
    source: "a\nb",
    execution_count: 1,
    outputs: [{ output_type: "display_data", data: bundle, metadata: {} }],
  })),
  metadata: {},
  nbformat: 4,
  nbformat_minor: 4,
});

Deno.test("writeNotebook() and readNotebook() keep a notebook, in Jupyter's own form", async () => {
  const path = await Deno.makeTempFile({ suffix: ".ipynb" });
  try {
    await writeNotebook(path, cells({ "text/html": "x\ny" }, { "text/plain": "" }));
    const text = await Deno.readTextFile(path);
    assert.ok(
      text.startsWith('{\n "cells": [\n  {\n   "cell_type": "code",\n   "execution_count": 1,'),
    );
    assert.ok(text.endsWith('"nbformat": 4,\n "nbformat_minor": 5\n}\n'));
    const read = await readNotebook(path);
    assert.deepEqual(read.cells.map(({ id }) => id), ["cell-1", "cell-2"]);
    assert.deepEqual(read.cells[0]!.source, ["a\n", "b"]);
    assert.deepEqual(read.cells[0]!.outputs, [
      { output_type: "display_data", data: { "text/html": ["x\n", "y"] }, metadata: {} },
    ]);
  } finally {
    await Deno.remove(path);
  }
});

Deno.test("readNotebook() rejects what is not a notebook", async () => {
  const path = await Deno.makeTempFile({ suffix: ".ipynb" });
  try {
    for (
      const [text, message] of [["{}", /format 4/], ["null", /format 4/], [
        "x",
        /not JSON/,
      ]] as const
    ) {
      await Deno.writeTextFile(path, text);
      await assert.rejects(readNotebook(path), message);
    }
  } finally {
    await Deno.remove(path);
  }
});

Deno.test("storable() leaves out interactive pages of many kilobytes", () => {
  const bundles = ["small", "x".repeat(300_000)].map((frame) => ({
    [FRAME_TYPE]: frame,
    "text/plain": "t",
  }));
  const kept = storable(cells(...bundles)).cells.map((cell) =>
    Object.keys((cell.outputs![0] as { data: object }).data)
  );
  assert.deepEqual(kept, [[FRAME_TYPE, "text/plain"], ["text/plain"]]);
});

Deno.test("writeNotebook() cuts text into lines, and leaves the text of JSON as it is", async () => {
  const path = await Deno.makeTempFile({ suffix: ".ipynb" });
  const two = "one\ntwo";
  try {
    await writeNotebook(
      path,
      cells({
        "text/markdown": two,
        "image/svg+xml": two,
        "application/json": two,
        "application/vnd.x+json": { deep: two },
        "image/jpeg": two,
      }),
    );
    const [output] = (await readNotebook(path)).cells[0]!.outputs!;
    const lines = ["one\n", "two"];
    assert.deepEqual((output as { data: unknown }).data, {
      "text/markdown": lines,
      "image/svg+xml": lines,
      "application/json": two,
      "application/vnd.x+json": { deep: two },
      "image/jpeg": two,
    });
  } finally {
    await Deno.remove(path);
  }
});
