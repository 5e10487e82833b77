import assert from "node:assert/strict";
import { gzipSync } from "node:zlib";
import { join } from "@std/path";
import { sourceNotice } from "deep-features";
import { loadMnist } from "deep-features/dataset";

/** IDX bytes, written by hand. */
function idx(shape: number[], data: number[], type = 8): Uint8Array {
  const sizes = shape.flatMap((
    size,
  ) => [size >>> 24, size >> 16 & 255, size >> 8 & 255, size & 255]);
  return Uint8Array.from([0, 0, type, shape.length, ...sizes, ...data]);
}
const range = (n: number) => Array.from({ length: n }, (_, i) => i);

async function withFiles(
  change: Record<string, Uint8Array | null>,
  work: (folder: string) => Promise<void>,
): Promise<void> {
  const folder = await Deno.makeTempDir();
  const files: Record<string, Uint8Array | null> = {
    "train-images-idx3-ubyte.gz": new Uint8Array(gzipSync(idx([3, 2, 4], range(24)))),
    "train-labels-idx1-ubyte": idx([3], [9, 0, 3]),
    "t10k-images.idx3-ubyte": idx([1, 2, 4], range(8)),
    "t10k-labels-idx1-ubyte.gz": new Uint8Array(gzipSync(idx([1], [5]))),
    ...change,
  };
  try {
    for (const [name, bytes] of Object.entries(files)) {
      if (bytes) await Deno.writeFile(join(folder, name), bytes);
    }
    await work(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.test("loadMnist reads grey images and labels, zipped or not", async () => {
  await withFiles({}, async (folder) => {
    const data = await loadMnist(folder);
    assert.deepEqual(data.train.shape, [3, 2, 4, 1]);
    assert.deepEqual([...data.train.images], range(24));
    assert.deepEqual([...data.train.labels], [9, 0, 3]);
    assert.deepEqual(data.test.shape, [1, 2, 4, 1]);
    assert.equal(data.classNames[9], "9");
    assert.match(
      sourceNotice(data, "").text,
      new RegExp(`from ${folder}: figures on them say noth`),
    );
    const classNames = range(10).map((i) => `class ${i}`);
    const fashion = await loadMnist(folder, { classNames, source: "Fashion-MNIST" });
    assert.match(sourceNotice(fashion, "").text, /images are from Fashion-MNIST/);
    assert.equal(fashion.classNames[3], "class 3");
  });
});

Deno.test("loadMnist names the file that is missing, damaged or of another kind", async () => {
  const images = "train-images-idx3-ubyte.gz", labels = "train-labels-idx1-ubyte";
  const cases: [Record<string, Uint8Array | null>, RegExp][] = [
    [{ [labels]: null }, /train-labels-idx1-ubyte is missing, and so is/],
    [{ [images]: idx([3, 2, 4], range(23)) }, /damaged: it holds 23 values, not 3 × 2 × 4/],
    [{ [images]: idx([3, 2, 4], range(24)).subarray(0, 9) }, /its header is cut off/],
    [{ [images]: new Uint8Array(gzipSync(idx([3, 2, 4], range(24)))).subarray(0, 20) }, /damaged/],
    [{ [images]: idx([3, 8], range(24)) }, /has 2 dimensions: need 3/],
    [{ [images]: idx([3, 2, 4], range(96), 0x0d) }, /holds 32-bit floats: unsigned bytes are read/],
    [{ [images]: Uint8Array.of(1, 2, 3, 4, 5) }, /not in the IDX format/],
    [{ [labels]: idx([2], [1, 2]) }, /holds 3 images, .* 2 labels/],
    [{ [labels]: idx([3], [1, 10, 2]) }, /label 10 at 1 is not one of the 10 classes/],
  ];
  for (const [change, message] of cases) {
    await withFiles(change, async (folder) => {
      await assert.rejects(loadMnist(folder), message);
    });
  }
  await assert.rejects(loadMnist(".", { classnames: [] } as never), /did you mean "classNames"/);
});
