import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import decode, { init } from "@jsquash/webp/decode.js";
import { seededRandom } from "deep-features/base";
import { tileOf } from "../../../lib/plots/engine/map/sheet_layout.ts";
import { spriteSheets } from "../../../lib/plots/engine/map/sprite_sheets.ts";

/** Images of four blocks in colours of their own. */
function blocks(n: number, side: number) {
  const random = seededRandom(5);
  const images = new Uint8Array(n * side * side * 3);
  for (let i = 0; i < n; i++) {
    const colors = Array.from({ length: 12 }, () => 40 + 170 * random());
    for (let p = 0; p < side * side; p++) {
      const block = 2 * Number(p >= side * side / 2) + Number(p % side >= side / 2);
      for (let c = 0; c < 3; c++) images[(i * side * side + p) * 3 + c] = colors[block * 3 + c]!;
    }
  }
  const labels = new Uint8Array(n);
  return { images, labels, shape: [n, side, side, 3] as const };
}

Deno.test("spriteSheets() puts each image where tileOf() finds it, within WebP's error", async () => {
  await init(
    await WebAssembly.compile(
      await Deno.readFile(new URL(import.meta.resolve("@jsquash/webp/codec/dec/webp_dec.wasm"))),
    ),
  );
  const side = 32, split = blocks(1100, side);
  const done: number[] = [];
  const { layout, sheets } = await spriteSheets(split, {
    onProgress: (progress) => done.push(progress.done),
  });
  assert.deepEqual(done, [1024, 1100]);
  assert.equal(sheets.length, 2);
  const pictures = await Promise.all(sheets.map(async (url) => {
    const bytes = Buffer.from(url.replace("data:image/webp;base64,", ""), "base64");
    return await decode(new Uint8Array(bytes).buffer);
  }));
  assert.deepEqual(pictures.map(({ width, height }) => [width, height]), [[1024, 1024], [
    1024,
    96,
  ]]);
  const difference = (index: number, other: number) => {
    const { sheet, x, y } = tileOf(index, layout);
    const { data, width } = pictures[sheet]!;
    let sum = 0;
    for (let p = 0; p < side * side; p++) {
      const at = ((y + Math.floor(p / side)) * width + x + p % side) * 4;
      for (let c = 0; c < 3; c++) {
        sum += Math.abs(data[at + c]! - split.images[(other * side * side + p) * 3 + c]!);
      }
    }
    return sum / (side * side * 3);
  };
  for (let i = 0; i < 1100; i++) {
    assert.ok(difference(i, i) < 8, `image ${i} differs by ${difference(i, i)}`);
    assert.ok(difference(i, (i + 1) % 1100) > 16, `image ${i} is like the next`);
  }
});

Deno.test("spriteSheets() stops when its signal aborts, and refuses images larger than a sheet", async () => {
  const controller = new AbortController();
  const seen: number[] = [];
  const packing = spriteSheets(blocks(3000, 32), {
    signal: controller.signal,
    onProgress: ({ done }) => {
      seen.push(done);
      controller.abort();
    },
  });
  await assert.rejects(packing, { name: "AbortError" });
  assert.deepEqual(seen, [1024]);
  await assert.rejects(spriteSheets(blocks(1, 1026)), /1026 × 1026/);
});
