import { createHash } from "node:crypto";
import { dirname, join } from "@std/path";
import type { Dataset } from "../dataset/load_cifar10.ts";

/** To be raised when what is cached changes its meaning. */
const VERSION = 1;

/** Where results are kept: the folder that `ARTICLE_CACHE` names, or `data/cache`. */
function cacheFolder(): string {
  return Deno.env.get("ARTICLE_CACHE") || join(import.meta.dirname!, "../../data/cache");
}

/** Where a result with these settings is cached: the name holds a digest of them. */
export function cachePath(kind: string, settings: Readonly<Record<string, unknown>>): string {
  const digest = createHash("sha256")
    .update(JSON.stringify({ VERSION, kind, ...settings }))
    .digest("hex");
  return join(cacheFolder(), `${kind}-${digest.slice(0, 16)}`);
}

const fingerprints = new WeakMap<Uint8Array, string>();

/** A digest of a data set's training images and labels. */
export function fingerprint({ train }: Dataset): string {
  let digest = fingerprints.get(train.images);
  if (digest === undefined) {
    digest = createHash("sha256").update(train.images).update(train.labels).digest("hex");
    fingerprints.set(train.images, digest);
  }
  return digest;
}

/**
 * A result of settings that takes long to make: read from the cache, or made and put there. It must be
 * JSON. Written beside its place and renamed.
 */
export async function cached<T>(
  kind: string,
  settings: Readonly<Record<string, unknown>>,
  make: () => Promise<T>,
): Promise<T> {
  const path = `${cachePath(kind, settings)}.json`;
  const text = await Deno.readTextFile(path).catch(() => undefined);
  if (text !== undefined) return JSON.parse(text);
  const result = await make();
  await Deno.mkdir(dirname(path), { recursive: true });
  const part = `${path}.${crypto.randomUUID()}.part`;
  await Deno.writeTextFile(part, JSON.stringify(result));
  await Deno.rename(part, path);
  return result;
}
