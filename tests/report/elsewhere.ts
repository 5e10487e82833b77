/**
 * Runs a notebook and prints as JSON what came of it; with `--stop`, stops a kernel that is busy. A
 * program of its own, so that it has the permissions of a report and no others.
 *
 * @module
 */
import { KernelSession } from "../../lib/report/kernel.ts";
import { readNotebook } from "../../lib/report/notebook.ts";
import { CellError, runNotebook } from "../../lib/report/run_notebook.ts";

const [path, mode, timeout] = Deno.args;
console.log(JSON.stringify(mode === "--stop" ? await stopBusy(path!) : await run(path!)));
Deno.exit(0);

async function run(path: string) {
  const seen: string[] = [];
  let printed = "";
  const late: number[] = [];
  let facts: Record<string, unknown> = {};
  try {
    const { notebook, runs } = await runNotebook(path, await readNotebook(path), {
      onCell: ({ number, of }) => seen.push(`${number}/${of}`),
      onText: (text) => printed += text,
      onCellDone: ({ number }) => seen.push(`${number} done`),
      onLate: (number) => late.push(number),
      onFacts: (told) => facts = told,
    }, timeout === undefined ? {} : { cellTimeout: Number(timeout) });
    return { notebook, runs, seen, printed, late, facts };
  } catch (error) {
    if (!(error instanceof CellError)) throw error;
    const { number, code, traceback, notebook } = error;
    return { number, code, traceback, notebook, facts };
  }
}

async function stopBusy(folder: string) {
  const kernel = await KernelSession.start(folder);
  const pid = await kernel.pid;
  const busy = Promise.withResolvers<void>();
  const cell = kernel.execute("while (true);", () => busy.resolve())
    .then(() => "ended", (error) => String(error));
  await busy.promise;
  await kernel.stop();
  await kernel.stop();
  return { pid, outcome: await cell };
}
