import assert from "node:assert/strict";
import { encode } from "fast-png";
import { deflateSync } from "node:zlib";
import { join } from "@std/path";
import { pathToFileURL } from "node:url";
import { loadImage } from "deep-features/dataset";

interface File {
  name: string;
  base64: string;
  width: number;
  height: number;
  pixels: string;
  tolerance: number;
}
const read = async (name: string): Promise<File[]> =>
  JSON.parse(await Deno.readTextFile(new URL(`../fixtures/dataset/${name}`, import.meta.url)));
const fromBase64 = (text: string) => Uint8Array.from(atob(text), (byte) => byte.charCodeAt(0));

// case_images.json: pictures that were read wrongly, or refused, before sharp read them.
for (const file of [...await read("odd_images.json"), ...await read("case_images.json")]) {
  Deno.test(`loadImage reads ${file.name} as it is`, async () => {
    const { images, shape } = await loadImage(fromBase64(file.base64));
    assert.deepEqual(shape, [1, file.height, file.width, 3]);
    const expected = fromBase64(file.pixels);
    assert.equal(images.length, expected.length);
    const apart = Math.max(...images.map((value, i) => Math.abs(value - expected[i]!)));
    assert.ok(apart <= file.tolerance, `${apart} > ${file.tolerance}`);
  });
}

Deno.test("loadImage reads AVIF (by the pixels that were encoded without loss)", async () => {
  const { default: sharp } = await import("sharp");
  const data = Uint8Array.from({ length: 16 * 12 * 3 }, (_, i) => (i * 7) % 256);
  const avif = await sharp(data, { raw: { width: 16, height: 12, channels: 3 } })
    .avif({ lossless: true, chromaSubsampling: "4:4:4" }).toBuffer();
  const { images, shape } = await loadImage(new Uint8Array(avif));
  assert.deepEqual(shape, [1, 12, 16, 3]);
  const apart = Math.max(...images.map((value, i) => Math.abs(value - data[i]!)));
  assert.ok(apart <= 2, `${apart}`);
});

Deno.test("loadImage takes paths, URLs and bytes, and fits to a size", async () => {
  const folder = await Deno.makeTempDir();
  try {
    const data = Uint8Array.from({ length: 40 * 30 * 3 }, (_, i) => Math.floor(i / 3) % 40 * 6);
    const png = encode({ width: 40, height: 30, channels: 3, data });
    const path = join(folder, "a b.png");
    await Deno.writeFile(path, png);
    const own = await loadImage(path);
    assert.deepEqual(own.shape, [1, 30, 40, 3]);
    assert.deepEqual([...own.images], [...data]);
    const url = pathToFileURL(path);
    assert.deepEqual(await loadImage(url), own);
    assert.deepEqual(await loadImage(png), own);
    assert.deepEqual((await loadImage(png, { size: [8, 10] })).shape, [1, 8, 10, 3]);
    await assert.rejects(loadImage(join(folder, "none.png")), Deno.errors.NotFound);
    await Deno.writeFile(path, png.slice(0, 80));
    await assert.rejects(loadImage(path), /Cannot read the image .*a b\.png: It is damaged/);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("loadImage brings a large photograph within some levels of the exact result", async () => {
  const width = 1500, height = 1100;
  const data = Uint8Array.from({ length: width * height * 3 }, (_, i) => {
    const x = Math.floor(i / 3) % width, y = Math.floor(i / 3 / width);
    return 127 + 60 * Math.sin(x / 90 + i % 3) + 60 * Math.cos(y / 70) + (x * 31 + y * 17) % 9 - 4;
  });
  const png = encode({ width, height, channels: 3, data });
  const { images } = await loadImage(png, { size: [22, 30] });
  const { fitImage } = await import("../../lib/dataset/engine/fit_image.ts");
  const exact = fitImage({ width, height, pixels: data }, [22, 30]); // held to Pillow elsewhere
  const apart = Array.from(images, (value, i) => Math.abs(value - exact[i]!));
  assert.ok(Math.max(...apart) <= 3, `${Math.max(...apart)}`);
  assert.ok(apart.reduce((a, b) => a + b) / apart.length < 0.8);
});

Deno.test("loadImage refuses a small file that would fill the memory, at once", async () => {
  const crc = (await import("node:zlib")).crc32;
  const chunk = (kind: string, content: Uint8Array) => {
    const body = new Uint8Array([...new TextEncoder().encode(kind), ...content]);
    const bytes = new Uint8Array(body.length + 8), view = new DataView(bytes.buffer);
    view.setUint32(0, content.length);
    bytes.set(body, 4);
    view.setUint32(4 + body.length, crc(body));
    return bytes;
  };
  const head = new Uint8Array(13), view = new DataView(head.buffer);
  view.setUint32(0, 60_000);
  view.setUint32(4, 60_000);
  head.set([1, 0], 8); // one bit, grey
  const bomb = new Uint8Array([
    ...[0x89, 0x50, 0x4e, 0x47, 13, 10, 26, 10],
    ...chunk("IHDR", head),
    ...chunk("IDAT", deflateSync(new Uint8Array(7501 * 600))),
    ...chunk("IEND", new Uint8Array(0)),
  ]);
  await assert.rejects(loadImage(bomb), (error: Error) => {
    assert.ok(error instanceof RangeError);
    return /pixels: at most 268 million are decoded/.test(error.message);
  });
});

Deno.test("loadImage says what is wrong with its arguments", async () => {
  const png = encode({ width: 2, height: 2, channels: 3, data: new Uint8Array(12) });
  await assert.rejects(loadImage(5 as never), /source must be a path.*got 5/);
  await assert.rejects(loadImage(png, { Size: [2, 2] } as never), /did you mean "size"/);
  await assert.rejects(loadImage(png, { size: [2.5, 2] }), RangeError);
});

Deno.test("loadImage tells a JPEG without its end marker from one whose last pixels are missing", async () => {
  for (const file of await read("odd_images.json")) {
    if (!file.name.endsWith(".jpg")) continue;
    const bytes = fromBase64(file.base64);
    const whole = await loadImage(bytes);
    for (const missing of [1, 2]) {
      assert.deepEqual(await loadImage(bytes.slice(0, bytes.length - missing)), whole);
    }
    for (const missing of [4, 5, 8, 13, 30, 60]) {
      const cut = loadImage(bytes.slice(0, bytes.length - missing));
      await assert.rejects(cut, /cut off/, `${file.name} − ${missing}`);
    }
  }
});

Deno.test("loadImage passes over faults of a JPEG that leave its pixels as they are", async () => {
  for (const file of await read("odd_images.json")) {
    if (!file.name.endsWith(".jpg")) continue;
    const bytes = fromBase64(file.base64), end = bytes.length - 2;
    const first = 4 + (bytes[4]! << 8 | bytes[5]!); // behind the first segment
    const variants = {
      "bytes before the end": [...bytes.slice(0, end), 1, 2, 3, ...bytes.slice(end)],
      "a thumbnail behind the end": [...bytes, 0xff, 0xd8, 0xff, 0xe0, 1, 2],
      "bytes between segments": [...bytes.slice(0, first), 5, 6, 7, ...bytes.slice(first)],
      "zeros behind the end": [...bytes, 0, 0, 0, 0],
    };
    const whole = await loadImage(bytes);
    for (const [name, variant] of Object.entries(variants)) {
      assert.deepEqual(await loadImage(Uint8Array.from(variant)), whole, `${file.name}: ${name}`);
    }
  }
});
