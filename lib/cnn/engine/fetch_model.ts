import { basename, join } from "@std/path";
import { digest } from "../../base/digest.ts";
import { download } from "../../base/download.ts";
import { exists } from "../../base/exists.ts";
import { withLock } from "../../base/lock.ts";
import type { RunOptions } from "../../base/run_options.ts";
import { bytesOf, type ModelJson, parseModelJson, TOPOLOGY_FILE } from "./model_files.ts";

/** Most bytes that a model's JSON file may have. */
const MOST_JSON = 64 * 2 ** 20;

/** How a model is fetched. */
export interface FetchModelOptions extends RunOptions {
  /** Where it is kept. */
  readonly dataFolder: string;
  /** SHA-256 that its files must have, one after the other (see {@linkcode digestOfModel}). */
  readonly sha256?: string | undefined;
}

/**
 * A model from an address, kept in a folder of its own under `models/` in the data folder: fetched once, file
 * by file, each resumed where it broke off, and put in place when all are whole.
 *
 * @returns The folder, with `model.json` and the weight files beside it
 * @throws {RangeError} If there is no model there, or its digest is another
 * @throws {Error} If the server cannot be reached or refuses
 */
export async function fetchModel(address: URL, options: FetchModelOptions): Promise<string> {
  const { dataFolder, sha256 } = options;
  const models = join(dataFolder, "models");
  const key = digest(address.href).slice(0, 12);
  const name = basename(address.pathname.replace(/\/[^/]*$/, "")).replace(/[^\w.-]/g, "_");
  const folder = join(models, `${name || address.hostname.replace(/[^\w.-]/g, "_")}-${key}`);
  if (!await exists(folder)) {
    const lock = { warn: console.warn, signal: options.signal };
    await withLock(models, lock, async () => {
      if (!await exists(folder)) await fetchAll(address, folder, options);
    });
  }
  // What is there may be from another call, without a digest.
  if (sha256 !== undefined) await checkDigest(folder, address, sha256);
  return folder;
}

async function fetchAll(address: URL, folder: string, options: FetchModelOptions): Promise<void> {
  const part = `${folder}.part`;
  await Deno.mkdir(part, { recursive: true });
  const topology = join(part, TOPOLOGY_FILE);
  if (!await exists(topology)) {
    await download(address.href, topology, { bytes: MOST_JSON, signal: options.signal });
  }
  let json: ModelJson;
  try {
    json = parseModelJson(await Deno.readTextFile(topology), address.href);
  } catch (error) {
    await Deno.remove(part, { recursive: true });
    throw error;
  }
  const total = json.weightsManifest.reduce((sum, group) => sum + bytesOf(group), 0);
  const message = basename(address.pathname);
  let done = 0;
  for (const group of json.weightsManifest) {
    for (const path of group.paths) {
      const file = join(part, path);
      if (!await exists(file)) {
        const before = done;
        await download(beside(address, path), file, {
          bytes: Math.max(1, bytesOf(group)),
          onProgress: (part) => options.onProgress?.({ done: before + part.done, total, message }),
          signal: options.signal,
        });
      }
      done += (await Deno.stat(file)).size;
    }
  }
  if (options.sha256 !== undefined) {
    await checkDigest(part, address, options.sha256).catch(async (error) => {
      await Deno.remove(part, { recursive: true });
      throw error;
    });
  }
  await Deno.rename(part, folder);
}

/** The address of a file beside the model's own; what an address asks for behind its path stays, as in tfjs. */
function beside(address: URL, path: string): string {
  const other = new URL(encodeURIComponent(path), address);
  other.search = address.search;
  return other.href;
}

async function checkDigest(folder: string, address: URL, expected: string): Promise<void> {
  const sha256 = await digestOfModel(folder);
  if (sha256 !== expected.toLowerCase()) {
    throw new RangeError(
      `The model at ${address.href} is another one: it has SHA-256 ${sha256}, expected ${expected}`,
    );
  }
}

/** SHA-256 of `model.json` followed by the weight files in the manifest's order, in hexadecimal. */
export async function digestOfModel(folder: string): Promise<string> {
  const text = await Deno.readTextFile(join(folder, TOPOLOGY_FILE));
  const { weightsManifest } = parseModelJson(text, folder);
  const paths = weightsManifest.flatMap((group) => group.paths);
  return digest(text, ...await Promise.all(paths.map((path) => Deno.readFile(join(folder, path)))));
}
