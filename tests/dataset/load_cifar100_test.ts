import assert from "node:assert/strict";
import { join } from "@std/path";
import { sourceNotice } from "deep-features";
import { loadCifar100 } from "deep-features/dataset";
import { cifar100, readRecords, withRecords } from "../../lib/dataset/engine/cifar_format.ts";

const RECORD = 2 + 3072;

/** A folder of CIFAR-100's binary version: record i has coarse label i % 20, fine label i % 100. */
async function writeFolder(folder: string, records: number): Promise<void> {
  for (const name of ["train.bin", "test.bin"]) {
    const bytes = new Uint8Array(records * RECORD);
    for (let i = 0; i < records; i++) {
      bytes.set([i % 20, i % 100], i * RECORD);
      bytes.fill(i, i * RECORD + 2, i * RECORD + 2 + 1024); // red
      bytes.fill(i + 1, i * RECORD + 2 + 1024, i * RECORD + 2 + 2048);
      bytes.fill(i + 2, i * RECORD + 2 + 2048, (i + 1) * RECORD);
    }
    await Deno.writeFile(join(folder, name), bytes);
  }
  const names = (kind: string, n: number) =>
    Array.from({ length: n }, (_, i) => `${kind}_${i}\n`).join("");
  await Deno.writeTextFile(join(folder, "coarse_label_names.txt"), names("coarse", 20));
  await Deno.writeTextFile(join(folder, "fine_label_names.txt"), names("fine", 100));
}

async function inFolder(work: (folder: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    await work(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.test("CIFAR-100's records have a coarse and a fine label", async () => {
  await inFolder(async (folder) => {
    await writeFolder(folder, 120);
    const fine = await readRecords(folder, withRecords(cifar100("fine"), 120));
    const coarse = await readRecords(folder, withRecords(cifar100("coarse"), 120));
    assert.deepEqual([fine.train.labels[57], coarse.train.labels[57]], [57, 17]);
    assert.deepEqual([fine.test.labels[119], coarse.test.labels[119]], [19, 19]);
    assert.deepEqual([fine.classNames[57], coarse.classNames[17]], ["fine_57", "coarse_17"]);
    assert.deepEqual([fine.classNames.length, coarse.classNames.length], [100, 20]);
    assert.deepEqual(fine.train.shape, [120, 32, 32, 3]);
    const pixel = 57 * 3072 + 500 * 3;
    assert.deepEqual([...fine.train.images.subarray(pixel, pixel + 3)], [57, 58, 59]);
    assert.deepEqual(coarse.train.images, fine.train.images);
  });
});

Deno.test("loadCifar100() says what is wrong, and never makes pictures up", async () => {
  await inFolder(async (folder) => {
    const quiet = { warn: () => {}, onProgress: () => {} };
    await assert.rejects(
      loadCifar100({ dataFolder: folder, download: false, ...quiet }),
      /CIFAR-100 cannot be had: it is not in the cache.*CIFAR100_ARCHIVE/,
    );
    await assert.rejects(
      loadCifar100({ dataFolder: folder, url: "http://127.0.0.1:9/none", ...quiet }),
      /CIFAR-100 cannot be had: Cannot download/,
    );
    await writeFolder(folder, 120);
    await assert.rejects(
      loadCifar100({ archive: folder, ...quiet }),
      /train\.bin is damaged: it holds 368880 bytes, not 50000 records of 3074/,
    );
    await Deno.mkdir(join(folder, "cifar-10-batches-bin"));
    await assert.rejects(
      loadCifar100({ archive: join(folder, "cifar-10-batches-bin"), ...quiet }),
      /is CIFAR-10's binary version: what is wanted is CIFAR-100's binary version/,
    );
  });
  await assert.rejects(loadCifar100({ label: "fine" } as never), /did you mean "labels"/);
  await assert.rejects(loadCifar100({ labels: "both" as never }), RangeError);
});

Deno.test("sourceNotice() says CIFAR-100 of CIFAR-100", () => {
  const train = {
    images: new Uint8Array(3),
    labels: new Uint8Array(1),
    shape: [1, 1, 1, 3],
  } as const;
  const data = { train, test: train, classNames: [], source: "cifar100", official: true };
  assert.match(sourceNotice(data, "").text, /CIFAR-100's own images/);
});
