import assert from "node:assert/strict";
import { Matrix } from "deep-features";
import { seededRandom } from "deep-features/base";
import { matmul } from "deep-features/compute";
import { allocatedBytes, allocFloat32, freeViews } from "../../lib/compute/memory.ts";

function random(rows: number, cols: number, seed: number): Matrix {
  const next = seededRandom(seed);
  return new Matrix(Float32Array.from({ length: rows * cols }, () => next() - 0.5), rows, cols);
}

Deno.test("matmul() equals the sum of products for all transposes, into a given output too", () => {
  const before = allocatedBytes();
  for (const [m, n, k] of [[1, 1, 1], [7, 9, 5], [130, 67, 300]] as const) {
    for (const transposeA of [false, true]) {
      for (const transposeB of [false, true]) {
        const A = transposeA ? random(k, m, 1) : random(m, k, 1);
        const B = transposeB ? random(n, k, 2) : random(k, n, 2);
        const out = new Matrix(new Float32Array(m * n).fill(NaN), m, n);
        assert.equal(matmul(A, B, { transposeA, transposeB, out }), out);
        for (let i = 0; i < m; i += 3) {
          for (let j = 0; j < n; j += 2) {
            let sum = 0;
            for (let p = 0; p < k; p++) {
              const a = A.data[transposeA ? p * m + i : i * k + p]!;
              sum += a * B.data[transposeB ? j * k + p : p * n + j]!;
            }
            assert.ok(Math.abs(out.data[i * n + j]! - sum) < 1e-5);
          }
        }
      }
    }
  }
  assert.ok(allocatedBytes() - before < 2 ** 24, "only the pool's own memory is kept");
});

Deno.test("matmul() works on shared memory without a copy, and may write over an input", () => {
  const data = allocFloat32(9);
  data.set([1, 2, 3, 4, 5, 6, 7, 8, 10]);
  const A = new Matrix(data, 3, 3);
  const expected = [...matmul(A, A).data];
  assert.deepEqual(expected, [30, 36, 45, 66, 81, 102, 109, 134, 169]);
  matmul(A, A, { out: A });
  assert.deepEqual([...data], expected);
  freeViews(data);
});

Deno.test("matmul() refuses sizes that do not fit", () => {
  assert.throws(() => matmul(random(2, 3, 1), random(2, 3, 1)), /2 × 3 by 2 × 3.*inner sizes/);
  const out = random(2, 3, 1);
  assert.throws(() => matmul(random(2, 3, 1), random(3, 2, 1), { out }), /2 × 2, but out is 2 × 3/);
  assert.equal(matmul(random(0, 3, 1), random(3, 2, 1)).rows, 0);
  assert.deepEqual([...matmul(random(1, 0, 1), random(0, 2, 1)).data], [0, 0]);
});

Deno.test("matmul() refuses what is no matrix, and options that it does not know", () => {
  const A = random(2, 2, 1);
  const wrong = (options: object) => () => matmul(A, A, options);
  assert.throws(wrong({ transposeb: true }), /TypeError: matmul has no option.*mean "transposeB"/);
  assert.throws(wrong({ transposeA: 1 }), /TypeError: matmul: transposeA must be true or false/);
  assert.throws(wrong({ out: new Float32Array(4) }), /TypeError: matmul: out must be an instance/);
  assert.throws(() => matmul(A, [[1, 2], [3, 4]] as unknown as Matrix), TypeError);
});

Deno.test("matmul() copies values that lie in somebody else's shared memory", () => {
  // At the very places at which this library's own memory has allocations.
  const own = allocFloat32(4);
  const buffer = new SharedArrayBuffer(own.byteOffset + own.byteLength);
  const foreign = new Float32Array(buffer, own.byteOffset, 4);
  own.fill(9);
  foreign.set([1, 2, 3, 4]);
  const A = new Matrix(foreign, 2, 2);
  assert.deepEqual([...matmul(A, A).data], [7, 10, 15, 22]);
  assert.ok(own.every((value) => value === 9));
  freeViews(own);
});
