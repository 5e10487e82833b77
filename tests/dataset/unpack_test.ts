import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { createWriteStream } from "node:fs";
import { pipeline } from "node:stream/promises";
import { createGzip, gzipSync } from "node:zlib";
import { join } from "@std/path";
import * as tar from "tar-stream";
import { CIFAR10, cifar100, filesOf } from "../../lib/dataset/engine/cifar_format.ts";
import { fullDisk } from "../../lib/base/full_disk.ts";
import { unpackArchive } from "../../lib/dataset/engine/unpack.ts";

const DATASET_FILES = [...filesOf(CIFAR10).keys()];

type Entry = Partial<tar.Header> & { name: string; content?: string };

async function writeArchive(path: string, entries: Entry[], cut?: number): Promise<void> {
  const pack = tar.pack();
  const bytes = (async () => {
    const chunks: Uint8Array[] = [];
    for await (const chunk of pack) chunks.push(chunk as Uint8Array);
    return gzipSync(Buffer.concat(chunks));
  })();
  for (const { content, ...header } of entries) {
    pack.entry(header, content ?? "");
  }
  pack.finalize();
  await Deno.writeFile(path, new Uint8Array(await bytes).subarray(0, cut));
}

const whole: Entry[] = DATASET_FILES.map((name) => ({
  name: `cifar-10-batches-bin/${name}`,
  content: `content of ${name}`,
}));

async function inTempFolder(work: (root: string, out: string) => Promise<void>): Promise<void> {
  const root = await Deno.makeTempDir();
  try {
    await Deno.mkdir(join(root, "out"));
    await work(root, join(root, "out"));
  } finally {
    await Deno.remove(root, { recursive: true });
  }
}

const namesIn = (folder: string) => [...Deno.readDirSync(folder)].map((entry) => entry.name).sort();

Deno.test("unpackArchive() takes the seven expected files and nothing else", async () => {
  await inTempFolder(async (root, out) => {
    await writeArchive(join(root, "a.tar.gz"), [
      { name: "cifar-10-batches-bin/readme.html", content: "ignore me" },
      ...whole,
    ]);
    await unpackArchive(join(root, "a.tar.gz"), out, CIFAR10);
    assert.deepEqual(namesIn(out), [...DATASET_FILES].sort());
    assert.equal(await Deno.readTextFile(join(out, "test_batch.bin")), "content of test_batch.bin");
  });
});

Deno.test("unpackArchive() writes nothing outside its folder, whatever paths and links are claimed", async () => {
  await inTempFolder(async (root, out) => {
    const outside = join(root, "victim");
    await Deno.writeTextFile(outside, "safe");
    await writeArchive(join(root, "a.tar.gz"), [
      { name: "../victim", content: "overwritten" },
      { name: outside, content: "overwritten" },
      { name: "../../../../tmp/data_batch_1.bin.evil", content: "evil" },
      { name: "data_batch_1.bin", type: "symlink", linkname: outside },
      { name: "data_batch_2.bin", type: "link", linkname: outside },
      ...whole.map((entry) => ({ ...entry, name: `../${entry.name}` })),
    ]);
    await unpackArchive(join(root, "a.tar.gz"), out, CIFAR10);
    assert.equal(await Deno.readTextFile(outside), "safe");
    assert.deepEqual(namesIn(root), ["a.tar.gz", "out", "victim"]);
    assert.deepEqual(namesIn(out), [...DATASET_FILES].sort());
    for (const name of namesIn(out)) {
      assert.ok((await Deno.lstat(join(out, name))).isFile);
    }
    const first = await Deno.readTextFile(join(out, "data_batch_1.bin"));
    assert.equal(first, "content of data_batch_1.bin");
  });
});

Deno.test("unpackArchive() names what is missing from, or wrong with, an archive", async () => {
  await inTempFolder(async (root, out) => {
    const archive = join(root, "a.tar.gz");
    await writeArchive(archive, whole.filter(({ name }) => !name.includes("batch_4")));
    await assert.rejects(
      unpackArchive(archive, out, CIFAR10),
      /a\.tar\.gz is incomplete.*data_batch_4\.bin/,
    );
  });
  await inTempFolder(async (root, out) => {
    const archive = join(root, "a.tar.gz");
    const noise = Array.from(
      { length: 500 },
      (_, i) => createHash("sha512").update(`${i}`).digest("hex"),
    ).join("");
    await writeArchive(archive, [{ ...whole[0]!, content: noise }, ...whole.slice(1)], 9000);
    await assert.rejects(unpackArchive(archive, out, CIFAR10), /a\.tar\.gz is damaged/);
    await assert.rejects(unpackArchive(join(root, "b.tar.gz"), out, CIFAR10), Deno.errors.NotFound);
    await Deno.writeTextFile(archive, "not a gzip file");
    await assert.rejects(unpackArchive(archive, out, CIFAR10), /a\.tar\.gz is damaged/);
  });
});

/** A `.tar.gz` whose only member claims `size` bytes and has as many zeros. */
async function writeZeros(path: string, name: string, size: number): Promise<void> {
  const pack = tar.pack(), gzip = createGzip({ level: 1 });
  const writing = pipeline(pack, gzip, createWriteStream(path));
  const entry = pack.entry({ name, size });
  const zeros = Buffer.alloc(2 ** 20);
  for (let left = size; left > 0; left -= zeros.length) {
    const part = zeros.subarray(0, Math.min(left, zeros.length));
    if (!entry.write(part)) await new Promise<void>((go) => entry.once("drain", () => go()));
  }
  (entry as unknown as { end(): void }).end();
  pack.finalize();
  await writing;
}

Deno.test("unpackArchive() refuses a file that is larger than it can be at its header", async () => {
  await inTempFolder(async (root, out) => {
    const archive = join(root, "a.tar.gz");
    for (const name of ["data_batch_1.bin", "batches.meta.txt"]) {
      await writeZeros(archive, name, 31_000_000);
      await assert.rejects(
        unpackArchive(archive, out, CIFAR10),
        /a\.tar\.gz is damaged: .* has 31000000 bytes, more than the/,
      );
      assert.deepEqual(namesIn(out), []);
    }
  });
});

Deno.test("unpackArchive() refuses an archive that unpacks to far more than its files", async () => {
  await inTempFolder(async (root, out) => {
    const archive = join(root, "a.tar.gz");
    await writeZeros(archive, "something else", 260 * 2 ** 20);
    await assert.rejects(unpackArchive(archive, out, CIFAR10), /unpacks to more than/);
  });
});

Deno.test("unpackArchive() says which other archive of the family it was given", async () => {
  const cases = [
    ["cifar-10-batches-py/data_batch_1", CIFAR10, /CIFAR-10's Python.*wanted is CIFAR-10's binary/],
    ["cifar-10-batches-mat/data_batch_1.mat", CIFAR10, /CIFAR-10's Matlab version/],
    ["cifar-100-binary/train.bin", CIFAR10, /is CIFAR-100's binary version.*cifar-10-binary\.tar/],
    ["cifar-100-python/train", CIFAR10, /CIFAR-100's Python version/],
    ["cifar-10-batches-bin/data_batch_1.bin", cifar100("fine"), /is CIFAR-10's binary version/],
  ] as const;
  for (const [name, format, message] of cases) {
    await inTempFolder(async (root, out) => {
      await writeArchive(join(root, "a.tar.gz"), [{ name, content: "x" }]);
      await assert.rejects(unpackArchive(join(root, "a.tar.gz"), out, format), message);
    });
  }
});

Deno.test("fullDisk() says how much is needed and where", () => {
  const full = Object.assign(new Error("no space left on device, write"), { code: "ENOSPC" });
  const message = "The disk is full: 176 MiB are needed in /data";
  assert.equal(fullDisk(full, "/data", 184_000_000)?.message, message);
  assert.equal(
    fullDisk(new Error("No space left on device (os error 28)"), "/data", 1)?.cause instanceof
      Error,
    true,
  );
  assert.equal(fullDisk(new Error("other"), "/data", 1), undefined);
});
