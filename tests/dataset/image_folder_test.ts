import assert from "node:assert/strict";
import { join } from "@std/path";
import { loadImageFolder, type Progress } from "deep-features";
import { decodeImage } from "../../lib/dataset/engine/decode_image.ts";
import { exifOrientation } from "../../lib/dataset/engine/exif_orientation.ts";
import { fitImage } from "../../lib/dataset/engine/fit_image.ts";

interface Picture {
  width: number;
  height: number;
  pixels: string;
}
type File = Picture & { name: string; base64: string; fitted: Picture[] };
const files: File[] = JSON.parse(
  await Deno.readTextFile(new URL("../fixtures/dataset/images.json", import.meta.url)),
);
const fromBase64 = (text: string) => Uint8Array.from(atob(text), (byte) => byte.charCodeAt(0));
const bytesOf = (name: string) => fromBase64(files.find((file) => file.name === name)!.base64);

/** Largest and mean difference. */
function differences(actual: Uint8Array, expected: Uint8Array): [number, number] {
  assert.equal(actual.length, expected.length);
  const apart = Array.from(actual, (value, i) => Math.abs(value - expected[i]!));
  return [Math.max(...apart), apart.reduce((a, b) => a + b) / apart.length];
}

/** A folder that is removed at the end, with files by path. */
async function withFolder(
  contents: Record<string, Uint8Array>,
  work: (folder: string) => Promise<void>,
) {
  const folder = await Deno.makeTempDir();
  try {
    for (const [path, bytes] of Object.entries(contents)) {
      await Deno.mkdir(join(folder, path, ".."), { recursive: true });
      await Deno.writeFile(join(folder, path), bytes);
    }
    await work(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

for (const file of files) {
  Deno.test(`decodeImage reads what Pillow reads: ${file.name}`, () => {
    const { width, height, pixels } = decodeImage(fromBase64(file.base64));
    assert.deepEqual([width, height], [file.width, file.height]);
    const [largest, mean] = differences(pixels, fromBase64(file.pixels));
    // PNG is exact, up to the rounding of transparency; JPEG decoders may round otherwise.
    const isJpeg = file.name.endsWith(".jpg");
    assert.ok(largest <= (isJpeg ? 3 : 1) && mean < (isJpeg ? 0.6 : 0.3), `${largest}, ${mean}`);
  });
}

Deno.test("fitImage resizes as Pillow's fit does, smaller, to other proportions, and larger", () => {
  const file = files[0]!;
  const image = decodeImage(fromBase64(file.base64));
  for (const { width, height, pixels } of file.fitted) {
    // Pillow rounds between its two passes.
    const [largest, mean] = differences(fitImage(image, [height, width]), fromBase64(pixels));
    assert.ok(largest <= 1 && mean < 0.25, `${width} × ${height}: ${largest}, ${mean}`);
  }
  assert.equal(file.fitted.length, 3);
});

Deno.test("fitImage leaves an image of the wanted size as it is", () => {
  const image = decodeImage(bytesOf("rgb.png"));
  assert.deepEqual(fitImage(image, [image.height, image.width]), image.pixels);
});

Deno.test("exifOrientation takes damaged segments for upright", () => {
  const text = (mark: string) => Uint8Array.from(mark, (c) => c.charCodeAt(0));
  assert.equal(exifOrientation(new Uint8Array(0)), 1);
  assert.equal(exifOrientation(text("Exif\0\0nothing of the kind")), 1);
  assert.equal(exifOrientation(text("Exif\0\0II*\0\xff\xff\xff\x7f")), 1);
});

Deno.test("loadImageFolder takes classes and files by name, skips what is hidden, and tells progress", async () => {
  const contents = {
    "dogs/b.png": bytesOf("rgb.png"),
    "dogs/a.jpg": bytesOf("rgb.jpg"),
    "cats/1.png": bytesOf("grey.png"),
    "cats/.hidden": new Uint8Array(3),
    ".git/config": new Uint8Array(3),
    "notes.txt": new Uint8Array(3),
  };
  await withFolder(contents, async (folder) => {
    const seen: Progress[] = [];
    const loaded = await loadImageFolder(folder, {
      size: [17, 23],
      onProgress: (progress) => seen.push(progress),
    });
    assert.deepEqual(loaded.classNames, ["cats", "dogs"]);
    assert.deepEqual(loaded.images.shape, [3, 17, 23, 3]);
    assert.deepEqual([...loaded.images.labels], [0, 1, 1]);
    const expected = ["cats/1.png", "dogs/a.jpg", "dogs/b.png"];
    assert.deepEqual(loaded.files, expected.map((file) => join(folder, file)));
    const last = loaded.images.images.subarray(2 * 17 * 23 * 3);
    assert.deepEqual(last, decodeImage(bytesOf("rgb.png")).pixels);
    assert.deepEqual(seen.map(({ done, total }) => [done, total]), [[1, 3], [2, 3], [3, 3]]);
    assert.deepEqual((await loadImageFolder(folder)).images.shape, [3, 32, 32, 3]);
  });
});

Deno.test("loadImageFolder names the file that is no image or is damaged", async () => {
  const good = { "a/1.png": bytesOf("rgb.png"), "b/1.png": bytesOf("rgb.png") };
  const png = bytesOf("rgb.png"), broken = png.slice(0, png.length - 30);
  const flipped = png.slice();
  flipped[png.length >> 1]! ^= 255;
  const jpg = bytesOf("rgb.jpg");
  const cases: [Uint8Array, RegExp][] = [
    [new TextEncoder().encode("not an image"), /neither a PNG nor a JPEG/],
    [new Uint8Array(0), /neither a PNG nor a JPEG/],
    [broken, /./],
    [flipped, /./],
    [jpg.slice(0, 40), /./],
    [jpg.slice(0, jpg.length >> 1), /./],
  ];
  for (const [bytes, message] of cases) {
    await withFolder({ ...good, "b/2 bad.png": bytes }, async (folder) => {
      await assert.rejects(loadImageFolder(folder), (error: Error) => {
        assert.ok(error instanceof TypeError);
        assert.ok(
          error.message.startsWith(`Cannot read the image ${join(folder, "b", "2 bad.png")}`),
        );
        assert.match(error.message.slice(error.message.indexOf(": ") + 2), message);
        return true;
      });
    });
  }
});

Deno.test("loadImageFolder refuses folders that are empty, of one class, or nested", async () => {
  const png = bytesOf("rgb.png");
  await withFolder({}, async (folder) => {
    await assert.rejects(loadImageFolder(folder), /has 0 sub-folders: need one for each class/);
    await assert.rejects(loadImageFolder(join(folder, "none")), Deno.errors.NotFound);
  });
  await withFolder({ "a/1.png": png }, async (folder) => {
    await assert.rejects(loadImageFolder(folder), /has 1 sub-folders/);
    await Deno.mkdir(join(folder, "b"));
    await assert.rejects(loadImageFolder(folder), /b holds no image/);
  });
  await withFolder({ "a/1.png": png, "b/c/1.png": png }, async (folder) => {
    await assert.rejects(loadImageFolder(folder), /c is a folder: images must lie in/);
    await assert.rejects(loadImageFolder(folder, { size: [0, 8] }), /0 × 8/);
  });
});

Deno.test("loadImageFolder stops when told", async () => {
  const png = bytesOf("rgb.png");
  await withFolder({ "a/1.png": png, "b/1.png": png, "b/2.png": png }, async (folder) => {
    const controller = new AbortController();
    let done = 0;
    const load = loadImageFolder(folder, {
      signal: controller.signal,
      onProgress: (progress) => {
        done = progress.done;
        controller.abort(new DOMException("Enough", "AbortError"));
      },
    });
    await assert.rejects(load, { name: "AbortError" });
    assert.equal(done, 1);
  });
});
