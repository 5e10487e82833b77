import { createReadStream, createWriteStream } from "node:fs";
import { pipeline } from "node:stream/promises";
import { createGunzip } from "node:zlib";
import { basename, join } from "@std/path";
import * as tar from "tar-stream";
import { DATASET_FILES } from "./cifar10_format.ts";

/**
 * Unpacks the record files of a `.tar.gz` into `folder`, and nothing else: only regular files with the
 * expected names are taken, by their last path segment, so whatever paths or links an archive claims,
 * nothing is written outside the folder.
 *
 * @param archive Path of the `.tar.gz`
 * @param folder An existing, empty folder
 * @throws {RangeError} If the archive is truncated or damaged, or lacks a file, naming it
 */
export async function unpackArchive(
  archive: string,
  folder: string,
): Promise<void> {
  const found = new Set<string>();
  const extract = tar.extract();
  const reading = pipeline(createReadStream(archive), createGunzip(), extract);
  reading.catch(() => {}); // it is awaited below, but may fail before
  try {
    for await (const entry of extract) {
      const name = basename(entry.header.name);
      if (
        entry.header.type === "file" && DATASET_FILES.includes(name) &&
        !found.has(name)
      ) {
        found.add(name);
        await pipeline(
          entry,
          createWriteStream(join(folder, name), { flags: "wx" }),
        );
      } else {
        entry.resume();
      }
    }
    await reading;
  } catch (error) {
    if ((error as { code?: string }).code === "ENOENT") {
      throw new Deno.errors.NotFound(`${archive} is missing`);
    }
    throw new RangeError(`${archive} is damaged: ${(error as Error).message}`, {
      cause: error,
    });
  }
  const missing = DATASET_FILES.filter((name) => !found.has(name));
  if (missing.length > 0) {
    throw new RangeError(
      `${archive} is incomplete: it lacks ${missing.join(", ")}`,
    );
  }
}
