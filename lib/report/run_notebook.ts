import { homedir } from "node:os";
import { pathToFileURL } from "node:url";
import { dirname, resolve } from "@std/path";
import { type Displays, OutputCollector } from "./collect_outputs.ts";
import { KernelError, KernelSession } from "./kernel.ts";
import { type Cell, joinText, type Notebook } from "./notebook.ts";

/** A code cell's run. */
export interface CellRun {
  /** Position among the notebook's code cells, from 1. */
  readonly number: number;
  /** Number of code cells. */
  readonly of: number;
  readonly cell: Cell;
  readonly seconds: number;
}

/** What {@linkcode runNotebook} tells on the way. */
export interface RunListener {
  /** Called before a cell runs. */
  readonly onCell?: (run: Omit<CellRun, "seconds">) => void;
  /** Called with the text that a cell prints. */
  readonly onText?: (text: string) => void;
  /** Called after a cell has run. */
  readonly onCellDone?: (run: CellRun) => void;
}

/** A cell did not run to its end: it threw, or the kernel died under it. */
export class CellError extends Error {
  override readonly name = "CellError";

  constructor(
    /** Position among the notebook's code cells, from 1. */
    readonly number: number,
    /** The code of the cell. */
    readonly code: string,
    /** What the kernel said, with the colours of a terminal. */
    readonly traceback: string,
    /** The notebook as far as it ran. */
    readonly notebook: Notebook,
    /** The cells that ran to their end. */
    readonly runs: readonly CellRun[],
    options?: ErrorOptions,
  ) {
    super(`Cell ${number} did not run to its end`, options);
  }
}

/** Paths of this machine that outputs must not show: the project's folder. */
const PROJECT = resolve(import.meta.dirname!, "../..");

/**
 * Runs all code cells of a notebook in order on a Deno kernel of its own.
 *
 * @param path Where the notebook is: its folder becomes the kernel's
 * @returns The notebook with its outputs and execution counts, without paths of this machine
 * @throws {CellError} If a cell throws or the kernel dies under it; the cells after it are not run
 * @throws {KernelError} If the kernel cannot start
 */
export async function runNotebook(
  path: string,
  notebook: Notebook,
  listener: RunListener = {},
): Promise<{ notebook: Notebook; runs: CellRun[] }> {
  const kernel = await KernelSession.start(dirname(resolve(path)));
  const displays: Displays = new Map();
  const of = notebook.cells.filter((cell) => cell.cell_type === "code").length;
  const runs: CellRun[] = [];
  const cells: Cell[] = notebook.cells.map((cell) =>
    cell.cell_type === "code" ? { ...cell, outputs: [], execution_count: null } : cell
  );
  try {
    for (const cell of cells.filter((cell) => cell.cell_type === "code")) {
      const number = runs.length + 1;
      const code = joinText(cell.source);
      listener.onCell?.({ number, of, cell });
      const collector = new OutputCollector(displays);
      const { outputs } = collector;
      cell.outputs = outputs;
      const start = performance.now();
      try {
        const reply = await kernel.execute(code, (message) => {
          collector.add(message);
          const { text } = message.content;
          if (message.header.msg_type === "stream") listener.onText?.(text as string);
        });
        cell.execution_count = number;
        if (reply.status !== "ok") {
          await kernel.drain();
          let error = outputs.find((output) => output.output_type === "error");
          if (!error) {
            const { ename = "Error", evalue = reply.status, traceback = [] } = reply.error ?? {};
            error = { output_type: "error", ename, evalue, traceback };
            outputs.push(error);
          }
          if (error.evalue === "Execution failed" && error.traceback.length === 0) {
            error.evalue += ": the kernel tells no more, as of a syntax error";
          }
          const text = error.traceback.join("\n") || `${error.ename}: ${error.evalue}`;
          throw new CellError(number, code, hidePaths(text), clean({ ...notebook, cells }), runs);
        }
      } catch (error) {
        if (!(error instanceof KernelError)) throw error;
        outputs.push({
          output_type: "error",
          ename: error.name,
          evalue: error.message,
          traceback: [`${error.name}: ${error.message}`],
        });
        const sofar = clean({ ...notebook, cells });
        throw new CellError(number, code, hidePaths(error.message), sofar, runs, { cause: error });
      }
      const run = { number, of, cell, seconds: (performance.now() - start) / 1000 };
      runs.push(run);
      listener.onCellDone?.(run);
    }
    await kernel.drain();
  } finally {
    await kernel.stop();
  }
  return { notebook: clean({ ...notebook, cells }), runs };
}

/** Takes this machine's paths out of all outputs. */
function clean(notebook: Notebook): Notebook {
  const cells = notebook.cells.map((cell) =>
    cell.outputs ? { ...cell, outputs: cleanValue(cell.outputs) } : cell
  );
  return { ...notebook, cells };
}

function cleanValue<T>(value: T): T {
  return JSON.parse(
    JSON.stringify(value),
    (key, part) => typeof part === "string" && key !== "image/png" ? hidePaths(part) : part,
  );
}

/** Makes paths in the project relative to it, and writes the home folder as a tilde. */
function hidePaths(text: string): string {
  const home = homedir();
  const short = text.replaceAll(`${pathToFileURL(PROJECT)}/`, "").replaceAll(`${PROJECT}/`, "")
    .replaceAll(PROJECT, ".");
  return home.length > 1 ? short.replaceAll(`${home}/`, "~/") : short;
}
