/**
 * `deno task report`: runs the notebooks on the real Deno kernel and writes them as HTML pages.
 *
 * @module
 */
import { parseArgs } from "node:util";
import { basename, dirname, join, relative, resolve } from "@std/path";
import { killAllKernels } from "./kernel.ts";
import { type Notebook, readNotebook, writeNotebook } from "./notebook.ts";
import { formatTime, readSummary, renderIndex, renderPage, type Summary } from "./render_page.ts";
import { CellError, type CellRun, runNotebook } from "./run_notebook.ts";
import { storable } from "./storable.ts";
import { cellTitle, TerminalReporter } from "./terminal.ts";

const USAGE = `Runs notebooks on the Deno kernel and writes HTML reports.

  deno task report [--save] [--out FOLDER] [NOTEBOOK ...]

  --save         store the outputs in the notebooks, too
  --out FOLDER   where the reports go (default: reports)
  NOTEBOOK       notebooks to run: files, or names such as 04_svm (default: all in notebooks/)

Stops at the first cell that throws, with exit code 1.
Environment: PRESET=article (default) or quick, SEEDS, CIFAR10_ARCHIVE, COMPUTE, COMPUTE_THREADS: see README.md.
`;

const PROJECT = resolve(import.meta.dirname!, "../..");
const NOTEBOOKS = join(PROJECT, "notebooks");
/** Lines of the summary: the slowest cells. */
const SLOWEST = 5;
/** How much of a cell's first line they show. */
const SUMMARY_TITLE_WIDTH = 44;
/** What a shell expects of a process that a signal ended. */
const EXIT_CODES = { SIGHUP: 129, SIGINT: 130, SIGTERM: 143 };

/** A notebook that ran, or ran as far as it could. */
interface Done {
  readonly name: string;
  readonly summary: Summary;
  readonly runs: readonly CellRun[];
}

const encoder = new TextEncoder();
const isWindows = Deno.build.os === "windows";
for (const signal of isWindows ? ["SIGINT"] as const : ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
  Deno.addSignalListener(signal, () => {
    killAllKernels();
    console.error(`\nStopped by ${signal}; the kernel has been ended`);
    Deno.exit(EXIT_CODES[signal]);
  });
}
globalThis.addEventListener("unload", killAllKernels);
Deno.exit(await main());

async function main(): Promise<number> {
  let parsed;
  try {
    parsed = parseArgs({
      args: Deno.args,
      options: {
        save: { type: "boolean", default: false },
        out: { type: "string", default: join(PROJECT, "reports") },
        help: { type: "boolean", short: "h", default: false },
      },
      allowPositionals: true,
    });
  } catch (error) {
    console.error(`${(error as Error).message}\n\n${USAGE}`);
    return 2;
  }
  if (parsed.values.help) {
    console.log(USAGE);
    return 0;
  }
  const out = resolve(parsed.values.out);
  const notebooks: [string, Notebook][] = [];
  try {
    const paths = parsed.positionals.length > 0
      ? await Promise.all(parsed.positionals.map(findNotebook))
      : await listNotebooks(NOTEBOOKS);
    // All are read before any runs: the last one's mistake must not show after half an hour.
    for (const path of paths) notebooks.push([path, await readNotebook(path)]);
    if (paths.length === 0) throw new RangeError(`No notebook is in ${NOTEBOOKS}`);
    await Deno.mkdir(out, { recursive: true });
  } catch (error) {
    console.error((error as Error).message);
    return 2;
  }
  const done: Done[] = [];
  for (const [i, [path, notebook]] of notebooks.entries()) {
    console.log(`\n━━ ${basename(path, ".ipynb")} (${i + 1} of ${notebooks.length})`);
    const isFine = await report(path, notebook, { out, save: parsed.values.save, done });
    if (!isFine) break;
  }
  await writeFile(join(out, "index.html"), renderIndex(await listReports(out, done), footer()));
  summarize(done, out);
  const passed = done.filter(({ summary }) => summary.failedCell === undefined).length;
  console.log(`\n${passed} of ${notebooks.length} notebooks ran to their end`);
  return passed === notebooks.length ? 0 : 1;
}

/** Runs one notebook and writes its report; returns whether all went well. */
async function report(
  path: string,
  notebook: Notebook,
  { out, save, done }: { out: string; save: boolean; done: Done[] },
): Promise<boolean> {
  const name = basename(path, ".ipynb");
  const siblings = (await listNotebooks(dirname(path))).map((file) => basename(file, ".ipynb"));
  const place = siblings.indexOf(name);
  const previous = siblings[place - 1], next = siblings[place + 1];
  const start = performance.now();
  const terminal = new TerminalReporter(
    (text) => Deno.stdout.writeSync(encoder.encode(text)),
    Deno.stdout.isTerminal(),
  );
  const write = async (ran: Notebook, runs: readonly CellRun[], failedCell?: number) => {
    const { html, summary } = renderPage(ran, {
      seconds: (performance.now() - start) / 1000,
      cellSeconds: runs.map(({ seconds }) => seconds),
      ...(failedCell === undefined ? {} : { failedCell }),
      ...(previous === undefined ? {} : { previous }),
      ...(next === undefined ? {} : { next }),
      footer: footer(),
    });
    await writeFile(join(out, `${name}.html`), html);
    done.push({ name, summary, runs });
  };
  try {
    const { notebook: ran, runs } = await runNotebook(path, notebook, terminal);
    await write(ran, runs);
    if (save) await writeNotebook(path, storable(ran));
    return true;
  } catch (error) {
    terminal.end();
    if (!(error instanceof CellError)) {
      console.error(`\n${name}: ${(error as Error).message}`);
      return false;
    }
    await write(error.notebook, error.runs, error.number);
    const what = error.cause === undefined ? "threw an error" : "did not run to its end";
    console.error(`\n${name}, cell ${error.number} ${what}:\n\n${error.code}\n`);
    console.error(error.traceback);
    return false;
  }
}

/** Prints where the time went, and what must not be overlooked. */
function summarize(done: readonly Done[], out: string): void {
  const total = done.reduce((sum, { summary }) => sum + summary.seconds, 0);
  console.log(`\n━━ Where the time went: ${formatTime(total)} in all`);
  for (const { name, summary } of done) {
    const share = Math.round(100 * summary.seconds / total);
    console.log(
      `  ${formatTime(summary.seconds).padStart(12)}  ${`${share} %`.padStart(5)}  ${name}`,
    );
  }
  const cells = done.flatMap(({ name, runs }) => runs.map((run) => ({ name, ...run })))
    .sort((a, b) => b.seconds - a.seconds).slice(0, SLOWEST);
  if (cells.length > 0) console.log("\n  The slowest cells:");
  for (const { name, number, seconds, cell } of cells) {
    const share = `${Math.round(100 * seconds / total)} %`.padStart(5);
    const title = cellTitle(cell, SUMMARY_TITLE_WIDTH);
    console.log(`  ${formatTime(seconds).padStart(12)}  ${share}  ${name} [${number}]  ${title}`);
  }
  const warnings = done.flatMap(({ summary }) => summary.notices)
    .filter(({ isWarning }) => isWarning).map(({ text }) => text);
  for (const text of new Set(warnings)) console.log(`\n!! ${text}`);
  const index = join(out, "index.html"), short = relative(Deno.cwd(), index);
  console.log(`\nReports: ${short.startsWith("..") ? index : short}`);
}

/** This run's reports, and those of earlier runs that stand beside them. */
async function listReports(
  out: string,
  done: readonly Done[],
): Promise<{ summary: Summary; file: string }[]> {
  const reports = new Map(done.map(({ name, summary }) => [`${name}.html`, summary]));
  for await (const { name } of Deno.readDir(out)) {
    if (!name.endsWith(".html") || name === "index.html" || reports.has(name)) continue;
    const summary = readSummary(await Deno.readTextFile(join(out, name)));
    if (summary) reports.set(name, summary);
  }
  return [...reports].map(([file, summary]) => ({ file, summary }))
    .sort((a, b) => a.file < b.file ? -1 : 1);
}

function footer(): string {
  return `Made by “deno task report” with Deno ${Deno.version.deno} on ${
    new Date().toISOString().slice(0, 10)
  }`;
}

/** The path of a notebook that is named by its path or, if it is one of the project's, by its name. */
async function findNotebook(name: string): Promise<string> {
  const wishes = [resolve(name), join(NOTEBOOKS, name), join(NOTEBOOKS, `${name}.ipynb`)];
  for (const path of wishes) {
    const info = await Deno.stat(path).catch(() => undefined);
    if (info?.isFile) return path;
  }
  throw new RangeError(`Cannot find the notebook ${name}`);
}

async function listNotebooks(folder: string): Promise<string[]> {
  const names: string[] = [];
  for await (const { name } of Deno.readDir(folder)) {
    if (name.endsWith(".ipynb")) names.push(name);
  }
  return names.sort().map((name) => join(folder, name));
}

async function writeFile(path: string, text: string): Promise<void> {
  const part = `${path}.${crypto.randomUUID()}.part`;
  await Deno.writeTextFile(part, text);
  await Deno.rename(part, path);
}
