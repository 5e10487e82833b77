import { join } from "@std/path";
import configuration from "../../deno.json" with { type: "json" };
import { digest } from "../base/digest.ts";
import { writeWhole } from "../base/write_whole.ts";
import type { Split } from "../dataset/split.ts";

/** To be raised when what is cached changes its meaning. */
const VERSION = 2;

/** In the folder of a trained network its figures, settings and digests, beside its weights. */
export const TRAINING_FILE = "training.json";

/** In any other folder the settings and seconds of what it holds, written last. */
export const ENTRY_FILE = "entry.json";

/** What to do where nothing can be kept. */
export const CACHE_REMEDY = "ARTICLE_CACHE in the environment names another folder";

/** What a result depends on, in clear text. */
export type Settings = Readonly<Record<string, unknown>>;

/** Settings of what is cheap beside networks: what another version of the library made is made anew. */
export function withVersion(settings: Settings): Settings {
  return { ...settings, library: configuration.version };
}

/** Where results are kept: the folder that `ARTICLE_CACHE` names, or `data/cache`. */
export function cacheFolder(): string {
  return Deno.env.get("ARTICLE_CACHE") || join(import.meta.dirname!, "../../data/cache");
}

/** Where a result with these settings is cached: the name holds a digest of them. */
export function cachePath(kind: string, settings: Settings): string {
  return join(
    cacheFolder(),
    `${kind}-${digest(JSON.stringify({ VERSION, kind, ...settings })).slice(0, 16)}`,
  );
}

/** The file in which {@linkcode cached} keeps a result. */
export function entryPath(kind: string, settings: Settings): string {
  return `${cachePath(kind, settings)}.json`;
}

const fingerprints = new WeakMap<Uint8Array, string>();

/** A digest of images and labels. */
export function fingerprint({ images, labels }: Split): string {
  let known = fingerprints.get(images);
  if (known === undefined) {
    known = digest(images, labels);
    fingerprints.set(images, known);
  }
  return known;
}

/** A cached result as it stands in its file. */
interface Entry {
  readonly settings: Settings;
  /** Digest of the result's JSON text. */
  readonly sha256: string;
  readonly result: unknown;
}

/** Writes a result to its file, with its settings in clear text and a digest. */
export async function writeEntry(path: string, settings: Settings, result: unknown): Promise<void> {
  const entry: Entry = { settings, sha256: digest(JSON.stringify(result)), result };
  await writeWhole(path, JSON.stringify(entry));
}

/** The result that {@linkcode writeEntry} wrote; `undefined` if there is none, or, with a word, if it is damaged. */
export async function readEntry(path: string): Promise<unknown> {
  const text = await Deno.readTextFile(path).catch((error) => {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  });
  if (text === undefined) return undefined;
  const entry = parse(text);
  if (entry && entry.sha256 === digest(JSON.stringify(entry.result))) return entry.result;
  tellDamaged(path);
  return undefined;
}

/** Says that something in the cache is not used. */
export function tellDamaged(path: string): void {
  console.warn(`${path} is damaged (its digest differs): it is made anew`);
}

function parse(text: string): Entry | undefined {
  try {
    const entry = JSON.parse(text);
    return typeof entry === "object" && entry !== null && "result" in entry ? entry : undefined;
  } catch {
    return undefined;
  }
}

/**
 * A result of settings that takes long to make: read from the cache, or made and put there. It must be
 * JSON. A damaged file is made anew, with a word.
 */
export async function cached<T>(
  kind: string,
  settings: Settings,
  make: () => Promise<T>,
): Promise<T> {
  const path = entryPath(kind, settings);
  const found = await readEntry(path);
  if (found !== undefined) return found as T;
  const result = await make();
  await writeEntry(path, settings, result);
  return result;
}
