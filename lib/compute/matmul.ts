import { checkOptions, flag, instance, type Rules } from "../base/check.ts";
import { assertMatrix, Matrix } from "../base/matrix.ts";
import { gemm } from "./gemm.ts";
import { isInMemory } from "./memory.ts";
import { Scope } from "./scope.ts";

/** What {@linkcode matmul} can be told. */
export interface MatmulOptions {
  /** Take A's transpose. */
  readonly transposeA?: boolean;
  /** Take B's transpose. */
  readonly transposeB?: boolean;
  /** Where the product goes; default: a new matrix. */
  readonly out?: Matrix;
}

const RULES: Rules<MatmulOptions> = {
  transposeA: flag,
  transposeB: flag,
  out: instance(Matrix),
};

/**
 * The product op(A)·op(B) in float32 on all threads, by a packed and blocked kernel (Goto & van de Geijn
 * 2008). Values that do not lie in the shared memory are copied there and back.
 *
 * @returns `out`, or a new matrix
 * @throws {TypeError} If A or B is no matrix, or an option is unknown or of the wrong kind
 * @throws {RangeError} If the sizes do not fit, or there is no room
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { Matrix } from "deep-features";
 * import { matmul } from "deep-features/compute";
 *
 * const A = Matrix.fromRows([[1, 2], [3, 4]]);
 * assert(matmul(A, A, { transposeB: true }).data.join() === "5,11,11,25");
 * ```
 */
export function matmul(A: Matrix, B: Matrix, options: MatmulOptions = {}): Matrix {
  assertMatrix(A, "A");
  assertMatrix(B, "B");
  checkOptions("matmul", options, RULES);
  const { transposeA = false, transposeB = false } = options;
  const [rows, depth] = transposeA ? [A.cols, A.rows] : [A.rows, A.cols];
  const [depthB, columns] = transposeB ? [B.cols, B.rows] : [B.rows, B.cols];
  if (depth !== depthB) {
    throw new RangeError(
      `Cannot multiply ${rows} × ${depth} by ${depthB} × ${columns}: the inner sizes differ`,
    );
  }
  const out = options.out ?? new Matrix(new Float32Array(rows * columns), rows, columns);
  if (out.rows !== rows || out.cols !== columns) {
    throw new RangeError(
      `The product is ${rows} × ${columns}, but out is ${out.rows} × ${out.cols}`,
    );
  }
  if (rows * columns === 0) return out;
  if (depth === 0) {
    out.data.fill(0);
    return out;
  }
  using memory = new Scope();
  const shared = (values: Float32Array) => {
    if (isInMemory(values)) return values;
    const copy = memory.float32(values.length);
    copy.set(values);
    return copy;
  };
  const a = shared(A.data), b = shared(B.data);
  // A kernel must not write over what it still reads.
  const isFree = isInMemory(out.data) && !overlap(out.data, a) && !overlap(out.data, b);
  const c = isFree ? out.data : memory.float32(rows * columns);
  gemm({ a, b, c, rows, columns, depth, transposeA, transposeB });
  if (c !== out.data) out.data.set(c);
  return out;
}

/** Whether two views of the shared memory have a value in common. */
function overlap(a: Float32Array, b: Float32Array): boolean {
  return a.byteOffset < b.byteOffset + b.byteLength && b.byteOffset < a.byteOffset + a.byteLength;
}
