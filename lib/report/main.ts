/**
 * `deno task report`: runs the notebooks on the real Deno kernel and writes them as HTML pages.
 * May import `notebook/` and `base/`: the report stands apart from what the notebooks use.
 *
 * @module
 */
import { existsSync } from "node:fs";
import { parseArgs } from "node:util";
import { basename, dirname, join, relative, resolve } from "@std/path";
import { formatSeconds } from "../notebook/progress.ts";
import { exists } from "../base/exists.ts";
import { writeWhole } from "../base/write_whole.ts";
import { apiIndex, apiPages } from "./api_pages.ts";
import { hidePathsIn } from "./engine/hide_paths.ts";
import { renderSafely } from "./engine/render_safely.ts";
import { figureTables, mainFigures, type Metrics, METRICS_ENDING, readMetrics } from "./metrics.ts";
import { hasTag, type Notebook, readNotebook, writeNotebook } from "./notebook.ts";
import {
  type Listed,
  type Neighbor,
  notebookTitle,
  readSummary,
  renderIndex,
  type Summary,
} from "./render_page.ts";
import {
  CellError,
  type CellRun,
  MAY_THROW,
  requireDenoKernel,
  runNotebook,
} from "./run_notebook.ts";
import { findChromium, printPdf } from "./print_pdf.ts";
import { type Section, sectionsOf } from "./sections.ts";
import { type Commit, describeProvenance, makeProvenance, readCommit } from "./provenance.ts";
import { storable } from "./storable.ts";
import { cellTitle, TerminalReporter } from "./terminal.ts";

const USAGE = `Runs notebooks on the Deno kernel and writes HTML reports.

  deno task report [--save] [--no-run] [--cell-timeout SECONDS] [--single-file] [--pdf] [--out FOLDER] [NOTEBOOK ...]

  --save         store the outputs in the notebooks, too
  --no-run       run nothing: render the outputs that the notebooks hold
  --cell-timeout SECONDS
                 end a cell, and its notebook, that takes longer
  --single-file  keep pages to explore, such as the map, inside the report
  --pdf          print each page as PDF, too, by a Chromium (its program, if unusual: CHROMIUM)
  --out FOLDER   where the reports go (default: reports)
  NOTEBOOK       notebooks to run: files, or names such as 04_svm (default: all in notebooks/)

Stops at the first cell that throws, with exit code 1; a cell with the tag raises-exception may throw.
Environment: PRESET=article (default) or quick, SEEDS, CIFAR10_ARCHIVE, COMPUTE, COMPUTE_THREADS, COMPUTE_BLAS: see README.md.
`;

const PROJECT = resolve(import.meta.dirname!, "../..");
const NOTEBOOKS = join(PROJECT, "notebooks");
/** Where the command was given: tasks run in the project's folder. */
const HERE = Deno.env.get("INIT_CWD") ?? Deno.cwd();
/** The page that lists the others. */
const INDEX = "index.html";
/** Lines of the summary: the slowest cells. */
const SLOWEST = 5;
/** How much of a cell's first line they show. */
const SUMMARY_TITLE_WIDTH = 44;
/** Largest picture file that is embedded. */
const MAX_PICTURE_BYTES = 20e6;
/** The ending of the notebook beside a report, with the outputs that the report shows. */
const COPY_ENDING = ".report.ipynb";
/** Pages to explore beside a report. */
const FRAME_PAGE = /\.frame-\d+\.html$/;
/** Longest time that `--cell-timeout` can name, in seconds: a timer counts milliseconds in 31 bits. */
const MAX_TIMEOUT = 2_000_000;
/** What a shell expects of a process that a signal ended. */
const EXIT_CODES = { SIGHUP: 129, SIGINT: 130, SIGTERM: 143 };

/** Says at the end of each page what made it. */
const FOOTER = "Made by “deno task report”";

/** What the command line asks for. */
interface Plan {
  readonly out: string;
  readonly save: boolean;
  readonly noRun: boolean;
  readonly singleFile: boolean;
  readonly cellTimeout?: number;
  /** What prints the pages as PDF, if that is asked for. */
  readonly browser?: string;
  /** The project's as the run began: `--save` changes notebooks. */
  readonly commit: Commit;
  readonly notebooks: readonly { readonly path: string; readonly notebook: Notebook }[];
}

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
    // The kernel's guard ends it as soon as this process is gone.
    console.error(`\nStopped by ${signal}; the kernel is ended, too`);
    Deno.exit(EXIT_CODES[signal]);
  });
}
Deno.exit(await main());

async function main(): Promise<number> {
  let plan: Plan | undefined;
  try {
    plan = await readPlan();
  } catch (error) {
    console.error((error as Error).message);
    return 2;
  }
  if (!plan) {
    console.log(USAGE);
    return 0;
  }
  const { out, notebooks } = plan;
  const done: Done[] = [], warnings: string[] = [];
  let isWhole = true;
  for (const [i, { path, notebook }] of notebooks.entries()) {
    console.log(`\n━━ ${basename(path, ".ipynb")} (${i + 1} of ${notebooks.length})`);
    isWhole = await report(path, notebook, plan, done, warnings);
    if (!isWhole) break;
  }
  try {
    await writeWhole(
      join(out, INDEX),
      renderIndex(await listReports(out, done), FOOTER, apiIndex(out)),
    );
  } catch (error) {
    isWhole = false;
    console.error(`\nThe list of reports is not written: ${(error as Error).message}`);
  }
  summarize(done, warnings, plan);
  const passed = done.filter(({ summary }) => summary.failedCell === undefined).length;
  console.log(
    plan.noRun
      ? `\n${done.length} of ${notebooks.length} notebooks rendered as they are`
      : `\n${passed} of ${notebooks.length} notebooks ran to their end`,
  );
  return isWhole && (plan.noRun ? done.length : passed) === notebooks.length ? 0 : 1;
}

/** Reads the command line and all notebooks: the last one's mistake must not show after half an hour. */
async function readPlan(): Promise<Plan | undefined> {
  const { values, positionals } = readArguments();
  if (values.help) return undefined;
  if (values.save && values["no-run"]) {
    throw new RangeError("--save stores what a run puts out: it does not go with --no-run");
  }
  const cellTimeout = values["cell-timeout"] === undefined
    ? undefined
    : Number(values["cell-timeout"]);
  if (cellTimeout !== undefined && !(cellTimeout > 0 && cellTimeout <= MAX_TIMEOUT)) {
    throw new RangeError(
      `--cell-timeout must be a number of seconds above 0, got ${values["cell-timeout"]}`,
    );
  }
  const out = values.out === undefined ? join(PROJECT, "reports") : resolve(HERE, values.out);
  const paths = positionals.length > 0
    ? await Promise.all(positionals.map(findNotebook))
    : await listNotebooks(NOTEBOOKS);
  if (paths.length === 0) throw new RangeError(`No notebook is in ${NOTEBOOKS}`);
  requireOwnPages(paths);
  const notebooks = [];
  for (const path of paths) {
    const notebook = await readNotebook(path);
    if (!values["no-run"]) requireDenoKernel(path, notebook);
    notebooks.push({ path, notebook });
  }
  await requireWritable(out);
  const browser = values.pdf ? await findChromium() : undefined;
  return {
    ...(browser === undefined ? {} : { browser }),
    out,
    save: values.save,
    noRun: values["no-run"],
    singleFile: values["single-file"],
    notebooks,
    commit: values["no-run"] ? {} : await readCommit(PROJECT),
    ...(cellTimeout === undefined ? {} : { cellTimeout }),
  };
}

function readArguments() {
  try {
    return parseArgs({
      args: Deno.args,
      options: {
        save: { type: "boolean", default: false },
        "no-run": { type: "boolean", default: false },
        "cell-timeout": { type: "string" },
        pdf: { type: "boolean", default: false },
        "single-file": { type: "boolean", default: false },
        out: { type: "string" },
        help: { type: "boolean", short: "h", default: false },
      },
      allowPositionals: true,
    });
  } catch (error) {
    throw new RangeError(`${(error as Error).message}\n\n${USAGE}`);
  }
}

/** Each notebook's page is named after it: two must not have one name, nor the list's. */
function requireOwnPages(paths: readonly string[]): void {
  const taken = new Map([["index", "the list of reports"]]);
  for (const path of new Set(paths)) {
    const name = basename(path, ".ipynb"), other = taken.get(name.toLowerCase());
    if (other !== undefined) {
      throw new RangeError(`Cannot write ${name}.html for both ${other} and ${path}: rename one`);
    }
    taken.set(name.toLowerCase(), path);
  }
}

async function requireWritable(folder: string): Promise<void> {
  try {
    await Deno.mkdir(folder, { recursive: true });
    await Deno.remove(await Deno.makeTempFile({ dir: folder, prefix: ".", suffix: ".part" }));
  } catch (cause) {
    throw new Error(`Cannot write reports into ${folder}: ${(cause as Error).message}`, { cause });
  }
}

/** Runs or renders one notebook and writes its report; returns whether all went well. */
async function report(
  path: string,
  notebook: Notebook,
  { out, save, noRun, singleFile, cellTimeout, notebooks, commit, browser }: Plan,
  done: Done[],
  warnings: string[],
): Promise<boolean> {
  const name = basename(path, ".ipynb"), paths = notebooks.map(({ path }) => path);
  const start = performance.now();
  const terminal = new TerminalReporter(writeToTerminal, Deno.stdout.isTerminal());
  // Where reports are written beside notebooks, the notebook itself is there, and no other is written.
  const isBeside = await Deno.realPath(dirname(path)) === await Deno.realPath(out);
  const notebookFile = isBeside ? basename(path) : `${name}${COPY_ENDING}`;
  const api = apiIndex(out), findApi = apiPages(out);
  let facts: Record<string, unknown> = {};
  const write = async (ran: Notebook, runs: readonly CellRun[], failedCell?: number) => {
    const date = new Date();
    const provenanceOf = ({ seconds, failedCell, notices }: Summary) =>
      makeProvenance(
        {
          wasRun: !noRun,
          notices: notices.map(({ text }) => text),
          ...(seconds === undefined ? {} : { seconds }),
          ...(failedCell === undefined ? {} : { failedCell }),
        },
        commit,
        facts,
        date,
      );
    const { html, summary, frames, warnings: odd } = renderSafely(ran, {
      name,
      isSingleFile: singleFile,
      findPage: (file) => findPage(path, file, out, paths),
      // A page that is sent away goes without the pages of the API.
      ...(singleFile || api === undefined ? {} : { apiIndex: api, findApi }),
      readPicture: (file) => readPicture(dirname(path), file),
      ...(noRun ? {} : { seconds: (performance.now() - start) / 1000 }),
      cellSeconds: runs.map(({ seconds }) => seconds),
      ...(failedCell === undefined ? {} : { failedCell }),
      ...await neighbors(path, out, paths),
      notebookFile,
      footer: FOOTER,
      provenance: (summary) => describeProvenance(provenanceOf(summary)),
    });
    warnings.push(...odd.map((text) => `${name}, ${text}`));
    done.push({ name, summary, runs });
    for (const { file, html } of frames) await writeWhole(join(out, file), html);
    await writeWhole(join(out, `${name}.html`), html);
    const metrics: Metrics = {
      format: 1,
      title: summary.title,
      provenance: provenanceOf(summary),
      tables: figureTables(ran),
    };
    await writeWhole(join(out, name + METRICS_ENDING), `${JSON.stringify(metrics, null, 1)}\n`);
    if (browser) await printPdf(browser, join(out, `${name}.html`), join(out, `${name}.pdf`));
    if (!isBeside) await writeNotebook(join(out, notebookFile), storable(ran));
  };
  try {
    if (noRun) {
      const { stored, failedCell } = asStored(notebook);
      await write(stored, [], failedCell);
      return true;
    }
    const { notebook: ran, runs } = await runNotebook(
      path,
      notebook,
      {
        onCell: (run) => terminal.onCell(run),
        onText: (text) => terminal.onText(text),
        onCellDone: (run) => terminal.onCellDone(run),
        onFacts: (told) => facts = told,
        onLate: (number) => {
          terminal.onLate(number);
          warnings.push(
            `${name}, cell ${number} went on after its end: what it put out since stands under it or ` +
              "under a later cell; what came after the last cell is missing",
          );
        },
      },
      cellTimeout === undefined ? {} : { cellTimeout },
    );
    if (save) await writeNotebook(path, storable(ran));
    await write(ran, runs);
    return true;
  } catch (error) {
    terminal.end();
    if (!(error instanceof CellError)) {
      console.error(`\n${name}: ${(error as Error).message}`);
      return false;
    }
    const what = error.cause === undefined ? "threw an error" : "did not run to its end";
    console.error(`\n${name}, cell ${error.number} ${what}:\n\n${error.code}\n`);
    console.error(error.traceback);
    try {
      await write(error.notebook, error.runs, error.number);
    } catch (error) {
      console.error(`\n${name}: ${(error as Error).message}`);
    }
    return false;
  }
}

/** A notebook with the outputs that it holds, and the first cell that ended with an error. */
function asStored(notebook: Notebook): { stored: Notebook; failedCell?: number } {
  const cells = notebook.cells.map((cell) =>
    cell.outputs ? { ...cell, outputs: hidePathsIn(cell.outputs) } : cell
  );
  const failed = cells.filter((cell) => cell.cell_type === "code").findIndex((cell) =>
    !hasTag(cell, MAY_THROW) && cell.outputs?.some((output) => output.output_type === "error")
  );
  return { stored: { ...notebook, cells }, ...(failed < 0 ? {} : { failedCell: failed + 1 }) };
}

/** The reports before and after, of those that are there or will be. */
async function neighbors(
  path: string,
  out: string,
  paths: readonly string[],
): Promise<{ previous?: Neighbor; next?: Neighbor }> {
  const siblings: string[] = [];
  // A report is not lost for a folder that cannot be listed.
  for (const other of await listNotebooks(dirname(path)).catch(() => [])) {
    const name = basename(other, ".ipynb");
    const isThere = paths.includes(other) ||
      await exists(join(out, `${name}.html`));
    if (isThere) siblings.push(name);
  }
  const place = siblings.indexOf(basename(path, ".ipynb"));
  const titled = async (name: string | undefined) =>
    name === undefined
      ? undefined
      : { name, title: await titleOf(join(dirname(path), `${name}.ipynb`)) ?? name };
  const previous = await titled(siblings[place - 1]), next = await titled(siblings[place + 1]);
  return {
    ...(previous === undefined ? {} : { previous }),
    ...(next === undefined ? {} : { next }),
  };
}

/** The page of a file that a notebook links to: a report that is there or will be, of a notebook beside. */
function findPage(
  notebook: string,
  file: string,
  out: string,
  paths: readonly string[],
): string | undefined {
  const target = resolve(dirname(notebook), file), page = `${basename(target, ".ipynb")}.html`;
  if (!target.endsWith(".ipynb")) return undefined;
  if (paths.includes(target)) return page;
  // Of a notebook elsewhere it may be another's page that is there under its name.
  const isThere = dirname(target) === dirname(notebook) &&
    existsSync(join(out, page));
  return isThere ? page : undefined;
}

/** The title of another notebook, if it can be read. */
async function titleOf(path: string): Promise<string | undefined> {
  try {
    return notebookTitle(await readNotebook(path));
  } catch {
    return undefined;
  }
}

/** Prints where the time went, and what must not be overlooked. */
function summarize(done: readonly Done[], said: readonly string[], { out, noRun }: Plan): void {
  const timed = done.map(({ name, summary }) => ({ name, seconds: summary.seconds ?? 0 }));
  const total = timed.reduce((sum, { seconds }) => sum + seconds, 0);
  if (!noRun) console.log(`\n━━ Where the time went: ${formatSeconds(total)} in all`);
  for (const { name, seconds } of noRun ? [] : timed) {
    const share = Math.round(100 * seconds / total);
    console.log(`  ${formatSeconds(seconds).padStart(12)}  ${`${share} %`.padStart(5)}  ${name}`);
  }
  const cells = done.flatMap(({ name, runs }) => runs.map((run) => ({ name, ...run })))
    .sort((a, b) => b.seconds - a.seconds).slice(0, SLOWEST);
  if (cells.length > 0) console.log("\n  The slowest cells:");
  for (const { name, number, seconds, cell } of cells) {
    const share = `${Math.round(100 * seconds / total)} %`.padStart(5);
    const title = cellTitle(cell, SUMMARY_TITLE_WIDTH);
    console.log(
      `  ${formatSeconds(seconds).padStart(12)}  ${share}  ${name} [${number}]  ${title}`,
    );
  }
  const warnings = done.flatMap(({ summary }) => summary.notices)
    .filter(({ isWarning }) => isWarning).map(({ text }) => text);
  for (const text of new Set([...warnings, ...said])) console.log(`\n!! ${text}`);
  const index = join(out, INDEX), short = relative(Deno.cwd(), index);
  console.log(`\nReports: ${short.startsWith("..") ? index : short}`);
}

/** This run's reports, and those of earlier runs that stand beside them. */
async function listReports(
  out: string,
  done: readonly Done[],
): Promise<Listed[]> {
  const reports = new Map(done.map(({ name, summary }) => [`${name}.html`, summary]));
  for await (const { name } of Deno.readDir(out)) {
    const isOther = !name.endsWith(".html") || name === INDEX || FRAME_PAGE.test(name);
    if (isOther || reports.has(name)) continue;
    try {
      const summary = readSummary(await Deno.readTextFile(join(out, name)));
      if (summary) reports.set(name, summary);
    } catch (error) {
      console.error(`\n${name} is left out of the list of reports: ${(error as Error).message}`);
    }
  }
  const listed = [...reports].map(async ([file, summary]) => ({
    file,
    summary,
    sections: await readSections(join(out, file)),
    ...await figuresBeside(out, basename(file, ".html"), summary),
  }));
  return (await Promise.all(listed)).sort((a, b) => a.file < b.file ? -1 : 1);
}

/** What the search finds in a report; nothing if it cannot be read. */
async function readSections(path: string): Promise<Section[]> {
  try {
    return sectionsOf(await Deno.readTextFile(path));
  } catch {
    return [];
  }
}

/** What the metrics beside a report tell of it; nothing if they are not there, or another page's. */
async function figuresBeside(
  out: string,
  name: string,
  { title, seconds }: Summary,
): Promise<Pick<Listed, "figures" | "date">> {
  try {
    const metrics = await readMetrics(join(out, name + METRICS_ENDING));
    const { tables, provenance } = metrics;
    if (metrics.title !== title || provenance.seconds !== seconds) return {};
    return { figures: mainFigures(tables), date: provenance.date.slice(0, 10) };
  } catch {
    return {};
  }
}

/** The path of a notebook that is named by its path or, if it is one of the project's, by its name. */
async function findNotebook(name: string): Promise<string> {
  const wishes = [resolve(HERE, name), join(NOTEBOOKS, name), join(NOTEBOOKS, `${name}.ipynb`)];
  for (const path of wishes) {
    const info = await Deno.stat(path).catch(() => undefined);
    if (info?.isFile) return path;
  }
  throw new RangeError(`Cannot find the notebook ${name}`);
}

async function listNotebooks(folder: string): Promise<string[]> {
  const names: string[] = [];
  for await (const { name } of Deno.readDir(folder)) {
    if (name.endsWith(".ipynb") && !name.endsWith(COPY_ENDING)) names.push(name);
  }
  return names.sort().map((name) => join(folder, name));
}

/** A picture file in a notebook's folder or below it. */
function readPicture(folder: string, path: string): Uint8Array | undefined {
  try {
    const file = Deno.realPathSync(join(folder, path));
    const isBelow = !relative(Deno.realPathSync(folder), file).startsWith("..");
    if (!isBelow || Deno.statSync(file).size > MAX_PICTURE_BYTES) return undefined;
    return Deno.readFileSync(file);
  } catch {
    return undefined;
  }
}

function writeToTerminal(text: string): void {
  const bytes = encoder.encode(text);
  for (let done = 0; done < bytes.length;) done += Deno.stdout.writeSync(bytes.subarray(done));
}
