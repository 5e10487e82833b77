import { dirname, join, resolve } from "@std/path";
import {
  callable,
  checkOptions,
  checkValue,
  flag,
  type Rules,
  text,
  whole,
} from "../base/check.ts";
import { RUN_RULES, type RunOptions } from "../base/run_options.ts";
import { fullDisk } from "../base/full_disk.ts";
import { withLock } from "../base/lock.ts";
import {
  fillFolder,
  loadCached,
  type Places,
  readCache,
  removeParts,
} from "./engine/cached_archive.ts";
import { CIFAR10, encodeRecords, recordBytes, withRecords } from "./engine/cifar_format.ts";
import { sliceSplit, type Split } from "./split.ts";
import { generateStandIn, STAND_IN_CLASSES } from "./engine/stand_in.ts";
import { showDataset } from "./engine/show_images.ts";

/** Address of the binary version's archive. */
export const CIFAR10_ADDRESS: string = CIFAR10.address;
/** Its MD5 digest, as published beside it. */
export const CIFAR10_MD5: string = CIFAR10.md5;

/** Records in a file of the stand-in: small, so that the whole article runs on it in minutes. */
const STAND_IN_RECORDS = 1000;
const STAND_IN_SEED = 10;
/** To be raised when the generated images change, so that no old cache is taken for them. */
const STAND_IN_VERSION = 1;

/** What {@linkcode loadCifar10} can be told. */
export interface LoadOptions extends RunOptions {
  /**
   * The archive (`.tar.gz`) or unpacked folder of the *binary version* to read; default: the environment
   * variable `CIFAR10_ARCHIVE`. If it is given it must be readable and whole.
   */
  readonly archive?: string;
  /** Address to download from; default: the variable `CIFAR10_URL`, or the official address. */
  readonly url?: string;
  /** Whether to download at all; default: yes, unless the variable `CIFAR10_OFFLINE` is set. */
  readonly download?: boolean;
  /** Folder of the cache; default: the project's `data/`. */
  readonly dataFolder?: string;
  /** Where warnings go; default: standard error. */
  readonly warn?: (message: string) => void;
}

/** What {@linkcode LoadOptions} may be. */
export const LOAD_RULES: Rules<LoadOptions> = {
  ...RUN_RULES,
  archive: text,
  url: text,
  download: flag,
  dataFolder: text,
  warn: callable,
};

/** A data set of images in classes. */
export interface Dataset {
  readonly train: Split;
  readonly test: Split;
  /** Names of the classes 0, 1, 2, … */
  readonly classNames: readonly string[];
  /**
   * Where the images are from: `"cifar10"`, `"cifar100"`, `"stand-in"` (generated), or any name that
   * {@linkcode sourceNotice} is to say.
   */
  readonly source: "cifar10" | "cifar100" | "stand-in" | (string & Record<never, never>);
  /** Whether they came from the official archive, by its digest: then every byte is the original. */
  readonly official: boolean;
}

/**
 * Loads CIFAR-10: 50,000 training and 10,000 test images of 32 × 32 × 3 in ten classes.
 *
 * Looks at the given archive first, then at the cache in `data/`, then downloads the official archive
 * (163 MiB) into that cache, and where all this fails generates a stand-in of 5,000 + 1,000 pictures,
 * with a loud warning: results on it are not CIFAR-10's. The cache keeps digests of its files, which are
 * checked; a damaged one is made anew, saying so.
 *
 * @throws {Deno.errors.NotFound} If a given archive, or a file in it, is missing
 * @throws {RangeError} If a given archive is damaged, or the cache is and cannot be made anew, naming it
 * @throws {TypeError} If an option is of a wrong kind or unknown
 * @throws {DOMException} If the signal aborts; what was downloaded is kept for the next time
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
  checkOptions("loadCifar10", options, LOAD_RULES);
  const places = placesOf(options, "CIFAR10", CIFAR10.address);
  const loaded = await loadCached(CIFAR10, places);
  if (loaded) return showDataset({ ...loaded, source: "cifar10" });
  places.warn(STAND_IN_WARNING);
  return await loadStandIn(places);
}

/**
 * The options, and where they are not given the environment's variables.
 *
 * @param prefix What the variables' names begin with
 */
export function placesOf(options: LoadOptions, prefix: string, address: string): Places {
  const variable = (name: string) => Deno.env.get(`${prefix}_${name}`) || undefined;
  const mayDownload = options.download ?? variable("OFFLINE") === undefined;
  return {
    archive: options.archive ?? variable("ARCHIVE"),
    url: mayDownload ? options.url ?? variable("URL") ?? address : undefined,
    dataFolder: resolve(options.dataFolder ?? join(import.meta.dirname!, "../../data")),
    warn: options.warn ?? console.warn,
    onProgress: options.onProgress,
    signal: options.signal,
  };
}

/** What is said wherever the stand-in is used. */
export const STAND_IN_WARNING =
  "THESE ARE NOT CIFAR-10's IMAGES. CIFAR-10 could not be had, so generated stand-in pictures are used " +
  "instead: every result made with them shows that the code runs, and nothing about CIFAR-10. Set " +
  "CIFAR10_ARCHIVE to the binary version's archive, or let it be downloaded, for the real results.";

/**
 * The same data set with at most so many training and test images, the first ones of each.
 *
 * @throws {RangeError} If a count is no whole number above 0
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
export function firstImages(data: Dataset, trainCount: number, testCount: number): Dataset {
  checkValue("firstImages: trainCount", trainCount, whole(1));
  checkValue("firstImages: testCount", testCount, whole(1));
  return showDataset({
    ...data,
    train: sliceSplit(data.train, 0, trainCount),
    test: sliceSplit(data.test, 0, testCount),
  });
}

/** The generated stand-in, written in CIFAR-10's format and read back by the same parser. */
async function loadStandIn({ dataFolder, warn, signal }: Places): Promise<Dataset> {
  const folder = join(dataFolder, `stand-in-${STAND_IN_VERSION}`);
  const format = withRecords(CIFAR10, STAND_IN_RECORDS);
  const cached = async () => {
    const { records, isUnsealed, damage } = await readCache(folder, format);
    if (damage) warn(`${folder} is damaged (${damage}): it is made anew`);
    return isUnsealed ? undefined : records;
  };
  const records = await cached() ?? await withLock(dataFolder, { warn, signal }, async () => {
    await removeParts(dataFolder);
    return await cached() ?? await fillFolder(folder, format, writeStandIn, folder);
  });
  return showDataset({ ...records, source: "stand-in", official: false });
}

async function writeStandIn(folder: string): Promise<void> {
  const files = [...CIFAR10.trainFiles, CIFAR10.testFile];
  const all = generateStandIn(files.length * STAND_IN_RECORDS, STAND_IN_SEED);
  try {
    for (const [i, name] of files.entries()) {
      const records = sliceSplit(all, i * STAND_IN_RECORDS, (i + 1) * STAND_IN_RECORDS);
      await Deno.writeFile(join(folder, name), encodeRecords(records));
    }
    await Deno.writeTextFile(join(folder, CIFAR10.namesFile), STAND_IN_CLASSES.join("\n") + "\n");
  } catch (error) {
    const needed = files.length * STAND_IN_RECORDS * recordBytes(CIFAR10);
    throw fullDisk(error, dirname(folder), needed) ?? error;
  }
}
