import { cpus } from "node:os";
import { blasChoice } from "../lib/compute/gemm.ts";

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
 *
 * @param command What was run
 */
export function printRows(rows: readonly BenchRow[], command: string): void {
  const machine = cpus(), model = machine[0]?.model.trim() ?? Deno.build.arch;
  const blas = blasChoice().blas?.name ?? "no BLAS";
  const date = new Date().toISOString().slice(0, 10);
  console.log(
    `\n\`${command}\`, ${machine.length} × ${model}, Deno ${Deno.version.deno}, ${blas}, ${date}`,
  );
  const own = [...new Set(rows.flatMap(({ columns = {} }) => Object.keys(columns)))];
  const hasNotes = rows.some(({ note }) => note !== undefined);
  const titles = ["work", "ours", "peer", "ours / peer", ...own, ...hasNotes ? ["note"] : []];
  console.log(`\n| ${titles.join(" | ")} |\n|${titles.map(() => " --- |").join("")}`);
  for (const { name, ours, peer, unit, note = "", columns = {} } of rows) {
    const text = (value: number) => `${value.toPrecision(3)} ${unit}`;
    const ratio = (ours / peer).toFixed(ours / peer < 0.1 ? 3 : 2);
    const cells = [
      name,
      text(ours),
      text(peer),
      ratio,
      ...own.map((title) => columns[title] ?? ""),
    ];
    console.log(`| ${[...cells, ...hasNotes ? [note] : []].join(" | ")} |`);
  }
}
