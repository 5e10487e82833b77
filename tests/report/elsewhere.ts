/**
 * Runs a notebook and prints as JSON what came of it; with `--stop`, stops a kernel that is busy. A
 * program of its own, as Deno 2.9.6 crashes when a test's isolate that holds sockets of zeromq is torn
 * down; a program that ends by itself is fine.
 *
 * @module
 */
import { KernelSession } from "../../lib/report/kernel.ts";
import { readNotebook } from "../../lib/report/notebook.ts";
import { CellError, runNotebook } from "../../lib/report/run_notebook.ts";

const [path, mode] = Deno.args;
console.log(JSON.stringify(mode === "--stop" ? await stopBusy(path!) : await run(path!)));
Deno.exit(0);

async function run(path: string) {
  const seen: string[] = [];
  let printed = "";
  try {
    const { notebook, runs } = await runNotebook(path, await readNotebook(path), {
      onCell: ({ number, of }) => seen.push(`${number}/${of}`),
      onText: (text) => printed += text,
      onCellDone: ({ number }) => seen.push(`${number} done`),
    });
    return { notebook, runs, seen, printed };
  } catch (error) {
    if (!(error instanceof CellError)) throw error;
    const { number, code, traceback, notebook } = error;
    return { number, code, traceback, notebook };
  }
}

async function stopBusy(folder: string) {
  const kernel = await KernelSession.start(folder);
  const { pid } = kernel;
  const busy = Promise.withResolvers<void>();
  const cell = kernel.execute("while (true);", () => busy.resolve())
    .then(() => "ended", (error) => String(error));
  await busy.promise;
  await kernel.stop();
  await kernel.stop();
  return { pid, outcome: await cell };
}
