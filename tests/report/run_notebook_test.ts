import assert from "node:assert/strict";
import { join } from "@std/path";
import { KernelSession } from "../../lib/report/kernel.ts";
import type { Notebook, Output } from "../../lib/report/notebook.ts";
import { CellError, runNotebook } from "../../lib/report/run_notebook.ts";

const PROJECT = join(import.meta.dirname!, "../..");

function notebook(...sources: string[]): Notebook {
  return {
    cells: sources.map((source, i) => ({
      cell_type: "code",
      id: `c${i}`,
      metadata: {},
      source,
      execution_count: null,
      outputs: [],
    })),
    metadata: {},
    nbformat: 4,
    nbformat_minor: 5,
  };
}

async function inFolder(work: (path: string, folder: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    await work(join(folder, "a.ipynb"), folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** Numbers of the kernels' processes that belong to `folder`. */
async function isAlive(pid: number): Promise<boolean> {
  const state = await Deno.readTextFile(`/proc/${pid}/stat`).catch(() => "");
  return state !== "" && !/\) Z /.test(state);
}

Deno.test("runNotebook() runs cells in order on one kernel and gathers their outputs", async () => {
  await inFolder(async (path, folder) => {
    let pid = 0;
    const { notebook: ran, runs } = await runNotebook(
      path,
      notebook(
        'const a: number = 20; console.log("here", Deno.cwd());',
        "a + 22",
        '({ [Symbol.for("Jupyter.display")]: () => ({ "text/html": "<b>x</b>" }) })',
      ),
      { onKernel: (kernel) => pid = kernel?.pid ?? pid },
    );
    const outputs = ran.cells.map((cell) => cell.outputs!);
    const real = await Deno.realPath(folder);
    assert.deepEqual(outputs[0], [
      { output_type: "stream", name: "stdout", text: `here ${real}\n` },
    ]);
    const result = outputs[1]![0] as Output & { output_type: "execute_result" };
    assert.equal(result.output_type, "execute_result");
    assert.match(result.data["text/plain"] as string, /42/);
    const shown = outputs[2]![0] as Output & { output_type: "execute_result" };
    assert.equal(shown.data["text/html"], "<b>x</b>");
    assert.deepEqual(ran.cells.map((cell) => cell.execution_count), [1, 2, 3]);
    assert.deepEqual(runs.map(({ number, of }) => [number, of]), [[1, 3], [2, 3], [3, 3]]);
    assert.ok(pid > 0 && !await isAlive(pid), "the kernel has ended");
  });
});

Deno.test("runNotebook() stops at the first cell that throws and says which, and hides this machine's paths", async () => {
  await inFolder(async (path) => {
    const code = `console.log(${JSON.stringify(join(PROJECT, "lib/mod.ts"))});`;
    const error = await runNotebook(
      path,
      notebook(code, 'throw new TypeError("boom")', 'console.log("never")'),
    ).then(() => undefined, (error) => error);
    assert.ok(error instanceof CellError);
    assert.equal(error.number, 2);
    assert.match(error.traceback, /TypeError.*boom/s);
    assert.equal(error.notebook.cells.length, 2);
    const output = error.notebook.cells[0]!.outputs![0] as { text: string };
    assert.equal(output.text, "lib/mod.ts\n");
  });
});

Deno.test("runNotebook() reports a kernel that dies in the middle of a cell", async () => {
  await inFolder(async (path) => {
    await assert.rejects(
      runNotebook(path, notebook("await new Promise((resolve) => setTimeout(resolve, 60000));"), {
        onKernel: (kernel) => {
          if (kernel) setTimeout(() => kernel.kill(), 200);
        },
      }),
      /The kernel died \(SIGKILL\)/,
    );
  });
});

Deno.test("A kernel can be stopped twice, and leaves no process", async () => {
  await inFolder(async (_, folder) => {
    const kernel = await KernelSession.start(folder);
    assert.ok(await isAlive(kernel.pid));
    await kernel.stop();
    await kernel.stop();
    assert.ok(!await isAlive(kernel.pid));
  });
});

async function report(path: string, folder: string): Promise<Deno.ChildProcess> {
  await Promise.resolve();
  return new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", join(PROJECT, "lib/report/main.ts"), "--out", join(folder, "out"), path],
    stdout: "piped",
    stderr: "piped",
  }).spawn();
}

Deno.test("The report task fails when a cell throws, with the cell and the error", async () => {
  await inFolder(async (path, folder) => {
    await Deno.writeTextFile(
      path,
      JSON.stringify(notebook("1", 'throw new RangeError("bad luck")')),
    );
    const { code, stderr } = await (await report(path, folder)).output();
    const text = new TextDecoder().decode(stderr);
    assert.equal(code, 1);
    assert.match(text, /a, cell 2 threw an error/);
    assert.match(text, /RangeError.*bad luck/s);
    // The page as far as it came, with the error, is there to look at.
    assert.match(await Deno.readTextFile(join(folder, "out", "a.html")), /bad luck/);
  });
});

Deno.test("The report task writes a page and an index, and ends its kernel on Ctrl-C", async () => {
  await inFolder(async (path, folder) => {
    await Deno.writeTextFile(path, JSON.stringify(notebook("console.log(Deno.pid)")));
    const { code } = await (await report(path, folder)).output();
    assert.equal(code, 0);
    assert.deepEqual(
      [...Deno.readDirSync(join(folder, "out"))].map(({ name }) => name).sort(),
      ["a.html", "index.html"],
    );

    await Deno.writeTextFile(
      path,
      JSON.stringify(notebook(
        'Deno.writeTextFileSync("pid", String(Deno.pid)); await new Promise((r) => setTimeout(r, 60000));',
      )),
    );
    const process = await report(path, folder);
    const pidFile = join(folder, "pid");
    while (await Deno.stat(pidFile).then(() => false, () => true)) {
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    const pid = Number(await Deno.readTextFile(pidFile));
    process.kill("SIGINT");
    const { code: stopped } = await process.output();
    assert.equal(stopped, 130);
    await new Promise((resolve) => setTimeout(resolve, 200));
    assert.ok(!await isAlive(pid));
  });
});
