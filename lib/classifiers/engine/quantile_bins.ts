import type { Matrix } from "../../base/matrix.ts";

/** Most bins of a column: their numbers are bytes. */
const MAX_BINS = 256;
/** Rows that the quantiles are taken from, evenly spread. */
const SAMPLE_ROWS = 20_000;

/**
 * Cuts each column into bins of about equally many rows.
 *
 * @returns The upper edges of the bins of each column, and for each column the rows' bin numbers
 */
export function binColumns(X: Matrix): { edges: Float32Array[]; bins: Uint8Array[] } {
  const step = Math.max(1, Math.floor(X.rows / SAMPLE_ROWS));
  const edges: Float32Array[] = [], bins: Uint8Array[] = [];
  for (let column = 0; column < X.cols; column++) {
    const sample = Float32Array.from(
      { length: Math.ceil(X.rows / step) },
      (_, i) => X.data[i * step * X.cols + column]!,
    ).sort();
    const cuts: number[] = [];
    for (let b = 1; b < MAX_BINS; b++) {
      const at = Math.floor(b * sample.length / MAX_BINS);
      // Between two different values, so that equal values share a bin.
      if (at > 0 && sample[at]! > sample[at - 1]!) cuts.push((sample[at]! + sample[at - 1]!) / 2);
    }
    const own = Float32Array.from(new Set(cuts));
    edges.push(own);
    bins.push(
      Uint8Array.from({ length: X.rows }, (_, i) => binOf(X.data[i * X.cols + column]!, own)),
    );
  }
  return { edges, bins };
}

/** The bin numbers of other rows, row by row. */
export function binRows(X: Matrix, edges: readonly Float32Array[]): Uint8Array {
  const bins = new Uint8Array(X.data.length);
  for (let k = 0; k < bins.length; k++) bins[k] = binOf(X.data[k]!, edges[k % X.cols]!);
  return bins;
}

/** How many edges lie below a value. */
function binOf(value: number, edges: Float32Array): number {
  let low = 0, high = edges.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (edges[middle]! < value) low = middle + 1;
    else high = middle;
  }
  return low;
}
