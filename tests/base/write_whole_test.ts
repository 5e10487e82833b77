import assert from "node:assert/strict";
import { join } from "@std/path";
import { writeWhole } from "../../lib/base/write_whole.ts";

const names = (folder: string) => [...Deno.readDirSync(folder)].map(({ name }) => name).sort();

Deno.test("writeWhole() writes text and bytes, makes folders and leaves no part", async () => {
  const folder = await Deno.makeTempDir();
  await writeWhole(join(folder, "a", "text.txt"), "grün");
  await writeWhole(join(folder, "a", "bytes"), new Uint8Array([1, 2]));
  await writeWhole(join(folder, "a", "bytes"), new Uint8Array([3]));
  assert.equal(await Deno.readTextFile(join(folder, "a", "text.txt")), "grün");
  assert.deepEqual([...await Deno.readFile(join(folder, "a", "bytes"))], [3]);
  assert.deepEqual(names(join(folder, "a")), ["bytes", "text.txt"]);
  await Deno.remove(folder, { recursive: true });
});

Deno.test("writeWhole() refuses a folder, and leaves no part in it or beside it", async () => {
  const folder = await Deno.makeTempDir();
  await Deno.mkdir(join(folder, "there"));
  await assert.rejects(writeWhole(join(folder, "there"), "x"), /is a folder/);
  assert.deepEqual(names(folder), ["there"]);
  assert.deepEqual(names(join(folder, "there")), []);
  await Deno.remove(folder, { recursive: true });
});
