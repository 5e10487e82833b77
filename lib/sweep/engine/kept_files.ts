/**
 * Files of the cache as sweeps see them: by their place in it, which is the same on every machine, and by
 * their digest.
 *
 * @module
 */
import { join } from "@std/path";
import { cacheFolder } from "../../article/cache.ts";
import { bytesOf } from "../../base/bytes_of.ts";
import { digest, digestOfFile } from "../../base/digest.ts";
import { exists } from "../../base/exists.ts";
import { writeWhole } from "../../base/write_whole.ts";

/** A file of the cache. */
export interface KeptFile {
  /** Its path below the cache's folder, with "/". */
  readonly place: string;
  readonly sha256: string;
  readonly bytes: number;
}

/** Digits of a digest that stand in a name. */
const NAME_DIGITS = 16;

/** Where a file of the cache lies on this machine. */
export function pathOf(place: string): string {
  return join(cacheFolder(), ...place.split("/"));
}

/** The place of an input that is known by its digest. */
export function inputPlace(sha256: string): string {
  return `input-${sha256.slice(0, NAME_DIGITS)}.bin`;
}

/** Puts the bytes of arrays into the cache that jobs will read, unless they are there. */
export async function keepInput(
  parts: readonly ArrayBufferView[],
  sha256: string = digest(...parts),
): Promise<KeptFile> {
  const place = inputPlace(sha256), path = pathOf(place);
  const bytes = parts.reduce((sum, { byteLength }) => sum + byteLength, 0);
  const there = await Deno.stat(path).catch(() => undefined);
  if (there?.size !== bytes) {
    const whole = new Uint8Array(bytes);
    let at = 0;
    for (const part of parts) {
      whole.set(bytesOf(part), at);
      at += part.byteLength;
    }
    await writeWhole(path, whole);
  }
  return { place, sha256, bytes };
}

/** Reads an input. */
export async function readInput(sha256: string): Promise<Uint8Array<ArrayBuffer>> {
  return await Deno.readFile(pathOf(inputPlace(sha256)));
}

/** The files of what is kept under a name: one of JSON, or those of a folder; none if there is nothing. */
export async function filesOf(name: string): Promise<KeptFile[]> {
  const file = `${name}.json`;
  const places = await exists(pathOf(file)) ? [file] : await placesIn(name);
  return await Promise.all(places.map(async (place) => {
    const { size } = await Deno.stat(pathOf(place));
    return { place, sha256: await digestOfFile(pathOf(place)), bytes: size };
  }));
}

async function placesIn(name: string): Promise<string[]> {
  try {
    const entries = await Array.fromAsync(Deno.readDir(pathOf(name)));
    return entries.filter(({ isFile }) => isFile).map((entry) => `${name}/${entry.name}`).sort();
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return [];
    throw error;
  }
}

/** Whether a file is in the cache as it should be. */
export async function isKept({ place, sha256, bytes }: KeptFile): Promise<boolean> {
  const path = pathOf(place);
  const there = await Deno.stat(path).catch(() => undefined);
  return there?.size === bytes && await digestOfFile(path) === sha256;
}
