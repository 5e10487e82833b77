import type { Matrix } from "../../base/matrix.ts";
import { permutation, seededRandom } from "../../base/random.ts";

/** Bins of a column, at most: their numbers are bytes. */
export const BINS = 256;
/** Rows that the bins' borders are taken from, at most. */
const SAMPLE_ROWS = 2 ** 16;
/** Values in one piece of shared memory: a piece of its own for each column would be too many pieces. */
const CHUNK_VALUES = 2 ** 25;

/** A column of a training set, in memory that all threads can read. */
export interface FeatureColumn {
  /** The rows' values as whole numbers in the same order: see {@linkcode keyOf}. */
  readonly keys: Uint32Array;
  /** The rows' bins: of two rows in different bins, the one in the lower bin has the lower key. */
  readonly bins: Uint8Array;
}

const floats = new Float32Array(1), bits = new Uint32Array(floats.buffer);

/** A whole number from 0 to 2³² − 1 for a float32, in the same order; −0 and 0 have the same. */
export function keyOf(value: number): number {
  floats[0] = value + 0;
  const own = bits[0]!;
  return (own & 0x80000000 ? ~own : own | 0x80000000) >>> 0;
}

/** The float32 whose key it is. */
export function valueOf(key: number): number {
  bits[0] = key & 0x80000000 ? key ^ 0x80000000 : ~key;
  return floats[0]!;
}

/**
 * Lays a matrix out by columns, each with bins of about equally many rows: of up to 65,536 rows all are
 * counted, of more a random sample. A column of up to 256 values has a bin for each.
 *
 * @param pause Awaited after each column; may throw to stop
 */
export async function featureColumns(
  X: Matrix,
  seed: number,
  pause: () => Promise<void> | void = () => {},
): Promise<FeatureColumn[]> {
  const { data, rows, cols } = X;
  const sample = rows > SAMPLE_ROWS
    ? permutation(rows, seededRandom(seed)).subarray(0, SAMPLE_ROWS)
    : undefined;
  const sorted = new Uint32Array(sample?.length ?? rows);
  const chunk = Math.max(1, Math.floor(CHUNK_VALUES / rows));
  const columns: FeatureColumn[] = [];
  for (let begin = 0; begin < cols; begin += chunk) {
    const count = Math.min(chunk, cols - begin);
    const keys = new Uint32Array(new SharedArrayBuffer(4 * count * rows));
    const bins = new Uint8Array(new SharedArrayBuffer(count * rows));
    for (let c = 0; c < count; c++) {
      const ownKeys = keys.subarray(c * rows, (c + 1) * rows);
      const ownBins = bins.subarray(c * rows, (c + 1) * rows);
      for (let i = 0, at = begin + c; i < rows; i++, at += cols) ownKeys[i] = keyOf(data[at]!);
      if (sample) sample.forEach((row, i) => sorted[i] = ownKeys[row]!);
      else sorted.set(ownKeys);
      const borders = binBorders(sorted.sort());
      for (let i = 0; i < rows; i++) ownBins[i] = placeAmong(borders, ownKeys[i]!);
      columns.push({ keys: ownKeys, bins: ownBins });
      await pause();
    }
  }
  return columns;
}

/**
 * The largest key of each bin but the last. A key that as many rows have as a bin should hold gets a bin
 * of its own, and the others share what is left.
 *
 * @param sorted Keys in rising order
 */
export function binBorders(sorted: Uint32Array): Uint32Array {
  const runs = runsOf(sorted);
  const last = runs.length - 1;
  if (runs.length <= BINS) return Uint32Array.from(runs.slice(0, last), ({ key }) => key);
  const isHeavy = ({ count }: Run) => count >= sorted.length / BINS;
  let heavy = 0, light = 0;
  for (const run of runs) {
    if (isHeavy(run)) heavy++;
    else light += run.count;
  }
  const borders: number[] = [];
  let inBin = 0;
  for (let r = 0; r < last && borders.length < BINS - 1; r++) {
    const run = runs[r]!;
    const target = light / Math.max(1, BINS - borders.length - heavy);
    inBin += run.count;
    if (isHeavy(run)) heavy--;
    else if (inBin < target && !isHeavy(runs[r + 1]!)) continue;
    else light -= inBin;
    borders.push(run.key);
    inBin = 0;
  }
  return Uint32Array.from(borders);
}

/** A key, and how often it occurs. */
interface Run {
  readonly key: number;
  readonly count: number;
}

function runsOf(sorted: Uint32Array): Run[] {
  const runs: Run[] = [];
  for (let begin = 0; begin < sorted.length;) {
    const key = sorted[begin]!;
    let end = begin + 1;
    while (end < sorted.length && sorted[end] === key) end++;
    runs.push({ key, count: end - begin });
    begin = end;
  }
  return runs;
}

/** How many borders lie below a key. */
function placeAmong(borders: Uint32Array, key: number): number {
  let low = 0, high = borders.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (borders[middle]! < key) low = middle + 1;
    else high = middle;
  }
  return low;
}
