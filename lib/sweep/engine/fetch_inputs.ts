import type { Redis } from "ioredis";
import { CACHE_REMEDY, cacheFolder } from "../../article/cache.ts";
import { download } from "../../base/download.ts";
import { withLock } from "../../base/lock.ts";
import { isKept, type KeptFile, pathOf } from "./kept_files.ts";
import { present } from "./presence.ts";
import type { Source } from "./serve_cache.ts";

/** How often a source is tried, and how long it may be silent, in milliseconds. */
const ATTEMPTS = 4, STALL_MS = 10_000;

/** Files that were found whole, by place, digest and date: large ones are not digested for every job. */
const known = new Set<string>();

/**
 * Sees to it that files are in this cache, whole: what lacks comes from a coordinator that is there.
 *
 * @returns Whether they are; if not, nobody who is there has them
 * @throws {Error} If a coordinator has one and it cannot be had
 */
export async function fetchInputs(
  redis: Redis,
  inputs: readonly KeptFile[],
  { signal, warn }: {
    readonly signal?: AbortSignal | undefined;
    readonly warn: (text: string) => void;
  },
): Promise<boolean> {
  const lacking = await lackingOf(inputs);
  if (lacking.length === 0) return true;
  // Another worker may have the same cache, and need the same files.
  return await withLock(cacheFolder(), { warn, signal, remedy: CACHE_REMEDY }, async () => {
    for (const file of await lackingOf(lacking)) {
      const sources = await present<Source>(redis, "source");
      if (!await fetchFrom(sources, file, signal)) return false;
      await note(file);
    }
    return true;
  });
}

async function lackingOf(files: readonly KeptFile[]): Promise<KeptFile[]> {
  const lacking: KeptFile[] = [];
  for (const file of files) {
    if (known.has(await keyOf(file))) continue;
    if (await isKept(file)) await note(file);
    else lacking.push(file);
  }
  return lacking;
}

/** Tries one source after the other. */
async function fetchFrom(
  sources: readonly Source[],
  { place, sha256, bytes }: KeptFile,
  signal: AbortSignal | undefined,
): Promise<boolean> {
  let failure: unknown;
  for (const { url, token } of sources) {
    try {
      await Deno.mkdir(pathOf(`${place}/..`), { recursive: true });
      await download(`${url}/${place}`, pathOf(place), {
        sha256,
        bytes,
        attempts: ATTEMPTS,
        stallMs: STALL_MS,
        headers: { authorization: `Bearer ${token}` },
        signal,
      });
      return true;
    } catch (error) {
      signal?.throwIfAborted();
      // One that has it not, and one that has just ended, are no sources.
      if (!/answered 404|refused|no answer/i.test((error as Error).message)) failure = error;
    }
  }
  if (failure !== undefined) throw failure;
  return false;
}

async function note(file: KeptFile): Promise<void> {
  known.add(await keyOf(file));
}

async function keyOf({ place, sha256 }: KeptFile): Promise<string> {
  const { size, mtime } = await Deno.stat(pathOf(place)).catch(() => ({ size: -1, mtime: null }));
  return [place, sha256, size, mtime?.getTime()].join();
}
