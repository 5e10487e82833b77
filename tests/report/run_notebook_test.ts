import assert from "node:assert/strict";
import { stripVTControlCharacters } from "node:util";
import { join } from "@std/path";
import { FRAMES_VARIABLE } from "../../lib/notebook/frame_type.ts";
import type { Notebook, Output } from "../../lib/report/notebook.ts";
import { isRunning, show, type TestCell, withNotebooks } from "./notebooks.ts";

/** What `elsewhere.ts` prints. */
interface Outcome {
  readonly notebook: Notebook;
  readonly runs: { number: number }[];
  readonly seen: string[];
  readonly printed: string;
  /** The cell that did not run to its end. */
  readonly number?: number;
  readonly code: string;
  readonly traceback: string;
}

async function elsewhere(args: string[], env: Record<string, string> = {}): Promise<unknown> {
  const { success, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "-P=report", join(import.meta.dirname!, "elsewhere.ts"), ...args],
    cwd: join(import.meta.dirname!, "../.."),
    env,
  }).output();
  assert.ok(success, new TextDecoder().decode(stderr));
  return JSON.parse(new TextDecoder().decode(stdout));
}

/** Runs a notebook with the given cells on a kernel. */
async function run(
  cells: readonly TestCell[],
  env: Record<string, string> = {},
): Promise<Outcome & { folder: string }> {
  let outcome: Outcome & { folder: string };
  await withNotebooks({ "a.ipynb": cells }, async (folder) => {
    const result = await elsewhere([join(folder, "a.ipynb")], env) as Outcome;
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
