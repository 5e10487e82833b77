import { addressOfMemory, type Blas, openBlas } from "./library.ts";

/** As in the assembly. */
const TRANSPOSE_A = 1, TRANSPOSE_B = 2, ADD = 4;

/** A product by places in the memory. */
type Multiply = (
  a: number,
  stepA: number,
  b: number,
  stepB: number,
  c: number,
  stepC: number,
  rows: number,
  columns: number,
  depth: number,
  form: number,
) => void;

/**
 * What kernels import as `multiply`: the product of a BLAS, which the calling thread opens at its first one.
 *
 * @param path Tells by what it is opened
 */
export function blasMultiply(memory: WebAssembly.Memory, path: () => string): Multiply {
  let blas: Blas | undefined, base = 0n;
  return (a, stepA, b, stepB, c, stepC, rows, columns, depth, form) => {
    if (!blas) {
      blas = openBlas(path());
      base = addressOfMemory(memory);
    }
    blas.multiply({
      a: base + BigInt(a >>> 0),
      b: base + BigInt(b >>> 0),
      c: base + BigInt(c >>> 0),
      rows,
      columns,
      depth,
      stepA,
      stepB,
      stepC,
      transposeA: (form & TRANSPOSE_A) !== 0,
      transposeB: (form & TRANSPOSE_B) !== 0,
      add: (form & ADD) !== 0,
    });
  };
}
