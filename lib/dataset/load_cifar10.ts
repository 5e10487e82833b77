import { basename, dirname, join, resolve } from "@std/path";
import { interruptible } from "../notebook/interrupt.ts";
import { progressLine } from "../notebook/progress.ts";
import type { OnProgress } from "../base/run_options.ts";
import {
  ARCHIVE_FOLDER,
  encodeRecords,
  NAMES_FILE,
  readRecords,
  type Records,
  TEST_FILE,
  TRAIN_FILES,
} from "./engine/cifar10_format.ts";
import { download, md5OfFile } from "./engine/download.ts";
import { sliceSplit, type Split } from "./split.ts";
import { generateStandIn, STAND_IN_CLASSES } from "./engine/stand_in.ts";
import { unpackArchive } from "./engine/unpack.ts";

/** Address of the binary version's archive. */
export const CIFAR10_ADDRESS = "https://www.cs.toronto.edu/~kriz/cifar-10-binary.tar.gz";
/** Its MD5 digest, as published beside it. */
export const CIFAR10_MD5 = "c32a1d4ab5d03f1284b67883e8d87530";

/** Records in a file of the stand-in: small, so that the whole article runs on it in minutes. */
const STAND_IN_RECORDS = 1000;
const STAND_IN_SEED = 10;
/** To be raised when the generated images change, so that no old cache is taken for them. */
const STAND_IN_VERSION = 1;

/** What {@linkcode loadCifar10} can be told. */
export interface LoadOptions {
  /**
   * The archive (`.tar.gz`) or unpacked folder of CIFAR-10's *binary version* to read; default: the
   * environment variable `CIFAR10_ARCHIVE`. If it is given it must be readable and whole.
   */
  readonly archive?: string;
  /** Address to download from; default: the variable `CIFAR10_URL`, or the official address. */
  readonly url?: string;
  /** Whether to download at all; default: yes, unless the variable `CIFAR10_OFFLINE` is set. */
  readonly download?: boolean;
  /** Folder of the cache; default: the project's `data/`. */
  readonly dataFolder?: string;
  /** Told how the download goes; default: a line of progress on standard output. */
  readonly onProgress?: OnProgress;
  /** Where warnings go; default: standard error. */
  readonly warn?: (message: string) => void;
  /** Stops a download. */
  readonly signal?: AbortSignal;
}

/** A data set of images in ten classes. */
export interface Dataset {
  readonly train: Split;
  readonly test: Split;
  /** Names of the classes 0 … 9. */
  readonly classNames: readonly string[];
  /** Whether these are CIFAR-10's images or the generated stand-in. */
  readonly source: "cifar10" | "stand-in";
  /** Whether they came from the official archive, by its digest: then every byte is the original. */
  readonly official: boolean;
}

/**
 * Loads CIFAR-10: 50,000 training and 10,000 test images of 32 × 32 × 3 in ten classes.
 *
 * Looks at the given archive first, then at the cache in `data/`, then downloads the official archive
 * (163 MiB) into that cache, and where all this fails generates a stand-in of 5,000 + 1,000 pictures,
 * with a loud warning: results on it are not CIFAR-10's.
 *
 * @throws {Deno.errors.NotFound} If a given archive, or a file in it, is missing
 * @throws {RangeError} If a given archive is damaged, naming the file
 * @throws {DOMException} Named `AbortError`, if the signal aborts or the notebook is interrupted
 *
 * @example What is here already, or the stand-in; `archive` names a `.tar.gz` or its unpacked folder
 * ```ts
 * import assert from "node:assert/strict";
 * import { loadCifar10 } from "deep-features";
 *
 * const { train, test, classNames } = await loadCifar10({ download: false });
 * assert.deepEqual(train.shape.slice(1), [32, 32, 3]);
 * assert.equal(classNames.length, 10);
 * ```
 */
export async function loadCifar10(options: LoadOptions = {}): Promise<Dataset> {
  return await interruptible(
    options.signal,
    (signal) => load(signal ? { ...options, signal } : options),
    () => "what has been downloaded is kept, and the next call goes on from there",
  );
}

async function load(options: LoadOptions): Promise<Dataset> {
  const dataFolder = resolve(
    options.dataFolder ?? join(import.meta.dirname!, "../../data"),
  );
  const archive = options.archive ?? variable("CIFAR10_ARCHIVE");
  await Deno.mkdir(dataFolder, { recursive: true });
  // One process at a time fills the cache; the others wait and then find it filled.
  using lock = await Deno.open(join(dataFolder, ".lock"), {
    create: true,
    write: true,
  });
  await lock.lock(true);
  if (archive !== undefined) return await fromArchive(archive, dataFolder);

  const cache = cacheFolder(dataFolder, CIFAR10_MD5);
  if (await exists(cache)) {
    return dataset(await readRecords(cache), "cifar10", true);
  }
  const warn = options.warn ?? console.warn;
  if (options.download ?? variable("CIFAR10_OFFLINE") === undefined) {
    const url = options.url ?? variable("CIFAR10_URL") ?? CIFAR10_ADDRESS;
    const file = join(dataFolder, "cifar-10-binary.tar.gz");
    try {
      await download(url, file, {
        md5: CIFAR10_MD5,
        onProgress: options.onProgress ?? progressLine("Downloading CIFAR-10"),
        ...(options.signal ? { signal: options.signal } : {}),
      });
      await fillFolder(cache, (folder) => unpackArchive(file, folder));
      await Deno.remove(file);
      return dataset(await readRecords(cache), "cifar10", true);
    } catch (error) {
      options.signal?.throwIfAborted();
      warn((error as Error).message);
    }
  }
  warn(STAND_IN_WARNING);
  return await loadStandIn(dataFolder);
}

/** What is said wherever the stand-in is used. */
export const STAND_IN_WARNING =
  "THESE ARE NOT CIFAR-10's IMAGES. CIFAR-10 could not be had, so generated stand-in pictures are used " +
  "instead: every result made with them shows that the code runs, and nothing about CIFAR-10. Set " +
  "CIFAR10_ARCHIVE to the binary version's archive, or let it be downloaded, for the real results.";

/**
 * The same data set with at most so many training and test images, the first ones of each.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { firstImages, loadCifar10 } from "deep-features";
 *
 * const data = firstImages(await loadCifar10({ download: false }), 100, 20);
 * assert(data.train.shape.join() === "100,32,32,3" && data.test.labels.length === 20);
 * ```
 */
export function firstImages(
  data: Dataset,
  trainCount: number,
  testCount: number,
): Dataset {
  return {
    ...data,
    train: sliceSplit(data.train, 0, trainCount),
    test: sliceSplit(data.test, 0, testCount),
  };
}

async function fromArchive(
  archive: string,
  dataFolder: string,
): Promise<Dataset> {
  const info = await Deno.stat(archive).catch((error) => {
    throw error instanceof Deno.errors.NotFound
      ? new Deno.errors.NotFound(`The given archive ${archive} does not exist`)
      : error;
  });
  if (info.isDirectory) {
    const inner = join(archive, ARCHIVE_FOLDER);
    return dataset(
      await readRecords(await exists(inner) ? inner : archive),
      "cifar10",
      false,
    );
  }
  const md5 = await md5OfFile(archive);
  const cache = cacheFolder(dataFolder, md5);
  if (!await exists(cache)) {
    await fillFolder(cache, (folder) => unpackArchive(archive, folder));
  }
  return dataset(await readRecords(cache), "cifar10", md5 === CIFAR10_MD5);
}

/** The generated stand-in, written in CIFAR-10's format and read back by the same parser. */
async function loadStandIn(dataFolder: string): Promise<Dataset> {
  const folder = join(dataFolder, `stand-in-${STAND_IN_VERSION}`);
  if (!await exists(folder)) {
    await fillFolder(folder, async (part) => {
      const files = [...TRAIN_FILES, TEST_FILE];
      const all = generateStandIn(
        files.length * STAND_IN_RECORDS,
        STAND_IN_SEED,
      );
      await Promise.all(files.map((name, i) => {
        const records = sliceSplit(
          all,
          i * STAND_IN_RECORDS,
          (i + 1) * STAND_IN_RECORDS,
        );
        return Deno.writeFile(join(part, name), encodeRecords(records));
      }));
      await Deno.writeTextFile(
        join(part, NAMES_FILE),
        STAND_IN_CLASSES.join("\n") + "\n",
      );
    }, STAND_IN_RECORDS);
  }
  return dataset(
    await readRecords(folder, STAND_IN_RECORDS),
    "stand-in",
    false,
  );
}

/** Fills a folder beside its place, checks it by reading it, and renames it: it is whole or not there. */
async function fillFolder(
  folder: string,
  fill: (part: string) => Promise<void>,
  recordsInFile?: number,
): Promise<void> {
  const part = join(
    dirname(folder),
    `.${basename(folder)}.${crypto.randomUUID()}.part`,
  );
  await Deno.mkdir(part);
  try {
    await fill(part);
    await readRecords(part, recordsInFile);
    await Deno.rename(part, folder);
  } catch (error) {
    await Deno.remove(part, { recursive: true });
    throw error;
  }
}

function dataset(
  records: Records,
  source: Dataset["source"],
  official: boolean,
): Dataset {
  return { ...records, source, official };
}

function cacheFolder(dataFolder: string, md5: string): string {
  return join(dataFolder, `cifar-10-${md5.slice(0, 12)}`);
}

function variable(name: string): string | undefined {
  return Deno.env.get(name) || undefined;
}

async function exists(path: string): Promise<boolean> {
  return await Deno.stat(path).then(() => true, () => false);
}
