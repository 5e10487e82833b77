import type { Matrix } from "../../base/matrix.ts";
import { permutation, seededRandom } from "../../base/random.ts";
import { defineKernel } from "../../compute/define_kernel.ts";
import type { Scope } from "../../compute/scope.ts";

/** Rows that the bins' borders are taken from, at most. */
const SAMPLE_ROWS = 2 ** 16;
/** Rows that are laid out by columns at once: so many of each column lie side by side. */
const BLOCK_ROWS = 32;
/** Columns that get their bins at once. */
const BLOCK_COLUMNS = 32;

const columnBins = defineKernel("columnBins", {
  keys: "u32*",
  bins: "u8*",
  n: "i32",
  sample: "u32*?",
  counted: "i32",
});

/** The columns of a training set, in memory that all threads can read. */
export interface FeatureColumns {
  readonly rows: number;
  readonly cols: number;
  /** [cols, rows] the values as whole numbers in the same order: see {@linkcode keyOf}. */
  readonly keys: Uint32Array;
  /** [cols, rows] up to 256 bins of a column: of two rows, the one in the lower bin has the lower key. */
  readonly bins: Uint8Array;
}

/**
 * A whole number from 0 to 2³² − 1 for a float32, in the same order; −0 and 0 have the same.
 *
 * @param bits Those of the float32
 */
export function keyOf(bits: number): number {
  if (bits < 0x80000000) return bits + 0x80000000;
  return bits === 0x80000000 ? bits : 0xffffffff - bits;
}

/**
 * Lays a matrix out by columns, each with bins of about equally many rows: of up to 65,536 rows all are
 * counted, of more a random sample. A column of up to 256 values has a bin for each.
 *
 * @param memory Holds the columns
 * @param pause Awaited now and then; may throw to stop
 * @throws {Error} If the memory does not suffice
 */
export async function featureColumns(
  X: Matrix,
  seed: number,
  memory: Scope,
  pause: () => Promise<void> | void = () => {},
): Promise<FeatureColumns> {
  const { data, rows, cols } = X;
  const keys = memory.uint32(cols * rows), bins = memory.uint8(cols * rows);
  const bits = new Uint32Array(data.buffer, data.byteOffset, data.length);
  for (let begin = 0; begin < rows; begin += BLOCK_ROWS) {
    const end = Math.min(rows, begin + BLOCK_ROWS);
    for (let c = 0; c < cols; c++) {
      for (let i = begin, at = begin * cols + c; i < end; i++, at += cols) {
        keys[c * rows + i] = keyOf(bits[at]!);
      }
    }
    await pause();
  }
  const isSampled = rows > SAMPLE_ROWS, counted = Math.min(rows, SAMPLE_ROWS);
  const sample = isSampled ? memory.uint32(counted) : null;
  sample?.set(permutation(rows, seededRandom(seed)).subarray(0, counted));
  for (let begin = 0; begin < cols; begin += BLOCK_COLUMNS) {
    columnBins(Math.min(BLOCK_COLUMNS, cols - begin), {
      keys: keys.subarray(begin * rows),
      bins: bins.subarray(begin * rows),
      n: rows,
      sample,
      counted,
    });
    await pause();
  }
  return { rows, cols, keys, bins };
}
