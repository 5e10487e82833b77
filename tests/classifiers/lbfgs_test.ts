import assert from "node:assert/strict";
import { seededRandom } from "deep-features/base";
import { choleskySolver } from "../../lib/classifiers/engine/cholesky.ts";
import { minimizeLbfgs, type Objective } from "../../lib/classifiers/engine/lbfgs.ts";
import { searchLine } from "../../lib/classifiers/engine/line_search.ts";

/** Rosenbrock's valley in pairs of coordinates; its minimum is 0 at (1, 1, …). */
const rosenbrock: Objective = (x, gradient) => {
  let value = 0;
  for (let i = 0; i < x.length; i += 2) {
    const [a, b] = [x[i]!, x[i + 1]!];
    value += (1 - a) ** 2 + 100 * (b - a * a) ** 2;
    gradient[i] = -2 * (1 - a) - 400 * a * (b - a * a);
    gradient[i + 1] = 200 * (b - a * a);
  }
  return value;
};

/** ½ Σ sizeᵢ (xᵢ − i)². */
function bowl(sizes: readonly number[]): Objective {
  return (x, gradient) => {
    let value = 0;
    sizes.forEach((size, i) => {
      gradient[i] = size * (x[i]! - i);
      value += size * (x[i]! - i) ** 2 / 2;
    });
    return value;
  };
}

Deno.test("minimizeLbfgs finds the bottom of Rosenbrock's valley about as fast as SciPy", async () => {
  const start = Float64Array.from({ length: 10 }, (_, i) => i % 2 === 0 ? -1.2 : 1);
  const { x, reason, evaluations } = await minimizeLbfgs(rosenbrock, start, {
    tol: 1e-8,
    maxIter: 500,
  });
  assert.equal(reason, "gradient");
  x.forEach((value) => assert.ok(Math.abs(value - 1) < 1e-7));
  // scipy.optimize.minimize(method="L-BFGS-B", options={"gtol": 1e-8, "ftol": 0}) needs 46.
  assert.ok(evaluations < 80, `${evaluations}`);
  assert.equal(start[0], -1.2);
});

Deno.test("minimizeLbfgs needs few steps where the preconditioner is the inverse Hessian", async () => {
  const sizes = [1e-4, 1, 300, 1e6];
  const start = new Float64Array(4);
  const plain = await minimizeLbfgs(bowl(sizes), start, { tol: 1e-9, maxIter: 1000 });
  const { x, iterations } = await minimizeLbfgs(bowl(sizes), start, {
    tol: 1e-9,
    maxIter: 1000,
    precondition: (vector) => sizes.forEach((size, i) => vector[i]! /= size),
  });
  assert.equal(iterations, 1);
  assert.ok(plain.iterations > 5);
  x.forEach((value, i) => assert.ok(Math.abs(value - i) < 1e-5));
});

Deno.test("minimizeLbfgs ends at its limit, on a flat floor, and where rounding hides the descent", async () => {
  const start = Float64Array.of(-1.2, 1);
  const limited = await minimizeLbfgs(rosenbrock, start, { tol: 1e-8, maxIter: 3 });
  assert.deepEqual([limited.reason, limited.iterations], ["iterations", 3]);
  const there = await minimizeLbfgs(rosenbrock, Float64Array.of(1, 1), { tol: 1e-8, maxIter: 3 });
  assert.deepEqual([there.reason, there.iterations, there.evaluations], ["gradient", 0, 1]);
  const coarse: Objective = (x, gradient) => Math.fround(1 + rosenbrock(x, gradient));
  const rounded = await minimizeLbfgs(coarse, start, { tol: 1e-300, maxIter: 999, rounding: 1e-7 });
  assert.ok(["rounding", "value"].includes(rounded.reason), rounded.reason);
  assert.ok(Math.abs(rounded.x[0]! - 1) < 1e-3);
});

Deno.test("minimizeLbfgs stops when its listener throws", async () => {
  const run = minimizeLbfgs(rosenbrock, Float64Array.of(-1.2, 1), {
    tol: 1e-8,
    maxIter: 99,
    onIteration: (iteration) => {
      if (iteration === 2) throw new Error("stop at 2");
    },
  });
  await assert.rejects(run, /stop at 2/);
});

Deno.test("searchLine meets the strong Wolfe conditions from first steps far too short and too long", () => {
  const lines: [(t: number) => number, (t: number) => number][] = [
    [(t) => (t - 3) ** 2, (t) => 2 * (t - 3)],
    [(t) => -t / (t * t + 2), (t) => (t * t - 2) / (t * t + 2) ** 2], // Moré & Thuente 1994
    [(t) => Math.exp(t) - 5 * t, (t) => Math.exp(t) - 5],
  ];
  for (const [f, slope] of lines) {
    for (const firstStep of [1e-6, 0.1, 1, 50]) {
      const found = searchLine({
        value: f(0),
        slope: slope(0),
        rounding: 0,
        firstStep,
        at: (step) => ({ step, value: f(step), slope: slope(step) }),
      })!;
      assert.ok(found.value <= f(0) + 1e-4 * found.step * slope(0));
      assert.ok(Math.abs(found.slope) <= 0.9 * Math.abs(slope(0)));
    }
  }
});

Deno.test("searchLine finds nothing uphill or where all is NaN", () => {
  const at = (step: number) => ({ step, value: NaN, slope: NaN });
  const line = { value: 1, rounding: 0, firstStep: 1, at };
  assert.equal(searchLine({ ...line, slope: 2 }), undefined);
  assert.equal(searchLine({ ...line, slope: -2 }), undefined);
});

Deno.test("choleskySolver solves systems with two right-hand sides, as is checked by multiplying", async () => {
  const n = 70, random = seededRandom(5);
  const B = Float64Array.from({ length: n * n }, () => random() - 0.5);
  const A = Float64Array.from({ length: n * n }, (_, k) => {
    const i = Math.floor(k / n), j = k % n;
    let sum = i === j ? 0.1 : 0;
    for (let m = 0; m < n; m++) sum += B[i * n + m]! * B[j * n + m]!;
    return sum;
  });
  const b = Float64Array.from({ length: 2 * n }, () => random());
  const x = Float64Array.from(b);
  (await choleskySolver(Float64Array.from(A), n))(x);
  for (let k = 0; k < 2 * n; k++) {
    const i = k % n, from = k - i;
    let sum = 0;
    for (let j = 0; j < n; j++) sum += A[i * n + j]! * x[from + j]!;
    assert.ok(Math.abs(sum - b[k]!) < 1e-9);
  }
});
