import { join } from "@std/path";
import { cacheFolder, ENTRY_FILE, type Settings, TRAINING_FILE } from "./cache.ts";

/** A trained network, or something else that is kept. */
export interface CacheEntry {
  /** Name of its folder or file. */
  readonly name: string;
  readonly path: string;
  /** Bytes on the disk. */
  readonly bytes: number;
  /** When it was made. */
  readonly date: Date;
  /** What it depends on; absent if that cannot be read. */
  readonly settings?: Settings;
}

/** Names that this library gives: nothing else in the folder is listed, or deleted. */
const NAME =
  /^(cnn|outcome|search|control|features|fitted|grid|score|network|input|unseen)-[0-9a-f]{16}(\.(json|checkpoint|bin))?$/;

/**
 * What is kept in the cache, the newest first.
 *
 * @param folder Default: where `ARTICLE_CACHE` says, or `data/cache`
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { listCache } from "deep-features/article";
 *
 * assert.deepEqual(await listCache(await Deno.makeTempDir()), []);
 * ```
 */
export async function listCache(folder: string = cacheFolder()): Promise<CacheEntry[]> {
  const entries: CacheEntry[] = [];
  let names: Deno.DirEntry[];
  try {
    names = await Array.fromAsync(Deno.readDir(folder));
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return [];
    throw error;
  }
  for (const { name, isDirectory } of names) {
    if (!NAME.test(name) || isDirectory === /\.(json|bin)$/.test(name)) continue;
    const path = join(folder, name);
    const files = isDirectory
      ? (await Array.fromAsync(Deno.readDir(path))).filter(({ isFile }) => isFile)
        .map((file) => join(path, file.name))
      : [path];
    let bytes = 0, date = 0;
    for (const file of files) {
      const { size, mtime } = await Deno.stat(file);
      bytes += size;
      date = Math.max(date, mtime?.getTime() ?? 0);
    }
    const settings = isDirectory
      ? await readSettings(join(path, ENTRY_FILE)) ?? await readSettings(join(path, TRAINING_FILE))
      : await readSettings(path);
    entries.push({ name, path, bytes, date: new Date(date), ...(settings ? { settings } : {}) });
  }
  return entries.sort((a, b) => b.date.getTime() - a.date.getTime() || (a.name < b.name ? -1 : 1));
}

/**
 * Deletes entries of the cache; what is deleted is made anew when it is asked for.
 *
 * @returns The bytes that are free again
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { listCache, pruneCache } from "deep-features/article";
 *
 * assert.equal(await pruneCache(await listCache(await Deno.makeTempDir())), 0);
 * ```
 */
export async function pruneCache(entries: readonly CacheEntry[]): Promise<number> {
  let freed = 0;
  for (const { path, bytes } of entries) {
    await Deno.remove(path, { recursive: true });
    freed += bytes;
  }
  return freed;
}

async function readSettings(file: string): Promise<Settings | undefined> {
  try {
    const { settings } = JSON.parse(await Deno.readTextFile(file));
    return typeof settings === "object" && settings !== null ? settings : undefined;
  } catch {
    return undefined;
  }
}
