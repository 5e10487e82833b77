import { dirname, resolve } from "@std/path";
import { type Displays, OutputCollector } from "./collect_outputs.ts";
import { hidePaths, hidePathsIn } from "./engine/hide_paths.ts";
import { KernelError, KernelSession, type Reply } from "./kernel.ts";
import { type Cell, hasTag, joinText, type Notebook, type Output } from "./notebook.ts";

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
  /** Called once for a cell that puts something out after its end: it may stand under a later one. */
  readonly onLate?: (number: number) => void;
  /** Called once, at the end of the run, with what the kernel, if it is there still, tells of it. */
  readonly onFacts?: (facts: Record<string, unknown>) => void;
}

/** What {@linkcode runNotebook} can be told. */
export interface RunNotebookOptions {
  /** Longest time that a cell may take, in seconds; default: any. */
  readonly cellTimeout?: number;
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

/** The kernel's name, as it stands in a notebook's metadata. */
const KERNEL = "deno";
/** What its cells are written in, where a notebook says no more. */
const LANGUAGES = ["typescript", "javascript"];
/** A cell with this tag may throw: the error is shown, and the next cell runs (as in nbclient). */
export const MAY_THROW = "raises-exception";

/**
 * Refuses a notebook that was written for another kernel: its cells would run as TypeScript.
 *
 * @throws {RangeError} Naming the kernel
 */
export function requireDenoKernel(path: string, { metadata }: Notebook): void {
  const spec = metadata?.["kernelspec"] as { name?: unknown; display_name?: unknown } | undefined;
  const language = (metadata?.["language_info"] as { name?: unknown } | undefined)?.name;
  const name = spec?.name ?? language;
  if (name === undefined || name === KERNEL) return;
  if (spec?.name === undefined && LANGUAGES.includes(String(name).toLowerCase())) return;
  const shown = spec?.display_name === undefined ? "" : ` (${spec.display_name})`;
  throw new RangeError(
    `Cannot run ${path}: it is written for the kernel “${name}”${shown}, and this runs the kernel ` +
      `“${KERNEL}” alone; --no-run renders the outputs that it holds`,
  );
}

/**
 * Runs all code cells of a notebook in order on a Deno kernel of its own.
 *
 * @param path Where the notebook is: its folder becomes the kernel's
 * @returns The notebook with its outputs and execution counts, without paths of this machine
 * @throws {RangeError} If the notebook is written for another kernel
 * @throws {CellError} If a cell throws or the kernel dies under it; the cells after it are not run
 * @throws {KernelError} If the kernel cannot start
 */
export async function runNotebook(
  path: string,
  notebook: Notebook,
  listener: RunListener = {},
  { cellTimeout }: RunNotebookOptions = {},
): Promise<{ notebook: Notebook; runs: CellRun[] }> {
  requireDenoKernel(path, notebook);
  const kernel = await KernelSession.start(dirname(resolve(path)));
  const displays: Displays = new Map();
  const of = notebook.cells.filter((cell) => cell.cell_type === "code").length;
  const runs: CellRun[] = [];
  let canAnswer = listener.onFacts !== undefined;
  const collectors = new Map<Cell, OutputCollector>();
  const cells: Cell[] = notebook.cells.map((cell) =>
    cell.cell_type === "code" ? { ...cell, outputs: [], execution_count: null } : cell
  );
  const soFar = (): Notebook => {
    for (const [cell, collector] of collectors) cell.outputs = hidePathsIn(collector.outputs);
    return { ...notebook, cells };
  };
  try {
    for (const cell of cells.filter((cell) => cell.cell_type === "code")) {
      const number = runs.length + 1;
      const code = joinText(cell.source);
      listener.onCell?.({ number, of, cell });
      const collector = new OutputCollector(displays);
      collectors.set(cell, collector);
      const start = performance.now();
      let hasEnded = false, isLate = false;
      try {
        const reply = await kernel.execute(code, (message) => {
          if (!collector.add(message)) return;
          if (hasEnded && !isLate) {
            isLate = true;
            listener.onLate?.(number);
          }
          const { text } = message.content;
          if (message.header.msg_type === "stream" && typeof text === "string") {
            listener.onText?.(text);
          }
        }, cellTimeout === undefined ? {} : { timeout: cellTimeout });
        hasEnded = true;
        cell.execution_count = number;
        if (reply.status !== "ok") {
          const error = showError(collector, reply);
          if (!hasTag(cell, MAY_THROW)) {
            const text = error.traceback.join("\n") || `${error.ename}: ${error.evalue}`;
            throw new CellError(number, code, hidePaths(text), soFar(), runs);
          }
        }
      } catch (error) {
        if (!(error instanceof KernelError)) throw error;
        canAnswer = false;
        collector.addError({
          output_type: "error",
          ename: error.name,
          evalue: error.message,
          traceback: [`${error.name}: ${error.message}`],
        });
        throw new CellError(number, code, hidePaths(error.message), soFar(), runs, {
          cause: error,
        });
      }
      const run = { number, of, cell, seconds: (performance.now() - start) / 1000 };
      runs.push(run);
      listener.onCellDone?.(run);
    }
  } finally {
    if (canAnswer) listener.onFacts?.(await kernel.facts());
    await kernel.stop();
  }
  return { notebook: soFar(), runs };
}

/** Completes what the kernel said of an error by what only the reply, or the thrown value, tells. */
function showError(
  collector: OutputCollector,
  { status, error, thrown }: Reply,
): Output & { output_type: "error" } {
  let shown = collector.error;
  if (!shown) {
    const { ename = "Error", evalue = status, traceback = [] } = error ?? {};
    shown = { output_type: "error", ename, evalue, traceback };
    collector.addError(shown);
  }
  const isError = shown.traceback.some((line) => line !== "");
  if (thrown !== undefined && (!isError || thrown.includes(shown.evalue))) {
    shown.traceback = (isError ? thrown : `Uncaught ${thrown}`).split("\n");
    if (!isError) shown.evalue = thrown;
  }
  if (shown.evalue === "Execution failed" && !isError) {
    shown.evalue += ": the kernel tells no more, as of a syntax error";
  }
  return shown;
}
