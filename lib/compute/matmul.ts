import { Matrix } from "../base/matrix.ts";
import { gemm } from "./gemm.ts";
import { allocFloat32, freeViews, isShared, pointer } from "./memory.ts";

/** What {@linkcode matmul} can be told. */
export interface MatmulOptions {
  /** Take A's transpose. */
  readonly transposeA?: boolean;
  /** Take B's transpose. */
  readonly transposeB?: boolean;
  /** Where the product goes; default: a new matrix. */
  readonly out?: Matrix;
}

/**
 * The product op(A)·op(B) in float32 on all threads, by a packed and blocked kernel (Goto & van de Geijn
 * 2008). Values that do not lie in the shared memory are copied there and back.
 *
 * @returns `out`, or a new matrix
 * @throws {RangeError} If the sizes do not fit, or there is no room
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { Matrix, matmul } from "deep-features";
 *
 * const A = Matrix.fromRows([[1, 2], [3, 4]]);
 * assert(matmul(A, A, { transposeB: true }).data.join() === "5,11,11,25");
 * ```
 */
export function matmul(A: Matrix, B: Matrix, options: MatmulOptions = {}): Matrix {
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
  const copies: Float32Array[] = [];
  const shared = (values: Float32Array, isInput: boolean) => {
    if (isShared(values)) return values;
    const copy = allocFloat32(values.length);
    copies.push(copy);
    if (isInput) copy.set(values);
    return copy;
  };
  try {
    const a = shared(A.data, true), b = shared(B.data, true);
    // A kernel must not write over what it still reads.
    const isInput = out.data === A.data || out.data === B.data;
    const c = isInput ? allocFloat32(rows * columns) : shared(out.data, false);
    if (isInput) copies.push(c);
    gemm({
      a: pointer(a),
      b: pointer(b),
      c: pointer(c),
      rows,
      columns,
      depth,
      transposeA,
      transposeB,
    });
    if (c !== out.data) out.data.set(c);
    return out;
  } finally {
    freeViews(...copies);
  }
}
