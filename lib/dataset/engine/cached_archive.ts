import { basename, dirname, join } from "@std/path";
import { interruptible } from "../../notebook/interrupt.ts";
import { progressLine } from "../../notebook/progress.ts";
import { digestOfFile } from "../../base/digest.ts";
import { download } from "../../base/download.ts";
import type { RunOptions } from "../../base/run_options.ts";
import { exists } from "../../base/exists.ts";
import { writeWhole } from "../../base/write_whole.ts";
import { type CifarFormat, digestsOf, filesOf, readRecords, type Records } from "./cifar_format.ts";
import { withLock } from "../../base/lock.ts";
import { unpackArchive, wrongArchive } from "./unpack.ts";

/** Beside the files of a cache: their SHA-256 digests. */
const DIGESTS_FILE = "digests.json";

/** Where a data set is looked for. */
export interface Places extends RunOptions {
  readonly archive: string | undefined;
  /** `undefined`: nothing is downloaded. */
  readonly url: string | undefined;
  readonly dataFolder: string;
  readonly warn: (message: string) => void;
}

/** A data set, and whether it came from the official archive, by its digest. */
export interface Loaded extends Records {
  readonly official: boolean;
}

/**
 * Reads a data set of the CIFAR family: from a given archive or unpacked folder, else from the cache, else
 * from an archive that is downloaded. What is unpacked is kept in the cache with the digests of its files,
 * which are checked at each start; a damaged cache is made anew, saying so.
 *
 * @returns `undefined` where it cannot be had: no archive is given, and the download failed, with a warning,
 *   or was not wished
 * @throws {Deno.errors.NotFound} If a given archive, or a file in it, is missing
 * @throws {RangeError} If a given archive is damaged, or the cache is and cannot be made anew, naming it
 */
export async function loadCached(format: CifarFormat, places: Places): Promise<Loaded | undefined> {
  const { archive } = places;
  return await interruptible(places.signal, async (signal) => {
    signal?.throwIfAborted();
    if (archive === undefined) return await fromCacheOrNet(format, { ...places, signal });
    const info = await Deno.stat(archive).catch((error) => {
      throw error instanceof Deno.errors.NotFound
        ? new Deno.errors.NotFound(`The given archive ${archive} does not exist`)
        : error;
    });
    if (info.isDirectory) return { ...await fromFolder(archive, format), official: false };
    const md5 = await digestOfFile(archive, "md5");
    const cache = cacheFolder(places.dataFolder, format, md5);
    const official = md5 === format.md5;
    const found = await readCache(cache, format);
    if (found.records && !found.isUnsealed) return { ...found.records, official };
    return await withLock(places.dataFolder, { ...places, signal }, async () => {
      await removeParts(places.dataFolder);
      return { ...await remake(cache, format, archive, { ...places, signal }), official };
    });
  }, () => "what has been downloaded is kept, and the next call goes on from there");
}

async function fromCacheOrNet(format: CifarFormat, places: Places): Promise<Loaded | undefined> {
  const { dataFolder, url, warn, onProgress, signal } = places;
  const cache = cacheFolder(dataFolder, format, format.md5);
  const found = await readCache(cache, format);
  if (found.records && !found.isUnsealed) return { ...found.records, official: true };
  if (found.records) {
    warn(
      `${cache} was made by an earlier version, which kept no digests: its images cannot be checked. ` +
        "Delete it to have it made anew",
    );
    return { ...found.records, official: false };
  }
  if (url === undefined && found.damage === undefined) return undefined;
  return await withLock(dataFolder, { warn, signal }, async () => {
    await removeParts(dataFolder);
    const file = join(dataFolder, basename(format.address));
    try {
      const isHere = await exists(file) && await digestOfFile(file, "md5") === format.md5;
      const meanwhile = await readCache(cache, format);
      if (meanwhile.records) return { ...meanwhile.records, official: !meanwhile.isUnsealed };
      if (!isHere && url === undefined) throw new Error("nothing may be downloaded");
      if (!isHere) {
        await download(url!, file, {
          md5: format.md5,
          bytes: format.archiveBytes,
          onProgress: onProgress ?? progressLine(`Downloading ${format.title}`),
          signal,
        });
      }
      const records = await remake(cache, format, file, { ...places, signal });
      await Deno.remove(file).catch(() => {});
      return { ...records, official: true };
    } catch (error) {
      signal?.throwIfAborted();
      const { message } = error as Error;
      if (found.damage) {
        throw new RangeError(
          `${cache} is damaged (${found.damage}) and cannot be made anew: ${message}. Delete it to go ` +
            "on without it",
          { cause: error },
        );
      }
      warn(message);
      return undefined;
    }
  });
}

/** Reads the cache, or unpacks the archive into it: another process may have filled it meanwhile. */
async function remake(
  cache: string,
  format: CifarFormat,
  archive: string,
  { warn, onProgress = progressLine(`Unpacking ${format.title}`), signal }: Places,
): Promise<Records> {
  const { records, isUnsealed, damage } = await readCache(cache, format);
  if (records && !isUnsealed) return records;
  if (damage) warn(`${cache} is damaged (${damage}): it is made anew`);
  return await fillFolder(
    cache,
    format,
    (part) => unpackArchive(archive, part, format, { onProgress, signal }),
    archive,
  );
}

/** What a cache holds: records; or what is damaged; or nothing, where there is none. */
export async function readCache(
  cache: string,
  format: CifarFormat,
): Promise<{ records?: Records; isUnsealed?: boolean; damage?: string }> {
  if (!await exists(cache)) return {};
  try {
    const digests = await readDigests(join(cache, DIGESTS_FILE));
    const records = await readRecords(cache, format, {
      place: "",
      ...(digests ? { digests } : {}),
    });
    return { records, isUnsealed: digests === undefined };
  } catch (error) {
    const isOfData = error instanceof RangeError || error instanceof Deno.errors.NotFound;
    if (isOfData) return { damage: error.message };
    throw error;
  }
}

async function readDigests(path: string): Promise<Record<string, string> | undefined> {
  const text = await Deno.readTextFile(path).catch((error) => {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  });
  if (text === undefined) return undefined;
  try {
    return Object(JSON.parse(text));
  } catch {
    throw new RangeError(`${DIGESTS_FILE} is damaged`);
  }
}

/**
 * Fills a folder beside its place, checks it by reading it, and renames it, when all is on the disk: it is
 * whole or not there. What was there before goes only then.
 *
 * @param place What errors call the folder while it is filled
 */
export async function fillFolder(
  folder: string,
  format: CifarFormat,
  fill: (part: string) => Promise<void>,
  place: string,
): Promise<Records> {
  const part = join(dirname(folder), `.${basename(folder)}.${crypto.randomUUID()}.part`);
  await Deno.mkdir(part);
  try {
    await fill(part);
    const records = await readRecords(part, format, { place });
    for (const name of filesOf(format).keys()) await sync(join(part, name));
    const digests = await digestsOf(part, format);
    await writeWhole(join(part, DIGESTS_FILE), JSON.stringify(digests, null, 2) + "\n");
    await Deno.remove(folder, { recursive: true }).catch(() => {});
    await Deno.rename(part, folder);
    await sync(dirname(folder)).catch(() => {}); // not every system syncs folders
    return records;
  } catch (error) {
    await Deno.remove(part, { recursive: true });
    throw error;
  }
}

/** Removes what a process that was killed while it unpacked has left. Only under the lock. */
export async function removeParts(dataFolder: string): Promise<void> {
  for await (const { name, isDirectory } of Deno.readDir(dataFolder)) {
    if (isDirectory && /^\.(cifar|stand-in)-.*\.part$/.test(name)) {
      await Deno.remove(join(dataFolder, name), { recursive: true });
    }
  }
}

async function fromFolder(folder: string, format: CifarFormat): Promise<Records> {
  const inner = join(folder, format.archiveFolder);
  try {
    return await readRecords(await exists(inner) ? inner : folder, format);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
    const names = [basename(folder), ...[...Deno.readDirSync(folder)].map(({ name }) => name)];
    const wrong = wrongArchive(names, folder, format);
    throw wrong ? new RangeError(wrong, { cause: error }) : error;
  }
}

function cacheFolder(dataFolder: string, format: CifarFormat, md5: string): string {
  return join(dataFolder, `${format.cacheName}-${md5.slice(0, 12)}`);
}

async function sync(path: string): Promise<void> {
  using file = await Deno.open(path);
  await file.sync();
}
