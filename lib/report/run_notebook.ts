import { dirname, resolve } from "@std/path";
import { OutputCollector } from "./collect_outputs.ts";
import { KernelSession, type Message } from "./kernel.ts";
import { type Cell, joinText, type Notebook, type Output } from "./notebook.ts";

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
  /** Called when a kernel has started, and with undefined when it has ended. */
  readonly onKernel?: (kernel: KernelSession | undefined) => void;
  /** Called before a cell runs. */
  readonly onCell?: (run: Omit<CellRun, "seconds">) => void;
  /** Called with the text that a cell prints. */
  readonly onText?: (text: string) => void;
  /** Called after a cell has run. */
  readonly onCellDone?: (run: CellRun) => void;
}

/** A cell threw. */
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
  ) {
    super(`Cell ${number} threw an error`);
  }
}

/** Paths of this machine that outputs must not show: the project's folder. */
const PROJECT = resolve(import.meta.dirname!, "../..");

/**
 * Runs all code cells of a notebook in order on a Deno kernel of its own.
 *
 * @param path Where the notebook is: its folder becomes the kernel's
 * @returns The notebook with its outputs and execution counts
 * @throws {CellError} If a cell throws; the cells after it are not run
 * @throws {Error} If the kernel cannot start or dies
 */
export async function runNotebook(
  path: string,
  notebook: Notebook,
  listener: RunListener = {},
): Promise<{ notebook: Notebook; runs: CellRun[] }> {
  const kernel = await KernelSession.start(dirname(resolve(path)));
  listener.onKernel?.(kernel);
  const collector = new OutputCollector();
  const of = notebook.cells.filter((cell) => cell.cell_type === "code").length;
  const runs: CellRun[] = [];
  const cells: Cell[] = [];
  try {
    for (const cell of notebook.cells) {
      if (cell.cell_type !== "code") {
        cells.push(cell);
        continue;
      }
      const number = runs.length + 1;
      listener.onCell?.({ number, of, cell });
      const outputs = collector.begin();
      const start = performance.now();
      const onMessage = (message: Message) => {
        collector.add(message);
        if (message.header.msg_type === "stream") {
          listener.onText?.(message.content["text"] as string);
        }
      };
      const code = joinText(cell.source);
      const reply = await kernel.execute(code, onMessage);
      const ran: Cell = { ...cell, outputs, execution_count: number };
      cells.push(ran);
      if (reply.status !== "ok") {
        const error = outputs.find((output) => output.output_type === "error");
        const text = error
          ? error.traceback.join("\n") || `${error.ename}: ${error.evalue}`
          : reply.status;
        throw new CellError(
          number,
          code,
          hidePaths(text),
          clean({ ...notebook, cells }),
        );
      }
      const run = {
        number,
        of,
        cell: ran,
        seconds: (performance.now() - start) / 1000,
      };
      runs.push(run);
      listener.onCellDone?.(run);
    }
  } finally {
    await kernel.stop();
    listener.onKernel?.(undefined);
  }
  return { notebook: clean({ ...notebook, cells }), runs };
}

/** Takes this machine's paths out of all outputs. */
function clean(notebook: Notebook): Notebook {
  return {
    ...notebook,
    cells: notebook.cells.map((cell) =>
      cell.outputs ? { ...cell, outputs: cell.outputs.map(cleanOutput) } : cell
    ),
  };
}

function cleanOutput(output: Output): Output {
  return JSON.parse(
    JSON.stringify(output),
    (_, value) => typeof value === "string" ? hidePaths(value) : value,
  );
}

function hidePaths(text: string): string {
  return text.replaceAll(`file://${PROJECT}/`, "").replaceAll(`${PROJECT}/`, "")
    .replaceAll(PROJECT, ".");
}
