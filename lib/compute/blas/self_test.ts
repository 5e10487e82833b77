import { seededRandom } from "../../base/random.ts";
import { sharedMemory } from "../memory.ts";
import { Scope } from "../scope.ts";
import { addressOfMemory, type Blas, type Product } from "./library.ts";

/** Rows, columns and depth: odd ones, at which the libraries' kernels end in remainders. */
const SIZES = [[1, 1, 1], [7, 9, 5], [67, 131, 129]] as const;
/** Values between the end of a row of C and the next row, which a product must leave alone. */
const GAP = 3, UNTOUCHED = 12345;
/** Relative rounding of a float32. */
const ROUNDING = 2 ** -24;

/**
 * Whether a library's products are right: all transposes at odd sizes, added or not, into rows that lie
 * apart, to the last digits of float32; and a NaN stays one, but what C held before is not read.
 */
export function passesSelfTest(blas: Blas): boolean {
  for (const [rows, columns, depth] of SIZES) {
    for (let form = 0; form < 8; form++) {
      const [transposeA, transposeB, add] = [(form & 1) > 0, (form & 2) > 0, (form & 4) > 0];
      if (!isRight(blas, { rows, columns, depth, transposeA, transposeB, add })) return false;
    }
  }
  return true;
}

type Case = Pick<Product, "rows" | "columns" | "depth" | "transposeA" | "transposeB" | "add">;

function isRight(blas: Blas, test: Case): boolean {
  const { rows, columns, depth, transposeA, transposeB, add } = test;
  const random = seededRandom(1), stepC = columns + GAP;
  const stepA = transposeA ? rows : depth, stepB = transposeB ? depth : columns;
  using memory = new Scope();
  const a = memory.float32(rows * depth), b = memory.float32(depth * columns);
  const c = memory.float32(rows * stepC);
  for (const values of [a, b]) {
    for (let i = 0; i < values.length; i++) values[i] = random() - 0.5;
  }
  // The first row of op(A) begins with NaN, the first row of op(B) is zero: 0 · NaN is NaN.
  a[0] = NaN;
  for (let j = 0; j < columns; j++) b[transposeB ? j * depth : j] = 0;
  for (let i = 0; i < c.length; i++) {
    c[i] = i % stepC >= columns ? UNTOUCHED : add ? random() : NaN;
  }
  const before = c.slice(), base = addressOfMemory(sharedMemory());
  const at = (view: Float32Array) => base + BigInt(view.byteOffset);
  blas.multiply({ ...test, a: at(a), b: at(b), c: at(c), stepA, stepB, stepC });
  for (let i = 0; i < rows; i++) {
    for (let j = 0; j < stepC; j++) {
      const held = before[i * stepC + j]!, got = c[i * stepC + j]!;
      if (j >= columns) {
        if (got !== held) return false;
        continue;
      }
      let sum = add ? held : 0, size = Math.abs(sum);
      for (let k = 0; k < depth; k++) {
        const term = a[transposeA ? k * rows + i : i * depth + k]! *
          b[transposeB ? j * depth + k : k * columns + j]!;
        sum += term;
        size += Math.abs(term);
      }
      const isClose = Math.abs(got - sum) <= ROUNDING * (depth + 2) * size;
      if (Number.isNaN(sum) ? !Number.isNaN(got) : !isClose) return false;
    }
  }
  return true;
}
