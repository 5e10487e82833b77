// Pictures for networks of one channel: gray by Pillow's convert("L"), however they come.
import assert from "node:assert/strict";
import { join } from "@std/path";
import { encode } from "fast-png";
import { loadImageFolder } from "deep-features";
import { loadImage, loadImageCsv, openImageFolder } from "deep-features/dataset";
import { toGray } from "../../lib/dataset/engine/gray.ts";

interface Picture {
  width: number;
  height: number;
  pixels: string;
}
const read = async (name: string) =>
  JSON.parse(await Deno.readTextFile(new URL(`../fixtures/dataset/${name}`, import.meta.url)));
const fromBase64 = (text: string) => Uint8Array.from(atob(text), (byte) => byte.charCodeAt(0));

function largestGap(actual: Uint8Array, expected: Uint8Array): number {
  assert.equal(actual.length, expected.length);
  return Math.max(...actual.map((value, i) => Math.abs(value - expected[i]!)));
}

Deno.test("loadImage() with one channel gives what Pillow's convert('L') gives, whole and fitted", async () => {
  const files: { name: string; base64: string }[] = await read("images.json");
  const wanted: (Picture & { name: string; fitted: Picture[] })[] = await read("gray.json");
  assert.ok(wanted.length > 8);
  for (const { name, fitted, ...whole } of wanted) {
    const bytes = fromBase64(files.find((file) => file.name === name)!.base64);
    for (const { width, height, pixels } of [whole, ...fitted]) {
      const { images, shape } = await loadImage(bytes, { channels: 1, size: [height, width] });
      assert.deepEqual(shape, [1, height, width, 1]);
      const gap = largestGap(images, fromBase64(pixels));
      assert.ok(gap <= 1, `${name}, ${width} × ${height}: ${gap}`);
    }
    const own = await loadImage(bytes, { channels: 1 });
    assert.deepEqual(own.shape, [1, whole.height, whole.width, 1]);
    assert.ok(largestGap(own.images, fromBase64(whole.pixels)) <= 1, name);
  }
});

Deno.test("Gray stays gray, and the shares of colors are those of ITU-R BT.601", () => {
  const levels = Uint8Array.from({ length: 256 }, (_, level) => level);
  const pixels = Uint8Array.from([...levels].flatMap((level) => [level, level, level]));
  assert.deepEqual(toGray({ width: 16, height: 16, pixels }).pixels, levels);
  const colors = Uint8Array.of(255, 0, 0, 0, 255, 0, 0, 0, 255, 255, 255, 0, 10, 200, 30);
  assert.deepEqual([...toGray({ width: 5, height: 1, pixels: colors }).pixels], [
    76,
    150,
    29,
    226,
    124,
  ]);
});

Deno.test("Folders and tables are loaded and streamed in gray, each picture as loadImage() gives it", async () => {
  const folder = await Deno.makeTempDir();
  try {
    const expected: number[] = [], paths: string[] = [];
    for (const [label, name] of ["a", "b"].entries()) {
      await Deno.mkdir(join(folder, name));
      for (let i = 0; i < 3; i++) {
        const channels = i === 2 ? 1 : 3; // a gray file among others
        const data = Uint8Array.from(
          { length: 12 * 9 * channels },
          (_, k) => (k * (7 + i) + 90 * label) % 256,
        );
        const path = join(folder, name, `${i}.png`);
        await Deno.writeFile(path, encode({ width: 12, height: 9, channels, data }));
        paths.push(path);
        expected.push(...(await loadImage(path, { size: [6, 8], channels: 1 })).images);
      }
    }
    const { images } = await loadImageFolder(folder, { size: [6, 8], channels: 1 });
    assert.deepEqual(images.shape, [6, 6, 8, 1]);
    assert.deepEqual([...images.images], expected);
    const stream = await openImageFolder(folder, { size: [6, 8] });
    assert.deepEqual([...await stream.read(0, 6, [6, 8], 1)], expected);
    assert.equal((await stream.read(0, 6)).length, 6 * 6 * 8 * 3);
    const table = join(folder, "table.csv");
    const lines = paths.map((path, i) => `${path},${i < 3 ? "a" : "b"}`);
    await Deno.writeTextFile(table, ["path,label", ...lines].join("\n"));
    const byTable = await loadImageCsv(table, { size: [6, 8], channels: 1 });
    assert.deepEqual(byTable.images.shape, [6, 6, 8, 1]);
    assert.deepEqual([...byTable.images.images], expected);
    for (const channels of [2, 4, 0]) {
      const refused = { name: "RangeError", message: /channels must be 1 \(gray\) or 3/ };
      await assert.rejects(loadImageFolder(folder, { channels: channels as 1 }), refused);
      await assert.rejects(loadImage(paths[0]!, { channels: channels as 1 }), refused);
    }
    await assert.rejects(loadImage(paths[0]!, { channels: "gray" as never }), TypeError);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
