import { type Kernel, MAX_INT_ARGS } from "../control.ts";
import { addressOfMemory, type Blas, openBlas } from "./library.ts";

/** The name by which the pool knows the kernel below. */
export const BLAS_KERNEL = "blasProduct";

/**
 * A kernel like those of WebAssembly, whose tasks are the blocks of a product, each computed by the BLAS
 * on the thread that claims it: what a block holds depends neither on who computes it nor on how many do.
 * Each thread has its own, which opens the library at its first task.
 * ints: A, B, C, rows, columns, depth, transpose A (0 or 1), transpose B, add to C, rows of a block,
 *   columns of a block, the library's path as bytes, their number
 */
export function blasKernel(memory: WebAssembly.Memory): Kernel {
  let blas: Blas | undefined, base = 0n;
  return (args, begin, end) => {
    const ints = new Int32Array(memory.buffer, args, MAX_INT_ARGS);
    const word = (index: number) => ints[index]!;
    if (!blas) {
      // A copy, as texts are not decoded from shared memory.
      const path = new Uint8Array(memory.buffer, word(11) >>> 0, word(12)).slice();
      blas = openBlas(new TextDecoder().decode(path));
      base = addressOfMemory(memory);
    }
    const at = (index: number, value: number) => base + BigInt((word(index) >>> 0) + 4 * value);
    const rows = word(3), columns = word(4), depth = word(5);
    const transposeA = word(6) !== 0, transposeB = word(7) !== 0, add = word(8) !== 0;
    const stepA = transposeA ? rows : depth, stepB = transposeB ? depth : columns;
    const blockRows = word(9), blockColumns = word(10);
    const blocksAcross = Math.ceil(columns / blockColumns);
    for (let task = begin; task < end; task++) {
      const i = Math.floor(task / blocksAcross) * blockRows;
      const j = (task % blocksAcross) * blockColumns;
      blas.multiply({
        a: at(0, transposeA ? i : i * depth),
        b: at(1, transposeB ? j * depth : j),
        c: at(2, i * columns + j),
        rows: Math.min(blockRows, rows - i),
        columns: Math.min(blockColumns, columns - j),
        depth,
        stepA,
        stepB,
        stepC: columns,
        transposeA,
        transposeB,
        add,
      });
    }
  };
}
