import assert from "node:assert/strict";
import { join } from "@std/path";
import { Matrix } from "deep-features";
import { loadNpy, saveNpy } from "deep-features/dataset";

interface Fixture {
  name: string;
  base64: string;
  shape: number[];
  /** The values, row by row, as texts. */
  values: string[];
}
const fixtures: Fixture[] = JSON.parse(
  await Deno.readTextFile(new URL("../fixtures/dataset/npy.json", import.meta.url)),
);
const fromBase64 = (text: string) => Uint8Array.from(atob(text), (byte) => byte.charCodeAt(0));

for (const { name, base64, shape, values } of fixtures) {
  Deno.test(`loadNpy reads what numpy.save wrote: ${name}`, async () => {
    const array = await loadNpy(fromBase64(base64));
    assert.deepEqual(array.shape, shape);
    assert.deepEqual(Array.from(array.data, Number), values.map(Number));
    if (typeof array.data[0] === "bigint") assert.deepEqual(Array.from(array.data, String), values);
  });
}

Deno.test("saveNpy writes the same bytes as numpy.save", async () => {
  const folder = await Deno.makeTempDir();
  try {
    const path = join(folder, "a.npy");
    let count = 0;
    for (const { name, base64 } of fixtures) {
      if (!name.startsWith("plain")) continue;
      const bytes = fromBase64(base64);
      await saveNpy(path, await loadNpy(bytes));
      assert.deepEqual(await Deno.readFile(path), bytes, name);
      count++;
    }
    assert.equal(count, 11);
    const X = Matrix.fromRows([[1, 2], [3, 4], [5, 6]]);
    await saveNpy(path, X.slice(1));
    const { data, shape } = await loadNpy(path);
    assert.deepEqual([...data], [3, 4, 5, 6]);
    assert.deepEqual(shape, [2, 2]);
    assert.ok(data instanceof Float32Array);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("loadNpy and saveNpy name what they do not take", async () => {
  const whole = fromBase64(fixtures.find(({ name }) => name === "plain <f4")!.base64);
  const text = String.fromCharCode(...whole);
  const withType = (type: string) =>
    Uint8Array.from(text.replace("'<f4'", type), (c) => c.charCodeAt(0));
  const cases: [Uint8Array, RegExp][] = [
    [new Uint8Array(0), /is no \.npy file/],
    [Uint8Array.of(0x50, 0x4b, 3, 4), /is an archive \(\.npz\): unzip it/],
    [whole.subarray(0, 9), /cut off in its header/],
    [whole.subarray(0, 60), /cut off in its header/],
    [whole.subarray(0, whole.length - 1), /holds 23 bytes of values, not 24/],
    [withType("'|O' "), /Python objects, which are not loaded/],
    [withType("'<c8'"), /values of type <c8/],
    [withType("'<U3'"), /values of type <U3/],
    [withType("[('a', '<f4')]"), /type \[\('a', '<f4'\)\]/],
  ];
  for (const [bytes, message] of cases) await assert.rejects(loadNpy(bytes), message);
  await assert.rejects(loadNpy(5 as never), TypeError);
  await assert.rejects(saveNpy("/x", [1, 2] as never), /must be a Matrix or/);
  const data = new Float32Array(5);
  await assert.rejects(
    saveNpy("/x", { data, shape: [2, 3] }),
    /5 values do not make shape \[2, 3\]/,
  );
});
