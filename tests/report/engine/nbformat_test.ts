import assert from "node:assert/strict";
import { notebookFault } from "../../../lib/report/engine/nbformat.ts";

// The verdicts are those of Jupyter's own validator (Python's nbformat 5, schema 4.4) on the same notebooks.

const whole = { cell_type: "code", metadata: {}, source: "1", outputs: [], execution_count: null };
const code = (change: object) => ({ ...whole, ...change });
const putOut = (output: object) => code({ outputs: [output] });
const markdown = (change: object) => ({
  cell_type: "markdown",
  metadata: {},
  source: "",
  ...change,
});

function without(name: string): object {
  const { [name]: _, ...others } = whole as Record<string, unknown>;
  return others;
}

function faultOf(cell: unknown): string | undefined {
  return notebookFault({ nbformat: 4, nbformat_minor: 4, metadata: {}, cells: [whole, cell] });
}

Deno.test("notebookFault() finds none in what Jupyter takes", () => {
  for (
    const cell of [
      whole,
      code({ source: ["a\n", "b"], execution_count: 3 }),
      markdown({ source: [] }),
      markdown({ attachments: { "a.png": { "image/png": "AAAA" } } }),
      putOut({ output_type: "display_data", data: { "application/json": { a: 1 } }, metadata: {} }),
      putOut({ output_type: "execute_result", data: {}, metadata: {}, execution_count: 1 }),
      putOut({ output_type: "stream", name: "stderr", text: ["a"] }),
      putOut({ output_type: "error", ename: "a", evalue: "b", traceback: [] }),
    ]
  ) assert.equal(faultOf(cell), undefined, JSON.stringify(cell));
});

Deno.test("notebookFault() names cell and field of what Jupyter refuses", () => {
  const stream = { output_type: "stream", name: "stdout" };
  for (
    const [cell, fault] of [
      [without("source"), "cell 2: must have required property 'source'"],
      [without("metadata"), "cell 2: must have required property 'metadata'"],
      [without("outputs"), "cell 2: must have required property 'outputs'"],
      [code({ execution_count: "<b>" }), "cell 2, execution_count: must be integer"],
      [code({ execution_count: -1 }), "cell 2, execution_count: must be >= 0"],
      [code({ execution_count: 1.5 }), "cell 2, execution_count: must be integer"],
      [code({ source: 5 }), "cell 2, source: must be string"],
      [code({ source: ["a", 1] }), "cell 2, source: must be string"],
      [code({ cell_type: "heading" }), 'cell 2: value of tag "cell_type"'],
      [markdown({ attachments: { a: "x" } }), "cell 2, attachments, a: must be object"],
      [putOut({ ...stream, text: 1 }), "cell 2, output 1, text: must be string"],
      [putOut({ ...stream, name: 1, text: "" }), "cell 2, output 1, name: must be"],
      [
        putOut({ output_type: "display_data", data: {} }),
        "cell 2, output 1: must have required property 'metadata'",
      ],
      [
        putOut({ output_type: "display_data", data: null, metadata: {} }),
        "cell 2, output 1, data: must be object",
      ],
      [
        putOut({ output_type: "error", ename: "a", evalue: "b", traceback: "x" }),
        "cell 2, output 1, traceback: must be array",
      ],
      [putOut({ output_type: "pyout" }), 'cell 2, output 1: value of tag "output_type"'],
      [null, "cell 2: must be object"],
    ] as const
  ) assert.ok(faultOf(cell)?.startsWith(fault), `${faultOf(cell)} for ${JSON.stringify(cell)}`);
  assert.equal(
    notebookFault({ nbformat: 4, nbformat_minor: 4, metadata: {}, cells: {} }),
    "cells: must be array",
  );
  assert.equal(
    notebookFault({ nbformat: 4, nbformat_minor: "4", metadata: {}, cells: [] }),
    "nbformat_minor: must be integer",
  );
});
