import { TerminalText } from "./engine/terminal_text.ts";
import { type Cell, joinText } from "./notebook.ts";
import { formatSeconds } from "../notebook/progress.ts";
import type { CellRun, RunListener } from "./run_notebook.ts";

/** How much of a cell's first line is shown. */
const TITLE_WIDTH = 66;
/** Cells faster than this end without a word, in seconds. */
const SHOW_TIME_FROM = 0.5;
/** Without a terminal, a progress line that is written over is shown this often, in milliseconds. */
const SHOW_PROGRESS_EVERY = 10_000;
/** On a terminal, a cell that prints nothing shows its time this often, in milliseconds. */
const TICK_EVERY = 1000;

/** The first line of a cell that does something, or "imports". */
export function cellTitle(cell: Cell, width = TITLE_WIDTH): string {
  const lines = joinText(cell.source).replace(/^import\b[^"']*(["']).*?\1;?/gm, "").split("\n")
    .map((line) => line.trim());
  const title = lines.find((line) => !/^(\/\/.*|[}\])].*|)$/.test(line)) ?? "imports";
  return title.length > width ? `${title.slice(0, width - 1)}…` : title;
}

/** Shows on the terminal (or in a log) which cell runs, for how long, and what it prints. */
export class TerminalReporter implements RunListener {
  readonly #write: (text: string) => void;
  readonly #isTerminal: boolean;
  /** The line that is still being written. */
  #line = new TerminalText();
  #isOpen = false;
  #shown = 0;
  #start = 0;
  #lastText = 0;
  #ticker: ReturnType<typeof setInterval> | undefined;
  #ticked = false;

  /**
   * @param write Where text goes
   * @param isTerminal Whether lines can be written over
   */
  constructor(write: (text: string) => void, isTerminal: boolean) {
    this.#write = write;
    this.#isTerminal = isTerminal;
  }

  onCell({ number, of, cell }: Omit<CellRun, "seconds">): void {
    this.#endLine();
    const width = String(of).length;
    this.#write(`  [${String(number).padStart(width)}/${of}] ${cellTitle(cell)}\n`);
    this.#start = this.#lastText = this.#shown = performance.now();
    if (this.#isTerminal) this.#ticker = setInterval(() => this.#tick(), TICK_EVERY);
  }

  onText(text: string): void {
    if (text === "") return;
    this.#untick();
    this.#lastText = performance.now();
    this.#isOpen = !text.endsWith("\n");
    if (this.#isTerminal) {
      this.#write(text);
      return;
    }
    const end = text.lastIndexOf("\n") + 1;
    if (end > 0) {
      this.#line.write(text.slice(0, end));
      this.#write(this.#line.toString());
      this.#line = new TerminalText();
    }
    this.#line.write(text.slice(end));
    if (!this.#isOpen || this.#lastText - this.#shown < SHOW_PROGRESS_EVERY) return;
    this.#write(`${this.#line.toString().trim()}\n`);
    this.#shown = this.#lastText;
  }

  onCellDone({ seconds }: Pick<CellRun, "seconds">): void {
    this.end();
    if (seconds >= SHOW_TIME_FROM) this.#write(`        took ${formatSeconds(seconds)}\n`);
  }

  onLate(number: number): void {
    this.#endLine();
    this.#write(
      `        cell ${number} goes on after its end: what it puts out may stand under a later cell\n`,
    );
  }

  /** Stops showing the time: the cell has ended, or failed. */
  end(): void {
    clearInterval(this.#ticker);
    this.#untick();
    this.#endLine();
  }

  #tick(): void {
    const now = performance.now();
    // A progress line tells the time by itself; an unfinished line must not be written over.
    if (this.#isOpen || now - this.#lastText < TICK_EVERY) return;
    this.#write(`\r        ${formatSeconds((now - this.#start) / 1000)} …`);
    this.#ticked = true;
  }

  #untick(): void {
    if (this.#ticked) this.#write("\r\x1b[K");
    this.#ticked = false;
  }

  #endLine(): void {
    if (this.#isOpen) {
      this.#write(this.#isTerminal ? "\n" : `${this.#line.toString().trimEnd()}\n`);
    }
    this.#line = new TerminalText();
    this.#isOpen = false;
  }
}
