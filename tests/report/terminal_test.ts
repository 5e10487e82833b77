import assert from "node:assert/strict";
import type { Cell } from "../../lib/report/notebook.ts";
import { cellTitle, TerminalReporter } from "../../lib/report/terminal.ts";

const cell = (source: string): Cell => ({ cell_type: "code", metadata: {}, source, outputs: [] });

function reported(isTerminal: boolean, use: (reporter: TerminalReporter) => void): string {
  let written = "";
  const reporter = new TerminalReporter((text) => written += text, isTerminal);
  use(reporter);
  reporter.end();
  return written;
}

Deno.test("cellTitle() is the first line that does something", () => {
  assert.equal(
    cellTitle(cell(`import { a } from "b";\n// A comment\nconst x = a();`)),
    "const x = a();",
  );
  assert.equal(cellTitle(cell(`import { a } from "b";`)), "imports");
  assert.equal(cellTitle(cell("x".repeat(100)), 10), "xxxxxxxxx…");
});

Deno.test("TerminalReporter writes whole lines to a log, as a terminal would show them", () => {
  const written = reported(false, (reporter) => {
    reporter.onCell({ number: 1, of: 2, cell: cell("train()") });
    for (const text of ["\r1 %", "\r50 %", "\r\x1b[K100 %\nnext", " line\r", "\n", "open"]) {
      reporter.onText(text);
    }
    reporter.onCellDone({ seconds: 61 });
  });
  assert.equal(written, "  [1/2] train()\n100 %\nnext line\nopen\n        took 1 min 01 s\n");
});

Deno.test("TerminalReporter passes text on to a terminal as it is, and ends an open line", () => {
  const written = reported(true, (reporter) => {
    reporter.onCell({ number: 3, of: 12, cell: cell("train()") });
    reporter.onText("\r1 %");
    reporter.onText("\r2 %");
    reporter.onText("");
    reporter.onCellDone({ seconds: 0.1 });
  });
  assert.equal(written, "  [ 3/12] train()\n\r1 %\r2 %\n");
});

Deno.test("TerminalReporter names a cell that goes on after its end", () => {
  const written = reported(false, (reporter) => {
    reporter.onText("open");
    reporter.onLate(4);
  });
  assert.match(written, /^open\n +cell 4 goes on after its end/);
});
