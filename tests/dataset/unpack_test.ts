import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { gzipSync } from "node:zlib";
import { join } from "@std/path";
import * as tar from "tar-stream";
import { unpackArchive } from "../../lib/dataset/engine/unpack.ts";
import { DATASET_FILES } from "../../lib/dataset/engine/cifar10_format.ts";

type Entry = Partial<tar.Header> & { name: string; content?: string };

async function writeArchive(
  path: string,
  entries: Entry[],
  cut?: number,
): Promise<void> {
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

async function inTempFolder(
  work: (root: string, out: string) => Promise<void>,
): Promise<void> {
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
    await unpackArchive(join(root, "a.tar.gz"), out);
    assert.deepEqual(namesIn(out), [...DATASET_FILES].sort());
    assert.equal(
      await Deno.readTextFile(join(out, "test_batch.bin")),
      "content of test_batch.bin",
    );
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
    await unpackArchive(join(root, "a.tar.gz"), out);
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
    await writeArchive(
      archive,
      whole.filter(({ name }) => !name.includes("batch_4")),
    );
    await assert.rejects(
      unpackArchive(archive, out),
      /a\.tar\.gz is incomplete.*data_batch_4\.bin/,
    );
  });
  await inTempFolder(async (root, out) => {
    const archive = join(root, "a.tar.gz");
    const noise = Array.from(
      { length: 500 },
      (_, i) => createHash("sha512").update(`${i}`).digest("hex"),
    ).join("");
    await writeArchive(archive, [
      { ...whole[0]!, content: noise },
      ...whole.slice(1),
    ], 9000);
    await assert.rejects(unpackArchive(archive, out), /a\.tar\.gz is damaged/);
    await assert.rejects(
      unpackArchive(join(root, "b.tar.gz"), out),
      Deno.errors.NotFound,
    );
    await Deno.writeTextFile(archive, "not a gzip file");
    await assert.rejects(unpackArchive(archive, out), /a\.tar\.gz is damaged/);
  });
});
