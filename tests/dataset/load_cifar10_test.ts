import assert from "node:assert/strict";
import { createServer } from "node:net";
import { join } from "@std/path";
import { type Dataset, firstImages, loadCifar10, sourceNotice, type Split } from "deep-features";
import { STAND_IN_WARNING } from "deep-features/dataset";
import { jupyterDisplay } from "../../lib/base/display.ts";
import { writeDataset } from "./write_dataset.ts";

async function inTempFolder(work: (folder: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    await work(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

const silent = { warn: () => {}, onProgress: () => {} };

let standIn: Promise<Record<string, Uint8Array>> | undefined;

/** Puts the files of the stand-in into a data folder; they are generated once, which takes a second or two. */
async function putStandIn(dataFolder: string): Promise<void> {
  const place = join(dataFolder, "stand-in-1");
  standIn ??= (async () => {
    await loadCifar10({ dataFolder, download: false, ...silent });
    const names = [...Deno.readDirSync(place)].map(({ name }) => name);
    return Object.fromEntries(
      await Promise.all(names.map(async (name) => [name, await Deno.readFile(join(place, name))])),
    );
  })();
  const files = await standIn;
  await Deno.mkdir(place, { recursive: true });
  for (const [name, bytes] of Object.entries(files)) await Deno.writeFile(join(place, name), bytes);
}

Deno.test("loadCifar10() falls back to the stand-in with a warning, and finds it again", async () => {
  await inTempFolder(async (dataFolder) => {
    const warnings: string[] = [];
    const load = () =>
      loadCifar10({
        dataFolder,
        url: "http://127.0.0.1:9/none",
        download: true,
        onProgress: () => {},
        warn: (message) => warnings.push(message),
      });
    const first = await load();
    assert.equal(first.source, "stand-in");
    assert.deepEqual(first.train.shape, [5000, 32, 32, 3]);
    assert.deepEqual(first.test.shape, [1000, 32, 32, 3]);
    assert.equal(warnings.length, 2);
    assert.match(warnings[0]!, /Cannot download/);
    assert.equal(warnings[1], STAND_IN_WARNING);
    assert.deepEqual(await load(), first);
    assert.ok(![...Deno.readDirSync(dataFolder)].some(({ name }) => name.endsWith(".part")));
  });
});

Deno.test("loadCifar10() does not go to the network when told not to", async () => {
  await inTempFolder(async (dataFolder) => {
    await putStandIn(dataFolder);
    const connections: unknown[] = [];
    const server = createServer((socket) => {
      connections.push(socket.remoteAddress);
      socket.destroy();
    });
    const port = await new Promise<number>((resolve) =>
      server.listen(0, "127.0.0.1", () => resolve((server.address() as { port: number }).port))
    );
    const url = `http://127.0.0.1:${port}/a`;
    const data = await loadCifar10({ dataFolder, url, download: false, ...silent });
    assert.equal(data.source, "stand-in");
    assert.equal(connections.length, 0);
    server.close();
  });
});

Deno.test("loadCifar10() never replaces a given archive that is missing or damaged by the stand-in", async () => {
  await inTempFolder(async (dataFolder) => {
    const archive = join(dataFolder, "gone.tar.gz");
    await assert.rejects(
      loadCifar10({ archive, dataFolder, ...silent }),
      /given archive .*gone\.tar\.gz does not exist/,
    );
    await Deno.writeTextFile(archive, "damaged");
    await assert.rejects(loadCifar10({ archive, dataFolder, ...silent }), /is damaged/);
    assert.deepEqual(
      [...Deno.readDirSync(dataFolder)].map(({ name }) => name).sort(),
      [".lock", "gone.tar.gz"],
    );
    await using folder = await writeDataset(2);
    await assert.rejects(
      loadCifar10({ archive: folder.path, dataFolder, ...silent }),
      /data_batch_1\.bin is damaged.*not 10000 records/,
    );
  });
});

/** A stand-in of black images. */
function blackStandIn(): Dataset {
  const split = (n: number): Split => ({
    images: new Uint8Array(n * 32 * 32 * 3),
    labels: new Uint8Array(n),
    shape: [n, 32, 32, 3],
  });
  const classNames = ["disc", "ring"];
  return { train: split(500), test: split(100), classNames, source: "stand-in", official: false };
}

Deno.test("firstImages() keeps the first ones, and all where there are fewer", () => {
  const data = blackStandIn();
  const small = firstImages(data, 100, 5000);
  assert.equal(small.train.shape[0], 100);
  assert.equal(small.test.shape[0], 100);
  assert.equal(small.source, "stand-in");
  assert.throws(() => firstImages(data, 0, 5), /trainCount must be a whole number of at least 1/);
  assert.throws(() => firstImages(data, 5, 2.5), RangeError);
});

Deno.test("sourceNotice() warns of the stand-in, and adds a note without letting HTML in", () => {
  const data = blackStandIn();
  const notice = sourceNotice(data, "<script>");
  assert.ok(notice.isWarning);
  const bundle = notice[jupyterDisplay]() as Record<string, string>;
  assert.match(bundle["text/plain"]!, /NOT CIFAR-10/);
  assert.match(bundle["text/html"]!, /role="alert".*&lt;script&gt;/);
  assert.throws(() => sourceNotice(undefined as never), /must be a Dataset, got undefined/);
  const real = { ...data, source: "cifar10", official: false } as const;
  assert.match(sourceNotice(real, "").text, /not the official one/);
  assert.ok(!sourceNotice(real, "").isWarning);
  assert.match(sourceNotice({ ...real, official: true }, "").text, /official archive/);
});

Deno.test("loadCifar10() reads a cache where nothing may be written, and names one that it cannot mend", async () => {
  await inTempFolder(async (dataFolder) => {
    await putStandIn(dataFolder);
    // A cache that cannot be made anew is an error that names it, not a stand-in.
    const cache = join(dataFolder, "cifar-10-c32a1d4ab5d0");
    await Deno.mkdir(cache);
    await assert.rejects(
      loadCifar10({ dataFolder, download: false, ...silent }),
      /cifar-10-c32a1d4ab5d0 is damaged \(.* is missing.*Delete it to go on/,
    );
    await Deno.remove(cache);
    // A file with another digest in the archive's place is not trusted.
    await Deno.writeTextFile(join(dataFolder, "cifar-10-binary.tar.gz"), "other");
    const data = await loadCifar10({ dataFolder, download: false, ...silent });
    assert.equal(data.source, "stand-in");
    // The stand-in is whole now: reading it needs no right to write.
    await Deno.remove(join(dataFolder, ".lock"));
    await Deno.chmod(dataFolder, 0o555);
    try {
      assert.deepEqual(await loadCifar10({ dataFolder, download: false, ...silent }), data);
      // Root may write anywhere: it must not have been tried, either.
      assert.ok(![...Deno.readDirSync(dataFolder)].some(({ name }) => name === ".lock"));
    } finally {
      await Deno.chmod(dataFolder, 0o755);
    }
  });
});

Deno.test("loadCifar10() says for whom it waits, and stops waiting when told", async () => {
  await inTempFolder(async (dataFolder) => {
    using holder = await Deno.open(join(dataFolder, ".lock"), { create: true, write: true });
    await holder.lock(true);
    await holder.write(new TextEncoder().encode("process 4711 since yesterday"));
    const controller = new AbortController();
    await assert.rejects(
      loadCifar10({
        dataFolder,
        download: false,
        signal: controller.signal,
        warn: (message) => {
          if (/Another process \(process 4711 since yesterday\) is at work/.test(message)) {
            controller.abort(new DOMException("Enough", "AbortError"));
          }
        },
      }),
      { name: "AbortError" },
    );
  });
});

Deno.test("loadCifar10() knows its options, and tells other archives of the family", async () => {
  await assert.rejects(loadCifar10({ offline: true } as never), /no option "offline"/);
  await assert.rejects(loadCifar10({ download: "no" as never }), TypeError);
  await inTempFolder(async (folder) => {
    const inner = join(folder, "cifar-10-batches-py");
    await Deno.mkdir(inner);
    await Deno.writeTextFile(join(inner, "data_batch_1"), "x");
    for (const archive of [folder, inner]) {
      await assert.rejects(
        loadCifar10({ archive, ...silent }),
        /is CIFAR-10's Python version: what is wanted is CIFAR-10's binary version/,
      );
    }
  });
});
