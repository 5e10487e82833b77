import assert from "node:assert/strict";
import { stripVTControlCharacters } from "node:util";
import { join } from "@std/path";
import { FRAMES_VARIABLE } from "../../../lib/notebook/frame_type.ts";
import type { Notebook, Output } from "../../../lib/report/notebook.ts";
import {
  isRunning,
  notebookText,
  show,
  type TestCell,
  withNotebooks,
} from "../../report/notebooks.ts";

/** What `elsewhere.ts` prints. */
interface Outcome {
  readonly notebook: Notebook;
  readonly runs: { number: number }[];
  readonly seen: string[];
  readonly printed: string;
  readonly late: readonly number[];
  /** The cell that did not run to its end. */
  readonly number?: number;
  readonly code: string;
  readonly traceback: string;
  /** What the kernel told of the run. */
  readonly facts: Record<string, unknown>;
}

async function elsewhere(args: string[], env: Record<string, string> = {}): Promise<unknown> {
  const { success, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "-P=report", join(import.meta.dirname!, "../../report/elsewhere.ts"), ...args],
    cwd: join(import.meta.dirname!, "../../.."),
    env,
  }).output();
  assert.ok(success, new TextDecoder().decode(stderr));
  return JSON.parse(new TextDecoder().decode(stdout));
}

/** Notes facts as a library in the kernel does. */
const NOTE = `(await import(${
  JSON.stringify(new URL("../../../lib/base/run_facts.ts", import.meta.url).href)
})).noteRunFact("seeds", 0, 7, 0)`;

/** Runs a notebook with the given cells on a kernel. */
async function run(
  cells: readonly TestCell[],
  env: Record<string, string> = {},
  ...options: string[]
): Promise<Outcome & { folder: string }> {
  let outcome: Outcome & { folder: string };
  await withNotebooks({ "a.ipynb": cells }, async (folder) => {
    const result = await elsewhere([join(folder, "a.ipynb"), ...options], env) as Outcome;
    outcome = { ...result, folder: await Deno.realPath(folder) };
  });
  return outcome!;
}

/** What a display or a result shows as plain text. */
function plain(output: Output | undefined): string | undefined {
  if (output?.output_type !== "execute_result" && output?.output_type !== "display_data") return;
  return stripVTControlCharacters(String(output.data["text/plain"]));
}

Deno.test("runNotebook() runs all cells in order on a kernel and gathers their outputs", async () => {
  const { notebook, runs, seen, printed, folder } = await run([
    "# Title\n\nText.",
    `console.log("a"); console.error("b"); console.log("c"); 1 + 1`,
    `await Deno.jupyter.display({ [Symbol.for("Jupyter.display")]: () => ({ "text/plain": "before" }) },
      { display_id: "d" });`,
    `await Deno.jupyter.broadcast("update_display_data",
      { data: { "text/plain": "after" }, metadata: {}, transient: { display_id: "d" } });`,
    `for (const text of ["\\r1 %", "\\r50 %", "\\r100 %\\n"]) {
      await Deno.jupyter.broadcast("stream", { name: "stdout", text });
    }`,
    show({ "text/html": "<b>bold</b>", "text/plain": "bold" }),
    `[Deno.cwd(), Deno.env.get("OF_TEST")].join(" ")`,
  ], { OF_TEST: "passed on" });
  assert.deepEqual(seen.slice(0, 3), ["1/6", "1 done", "2/6"]);
  assert.deepEqual(runs.map(({ number }) => number), [1, 2, 3, 4, 5, 6]);
  assert.equal(printed, "a\nb\nc\n\r1 %\r50 %\r100 %\n");
  const [markdown, ...code] = notebook.cells;
  assert.equal(markdown!.outputs, undefined);
  assert.deepEqual(code.map((cell) => cell.execution_count), [1, 2, 3, 4, 5, 6]);
  const [streams, display, update, progress, html, place] = code.map((cell) => cell.outputs!);
  assert.deepEqual(streams!.slice(0, 3), [
    { output_type: "stream", name: "stdout", text: "a\n" },
    { output_type: "stream", name: "stderr", text: "b\n" },
    { output_type: "stream", name: "stdout", text: "c\n" },
  ]);
  assert.equal(plain(streams![3]), "2");
  assert.deepEqual(display!.map(plain), ["after"]);
  assert.deepEqual(update, []);
  assert.deepEqual(progress, [{ output_type: "stream", name: "stdout", text: "100 %\n" }]);
  assert.deepEqual((html![0] as { data: unknown }).data, {
    "text/html": "<b>bold</b>",
    "text/plain": "bold",
  });
  // The kernel's folder is the notebook's, and the environment is passed on.
  assert.equal(plain(place![0]), `"${folder} passed on"`);
});

Deno.test("runNotebook() loses no result, although the kernel may send it after the end", async () => {
  const { notebook } = await run(
    Array.from({ length: 30 }, (_, i) => `await new Promise((r) => setTimeout(r, 5)); ${i}`),
  );
  const results = notebook.cells.map((cell) => plain(cell.outputs![0]));
  assert.deepEqual(results, Array.from({ length: 30 }, (_, i) => String(i)));
});

Deno.test("runNotebook() stops at the cell that throws, and keeps what ran before", async () => {
  for (
    const [bad, message] of [
      [`throw new RangeError("too far")`, /RangeError: too far/],
      [`await Promise.reject(new Error("rejected"))`, /Error: rejected/],
      // Of a syntax error the kernel says no more than this.
      [`const x = ;`, /Execution failed/],
    ] as const
  ) {
    const { number, code, traceback, notebook } = await run([`"first"`, bad, `"never"`]);
    assert.equal(number, 2);
    assert.equal(code, bad);
    assert.match(traceback, message);
    const [first, second, third] = notebook.cells;
    assert.equal(plain(first!.outputs![0]), `"first"`);
    assert.equal(second!.outputs!.at(-1)!.output_type, "error");
    assert.deepEqual([third!.outputs, third!.execution_count], [[], null]);
  }
});

Deno.test("runNotebook() says so when the kernel dies in the middle of a cell", async () => {
  for (
    const [end, message] of [
      ["Deno.kill(Deno.pid, 'SIGKILL'); await new Promise(() => {})", /kernel died \(SIGKILL\)/],
      ["Deno.exit(3)", /kernel died \(exit code 3\)/],
    ] as const
  ) {
    const { number, traceback } = await run(["1", end]);
    assert.equal(number, 2);
    assert.match(traceback, message);
  }
});

Deno.test("runNotebook() is not stopped by much text on the kernel's own standard error", async () => {
  const { notebook } = await run([
    `import { writeSync } from "node:fs"; writeSync(2, "x".repeat(1_000_000)); "through"`,
  ]);
  assert.equal(plain(notebook.cells[0]!.outputs![0]), `"through"`);
});

Deno.test("KernelSession.stop() ends a kernel that is busy, and can be called twice", async () => {
  await withNotebooks({}, async (folder) => {
    const { pid, outcome } = await elsewhere([folder, "--stop"]) as {
      pid: number;
      outcome: string;
    };
    assert.match(outcome, /kernel died/);
    assert.equal(await isRunning(pid), false);
  });
});

Deno.test("runNotebook() tells its kernel that interactive pages can be shown", async () => {
  const { notebook } = await run([`Deno.env.get("${FRAMES_VARIABLE}")`]);
  assert.equal(plain(notebook.cells[0]!.outputs![0]), `"1"`);
});

/** The text that a cell printed. */
function printedBy(notebook: Notebook, cell: number): string {
  const streams = notebook.cells[cell]!.outputs!.filter(({ output_type }) =>
    output_type === "stream"
  );
  return streams.map((stream) => (stream as { text: string }).text).join("");
}

Deno.test("runNotebook() keeps every output of a burst under its own cell, in order", async () => {
  const burst = (name: string, lines: number) =>
    `for (let i = 0; i < ${lines}; i++) console.log("${name}", i);`;
  const { notebook, late } = await run([
    burst("a", 100),
    burst("b", 100),
    burst("c", 3000),
    { code: `${burst("d", 100)} throw new Error("enough")`, tags: ["raises-exception"] },
    `for (let i = 0; i < 300; i++) await Deno.jupyter.display({}, { display_id: String(i) });`,
    `console.log("x".repeat(3_000_000)); console.log("behind it"); "the result"`,
    // The kernel cannot wait at the end of a cell that has broken this.
    `delete Deno[Deno.internal].jupyter.broadcastResult; ${burst("e", 300)}`,
    `console.log("last")`,
  ]);
  const lines = (name: string, count: number) =>
    Array.from({ length: count }, (_, i) => `${name} ${i}\n`).join("");
  assert.equal(printedBy(notebook, 0), lines("a", 100));
  assert.equal(printedBy(notebook, 1), lines("b", 100));
  assert.equal(printedBy(notebook, 2), lines("c", 3000));
  assert.equal(printedBy(notebook, 3), lines("d", 100));
  assert.equal(notebook.cells[4]!.outputs!.length, 300);
  assert.equal(printedBy(notebook, 5), `${"x".repeat(3_000_000)}\nbehind it\n`);
  assert.equal(plain(notebook.cells[5]!.outputs!.at(-1)), `"the result"`);
  assert.equal(printedBy(notebook, 6), lines("e", 300));
  assert.equal(printedBy(notebook, 7), "last\n");
  assert.deepEqual(late, []);
});

Deno.test("runNotebook() goes on behind a cell that may throw, and tells all of what was thrown", async () => {
  const tags = ["raises-exception"];
  const { notebook, runs } = await run([
    { code: `throw { code: 7, why: "a reason" }`, tags },
    { code: `throw new Error("outer", { cause: new TypeError("inner") })`, tags },
    { code: `throw Object.assign(new RangeError("far"), { limit: 3 })`, tags },
    { code: `throw "a text"`, tags },
    `1`,
  ]);
  const errors = notebook.cells.map(({ outputs }) => {
    const [output] = outputs!;
    return output?.output_type === "error" ? output.traceback.join("\n") : plain(output);
  });
  assert.match(errors[0]!, /code: 7, why: "a reason"/);
  assert.match(errors[1]!, /Error: outer[\s\S]*TypeError: inner/);
  assert.match(errors[2]!, /RangeError: far[\s\S]*limit: 3/);
  assert.match(errors[3]!, /a text/);
  assert.equal(errors[4], "1");
  assert.equal(runs.length, 5);
});

Deno.test("runNotebook() loses nothing that work in the background puts out under a later cell", async () => {
  const { late, notebook } = await run([
    `setTimeout(() => console.log("late"), 300); 1`,
    `2`,
    `await new Promise((r) => setTimeout(r, 600)); 3`,
  ]);
  const all = notebook.cells.flatMap((_, i) => printedBy(notebook, i)).join("");
  assert.equal(all, "late\n");
  // The kernel itself says that it is the third's, as it runs by then.
  assert.deepEqual(late, []);
});

Deno.test("runNotebook() ends a cell that takes longer than it may", async () => {
  for (const endless of ["while (true);", "await new Promise((r) => setTimeout(r, 1e6))"]) {
    const { number, traceback } = await run(["1", endless, "2"], {}, "", "1.5");
    assert.equal(number, 2);
    assert.match(traceback, /took longer than 1\.5 s/);
  }
});

Deno.test("runNotebook() runs in a folder whose name has signs of an address in it", async () => {
  await withNotebooks({}, async (folder) => {
    const odd = join(folder, "a#b %20 c");
    await Deno.mkdir(odd);
    await Deno.writeTextFile(join(odd, "lib.ts"), "export const seven = 7;");
    await Deno.writeTextFile(
      join(odd, "x#y.ipynb"),
      notebookText([`import { seven } from "./lib.ts"; seven`]),
    );
    const { notebook } = await elsewhere([join(odd, "x#y.ipynb")]) as Outcome;
    assert.equal(plain(notebook.cells[0]!.outputs![0]), "7");
  });
});

Deno.test("runNotebook() tells what the kernel knows of its run, also of one that a cell broke off", async () => {
  const { facts } = await run([NOTE, "throw 1"]);
  assert.deepEqual(facts["seeds"], [0, 7]);
  if (Deno.build.os === "linux") assert.ok(Number(facts["peakKiB"]) > 2 ** 14);
  // A cell that keeps the kernel from answering keeps nothing else from its end.
  assert.deepEqual(
    (await run(["delete Deno.jupyter.broadcast; Deno.jupyter = undefined;"])).facts,
    {},
  );
});
