import assert from "node:assert/strict";
import { join } from "@std/path";
import { loadImageFolder, type Progress } from "deep-features";
import { decodeImage } from "../../lib/dataset/engine/decode_image.ts";
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
  Deno.test(`decodeImage reads what Pillow reads: ${file.name}`, async () => {
    const { width, height, pixels } = await decodeImage(fromBase64(file.base64));
    assert.deepEqual([width, height], [file.width, file.height]);
    const [largest, mean] = differences(pixels, fromBase64(file.pixels));
    // PNG is exact, up to the rounding of transparency; JPEG decoders may round otherwise.
    const isJpeg = file.name.endsWith(".jpg");
    assert.ok(largest <= (isJpeg ? 3 : 1) && mean < (isJpeg ? 0.6 : 0.3), `${largest}, ${mean}`);
  });
}

Deno.test("fitImage resizes as Pillow's fit does, smaller, to other proportions, and larger", async () => {
  const file = files[0]!;
  const image = await decodeImage(fromBase64(file.base64));
  for (const { width, height, pixels } of file.fitted) {
    // Pillow rounds between its two passes.
    const [largest, mean] = differences(fitImage(image, [height, width]), fromBase64(pixels));
    assert.ok(largest <= 1 && mean < 0.25, `${width} × ${height}: ${largest}, ${mean}`);
  }
  assert.equal(file.fitted.length, 3);
});

Deno.test("fitImage leaves an image of the wanted size as it is", async () => {
  const image = await decodeImage(bytesOf("rgb.png"));
  assert.deepEqual(fitImage(image, [image.height, image.width]), image.pixels);
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
    assert.deepEqual([...last], [...(await decodeImage(bytesOf("rgb.png"))).pixels]);
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
    [new TextEncoder().encode("not an image"), /no image of a known kind: JPEG, PNG, WebP/],
    [new Uint8Array(0), /It is empty/],
    [new TextEncoder().encode("\0\0\0\x18ftypheic\0\0\0\0mif1heic"), /It is HEIC/],
    [new TextEncoder().encode("<svg xmlns='http://www.w3.org/2000/svg'/>"), /It is SVG or XML/],
    [broken, /It is damaged or cut off/],
    [flipped, /It is damaged or cut off/],
    [jpg.slice(0, 40), /It is damaged or cut off/],
    [jpg.slice(0, jpg.length >> 1), /It is damaged or cut off/],
    [jpg.slice(0, jpg.length - 20), /It is cut off: the last pixels are missing/],
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
    await assert.rejects(loadImageFolder(folder, { size: [0, 8] }), /got \[0, 8\]/);
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

Deno.test("loadImageFolder lists all files that cannot be read, and goes on without them on demand", async () => {
  const png = bytesOf("rgb.png"), bad = png.slice(0, 60);
  const contents = {
    "a/1.png": png,
    "a/2.jpg": bad,
    "a/3.jpg": new TextEncoder().encode("GIF89"),
    "b/1.png": png,
    "b/holiday.heic": new TextEncoder().encode("\0\0\0\x18ftypheic\0\0\0\0mif1heic"),
  };
  await withFolder(contents, async (folder) => {
    await assert.rejects(loadImageFolder(folder), (error: Error) => {
      assert.ok(error instanceof TypeError);
      const lines = error.message.split("\n");
      assert.match(lines[0]!, /Cannot read 3 of 5 images/);
      assert.ok(lines[1]!.startsWith(join(folder, "a", "2.jpg") + ": It is damaged or cut off"));
      assert.ok(lines[2]!.startsWith(join(folder, "a", "3.jpg") + ": It is no image"));
      assert.match(lines[3]!, /holiday\.heic: It is HEIC.*convert it first/);
      return true;
    });
    const loaded = await loadImageFolder(folder, { onError: "skip", size: [17, 23] });
    assert.deepEqual(loaded.images.shape, [2, 17, 23, 3]);
    assert.deepEqual([...loaded.images.labels], [0, 1]);
    assert.deepEqual(loaded.files, [join(folder, "a", "1.png"), join(folder, "b", "1.png")]);
    assert.deepEqual(loaded.skipped.map(({ file }) => file), [
      join(folder, "a", "2.jpg"),
      join(folder, "a", "3.jpg"),
      join(folder, "b", "holiday.heic"),
    ]);
    const expected = (await decodeImage(png)).pixels;
    assert.deepEqual([...loaded.images.images], [...expected, ...expected]);
    await Deno.writeFile(join(folder, "b", "1.png"), bad);
    await assert.rejects(loadImageFolder(folder, { onError: "skip" }), /images of class b can be/);
  });
});

Deno.test("loadImageFolder passes over what systems and people leave beside images, and names it", async () => {
  const png = bytesOf("rgb.png"), other = new Uint8Array(70).fill(7);
  const contents = {
    "__MACOSX/a/._1.png": other,
    "Thumbs.db": other,
    "a/1.png": png,
    "a/Thumbs.db": other,
    "a/desktop.ini": other,
    "a/__MACOSX/._1.png": other,
    "b/notes.txt": other,
    "b/without an ending": png,
  };
  await withFolder(contents, async (folder) => {
    const { classNames, files, passedOver } = await loadImageFolder(folder);
    assert.deepEqual(classNames, ["a", "b"]);
    assert.deepEqual(files, [join(folder, "a", "1.png"), join(folder, "b", "without an ending")]);
    const names = ["a/Thumbs.db", "a/desktop.ini", "b/notes.txt"];
    assert.deepEqual(passedOver, names.map((name) => join(folder, name)));
    await Deno.remove(join(folder, "b", "without an ending"));
    await assert.rejects(loadImageFolder(folder), /b holds no image, but 1 other files/);
  });
});

Deno.test("loadImageFolder reads nested folders on demand, and does not go round in links", async () => {
  const png = bytesOf("rgb.png");
  const contents = { "a/2019/1.png": png, "a/2019/May/2.png": png, "a/3.png": png, "b/1.png": png };
  await withFolder(contents, async (folder) => {
    await Deno.symlink(join(folder, "a"), join(folder, "a", "2019", "up"));
    const { files, images } = await loadImageFolder(folder, { recursive: true });
    const names = ["a/2019/1.png", "a/2019/May/2.png", "a/3.png", "b/1.png"];
    assert.deepEqual(files, names.map((name) => join(folder, name)));
    assert.deepEqual([...images.labels], [0, 0, 0, 1]);
  });
});

Deno.test("loadImageFolder knows its options", async () => {
  const misspelt = { sise: [8, 8] } as object;
  await assert.rejects(loadImageFolder(".", misspelt), /no option "sise": did you mean "size"/);
  await assert.rejects(loadImageFolder(".", { size: 8 as never }), TypeError);
  await assert.rejects(loadImageFolder(".", { onError: "ignore" as never }), RangeError);
});
