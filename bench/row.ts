/** One comparison: the same work done by this project and by a peer, in one run. */
export interface BenchRow {
  readonly name: string;
  readonly ours: number;
  readonly peer: number;
  readonly unit: string;
  readonly note?: string;
}

/** Prints comparisons as a Markdown table; below 1 in the last column this project is faster. */
export function printRows(rows: readonly BenchRow[]): void {
  console.log("\n| work | ours | peer | ours / peer | note |\n|---|---|---|---|---|");
  for (const { name, ours, peer, unit, note = "" } of rows) {
    const text = (value: number) => `${value.toPrecision(3)} ${unit}`;
    console.log(
      `| ${name} | ${text(ours)} | ${text(peer)} | ${(ours / peer).toFixed(3)} | ${note} |`,
    );
  }
}
