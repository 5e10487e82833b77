import assert from "node:assert/strict";
import { join } from "@std/path";
import { pathToFileURL } from "node:url";
import { Matrix, seededRandom } from "deep-features/base";
import { Svc } from "deep-features/svm";
import { allocate, allocatedBytes } from "../../lib/compute/memory.ts";

const random = seededRandom(4);
const X = new Matrix(Float32Array.from({ length: 900 * 16 }, random), 900, 16);
const y = Int32Array.from({ length: 900 }, (_, i) => i % 3);

Deno.test("Svc keeps its support vectors in the shared memory from one prediction to the next", async () => {
  const svc = await new Svc().fit(X, y);
  const fitted = allocatedBytes();
  const first = await svc.decisionFunction(X);
  const kept = allocatedBytes();
  assert.ok(kept >= fitted + 4 * svc.fitted.supportVectors.data.length);
  assert.deepEqual((await svc.decisionFunction(X)).data, first.data);
  assert.equal(allocatedBytes(), kept);
  await svc.fit(X, y);
  assert.equal(allocatedBytes(), fitted, "a new fit gives the memory back");
  assert.deepEqual((await svc.decisionFunction(X)).data, first.data);
});

Deno.test("Svc gives the memory of its support vectors back when memory is short, and makes it anew", async () => {
  const svc = await new Svc().fit(X, y);
  assert.throws(() => allocate(2 ** 32), /Out of memory/); // what other machines keep is gone now
  const before = allocatedBytes();
  const expected = await svc.predict(X);
  assert.ok(allocatedBytes() > before);
  assert.throws(() => allocate(2 ** 32), /Out of memory/);
  assert.equal(allocatedBytes(), before);
  assert.deepEqual(await svc.predict(X), expected);
});

Deno.test("A prediction goes on with what it began with when the machine is fitted anew meanwhile", async () => {
  const svc = await new Svc().fit(X, y);
  const expected = await svc.decisionFunction(X);
  const others = y.map((label) => (label * 2) % 3);
  let refitted: Promise<unknown> | undefined;
  const onProgress = () => {
    refitted ??= svc.fit(X, others);
    assert.throws(() => allocate(2 ** 32), /Out of memory/);
  };
  const values = await svc.decisionFunction(X, { onProgress });
  await refitted;
  assert.deepEqual(values.data, expected.data);
});

Deno.test("A machine that nobody holds any more gives its memory back", async () => {
  const at = (path: string) => pathToFileURL(join(import.meta.dirname!, "..", "..", path)).href;
  const program = `
    import { Matrix } from "${at("lib/base/mod.ts")}";
    import { Svc } from "${at("lib/svm/mod.ts")}";
    import { allocatedBytes } from "${at("lib/compute/memory.ts")}";
    const X = new Matrix(Float32Array.from({ length: 8000 }, Math.random), 1000, 8);
    const y = Int32Array.from({ length: 1000 }, (_, i) => i % 2);
    await (async () => void await new Svc().fit(X, y))(); // starts the pool
    const before = allocatedBytes();
    await (async () => void await (await new Svc().fit(X, y)).predict(X))();
    const kept = allocatedBytes();
    for (let i = 0; i < 50 && allocatedBytes() > before; i++) {
      globalThis.gc();
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    console.log(kept > before, allocatedBytes() - before);`;
  const { stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["eval", "--no-check", "--v8-flags=--expose-gc", program],
    cwd: join(import.meta.dirname!, "..", ".."),
  }).output();
  assert.equal(
    new TextDecoder().decode(stdout).trim(),
    "true 0",
    new TextDecoder().decode(stderr),
  );
});
