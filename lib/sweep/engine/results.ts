/**
 * How what came of a job travels from a worker to whoever waits for it: its files lie in the server under their
 * digests, as the coordinator may be away when a job ends. Where both have the same cache nothing travels.
 *
 * @module
 */
import type { Redis } from "ioredis";
import { digest } from "../../base/digest.ts";
import { exists } from "../../base/exists.ts";
import { writeWhole } from "../../base/write_whole.ts";
import { PREFIX } from "./connection.ts";
import { isKept, type KeptFile, pathOf } from "./kept_files.ts";

/** How long results lie in the server, in seconds: for whoever comes back, and once somebody has them. */
const KEPT_SECONDS = 7 * 24 * 3600, GATHERED_SECONDS = 600;
/** Most bytes of a file that goes through the server. */
const MOST_BYTES = 256 * 2 ** 20;

/** What a worker says of a job that is done. */
export interface JobResult {
  readonly files: readonly KeptFile[];
  /** Whether the worker saw the coordinator's cache: then nothing was sent. */
  readonly isShared: boolean;
}

/** It lies in the server for some time yet, and readers compare its digest. */
const AGAIN = { lasting: false };

const keyOf = (sha256: string) => `${PREFIX}:file:${sha256}`;

/** What the files' names begin with by which workers see that they have a coordinator's cache. */
const MARK = ".sweep-";
/** Marks older than this were left by a coordinator that was killed, in milliseconds. */
const STALE_MS = 7 * 24 * 3600 * 1000;

const markPath = (cacheMark: string) => pathOf(MARK + cacheMark);

/** Marks this cache as a coordinator's; returns the path of the mark. */
export async function writeMark(cacheMark: string): Promise<string> {
  const path = markPath(cacheMark);
  await writeWhole(path, "");
  for await (const { name } of Deno.readDir(pathOf("."))) {
    if (!name.startsWith(MARK)) continue;
    const { mtime } = await Deno.stat(pathOf(name)).catch(() => ({ mtime: null }));
    if (mtime && Date.now() - mtime.getTime() > STALE_MS) {
      await Deno.remove(pathOf(name)).catch(() => {});
    }
  }
  return path;
}

/**
 * Sends what came of a job, unless the coordinator sees it where it is.
 *
 * @throws {RangeError} If a file is too large
 */
export async function sendResult(
  redis: Redis,
  files: readonly KeptFile[],
  cacheMark: string,
): Promise<JobResult> {
  if (await exists(markPath(cacheMark))) return { files, isShared: true };
  const large = files.find(({ bytes }) => bytes > MOST_BYTES);
  if (large) {
    const mib = (bytes: number) => `${Math.ceil(bytes / 2 ** 20)} MiB`;
    throw new RangeError(
      `${large.place} has ${mib(large.bytes)}, and at most ${
        mib(MOST_BYTES)
      } go through the queue: ` +
        "let ARTICLE_CACHE name a folder that all machines share",
    );
  }
  for (const { place, sha256 } of files) {
    const bytes = await Deno.readFile(pathOf(place));
    await redis.set(keyOf(sha256), Buffer.from(bytes), "EX", KEPT_SECONDS);
  }
  return { files, isShared: false };
}

/**
 * Puts what came of a job into this cache.
 *
 * @returns Whether it is there now, whole; if not, the job must be done again
 */
export async function receiveResult(
  redis: Redis,
  { files, isShared }: JobResult,
): Promise<boolean> {
  const [first] = files;
  if (!first) return false;
  // Of one's own cache readers compare the digests.
  if (isShared && await exists(pathOf(first.place))) return true;
  const kept = await Promise.all(files.map(isKept));
  if (kept.every((isThere) => isThere)) return true;
  // Another coordinator may be about to read them.
  const contents = await Promise.all(
    files.map(({ sha256 }) => redis.getexBuffer(keyOf(sha256), "EX", GATHERED_SECONDS)),
  );
  if (contents.some((bytes, i) => !bytes || digest(bytes) !== files[i]!.sha256)) return false;
  if (first.place.includes("/")) await writeFolder(files, contents as Uint8Array[]);
  else await writeWhole(pathOf(first.place), contents[0]!, AGAIN);
  return true;
}

/** A folder is there whole or not at all, as its readers take half of one for damaged. */
async function writeFolder(files: readonly KeptFile[], contents: readonly Uint8Array[]) {
  const folder = files[0]!.place.split("/")[0]!, beside = `${folder}.${crypto.randomUUID()}.part`;
  try {
    for (const [i, { place }] of files.entries()) {
      await writeWhole(pathOf(place.replace(folder, beside)), contents[i]!, AGAIN);
    }
    await Deno.remove(pathOf(folder), { recursive: true }).catch(() => {});
    await Deno.rename(pathOf(beside), pathOf(folder));
  } catch (error) {
    await Deno.remove(pathOf(beside), { recursive: true }).catch(() => {});
    throw error;
  }
}
