import assert from "node:assert/strict";
import { Matrix, Svc, type SvcOptions } from "deep-features";
import { seededRandom, standardNormal } from "deep-features/base";
import { onThreads } from "../helpers/on_threads.ts";
import type { FittedSvc } from "deep-features/svm";

import { allocatedBytes } from "../../lib/compute/memory.ts";

interface Fit {
  parameters: Record<string, unknown>;
  support: number[];
  nSupport: number[];
  intercept: number[];
  predict: number[];
  ovr: number[][];
  ovo: number[][];
}
interface Case {
  name: string;
  train: number[][];
  y: number[];
  test: number[][];
  fits: Fit[];
}
const cases: Case[] = JSON.parse(
  await Deno.readTextFile(new URL("../fixtures/svm/svc.json", import.meta.url)),
);

function optionsOf({ class_weight, ...rest }: Record<string, unknown>): SvcOptions {
  const options = class_weight ? { ...rest, classWeight: class_weight } : rest;
  return { tol: 1e-6, ...options } as SvcOptions;
}

/** Gaussian clusters in some columns. */
function clusters(n: number, cols: number, classes: number, spread: number, seed: number) {
  const random = seededRandom(seed);
  const centers = Array.from({ length: classes * cols }, () => standardNormal(random));
  const y = Int32Array.from({ length: n }, (_, i) => i % classes);
  const data = Float32Array.from(
    { length: n * cols },
    (_, k) =>
      centers[y[Math.floor(k / cols)]! * cols + k % cols]! +
      spread * standardNormal(random),
  );
  return { X: new Matrix(data, n, cols), y };
}

/** ½ αᵀQα − Σ α over all pairs, by the definition, in float64. */
function dualObjective({ kernel, supportVectors: V, nSupport, dualCoef }: FittedSvc): number {
  const value = (a: Float32Array, b: Float32Array) => {
    let squared = 0;
    for (let k = 0; k < a.length; k++) squared += (a[k]! - b[k]!) ** 2;
    return Math.exp(-kernel.gamma * squared);
  };
  const classOf = Array.from(nSupport).flatMap((count, c) => Array(count).fill(c) as number[]);
  let total = 0;
  for (let a = 0; a < nSupport.length; a++) {
    for (let b = a + 1; b < nSupport.length; b++) {
      const members = classOf.flatMap((c, i) => {
        if (c !== a && c !== b) return [];
        const other = c === a ? b : a;
        const line = other > c ? other - 1 : other;
        const coefficient = dualCoef.data[line * dualCoef.cols + i]!;
        return coefficient === 0 ? [] : [{ i, coefficient }];
      });
      for (const p of members) {
        total -= Math.abs(p.coefficient);
        for (const q of members) {
          total += 0.5 * p.coefficient * q.coefficient *
            value(V.row(p.i), V.row(q.i));
        }
      }
    }
  }
  return total;
}

for (const engine of ["smo", "libsvm"] as const) {
  for (const { name, train, y, test, fits } of cases) {
    Deno.test(`Svc with ${engine} learns what scikit-learn does: ${name}`, async () => {
      const X = Matrix.fromRows(train), Xt = Matrix.fromRows(test);
      for (const fit of fits) {
        const what = JSON.stringify(fit.parameters);
        const svc = new Svc({ ...optionsOf(fit.parameters), engine });
        await svc.fit(X, y);
        const { support, nSupport, intercept, dualCoef } = svc.fitted;
        // With more rows than columns a linear kernel's dual has many solutions; only what they
        // make of a row (the decision values below) is unique.
        if (fit.parameters["kernel"] !== "linear" || X.cols > 10) {
          assert.deepEqual([...support], fit.support, what);
          assert.deepEqual([...nSupport], fit.nSupport, what);
        }
        assert.equal(dualCoef.cols, support.length);
        assert.deepEqual([...await svc.predict(Xt)], fit.predict, what);
        const sign = nSupport.length === 2 ? -1 : 1;
        intercept.forEach((value, p) =>
          assert.ok(Math.abs(sign * value - fit.intercept[p]!) < 2e-3, `${what}: ${value}`)
        );
        for (const shape of ["ovr", "ovo"] as const) {
          const values = await svc.decisionFunction(Xt, { shape });
          fit[shape].forEach((row, i) =>
            row.forEach((value, c) => {
              const ours = values.data[i * values.cols + c]!;
              assert.ok(Math.abs(ours - value) < 2e-3, `${what} ${shape}: ${ours}, not ${value}`);
            })
          );
        }
      }
    });
  }
}

Deno.test("Svc finds the optimum that LIBSVM finds, with a cache far too small for the problem", async () => {
  const { X, y } = clusters(1500, 20, 3, 3, 1);
  const reference = new Svc({ engine: "libsvm", tol: 1e-4 });
  await reference.fit(X, y);
  const expected = dualObjective(reference.fitted);
  for (const cacheMiB of [1400, 3]) {
    const svc = new Svc({ tol: 1e-4, cacheMiB });
    await svc.fit(X, y);
    const objective = dualObjective(svc.fitted);
    const claimed = svc.fitted.dualObjective!.reduce((a, b) => a + b, 0);
    assert.ok(Math.abs(objective / expected - 1) < 1e-6, `${objective}, LIBSVM ${expected}`);
    assert.ok(Math.abs(claimed / objective - 1) < 1e-5);
    const counts = [svc, reference].map((s) => s.fitted.support.length);
    assert.ok(Math.abs(counts[0]! / counts[1]! - 1) < 0.01);
  }
});

/** The decision values of all pairs for a row, by the definition, in float64. */
function decisionsOf(
  { kernel, supportVectors: V, nSupport, dualCoef, intercept }: FittedSvc,
  row: Float32Array,
) {
  const classOf = Array.from(nSupport).flatMap((count, c) => Array(count).fill(c) as number[]);
  const kernelValues = classOf.map((_, i) => {
    let squared = 0;
    row.forEach((value, k) => squared += (value - V.row(i)[k]!) ** 2);
    return Math.exp(-kernel.gamma * squared);
  });
  const decisions: number[] = [];
  for (let a = 0; a < nSupport.length; a++) {
    for (let b = a + 1; b < nSupport.length; b++) {
      let sum = intercept[decisions.length]!;
      classOf.forEach((c, i) => {
        if (c === a) sum += dualCoef.data[(b - 1) * dualCoef.cols + i]! * kernelValues[i]!;
        if (c === b) sum += dualCoef.data[a * dualCoef.cols + i]! * kernelValues[i]!;
      });
      decisions.push(sum);
    }
  }
  return decisions;
}

Deno.test("Svc's decision values are those of the definition, for any number of classes and rows", async () => {
  for (
    const [classes, rows] of [[2, 1], [3, 6], [5, 7], [6, 3], [13, 5], [14, 9], [26, 2]] as const
  ) {
    const { X, y } = clusters(12 * classes, 6, classes, 1, classes);
    const svc = await new Svc().fit(X, y), tests = X.slice(0, rows);
    const values = await svc.decisionFunction(tests, { shape: "ovo" });
    for (let i = 0; i < rows; i++) {
      const expected = decisionsOf(svc.fitted, tests.row(i));
      assert.equal(expected.length, classes * (classes - 1) / 2);
      // With two classes the sign is that of the second.
      const found = classes === 2 ? [-values.row(i)[0]!] : [...values.row(i)];
      found.forEach((value, p) => {
        assert.ok(Math.abs(value - expected[p]!) < 2e-6, `${classes} classes, row ${i}, pair ${p}`);
      });
    }
  }
});

Deno.test("Svc's decision values are those of the definition with more support vectors than are summed at once", async () => {
  // Labels that are chance make nearly every row a support vector; 2,048 of them are summed at once.
  const { X } = clusters(4500, 4, 1, 1, 5), random = seededRandom(6);
  const y = Array.from({ length: X.rows }, () => Math.floor(3 * random()));
  const svc = await new Svc({ gamma: 10 }).fit(X, y), tests = X.slice(100, 140);
  const begins = [0, svc.fitted.nSupport[0]!, svc.fitted.nSupport[0]! + svc.fitted.nSupport[1]!];
  assert.ok(svc.fitted.support.length > 2 * 2048 && !begins.includes(2048));
  const values = await svc.decisionFunction(tests, { shape: "ovo" });
  for (let i = 0; i < tests.rows; i++) {
    const expected = decisionsOf(svc.fitted, tests.row(i));
    values.row(i).forEach((value, p) => {
      // γ|x|² is near 100, of which float32 keeps 6e-6.
      assert.ok(
        Math.abs(value - expected[p]!) < 3e-5,
        `row ${i}, pair ${p}: ${value} ${expected[p]}`,
      );
    });
  }
});

Deno.test("Svc gives the same to the bit for any number of threads", async () => {
  const { X, y } = clusters(600, 10, 4, 2, 2);
  const results = await onThreads([1, 2, 3], async () => {
    const svc = new Svc();
    await svc.fit(X, y);
    return [...svc.fitted.dualCoef.data, ...(await svc.decisionFunction(X)).data].join();
  });
  assert.equal(results[1], results[0]);
  assert.equal(results[2], results[0]);
});

Deno.test("Svc solves LIBSVM's textbook cases: XOR, a constant column, duplicates with two labels", async () => {
  const xor = Matrix.fromRows([[0, 0], [1, 1], [0, 1], [1, 0]]);
  const svc = new Svc({ C: 100, gamma: 1 });
  await svc.fit(xor, [7, 7, -3, -3]);
  assert.deepEqual([...await svc.predict(xor)], [7, 7, -3, -3]);
  assert.equal(await svc.score(xor, [7, 7, -3, 7]), 0.75);

  const constant = Matrix.fromRows([[5, 0], [5, 1], [5, 10], [5, 11]]);
  await svc.fit(constant, [0, 0, 1, 1]);
  assert.deepEqual([...await svc.predict(constant)], [0, 0, 1, 1]);

  const twice = Matrix.fromRows([[0], [0], [0], [1], [1], [1]]);
  await svc.fit(twice, [0, 0, 1, 1, 1, 0]);
  assert.deepEqual([...await svc.predict(twice)], [0, 0, 0, 1, 1, 1]);
  await svc.fit(Matrix.fromRows([[1], [1]]), [0, 1]);
  assert.equal((await svc.predict(Matrix.fromRows([[1]]))).length, 1);
});

Deno.test("Svc solves a case that can be solved by hand: two clouds whose nearest points are (−1, −1) and (1, 1)", async () => {
  // The widest street between them has w = (½, ½), b = 0: α = ¼ for either point, dual objective −¼.
  const X = Matrix.fromRows([[-2, -1], [-1, -1], [-1, -2], [1, 1], [1, 2], [2, 1]]);
  for (const engine of ["smo", "libsvm"] as const) {
    const svc = await new Svc({ kernel: "linear", engine }).fit(X, [1, 1, 1, 2, 2, 2]);
    const { support, nSupport, dualCoef, intercept, dualObjective } = svc.fitted;
    assert.deepEqual([...support], [1, 3]);
    assert.deepEqual([...nSupport], [1, 1]);
    assert.deepEqual([...dualCoef.data], [0.25, -0.25]);
    assert.ok(Math.abs(intercept[0]!) < 1e-12);
    if (dualObjective) assert.ok(Math.abs(dualObjective[0]! + 0.25) < 1e-12);
    const values = await svc.decisionFunction(Matrix.fromRows([[3, 1], [-1, 1]]));
    assert.ok(Math.abs(values.data[0]! - 2) < 1e-6 && Math.abs(values.data[1]!) < 1e-6);
  }
});

Deno.test("Svc reports its progress, stops by the signal, and keeps what it had learned before", async () => {
  const { X, y } = clusters(300, 5, 4, 1, 3);
  const svc = new Svc();
  await svc.fit(X, y);
  const before = await svc.predict(X);
  const seen: number[] = [];
  const controller = new AbortController();
  await assert.rejects(
    svc.fit(X, y, {
      signal: controller.signal,
      onProgress: ({ done, total }) => {
        assert.equal(total, 6);
        seen.push(done);
        controller.abort();
      },
    }),
    { name: "AbortError" },
  );
  assert.ok(seen.length > 0 && seen.length < 6);
  assert.deepEqual(await svc.predict(X), before);
});

Deno.test("Svc hands on what a progress callback throws, and leaves no memory behind", async () => {
  const { X, y } = clusters(200, 5, 4, 1, 3);
  await new Svc().fit(X, y); // starts the pool, which keeps some memory
  const before = allocatedBytes();
  const onProgress = () => {
    throw new Error("from the caller");
  };
  await assert.rejects(new Svc().fit(X, y, { onProgress }), /from the caller/);
  assert.equal(allocatedBytes(), before);
});

Deno.test("Svc warns when maxIter stops it before the tolerance is reached", async () => {
  const { X, y } = clusters(200, 5, 3, 3, 4);
  const warnings: string[] = [];
  const warn = console.warn;
  console.warn = (text: string) => warnings.push(text);
  try {
    await new Svc({ maxIter: 5 }).fit(X, y);
    await new Svc().fit(X, y);
  } finally {
    console.warn = warn;
  }
  assert.equal(warnings.length, 1);
  assert.match(warnings[0]!, /3 of 3 pairs of classes stopped at maxIter = 5/);
});

Deno.test("Svc refuses bad input before any work", async () => {
  const X = Matrix.fromRows([[0, 1], [1, 0], [2, 2]]);
  const y = [0, 1, 1];
  const rejects = (options: SvcOptions, message: RegExp) =>
    assert.rejects(async () => await new Svc(options).fit(X, y), message);
  await rejects({ C: 0 }, /C must be positive, got 0/);
  await rejects({ gamma: -1 }, /gamma must be .* got -1/);
  await rejects({ tol: 0 }, /tol must be positive, got 0/);
  await rejects({ maxIter: 0 }, /maxIter .* got 0/);
  await rejects({ degree: 1.5 }, /degree .* got 1.5/);
  await rejects({ kernel: "laplace" as "rbf" }, /got "laplace"/);
  await rejects({ classWeight: { 1: -2 } }, /weight of class 1 must be positive, got -2/);
  const svc = new Svc();
  await assert.rejects(svc.fit(X, [1, 1, 1]), /one class only: all labels are 1/);
  await assert.rejects(svc.fit(X, [0, 1]), /3 rows have 2 labels/);
  await assert.rejects(svc.fit(X, [0, 1, 0.5]), /Label 0.5 at 2/);
  const broken = Matrix.fromRows([[0, 1], [1, NaN], [2, 2]]);
  await assert.rejects(svc.fit(broken, y), /NaN in row 1, column 1/);
  await assert.rejects(svc.predict(X), /not fitted yet/);
  await svc.fit(X, y);
  await assert.rejects(svc.predict(Matrix.fromRows([[1]])), /X has 1 columns.*fitted with 2/);
  await assert.rejects(svc.predict(Matrix.fromRows([[1, Infinity]])), /Infinity in row 0/);
});

Deno.test("Svc refuses unknown parameters and wrong values when it is made, by name", () => {
  const wrong: [unknown, RegExp][] = [
    [{ c: 10 }, /^TypeError: Svc has no option "c": did you mean "C"\?/],
    [{ coef0: NaN }, /^RangeError: Svc: coef0 must be a finite number, got NaN/],
    [{ coef0: Infinity }, /^RangeError: Svc: coef0 .* got Infinity/],
    [{ coef0: "1" }, /^TypeError: Svc: coef0 .* got "1"/],
    [{ C: "1" }, /^TypeError: Svc: C must be positive, got "1"/],
    [{ tol: Infinity }, /^RangeError: Svc: tol .* got Infinity/],
    [{ classWeight: { 0: NaN } }, /^RangeError: Svc: .*weight of class 0 .* got NaN/],
    [{ classWeight: { 0: "2" } }, /^TypeError: Svc: .*weight of class 0 .* got "2"/],
    [{ classWeight: null }, /^TypeError: Svc: classWeight must be "balanced" or .* got null/],
    [{ classWeight: "balance" }, /^RangeError: Svc: classWeight .* got "balance"/],
    [{ degree: 1e9 }, /^RangeError: Svc: degree must be a whole number from 0 to 100/],
    [{ gamma: "scales" }, /^RangeError: Svc: gamma must be "scale" or "auto" or positive/],
    [{ cacheMiB: 0 }, /^RangeError: Svc: cacheMiB must be positive, got 0/],
    [{ maxIter: Infinity }, /^RangeError: Svc: maxIter .* got Infinity/],
    [null, /^TypeError: Svc: options must be an object, got null/],
  ];
  for (const [options, message] of wrong) {
    assert.throws(() => new Svc(options as SvcOptions), message);
  }
  assert.equal(new Svc({ C: undefined } as unknown as SvcOptions).options.C, 1);
});

Deno.test("Svc refuses weights of classes that there are not, labels that an int32 cannot hold, and what is no matrix", async () => {
  const X = Matrix.fromRows([[0, 1], [1, 0], [2, 2]]), svc = new Svc();
  await assert.rejects(
    new Svc({ classWeight: { 3: 10 } }).fit(X, [0, 1, 1]),
    /^RangeError: Svc: classWeight has class 3, but the classes are 0, 1/,
  );
  await assert.rejects(svc.fit(X, [3e9, 1, 1]), /^RangeError: Label 3000000000 is beyond 32 bits/);
  for (const rows of [{ rows: 3, cols: 2, data: X.data }, null, [[1, 2]]]) {
    await assert.rejects(svc.fit(rows as unknown as Matrix, [0, 1, 1]), /^TypeError: X must be a/);
  }
  const none = undefined as unknown as number[];
  await assert.rejects(svc.fit(X, none), /^TypeError: y must be an array of class labels/);
  await assert.rejects(
    svc.fit(X, [0, 1, 1], { signals: 1 } as object),
    /^TypeError: Svc.fit has no option "signals": did you mean "signal"\?/,
  );
  await svc.fit(X, [0, 1, 1]);
  await assert.rejects(svc.predict(null as unknown as Matrix), /^TypeError: X must be a Matrix/);
  await assert.rejects(svc.score(X, none), /^TypeError: y must be an array/);
  await assert.rejects(
    svc.decisionFunction(X, { shape: "ovx" as "ovo" }),
    /^RangeError: Svc.decisionFunction: shape must be "ovr" or "ovo", got "ovx"/,
  );
});
