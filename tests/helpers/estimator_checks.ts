/**
 * What every classifier here must do, as scikit-learn's `check_estimator` holds its own to.
 *
 * @module
 */
import assert from "node:assert/strict";
import { join } from "@std/path";
import { Matrix, type RunOptions } from "deep-features";
import { type Classifier, seededRandom, standardNormal } from "deep-features/base";
import { jupyterDisplay } from "../../lib/base/display.ts";
import type { Shown } from "../../lib/base/show.ts";
import { allocatedBytes } from "../../lib/compute/memory.ts";

/** A classifier to be checked. */
export interface Checked {
  readonly name: string;
  /** A new estimator; small and quick. */
  readonly create: () => Classifier & { save(path: string): Promise<void> };
  /** Its class's `load`. */
  readonly load: (path: string) => Promise<Classifier>;
  /** Decision values or probabilities, if it has some. */
  readonly decide?: (estimator: Classifier, X: Matrix) => Promise<Matrix>;
  /** Hands options on to the constructor, for the check of unknown ones. */
  readonly construct?: (options: object) => unknown;
}

/** Three clouds that any classifier tells apart. */
function clouds(rows: number, seed: number, cols = 4): { X: Matrix; codes: number[] } {
  const random = seededRandom(seed);
  const codes = Array.from({ length: rows }, (_, i) => i % 3);
  const X = Matrix.fromRows(
    codes.map((code) =>
      Array.from({ length: cols }, (_, c) => standardNormal(random) + (c % 3 === code ? 9 : 0))
    ),
  );
  return { X, codes };
}

/** One test for each thing that a classifier must do. */
export function checkEstimator({ name, create, construct, load, decide }: Checked): void {
  const { X, codes } = clouds(60, 1);
  const { X: Xt, codes: codesT } = clouds(30, 2);

  Deno.test(`${name} learns what is easy, returns itself, and scores`, async () => {
    const estimator = create();
    assert.equal(await estimator.fit(X, codes), estimator);
    const predicted = await estimator.predict(Xt);
    assert.ok(predicted instanceof Int32Array);
    assert.deepEqual([...predicted], codesT);
    assert.equal(await estimator.score(Xt, codesT), 1);
    assert.equal(await estimator.score(Xt, codesT.map((code, i) => i < 6 ? 7 : code)), 24 / 30);
    assert.deepEqual([...estimator.fitted.classes], [0, 1, 2]);
    // Of one row as of many, of a view as of a copy.
    assert.deepEqual([...await estimator.predict(Xt.slice(3, 4))], [codesT[3]]);
    assert.deepEqual([...await estimator.predict(Xt.slice(5))], codesT.slice(5));
    assert.deepEqual([...await estimator.predict(Xt.slice(0, 0))], []);
  });

  Deno.test(`${name} says that it is not fitted, in every place`, async () => {
    const estimator = create();
    const message = new RegExp(`This ${name} is not fitted yet: call fit\\(X, y\\) first`);
    await assert.rejects(estimator.predict(Xt), message);
    await assert.rejects(estimator.score(Xt, codesT), message);
    assert.throws(() => estimator.fitted, message);
  });

  Deno.test(`${name} takes classes of any whole numbers, as arrays of any kind`, async () => {
    const plain = create();
    await plain.fit(X, codes);
    const expected = [...await plain.predict(Xt)];
    for (
      const labels of [[-1, 0, 1], [5, 6, 7], [-7, 40, 3], [2 ** 31 - 1, -(2 ** 31), 0], [
        9,
        10,
        100,
      ]]
    ) {
      // In rising order, so that classes keep their places.
      const own = [...labels].sort((a, b) => a - b);
      const y = codes.map((code) => own[code]!);
      for (const list of [y, Int32Array.from(y), Float64Array.from(y)]) {
        const estimator = create();
        await estimator.fit(X, list);
        assert.deepEqual([...estimator.fitted.classes], own);
        assert.deepEqual([...await estimator.predict(Xt)], expected.map((code) => own[code]!));
      }
    }
    const bytes = create();
    await bytes.fit(X, Uint8Array.from(codes));
    assert.deepEqual([...await bytes.predict(Xt)], expected);
  });

  Deno.test(`${name} takes one column, constant columns, duplicate rows and two rows`, async () => {
    const line = Matrix.fromRows(codes.map((code, i) => [10 * code + i / 100]));
    const one = create();
    await one.fit(line, codes.map((code) => code === 0 ? 0 : 1));
    assert.equal(await one.score(line, codes.map((code) => code === 0 ? 0 : 1)), 1);
    const constant = Matrix.fromRows(codes.map((code) => [7, 4 * code, 7]));
    const among = create();
    await among.fit(constant, codes);
    assert.equal(await among.score(constant, codes), 1);
    // Equal rows of different classes cannot be told apart: any class will do, but the same for all.
    const same = new Matrix(new Float32Array(60 * 2).fill(3), 60, 2);
    const alike = create();
    await alike.fit(same, codes);
    assert.equal(new Set(await alike.predict(same)).size, 1);
    const often = X.takeRows(Array.from({ length: 180 }, (_, i) => i % 60));
    const copies = create();
    await copies.fit(often, Array.from({ length: 180 }, (_, i) => codes[i % 60]!));
    assert.equal(await copies.score(Xt, codesT), 1);
  });

  Deno.test(`${name} repeats itself, and learns anew at each fit`, async () => {
    const first = create(), second = create();
    await first.fit(X, codes);
    await second.fit(clouds(33, 8, 2).X, clouds(33, 8, 2).codes.map((code) => code === 1 ? 4 : 9));
    await second.fit(X, codes);
    const hard = clouds(90, 5).X;
    hard.data.forEach((value, i) => hard.data[i] = value / 2 + 2);
    assert.deepEqual(await second.predict(hard), await first.predict(hard));
    assert.deepEqual(await first.predict(hard), await first.predict(hard));
  });

  Deno.test(`${name} leaves its input and its options as they were, and gives memory back`, async () => {
    const rows = X.data.slice(), labels = [...codes], tested = Xt.data.slice();
    const estimator = create(), options = structuredClone(estimator.options);
    await estimator.fit(X, codes);
    await estimator.predict(Xt);
    const before = allocatedBytes();
    await estimator.fit(X, codes);
    await estimator.predict(Xt);
    await estimator.score(Xt, codesT);
    assert.equal(allocatedBytes(), before);
    assert.deepEqual(X.data, rows);
    assert.deepEqual(Xt.data, tested);
    assert.deepEqual(codes, labels);
    assert.deepEqual(estimator.options, options);
  });

  Deno.test(`${name} refuses wrong kinds by a TypeError that says what is wanted`, async () => {
    const estimator = create();
    const plain = { data: X.data, rows: X.rows, cols: X.cols };
    const kinds = [undefined, null, plain, [[1, 2], [3, 4]], X.data, "X", 3];
    const wantsMatrix = { name: "TypeError", message: /X must be a Matrix, got/ };
    for (const wrong of kinds as unknown as Matrix[]) {
      await assert.rejects(estimator.fit(wrong, codes), wantsMatrix);
    }
    const lists = [undefined, null, { 0: 1 }, "012", 3, X, new Map()];
    for (const wrong of lists as unknown as number[][]) {
      await assert.rejects(estimator.fit(X, wrong), {
        name: "TypeError",
        message: /y must be an array of class labels/,
      });
    }
    const elements = [
      codes.map(String),
      codes.map(BigInt),
      codes.map((code) => code > 0),
      [...codes.slice(1), null],
      codes.map((code) => [code]),
      new Array(60),
    ];
    for (const wrong of elements as unknown as number[][]) {
      await assert.rejects(estimator.fit(X, wrong), { name: "TypeError", message: /^Label / });
    }
    await estimator.fit(X, codes);
    for (const wrong of kinds as unknown as Matrix[]) {
      await assert.rejects(estimator.predict(wrong), wantsMatrix);
      await assert.rejects(estimator.score(wrong, codes), wantsMatrix);
    }
    await assert.rejects(estimator.score(Xt, undefined as unknown as number[]), TypeError);
    await assert.rejects(estimator.score(Xt, codesT.map(String) as unknown as number[]), TypeError);
  });

  Deno.test(`${name} refuses wrong values by a RangeError, and stays as it was`, async () => {
    const estimator = create();
    await estimator.fit(X, codes);
    const before = await estimator.predict(Xt);
    const rejects = (X: Matrix, y: ArrayLike<number>, message: RegExp) =>
      assert.rejects(estimator.fit(X, y), { name: "RangeError", message });
    const sized = (rows: number, cols: number) =>
      new Matrix(new Float32Array(rows * cols), rows, cols);
    await rejects(X, codes.slice(1), /60 rows have 59 labels/);
    await rejects(X, [], /60 rows have 0 labels/);
    await rejects(sized(0, 4), [], /0 × 4/);
    await rejects(sized(6, 0), [0, 1, 2, 0, 1, 2], /6 × 0/);
    await rejects(sized(0, 0), [], /0 × 0/);
    await rejects(X, codes.map(() => 5), /one class only.*5/);
    await rejects(X.slice(0, 1), [3], /one class only.*3/);
    for (const value of [NaN, Infinity, -Infinity]) {
      const bad = new Matrix(X.data.slice(), X.rows, X.cols);
      bad.data[9] = value;
      await rejects(bad, codes, new RegExp(`X holds ${value} in row 2, column 1`));
      await assert.rejects(estimator.predict(bad), { name: "RangeError" });
      await rejects(X, [value, ...codes.slice(1)], new RegExp(`Label ${value} at 0`));
    }
    await rejects(X, [0.5, ...codes.slice(1)], /Label 0.5 at 0/);
    await rejects(X, [3e9, ...codes.slice(1)], /Label 3000000000 is beyond 32 bits/);
    await assert.rejects(estimator.predict(sized(3, 5)), /5 columns.*fitted with 4/);
    await assert.rejects(estimator.predict(sized(3, 0)), /0 columns.*fitted with 4/);
    await assert.rejects(estimator.score(Xt, codesT.slice(1)), /30 rows have 29 labels/);
    assert.deepEqual(await estimator.predict(Xt), before);
  });

  Deno.test(`${name} shows itself in a notebook and in console.log: its parameters, and what it learned`, async () => {
    const estimator = create() as Classifier & Shown;
    const options = Object.keys(estimator.options);
    for (const isFitted of [false, true]) {
      if (isFitted) await estimator.fit(X, codes.map((code) => 5 + code));
      const bundle = estimator[jupyterDisplay](), line = Deno.inspect(estimator);
      const text = bundle["text/plain"] as string, html = bundle["text/html"] as string;
      assert.ok(text.split("\n").length <= 20, text);
      assert.match(html, new RegExp(`^<table><caption>${name}</caption>`));
      assert.ok(line.startsWith(`${name} { `) && !line.includes("\n") && line.length < 500, line);
      for (const option of options) {
        for (const shown of [text, html, line]) assert.ok(shown.includes(option), option);
      }
      for (const shown of [text, html, line]) {
        assert.match(shown, isFitted ? /5, 6, 7/ : /not yet/);
      }
    }
  });

  Deno.test(`${name} is saved and loaded: what was learned, predictions and options are the same to the bit`, async () => {
    const folder = await Deno.makeTempDir(), path = join(folder, "classifier");
    try {
      for (const own of [[0, 1, 2], [-3, 40, 40], [-(2 ** 31), 0, 2 ** 31 - 1]]) {
        const estimator = create(), hard = clouds(90, 5).X;
        hard.data.forEach((value, i) => hard.data[i] = value / 2 + 2);
        await estimator.fit(X, codes.map((code) => own[code]!));
        await estimator.save(path);
        const loaded = await load(path);
        assert.equal(loaded.constructor, estimator.constructor);
        assert.deepEqual(loaded.options, estimator.options);
        assert.deepEqual(loaded.fitted, estimator.fitted);
        assert.deepEqual(await loaded.predict(hard), await estimator.predict(hard));
        if (decide) assert.deepEqual(await decide(loaded, hard), await decide(estimator, hard));
        // It learns anew like any other.
        await loaded.fit(X, codes);
        assert.equal(await loaded.score(Xt, codesT), 1);
      }
      assert.deepEqual([...Deno.readDirSync(folder)].map((entry) => entry.name), ["classifier"]);
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  });

  Deno.test(`${name} saves nothing unfitted, and refuses damaged, foreign and other files by name`, async () => {
    const folder = await Deno.makeTempDir(), path = join(folder, "classifier");
    const refused = (message: RegExp) =>
      assert.rejects(load(path), (error: Error) => {
        assert.equal(error.name, "RangeError");
        assert.match(error.message, message);
        assert.ok(error.message.startsWith(path), error.message);
        return true;
      });
    try {
      const message = new RegExp(`This ${name} is not fitted yet: call fit\\(X, y\\) first`);
      await assert.rejects(create().save(path), message);
      await assert.rejects(load(path), Deno.errors.NotFound);
      for (const wrong of [undefined, 3, ""] as unknown as string[]) {
        await assert.rejects(load(wrong), { name: "TypeError", message: /must be a path, got/ });
      }
      const estimator = create();
      await estimator.fit(X, codes);
      await assert.rejects(estimator.save(folder), {
        name: "TypeError",
        message: /it is a folder/,
      });
      await estimator.save(path);
      const bytes = await Deno.readFile(path), text = new TextDecoder().decode(bytes);
      const lines = text.split("\n", 1)[0]!.length + 1;
      // A flipped bit anywhere, a lost end, a longer end.
      for (let step = 0; step < 40; step++) {
        const broken = bytes.slice(), at = Math.floor(step / 40 * bytes.length);
        broken[at]! ^= 1 << step % 8;
        await Deno.writeFile(path, broken);
        await refused(
          at < lines ? /does not hold an? |is damaged: its digest/ : /is damaged: its digest/,
        );
      }
      for (
        const broken of [bytes.slice(0, -1), new Uint8Array([...bytes, 0]), bytes.slice(0, lines)]
      ) {
        await Deno.writeFile(path, broken);
        await refused(/is damaged: its digest/);
      }
      for (
        const foreign of ["", "\n", "null\n", "{}\n{}\n", "something else", "\xff".repeat(999)]
      ) {
        await Deno.writeTextFile(path, foreign);
        await refused(new RegExp(`does not hold an? ${name}$`));
      }
      await Deno.writeTextFile(
        path,
        text.slice(0, lines).replace(/classifier-\d+/, "classifier-0"),
      );
      await refused(/of this version: its format is deep-features-classifier-0, not/);
      // The class stands in the first line.
      const other = name === "Svc" ? "LinearSvc" : "Svc";
      const line = new TextEncoder().encode(
        text.slice(0, lines).replace(`"${name}"`, `"${other}"`),
      );
      await Deno.writeFile(path, await new Blob([line, bytes.slice(lines)]).bytes());
      await refused(
        new RegExp(`not hold an? ${name}, but a fitted ${other}: load it by ${other}.load`),
      );
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  });

  if (construct) {
    Deno.test(`${name} refuses options that it does not know, with the nearest name`, async () => {
      assert.throws(() => construct({ color: 1 }), {
        name: "TypeError",
        message: new RegExp(`${name} has no option "color"`),
      });
      for (const known of Object.keys(create().options)) {
        assert.throws(() => construct({ [`${known}s`]: 1 }), new RegExp(`did you mean "${known}"`));
        assert.throws(() => construct({ [known]: null }), TypeError);
        construct({ [known]: undefined });
      }
      for (const wrong of [null, 3, "C", [1]]) {
        assert.throws(() => construct(wrong as object), TypeError);
      }
      const estimator = create(), options = { onprogress: () => {} } as RunOptions;
      await assert.rejects(estimator.fit(X, codes, options), /did you mean "onProgress"/);
      await estimator.fit(X, codes);
      await assert.rejects(estimator.predict(X, options), /did you mean "onProgress"/);
      await assert.rejects(estimator.score(X, codes, options), /did you mean "onProgress"/);
    });
  }

  Deno.test(`${name} stops by the signal and stays as it was`, async () => {
    const estimator = create();
    await estimator.fit(X, codes);
    const before = await estimator.predict(Xt), memory = allocatedBytes();
    const other = codes.map((code) => 2 - code);
    const aborted = { name: "AbortError" };
    const signal = AbortSignal.abort();
    await assert.rejects(estimator.fit(X, other, { signal }), aborted);
    await assert.rejects(estimator.predict(Xt, { signal }), aborted);
    await assert.rejects(estimator.score(Xt, codesT, { signal }), aborted);
    const failing = () => {
      throw new Error("from the caller");
    };
    await assert.rejects(estimator.fit(X, other, { onProgress: failing }), /from the caller/);
    assert.deepEqual(await estimator.predict(Xt), before);
    assert.equal(allocatedBytes(), memory);
  });
}
