import { cpus } from "node:os";

/** One comparison: the same work done by this project and by a peer, in one run. */
export interface BenchRow {
  readonly name: string;
  readonly ours: number;
  readonly peer: number;
  readonly unit: string;
  readonly note?: string;
}

/**
 * Prints comparisons as a Markdown table, and before it the command, the machine and the date; below 1 in the
 * column of ratios this project is faster.
 *
 * @param command What was run
 */
export function printRows(rows: readonly BenchRow[], command: string): void {
  const machine = cpus(), model = machine[0]?.model.trim() ?? Deno.build.arch;
  const date = new Date().toISOString().slice(0, 10);
  console.log(
    `\n\`${command}\`, ${machine.length} × ${model}, Deno ${Deno.version.deno}, ${date}`,
  );
  console.log("\n| work | ours | peer | ours / peer | note |\n|---|---|---|---|---|");
  for (const { name, ours, peer, unit, note = "" } of rows) {
    const text = (value: number) => `${value.toPrecision(3)} ${unit}`;
    console.log(
      `| ${name} | ${text(ours)} | ${text(peer)} | ${(ours / peer).toFixed(3)} | ${note} |`,
    );
  }
}
