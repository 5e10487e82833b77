import assert from "node:assert/strict";
import { Matrix } from "deep-features";
import { assertFinite, jupyterDisplay } from "deep-features/base";
import { assertMatrix } from "../../lib/base/matrix.ts";

Deno.test("Matrix.fromRows() lays rows out one after the other", () => {
  const X = Matrix.fromRows([[1, 2, 3], [4, 5, 6]]);
  assert.deepEqual([X.rows, X.cols], [2, 3]);
  assert.deepEqual([...X.data], [1, 2, 3, 4, 5, 6]);
  assert.deepEqual([...X.row(1)], [4, 5, 6]);
});

Deno.test("Matrix.takeRows() follows the order of the indices and may repeat a row", () => {
  const X = Matrix.fromRows([[1], [2], [3]]).takeRows([2, 0, 2]);
  assert.deepEqual([...X.data], [3, 1, 3]);
});

Deno.test("Matrix says what is wrong with its arguments", () => {
  assert.throws(() => new Matrix(new Float32Array(5), 2, 3), /2 × 3 Matrix from 5 values: need 6/);
  assert.throws(() => Matrix.fromRows([[1], [1, 2]]), /row 1 has 2 values, row 0 has 1/);
  assert.throws(() => Matrix.fromRows([[1]]).row(1), /row 1 of a matrix of 1 rows/);
});

Deno.test("Matrix.fromRows() takes numbers alone, in rows", () => {
  const make = (rows: unknown) => () => Matrix.fromRows(rows as number[][]);
  assert.throws(make([[1, "2"]]), { name: "TypeError", message: /row 0, column 1 is "2"/ });
  assert.throws(make([[1], [2n]]), { name: "TypeError", message: /row 1, column 0 is 2/ });
  assert.throws(make([1, 2]), { name: "TypeError", message: /row 0 is 1, not an array/ });
  assert.throws(make({ a: 1 }), { name: "TypeError", message: /rows must be an array/ });
  assert.throws(make(new Array(2)), TypeError);
  assert.throws(() => new Matrix([1] as unknown as Float32Array, 1, 1), /Float32Array, got \[1\]/);
  assert.deepEqual([...Matrix.fromRows([new Float64Array([1, 2])]).data], [1, 2]);
});

Deno.test("A Matrix shows its shape and its first rows in a notebook", () => {
  const small = Matrix.fromRows([[1, 0.1], [NaN, -2]])[jupyterDisplay]();
  assert.equal(small["text/plain"], "Matrix of 2 rows × 2 columns\n1  0.1\nNaN  -2");
  const large = new Matrix(new Float32Array(9000), 100, 90)[jupyterDisplay]();
  assert.equal((large["text/plain"] as string).split("\n").length, 7);
  assert.match(large["text/html"] as string, /100 rows × 90 columns.*<td>0<\/td><td>…<\/td><\/tr>/);
  assert.ok(new Matrix(new Float32Array(0), 0, 3)[jupyterDisplay]());
});

Deno.test("assertMatrix() says what it got and how a matrix is made", () => {
  assertMatrix(Matrix.fromRows([[1]]));
  const message = (X: unknown) => {
    try {
      assertMatrix(X);
    } catch (error) {
      assert.ok(error instanceof TypeError);
      return error.message;
    }
    throw new Error("accepted");
  };
  assert.match(message([[1, 2]]), /X must be a Matrix, got an array of rows: .*Matrix\.fromRows/);
  assert.match(message({ data: [], rows: 1, cols: 0 }), /got a plain object: .*new Matrix\(/);
  assert.match(message(null), /got null/);
  assert.match(message(undefined), /got undefined/);
  assert.match(message(new Float32Array(3)), /class Float32Array/);
});

Deno.test("assertFinite() names the row and the column", () => {
  assertFinite(Matrix.fromRows([[1, 2]]));
  assert.throws(() => assertFinite(Matrix.fromRows([[1, 2], [3, NaN]])), /NaN in row 1, column 1/);
});

Deno.test("Matrix.slice() takes rows as Array.prototype.slice does, without copying", () => {
  const X = Matrix.fromRows([[0, 1], [2, 3], [4, 5]]);
  for (
    const [begin, end] of [[0, 2], [1, 3], [1, 99], [-2, 3], [0, -1], [2, 1], [9, 10], [
      -9,
      1,
    ]] as const
  ) {
    const expected = [0, 1, 2].slice(begin, end).flatMap((i) => [2 * i, 2 * i + 1]);
    const part = X.slice(begin, end);
    assert.deepEqual([...part.data], expected);
    assert.equal(part.rows, expected.length / 2);
  }
  X.slice(1).row(0)[0] = 9;
  assert.equal(X.row(1)[0], 9);
});
