/** One comparison: the same work done by this project and by a peer, in one run. */
export interface BenchRow {
  readonly name: string;
  readonly ours: number;
  readonly peer: number;
  readonly unit: string;
  readonly note?: string;
}

/** The middle value, or the mean of the two in the middle. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const half = sorted.length / 2;
  return sorted.length % 2 ? sorted[Math.floor(half)]! : (sorted[half - 1]! + sorted[half]!) / 2;
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
