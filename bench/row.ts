import { markdownTable } from "./markdown_table.ts";
import type { BenchSetting } from "./setting.ts";

/** One comparison: the same work done by this project and by a peer, in one run. */
export interface BenchRow {
  readonly name: string;
  readonly ours: number;
  readonly peer: number;
  readonly unit: string;
  readonly note?: string;
  /** Columns of its own, by title. */
  readonly columns?: Readonly<Record<string, string>>;
}

/**
 * Prints comparisons as a Markdown table, and before it the command, the machine, which BLAS this project's
 * wide products were left to, and the date; below 1 in the column of ratios this project is faster.
 */
export function printRows(rows: readonly BenchRow[], setting: BenchSetting): void {
  console.log(`\n${settingText(setting)}`);
  const own = [...new Set(rows.flatMap(({ columns = {} }) => Object.keys(columns)))];
  const hasNotes = rows.some(({ note }) => note !== undefined);
  const titles = ["work", "ours", "peer", "ours / peer", ...own, ...hasNotes ? ["note"] : []];
  const cells = rows.map(({ name, ours, peer, unit, note = "", columns = {} }) => [
    name,
    amountText(ours, unit),
    amountText(peer, unit),
    ratioText(ours, peer),
    ...own.map((title) => columns[title] ?? ""),
    ...hasNotes ? [note] : [],
  ]);
  console.log(`\n${markdownTable(titles, cells)}`);
}

/** What was run, where, with what and when, in a line of Markdown. */
export function settingText({ command, machine, deno, blas, date }: BenchSetting): string {
  return `\`${command}\`, ${machine}, Deno ${deno}, ${blas ?? "no BLAS"}, ${date}`;
}

/** A time to three digits, with its unit. */
export function amountText(value: number, unit: string): string {
  return `${value < 1000 ? value.toPrecision(3) : Math.round(value).toLocaleString("en")} ${unit}`;
}

/** Ours in parts of the peer's: below 1, this project is faster. */
export function ratioText(ours: number, peer: number): string {
  return (ours / peer).toFixed(ours / peer < 0.1 ? 3 : 2);
}
