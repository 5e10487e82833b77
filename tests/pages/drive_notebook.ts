import { pathToFileURL } from "node:url";
import { stripVTControlCharacters } from "node:util";
import { join, resolve } from "@std/path";
import type { Browser, Page } from "playwright-core";
import { joinText, type Notebook, type Output } from "../../lib/report/notebook.ts";
import type { Checks } from "./browser.ts";
import {
  CLEAN_UP,
  INTERRUPT_CASES,
  type InterruptCase,
  KEPT,
  SET_UP,
  SHOW_KEPT,
} from "./interrupt_cases.ts";
import { type JupyterServer, startJupyter } from "./jupyter_server.ts";

const PROJECT = resolve(import.meta.dirname!, "../..");
/** The notebook that is run, and how often. */
const NAME = "04_svm", RUNS = 20;
/** Every so many runs begin with a new kernel. */
const RESTART_EVERY = 5;
/** Cells of the notebook that is made for the question, what each puts out, and how often it is run. */
const MARKED_CELLS = 60, MARKS = 4, MARKED_RUNS = 4;
/** Longest that a cell or a whole notebook may take, in milliseconds. */
const LIMIT_MS = 300_000;

/**
 * Drives Jupyter Notebook itself, as a reader does who clicks in its page: “Run All” again and again,
 * and interrupts. Every output must stand under its own cell, and variables must outlive an interrupt.
 */
export async function driveNotebook(browser: Browser, checks: Checks): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    await using server = await startJupyter(folder, {
      PRESET: "quick",
      CIFAR10_OFFLINE: "1",
      ARTICLE_CACHE: join(folder, "cache"),
    });
    if (!server) {
      console.log("  skipped: Jupyter Notebook 6 is not installed (Debian's jupyter-notebook)");
      return;
    }
    const notebooks = join(server.folder, "notebooks");
    await Deno.mkdir(notebooks);
    await writeImports(join(notebooks, "deno.json"));
    await runAllMarked(browser, server, notebooks, checks);
    await runAllOfArticle(browser, server, notebooks, checks);
    await interrupt(browser, server, notebooks, checks);
    await showMap(browser, server, notebooks, checks);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** Notebooks elsewhere than in the project find the library by this. */
async function writeImports(path: string): Promise<void> {
  const { imports, ...others } = JSON.parse(await Deno.readTextFile(join(PROJECT, "deno.json")));
  const absolute = Object.fromEntries(
    Object.entries<string>(imports).map(([name, place]) => [
      name,
      place.startsWith("./") ? pathToFileURL(join(PROJECT, place)).href : place,
    ]),
  );
  const { compilerOptions, nodeModulesDir } = others;
  const config = { imports: absolute, compilerOptions, nodeModulesDir, lock: false };
  await Deno.writeTextFile(path, JSON.stringify(config));
}

/** Cells that put out a mark in every way there is, which says where it belongs. */
async function runAllMarked(
  browser: Browser,
  server: JupyterServer,
  folder: string,
  checks: Checks,
): Promise<void> {
  const sources = Array.from({ length: MARKED_CELLS }, (_, i) => {
    const shown =
      `({ [Symbol.for("Jupyter.display")]: () => ({ "text/plain": "mark ${i}", "text/html": "<b>mark ${i}</b>" }) })`;
    return `console.log("mark ${i}"); console.error("mark ${i}"); await Deno.jupyter.display(${shown}); ${shown}`;
  });
  await writeNotebook(join(folder, "marks.ipynb"), ['import "deep-features";', ...sources]);
  const page = await openNotebook(browser, server, "marks");
  let outputs = 0, astray = 0;
  for (let run = 0; run < MARKED_RUNS; run++) {
    await runAll(page, false);
    for (const [cell, texts] of (await readOutputs(page)).entries()) {
      const marks = texts.join("\n").match(/mark \d+/g) ?? [];
      outputs += marks.length;
      astray += marks.filter((mark) => mark !== `mark ${cell - 1}`).length;
    }
  }
  const expected = MARKED_CELLS * MARKS * MARKED_RUNS;
  checks.check(
    outputs === expected && astray === 0,
    `Run All of ${MARKED_CELLS} quick cells, ${MARKED_RUNS} times: ${outputs} of ${expected} outputs, ` +
      `${astray} under a wrong cell`,
  );
  await page.close();
}

/** The article's notebook again and again; what belongs under which cell, its first run alone tells. */
async function runAllOfArticle(
  browser: Browser,
  server: JupyterServer,
  folder: string,
  checks: Checks,
): Promise<void> {
  await Deno.copyFile(
    join(PROJECT, "notebooks", `${NAME}.ipynb`),
    join(folder, `${NAME}.ipynb`),
  );
  const page = await openNotebook(browser, server, NAME);
  // The network is trained once; then cell by cell, each one waited for: nothing can be mistaken.
  await runAll(page, false);
  const expected = await runOneByOne(page);
  let right = 0, cells = 0;
  for (let run = 0; run < RUNS; run++) {
    await runAll(page, run % RESTART_EVERY === 0);
    const outputs = await readOutputs(page);
    const wrong = [...outputs.keys()].filter((i) =>
      JSON.stringify(outputs[i]) !== JSON.stringify(expected[i])
    );
    right += outputs.length - wrong.length;
    cells += outputs.length;
    for (const i of wrong.slice(0, 2)) {
      console.log(`    run ${run + 1}, cell ${i + 1}: ${difference(outputs[i]!, expected[i]!)}`);
    }
  }
  const some = expected.filter((texts) => texts.length > 0).length;
  checks.check(
    right === cells && some > 10,
    `Run All of ${NAME}, ${RUNS} times: in ${right} of ${cells} cells, ${some} of ` +
      `${expected.length} of them with outputs, stands what belongs there and nothing else`,
  );
  await page.close();
}

async function interrupt(
  browser: Browser,
  server: JupyterServer,
  folder: string,
  checks: Checks,
): Promise<void> {
  const cases = INTERRUPT_CASES.map(({ code }) => code ?? "");
  const sources = [SET_UP, ...cases, SHOW_KEPT, CLEAN_UP];
  await writeNotebook(join(folder, "interrupts.ipynb"), sources);
  const page = await openNotebook(browser, server, "interrupts");
  await runCell(page, 0);
  for (const [i, each] of INTERRUPT_CASES.entries()) await interruptOne(page, i + 1, each, checks);
  await runCell(page, sources.length - 1);
  const restarts = await page.evaluate(() => document.querySelectorAll(".modal.in").length);
  checks.check(restarts === 0, "Jupyter asks nothing: the kernel never died");
  await page.close();
}

async function interruptOne(
  page: Page,
  cell: number,
  { name, at, says, code }: InterruptCase,
  checks: Checks,
): Promise<void> {
  if (code !== undefined) await startCell(page, cell);
  let now = 0;
  for (const seconds of at) {
    await page.waitForTimeout(1000 * (seconds - now));
    now = seconds;
    await page.locator(`button[data-jupyter-action="jupyter-notebook:interrupt-kernel"]`).click();
  }
  if (code === undefined) await page.waitForTimeout(500);
  else await waitForCells(page);
  const said = (await readOutputs(page))[cell]!.join("\n");
  const showing = INTERRUPT_CASES.length + 1;
  const outputs = await runCell(page, showing);
  checks.check(
    outputs[showing]!.join() === KEPT && (says === undefined || new RegExp(says).test(said)),
    `interrupt, ${name}: variables ${outputs[showing]!.join() === KEPT ? "kept" : "lost"}${
      says === undefined ? "" : `; “${said.split("\n").at(-1)!.slice(0, 120)}”`
    }`,
  );
}

/** The map to explore stands under its cell, in a sandbox; its picture does once the kernel has ended. */
async function showMap(
  browser: Browser,
  server: JupyterServer,
  folder: string,
  checks: Checks,
): Promise<void> {
  const source = `import { interactiveMap, Matrix } from "deep-features";
    await interactiveMap({
      embedding: Matrix.fromRows([[0, 0], [1, 2], [3, 1]]), labels: [0, 1, 1],
      classNames: ["cat", "dog"], title: "Three animals",
    })`;
  await writeNotebook(join(folder, "map.ipynb"), [source]);
  const page = await openNotebook(browser, server, "map");
  await runCell(page, 0);
  const frame = page.frames().find((frame) => frame.parentFrame() !== null);
  await frame?.waitForSelector("#chart[data-plot]");
  const origin = await frame?.evaluate(() => self.origin);
  checks.check(
    origin === "null" && await frame!.locator("#chart").isVisible(),
    "the map to explore stands under its cell, in a sandbox",
  );
  const picture = page.locator("object > svg");
  checks.check(!await picture.isVisible(), "in place of its picture");
  await page.locator("#kernellink").click();
  await page.locator("#shutdown_kernel").click();
  await page.locator(".modal.in .btn-danger").click();
  await page.waitForTimeout(2000);
  // As it is when the notebook is opened again.
  await page.evaluate(() => {
    const object = document.querySelector("object")!;
    object.replaceWith(object.cloneNode(true));
  });
  await picture.waitFor({ state: "visible" });
  checks.check(await picture.isVisible(), "when the kernel has ended, its picture stands there");
  await page.close();
}

async function writeNotebook(path: string, sources: readonly string[]): Promise<void> {
  const notebook: Notebook = {
    cells: sources.map((source) => ({
      cell_type: "code",
      metadata: {},
      source,
      outputs: [],
      execution_count: null,
    })),
    metadata: {
      kernelspec: { name: "deno", display_name: "Deno", language: "typescript" },
      language_info: { name: "typescript" },
    },
    nbformat: 4,
    nbformat_minor: 4,
  };
  await Deno.writeTextFile(path, JSON.stringify(notebook));
}

/** Opens a notebook in Jupyter's page and waits for its kernel. */
async function openNotebook(browser: Browser, server: JupyterServer, name: string): Promise<Page> {
  const page = await browser.newPage({ viewport: { width: 1280, height: 1000 } });
  page.setDefaultTimeout(LIMIT_MS);
  await page.goto(`${server.url}notebooks/notebooks/${name}.ipynb`);
  await page.waitForFunction(() => {
    const { Jupyter } = globalThis as unknown as Client;
    return Jupyter?.notebook?._fully_loaded && Jupyter.notebook.kernel?.is_connected();
  });
  return page;
}

/** What is used of Jupyter's own object in its page. */
interface Client {
  readonly Jupyter: {
    readonly notebook: {
      readonly _fully_loaded: boolean;
      readonly kernel: { is_connected(): boolean } | null;
      get_cells(): {
        readonly cell_type: string;
        readonly output_area: { toJSON(): Output[] };
      }[];
      select(index: number): void;
    };
  };
}

/** Clicks “Run All”, or “Restart & Run All”, in the menu, and waits until all cells have ended. */
async function runAll(page: Page, isNewKernel: boolean): Promise<void> {
  if (isNewKernel) {
    await page.locator("#kernellink").click();
    await page.locator("#restart_run_all").click();
    await page.locator(".modal.in .btn-danger").click();
    await page.locator(".modal.in").waitFor({ state: "detached" }).catch(() => {});
    await page.waitForFunction(() => document.querySelector(".code_cell.running") !== null);
  } else {
    await page.locator("#celllink").click();
    await page.locator("#run_all_cells").click();
  }
  await waitForCells(page);
}

/** Clears all outputs, and runs each cell when the one before has ended. */
async function runOneByOne(page: Page): Promise<string[][]> {
  const count = await page.locator(".cell").count();
  for (let i = 0; i < count; i++) await runCell(page, i);
  return await readOutputs(page);
}

async function startCell(page: Page, cell: number): Promise<void> {
  await page.evaluate(
    (cell) => (globalThis as unknown as Client).Jupyter.notebook.select(cell),
    cell,
  );
  await page.locator(`button[data-jupyter-action="jupyter-notebook:run-cell-and-select-next"]`)
    .click();
}

async function runCell(page: Page, cell: number): Promise<string[][]> {
  await startCell(page, cell);
  await waitForCells(page);
  return await readOutputs(page);
}

/** Waits until no cell has a star any more, and what was sent has been drawn. */
async function waitForCells(page: Page): Promise<void> {
  await page.waitForFunction(() =>
    [...document.querySelectorAll(".code_cell .input_prompt")].every((prompt) =>
      !prompt.textContent!.includes("*")
    )
  );
  await page.waitForTimeout(300);
}

/** The outputs of each cell, as texts: streams as they are, others by their kind and what they hold. */
async function readOutputs(page: Page): Promise<string[][]> {
  const outputs = await page.evaluate(() =>
    (globalThis as unknown as Client).Jupyter.notebook.get_cells().map((cell) =>
      cell.cell_type === "code" ? cell.output_area.toJSON() : []
    )
  );
  const drawn = await page.evaluate(() =>
    [...document.querySelectorAll(".cell")].map((cell) =>
      cell.querySelectorAll(".output_area").length
    )
  );
  return outputs.map((list, i) => {
    const texts = list.map((output) => steady(describe(output)));
    // What Jupyter holds is what it shows.
    return drawn[i] === list.length ? texts : [...texts, `${drawn[i]} outputs are drawn`];
  });
}

function describe(output: Output): string {
  switch (output.output_type) {
    case "stream":
      // A progress line writes over itself: its end is what is left to see.
      return joinText(output.text).split("\n").map((line) => line.split("\r").at(-1)!.trimEnd())
        .join("\n").trimEnd();
    case "error":
      return `${output.ename}: ${output.evalue}`;
    default:
      return Object.entries(output.data).sort(([a], [b]) => a < b ? -1 : 1).map(([type, text]) =>
        type === "text/plain" ? joinText(text as string) : `${type} of ${String(text).length}`
      ).join("\n");
  }
}

/** Times differ from run to run: their digits are taken out, as are a terminal's colors. */
function steady(text: string): string {
  const plain = stripVTControlCharacters(text).replace(/\b\d+(\.\d+)? (s|min)\b/g, "# $2")
    .replace(/of \d+$/gm, "of #").replace(/trained now|loaded from data\//, "ready");
  return withoutColumn(plain, "seconds");
}

/** A table as text without one of its columns, if it has it; its columns end where their titles do. */
function withoutColumn(text: string, title: string): string {
  const lines = text.split("\n"), head = lines.find((line) => line.includes(` ${title} `));
  if (!head) return text;
  const end = head.indexOf(` ${title} `) + title.length + 1, start = end - title.length;
  return lines.map((line) =>
    line === head || /^[\s\d.]+$/.test(line) ? line.slice(0, start) + line.slice(end) : line
  ).join("\n");
}

/** Where two lists of outputs first differ, in a line. */
function difference(found: readonly string[], expected: readonly string[]): string {
  const i = expected.findIndex((text, i) => text !== found[i]);
  const show = (text: string | undefined) => JSON.stringify(text?.slice(0, 150) ?? "nothing");
  return i < 0
    ? `${found.length - expected.length} more outputs`
    : `output ${i + 1} is ${show(found[i])} in place of ${show(expected[i])}`;
}
