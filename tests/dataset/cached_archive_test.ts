import assert from "node:assert/strict";
import { createWriteStream } from "node:fs";
import { pipeline } from "node:stream/promises";
import { createGzip } from "node:zlib";
import { join } from "@std/path";
import * as tar from "tar-stream";
import { loadCached, type Places } from "../../lib/dataset/engine/cached_archive.ts";
import {
  CIFAR10,
  type CifarFormat,
  filesOf,
  withRecords,
} from "../../lib/dataset/engine/cifar_format.ts";
import { digestOfFile } from "../../lib/base/digest.ts";

const NAMES = "abcdefghij".split("").join("\n") + "\n";

/** A data folder with an archive of two grey images a file beside it, and the format that it is official for. */
async function withArchive(
  work: (setting: {
    archive: string;
    format: CifarFormat;
    places: Places;
    warnings: string[];
  }) => Promise<void>,
): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    const small = withRecords(CIFAR10, 2);
    const archive = join(folder, "small.tar.gz");
    const pack = tar.pack();
    const writing = pipeline(pack, createGzip(), createWriteStream(archive));
    for (const [name, size] of filesOf(small)) {
      const content = name === CIFAR10.namesFile ? Buffer.from(NAMES) : Buffer.alloc(size, 7);
      pack.entry({ name: `cifar-10-batches-bin/${name}` }, content);
    }
    pack.finalize();
    await writing;
    const { size } = await Deno.stat(archive);
    const format = { ...small, md5: await digestOfFile(archive, "md5"), archiveBytes: size };
    const dataFolder = join(folder, "data"), warnings: string[] = [];
    await Deno.mkdir(dataFolder);
    const places = {
      archive,
      url: undefined,
      dataFolder,
      onProgress: () => {},
      warn: (message: string) => warnings.push(message),
    };
    await work({ archive, format, places, warnings });
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** Serves a file, and counts how often. */
async function withServer(file: string, work: (url: string) => Promise<void>): Promise<number> {
  let requests = 0;
  const server = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen() {} }, async () => {
    requests++;
    return new Response(await Deno.readFile(file));
  });
  try {
    await work(`http://127.0.0.1:${server.addr.port}/a.tar.gz`);
  } finally {
    await server.shutdown();
  }
  return requests;
}

const cacheOf = ({ md5 }: CifarFormat, { dataFolder }: Places) =>
  join(dataFolder, `cifar-10-${md5.slice(0, 12)}`);

/** Each spoils a cache in another way; with what is said of it. */
const DAMAGES: [(cache: string) => Promise<void>, RegExp][] = [
  [
    (cache) => edit(cache, (bytes) => bytes.with(500, 8)),
    /data_batch_3\.bin is damaged: it is not what/,
  ],
  [(cache) => edit(cache, (bytes) => bytes.subarray(0, 99)), /data_batch_3\.bin is damaged/],
  [(cache) => Deno.remove(join(cache, "data_batch_3.bin")), /data_batch_3\.bin is missing/],
  [
    (cache) => Deno.writeTextFile(join(cache, "batches.meta.txt"), "x\n".repeat(10)),
    /batches\.meta/,
  ],
  [(cache) => Deno.writeTextFile(join(cache, "digests.json"), "{"), /digests\.json is damaged/],
];

async function edit(cache: string, change: (bytes: Uint8Array) => Uint8Array): Promise<void> {
  const path = join(cache, "data_batch_3.bin");
  await Deno.writeFile(path, change(await Deno.readFile(path)));
}

Deno.test("loadCached() makes a damaged cache anew from a given archive, saying so", async () => {
  await withArchive(async ({ format, places, warnings }) => {
    const first = await loadCached(format, places);
    assert.ok(first!.official);
    assert.ok(first!.train.images.every((value) => value === 7));
    for (const [damage, message] of DAMAGES) {
      await damage(cacheOf(format, places));
      // What a process that was killed while it unpacked has left goes, too.
      await Deno.mkdir(join(places.dataFolder, ".cifar-10-abc.1.part"));
      assert.deepEqual(await loadCached(format, places), first);
      assert.match(warnings.pop()!, message);
      assert.deepEqual(await loadCached(format, places), first);
      assert.deepEqual(warnings, []);
      const names = [...Deno.readDirSync(places.dataFolder)].map(({ name }) => name);
      assert.ok(!names.some((name) => name.endsWith(".part")), names.join());
    }
  });
});

Deno.test("loadCached() fetches a damaged cache again, once", async () => {
  await withArchive(async ({ archive, format, places, warnings }) => {
    const requests = await withServer(archive, async (url) => {
      const online = { ...places, archive: undefined, url };
      const first = await loadCached(format, online);
      assert.ok(first!.official);
      for (const [damage, message] of DAMAGES) {
        await damage(cacheOf(format, places));
        assert.deepEqual(await loadCached(format, online), first);
        assert.match(warnings.pop()!, message);
      }
    });
    assert.equal(requests, 1 + DAMAGES.length);
    // Offline it is an error that names the folder.
    await edit(cacheOf(format, places), (bytes) => bytes.with(500, 8));
    await assert.rejects(
      loadCached(format, { ...places, archive: undefined }),
      /is damaged .* and cannot be made anew: nothing may be downloaded\. Delete it/,
    );
  });
});

Deno.test("loadCached() unpacks an archive that was fetched and verified before, without fetching it again", async () => {
  await withArchive(async ({ archive, format, places }) => {
    const requests = await withServer(archive, async (url) => {
      const online = { ...places, archive: undefined, url };
      await Deno.copyFile(archive, join(places.dataFolder, "cifar-10-binary.tar.gz"));
      await Deno.mkdir(join(places.dataFolder, ".cifar-10-abc.1.part"));
      assert.ok((await loadCached(format, online))!.official);
    });
    assert.equal(requests, 0);
    const names = [...Deno.readDirSync(places.dataFolder)].map(({ name }) => name).sort();
    assert.deepEqual(names, [".lock", `cifar-10-${format.md5.slice(0, 12)}`]);
  });
});

Deno.test("loadCached() reads a cache of an earlier version, and says that it cannot be checked", async () => {
  await withArchive(async ({ format, places, warnings }) => {
    await loadCached(format, places);
    await Deno.remove(join(cacheOf(format, places), "digests.json"));
    const data = await loadCached(format, { ...places, archive: undefined });
    assert.ok(!data!.official && data!.train.images[0] === 7);
    assert.match(warnings.join(), /made by an earlier version.*cannot be checked/);
  });
});

Deno.test("loadCached() names the archive, and not the folder that is gone, when it is damaged", async () => {
  await withArchive(async ({ archive, format, places }) => {
    const five = { ...format, classes: 5 };
    await assert.rejects(loadCached(five, places), (error: Error) => {
      assert.ok(error.message.startsWith(join(archive, "batches.meta.txt")), error.message);
      return /names 10 classes: need 5/.test(error.message);
    });
  });
});

Deno.test("loadCached() tells how unpacking goes, and stops it when told, leaving nothing", async () => {
  await withArchive(async ({ format, places }) => {
    const controller = new AbortController();
    const stopped = loadCached(format, {
      ...places,
      signal: controller.signal,
      onProgress: ({ message }) => {
        assert.equal(message, "unpacking");
        controller.abort(new DOMException("Enough", "AbortError"));
      },
    });
    await assert.rejects(stopped, { name: "AbortError" });
    assert.deepEqual([...Deno.readDirSync(places.dataFolder)].map(({ name }) => name), [".lock"]);
    assert.ok(await loadCached(format, places));
  });
});
