/**
 * `deno task report`: runs the notebooks on the real Deno kernel and writes them as HTML pages.
 *
 * @module
 */
import { parseArgs } from "node:util";
import { basename, join, resolve } from "@std/path";
import type { KernelSession } from "./kernel.ts";
import { readNotebook, writeNotebook } from "./notebook.ts";
import { type Page, renderIndex, renderPage } from "./render_page.ts";
import { CellError, type CellRun, runNotebook } from "./run_notebook.ts";
import { storable } from "./storable.ts";

const USAGE = `Runs notebooks on the Deno kernel and writes HTML reports.

  deno task report [--save] [--out FOLDER] [NOTEBOOK ...]

  --save         store the outputs in the notebooks, too
  --out FOLDER   where the reports go (default: reports)
  NOTEBOOK       notebooks to run (default: all in notebooks/)

Environment: PRESET=article (default) or quick, CIFAR10_ARCHIVE, COMPUTE, COMPUTE_THREADS: see README.md.
`;

const PROJECT = resolve(import.meta.dirname!, "../..");
/** Lines of the summary: the slowest cells. */
const SLOWEST = 5;

let kernel: KernelSession | undefined;
for (const signal of ["SIGINT", "SIGTERM"] as const) {
  Deno.addSignalListener(signal, () => {
    kernel?.kill();
    console.error(`\nStopped by ${signal}; the kernel has been ended`);
    Deno.exit(signal === "SIGINT" ? 130 : 143);
  });
}
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
  const paths = parsed.positionals.length > 0 ? parsed.positionals : await allNotebooks();
  const out = resolve(parsed.values.out);
  await Deno.mkdir(out, { recursive: true });
  const done: { page: Page; file: string; seconds: number; runs: CellRun[] }[] = [];
  const footer = `Made by "deno task report" with Deno ${Deno.version.deno} on ${
    new Date().toISOString().slice(0, 10)
  }`;
  for (const path of paths) {
    const name = basename(path, ".ipynb");
    const start = performance.now();
    try {
      console.log(`\n━━ ${name}`);
      const { notebook, runs } = await runNotebook(
        path,
        await readNotebook(path),
        terminal(),
      );
      const page = renderPage(notebook, footer);
      await writeFile(join(out, `${name}.html`), page.html);
      if (parsed.values.save) await writeNotebook(path, storable(notebook));
      const seconds = (performance.now() - start) / 1000;
      done.push({ page, file: `${name}.html`, seconds, runs });
    } catch (error) {
      if (!(error instanceof CellError)) {
        console.error(`\n${name}: ${(error as Error).message}`);
        return 1;
      }
      await writeFile(
        join(out, `${name}.html`),
        renderPage(error.notebook, footer).html,
      );
      console.error(
        `\n${name}, cell ${error.number} threw an error:\n\n${error.code}\n`,
      );
      console.error(error.traceback);
      return 1;
    }
  }
  await writeFile(join(out, "index.html"), renderIndex(done, footer));
  summarize(done, out);
  return 0;
}

function terminal() {
  return {
    onKernel: (started: KernelSession | undefined) => {
      kernel = started;
    },
    onCell: ({ number, of, cell }: Omit<CellRun, "seconds">) => {
      const lines = [cell.source].flat().join("").split("\n");
      const first = lines.find((line) => line.trim() !== "" && !line.startsWith("import")) ?? "";
      console.log(`  [${number}/${of}] ${first.slice(0, 70)}`);
    },
    onText: (text: string) => Deno.stdout.writeSync(new TextEncoder().encode(text)),
    onCellDone: ({ number, of, seconds }: CellRun) => {
      if (seconds >= 1) {
        console.log(`  [${number}/${of}] took ${seconds.toFixed(1)} s`);
      }
    },
  };
}

function summarize(
  done: readonly {
    page: Page;
    file: string;
    seconds: number;
    runs: CellRun[];
  }[],
  out: string,
): void {
  const total = done.reduce((sum, { seconds }) => sum + seconds, 0);
  console.log(`\n━━ Where the time went: ${total.toFixed(0)} s in all`);
  for (const { file, seconds } of done) {
    console.log(
      `  ${seconds.toFixed(1).padStart(8)} s  ${basename(file, ".html")}`,
    );
  }
  const cells = done.flatMap(({ file, runs }) => runs.map((run) => ({ file, ...run })))
    .sort((a, b) => b.seconds - a.seconds).slice(0, SLOWEST);
  console.log("  slowest cells:");
  for (const { file, number, seconds } of cells) {
    console.log(
      `  ${seconds.toFixed(1).padStart(8)} s  ${basename(file, ".html")} [${number}]`,
    );
  }
  // The texts come without HTML's tags: notices must not be overlooked on the terminal either.
  const notices = new Set(
    done.flatMap(({ page }) =>
      page.notices.filter((html) => html.includes("warning")).map((html) =>
        html.replace(/<[^>]*>/g, "").replaceAll("&#39;", "'")
      )
    ),
  );
  for (const notice of notices) console.log(`\n!! ${notice}`);
  console.log(`\nReports: ${join(out, "index.html")}`);
}

async function allNotebooks(): Promise<string[]> {
  const folder = join(PROJECT, "notebooks");
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
