// Rows of any scale and place give what scikit-learn makes of the same rows at an ordinary one, or an error.
import assert from "node:assert/strict";
import { GridSearch, Matrix, Svc, type SvcOptions } from "deep-features";
import { rewriteSaved, type SavedParts } from "../helpers/saved_files.ts";

interface Fixture {
  X: number[][];
  y: number[];
  test: number[][];
  fits: { parameters: SvcOptions; predict: number[]; values: number[][] }[];
}
const { X, y, test, fits }: Fixture = JSON.parse(
  await Deno.readTextFile(new URL("../fixtures/svm/scales.json", import.meta.url)),
);
const times = (rows: number[][], factor: number, shift = 0) =>
  Matrix.fromRows(rows.map((row) => row.map((value) => value * factor + shift)));
const SCALES = [1, 1e20, 1e-22, 1e37, 1e-36, 12345, 1e9, 1e-10];

/** Decision values as near as float32 kernel values bring them. */
function assertNear(values: Matrix, expected: number[][], what: string): void {
  expected.flat().forEach((value, k) => {
    const ours = values.data[k]!;
    assert.ok(
      Math.abs(ours - value) < 2e-3 * Math.max(1, Math.abs(value)),
      `${what}: ${ours}, ${value}`,
    );
  });
}

for (const engine of ["smo", "libsvm"] as const) {
  for (
    const { parameters, predict, values } of fits.filter((f) => f.parameters.kernel !== "linear")
  ) {
    const name = JSON.stringify(parameters);
    Deno.test(`Svc with ${engine} learns the same from rows of any scale: ${name}`, async () => {
      for (const scale of SCALES) {
        const svc = await new Svc({ ...parameters, tol: 1e-6, engine }).fit(times(X, scale), y);
        const rows = times(test, scale);
        const what = `${name} at ${scale}`;
        assert.deepEqual([...await svc.predict(rows)], predict, what);
        assertNear(await svc.decisionFunction(rows, { shape: "ovo" }), values, what);
      }
    });
  }
}

Deno.test("Svc with a linear kernel learns the same wherever the origin is, and from rows of any scale with C to it", async () => {
  for (const engine of ["smo", "libsvm"] as const) {
    for (
      const { parameters, predict, values } of fits.filter((f) => f.parameters.kernel === "linear")
    ) {
      for (
        const [scale, shift] of [[1, 0], [1, 1000], [64, -1e6], [1e15, 0], [1e-15, 0]] as const
      ) {
        const C = parameters.C ?? 1;
        const options = { ...parameters, C: C / scale ** 2, tol: 1e-6, engine };
        const svc = await new Svc(options).fit(times(X, scale, shift), y);
        const what = `${JSON.stringify(parameters)}, ${engine}, ${scale}, ${shift}`;
        const rows = times(test, scale, shift);
        if (shift === 0) {
          assert.deepEqual([...await svc.predict(rows)], predict, what);
          // Where no row is free, LIBSVM's offset hangs on how its last step was rounded.
          if (engine === "libsvm" && scale !== 1) continue;
          assertNear(await svc.decisionFunction(rows, { shape: "ovo" }), values, what);
        } else {
          // The shift rounds the rows themselves: 1e-4 of their spread.
          const predicted = await svc.predict(rows);
          const right = predict.filter((label, i) => label === predicted[i]).length;
          assert.ok(right >= predict.length - 1, `${what}: ${right}`);
        }
      }
    }
    const two = await new Svc({ kernel: "linear", engine }).fit(
      Matrix.fromRows([[1, 99999], [2, 99999]]),
      [0, 1],
    );
    assert.deepEqual([...await two.predict(Matrix.fromRows([[1, 99999], [2, 99999]]))], [0, 1]);
    for (const shift of [100_000, -100_000, 1e7]) {
      const line = Matrix.fromRows(Array.from({ length: 200 }, (_, i) => [shift + i]));
      const half = Array.from({ length: 200 }, (_, i) => i < 100 ? 0 : 1);
      const svc = await new Svc({ kernel: "linear", engine }).fit(line, half);
      assert.equal(await svc.score(line, half), 1);
    }
  }
});

Deno.test("Svc with a linear kernel ends on rows far from the origin, and so does its grid search", async () => {
  const rows = Matrix.fromRows(Array.from({ length: 300 }, (_, i) => [1000 + i / 100, i % 7]));
  const half = Array.from({ length: 300 }, (_, i) => i < 150 ? 0 : 1);
  assert.ok(await (await new Svc({ kernel: "linear" }).fit(rows, half)).score(rows, half) > 0.97);
  const search = new GridSearch((p: SvcOptions) => new Svc({ kernel: "linear", ...p }), {
    C: [1, 10],
  }, { folds: 3 });
  assert.ok((await search.fit(rows, half)).bestScore > 0.97);
});

Deno.test("Svc separates clouds at ± 1e20 and ± 1e-22, by grid search as well, and is kept by Svc.save()", async () => {
  const half = X.map((_, i) => i % 2);
  const clouds = (scale: number) =>
    Matrix.fromRows(X.map((row, i) => row.map((v) => scale * (0.1 * v + (i % 2 ? 1 : -1)))));
  for (
    const [scale, options] of [
      [1e20, {}],
      [1e-22, {}],
      [1e20, { kernel: "linear" }],
      [1e5, { kernel: "poly", gamma: 1, degree: 5 }],
      [1e-10, { kernel: "sigmoid" }],
    ] as [number, SvcOptions][]
  ) {
    const rows = clouds(scale), what = JSON.stringify([scale, options]);
    const svc = await new Svc(options).fit(rows, half);
    assert.equal(await svc.score(rows, half), 1, what);
    const path = await Deno.makeTempFile();
    try {
      await svc.save(path);
      const loaded = await Svc.load(path);
      assert.deepEqual(await loaded.decisionFunction(rows), await svc.decisionFunction(rows), what);
    } finally {
      await Deno.remove(path);
    }
    const search = new GridSearch((p: SvcOptions) => new Svc({ ...options, ...p }), { C: [1, 2] }, {
      folds: 3,
    });
    assert.equal((await search.fit(rows, half)).bestScore, 1, what);
  }
});

Deno.test("Svc refuses what float32 kernel values cannot tell apart, before any work", async () => {
  const refused: [SvcOptions, Matrix, RegExp][] = [
    [
      { kernel: "linear" },
      times(X, 1e-22),
      /linear kernel's values are at most .* too small for C = 1/,
    ],
    [
      { gamma: 1 },
      times(X, 1e-22),
      /rbf kernel with gamma = 1 .* tells no rows apart: raise gamma/,
    ],
    [{ gamma: 1 }, times(X, 1e20), /rbf kernel with gamma = 1 .* tells no rows alike: lower gamma/],
    [{ kernel: "sigmoid", gamma: 1 }, times(X, 1e-22), /sigmoid kernel .* scale the columns/],
    [{ kernel: "sigmoid", gamma: 1 }, times(X, 1e30), /sigmoid kernel .* scale the columns/],
    [{ kernel: "poly" }, times(X, 1, 1e5), /poly kernel .* too far from these rows: subtract the/],
    [
      { kernel: "poly", coef0: 1e9 },
      times(X, 1),
      /poly kernel .* coef0 = 1000000000 tells no rows/,
    ],
    [{ kernel: "poly", gamma: 1, degree: 100 }, times(X, 1e9), /degree = 100 has values near/],
    [{ kernel: "poly", gamma: 1 }, times(X, 1e-22), /poly kernel .* too small for C = 1/],
  ];
  for (const engine of ["smo", "libsvm"] as const) {
    for (const [options, rows, message] of refused) {
      const fit = new Svc({ ...options, engine }).fit(rows, y);
      await assert.rejects(fit, { name: "RangeError", message });
    }
  }
  const grid = new GridSearch((p: SvcOptions) => new Svc(p), { gamma: [1, 2] });
  await assert.rejects(grid.fit(times(X, 1e20), y), /tells no rows alike/);
  for (const kernel of ["rbf", "linear", "poly"] as const) {
    const svc = await new Svc({ kernel }).fit(times(X, 1), y);
    await assert.rejects(svc.predict(times(test, 1e37)), /far outside what was learned from/);
  }
});

Deno.test("Svc refuses a cache that would make it load the same kernel values over and over", async () => {
  const rows = new Matrix(Float32Array.from({ length: 1500 }, (_, i) => Math.sin(i * i)), 1500, 1);
  const labels = Array.from({ length: 1500 }, (_, i) => i % 2);
  await assert.rejects(
    new Svc({ cacheMiB: 1 }).fit(rows, labels),
    /^RangeError: Svc: cacheMiB = 1 is too little for two classes of 750 and 750 rows: need 4\.39/,
  );
});

Deno.test("Svc with engine libsvm has no maxIter, and says so", () => {
  assert.throws(
    () => new Svc({ engine: "libsvm", maxIter: 5 }),
    /^RangeError: Svc: engine "libsvm" has a limit of steps of its own, got maxIter = 5/,
  );
});

Deno.test("Svc.load() keeps an unlimited cache, and refuses a header that no machine can have", async () => {
  const path = await Deno.makeTempFile();
  try {
    const svc = await new Svc({ cacheMiB: Infinity }).fit(times(X, 1), y);
    await svc.save(path);
    assert.equal((await Svc.load(path)).options.cacheMiB, Infinity);
    const n = svc.fitted.support.length;
    const fields = (change: object) => ({ rest }: SavedParts) => Object.assign(rest.facts, change);
    const kernel = (change: object) => fields({ kernel: { ...svc.fitted.kernel, ...change } });
    const values = (name: string, ...numbers: number[]) => ({ rest, arrays }: SavedParts) => {
      const kind = name === "intercept" ? Float64Array : Int32Array;
      arrays[name] = new Uint8Array(kind.from(numbers).buffer);
      shape(name, numbers.length)({ rest, arrays });
    };
    const shape = (name: string, ...sizes: unknown[]) => ({ rest }: SavedParts) => {
      rest.arrays.find((array: { name: string }) => array.name === name).shape = sizes;
    };
    const bits = (name: string) => ({ arrays }: SavedParts) =>
      new DataView(arrays[name]!.buffer).setFloat32(0, NaN, true);
    const changes: [(parts: SavedParts) => void, RegExp][] = [
      [values("nSupport", 1e9, 1, 1), /nSupport is 1000000000,1,1 for 3 classes/],
      [values("nSupport", n, 0), /nSupport/],
      [values("nSupport", n + 1, 0, -1), /nSupport/],
      [values("intercept", 0, NaN, 0), /intercept must be finite, but holds NaN/],
      [values("intercept", 0), /1 intercepts for 3 classes/],
      [values("support", -1, ...svc.fitted.support.slice(1)), /a row number is negative/],
      [kernel({ kernel: "laplace" }), /kernel: kernel must be .* got "laplace"/],
      [kernel({ gamma: null }), /gamma must be positive, got null/],
      [kernel({ degree: 1e9 }), /degree must be/],
      [fields({ kernel: null }), /kernel must be/],
      [values("classes", 2, 1, 0), /classes must be two or more, rising/],
      [values("classes", 1), /classes must be two or more, rising/],
      [({ rest }) => rest.arrays.shift(), /classes is missing/],
      [shape("supportVectors", 1e9, 4), /bytes of values, not/],
      [shape("supportVectors", -n, -4), /the shape of supportVectors is/],
      [shape("supportVectors", 4 * n), /the shape of supportVectors is/],
      [({ rest }) => rest.options.C = -1, /C must be positive, got -1/],
      [({ rest }) => rest.options = { c: 1 }, /no option "c"/],
      [({ rest }) => rest.options = null, /options must be/],
      [fields({ scaling: { rows: 0, values: 1 } }), /scaling must be two positive factors/],
      [fields({ extra: 1 }), /no option "extra"/],
      [bits("supportVectors"), /is damaged: supportVectors must be finite/],
      [bits("dualCoef"), /is damaged: dualCoef must be finite/],
    ];
    for (const [change, message] of changes) {
      await svc.save(path);
      await rewriteSaved(path, change, (name) => /objective|intercept/i.test(name) ? 8 : 4);
      await assert.rejects(Svc.load(path), { name: "RangeError", message });
    }
    await assert.rejects(svc.save(Deno.cwd()), /it is a folder/);
  } finally {
    await Deno.remove(path);
  }
});
