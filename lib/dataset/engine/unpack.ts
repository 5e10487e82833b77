import { createReadStream, createWriteStream } from "node:fs";
import { Transform } from "node:stream";
import { pipeline } from "node:stream/promises";
import { createGunzip } from "node:zlib";
import { basename, dirname, join } from "@std/path";
import * as tar from "tar-stream";
import type { RunOptions } from "../../base/run_options.ts";
import { type CifarFormat, filesOf } from "./cifar_format.ts";
import { fullDisk } from "../../base/full_disk.ts";

/** What an archive may hold beside the files that are wanted: a page of explanation, headers, padding. */
const OTHER_BYTES = 64 * 2 ** 20;

/**
 * Unpacks the record files of a `.tar.gz` into `folder`, and nothing else: only regular files with the
 * expected names are taken, by their last path segment, so whatever paths or links an archive claims,
 * nothing is written outside the folder. A file larger than it can be is refused at its header, and so is
 * an archive that unpacks to more than its files can make.
 *
 * @param archive Path of the `.tar.gz`
 * @param folder An existing, empty folder
 * @throws {RangeError} If the archive is truncated or damaged, or lacks a file, naming it; if it is another
 *   archive of the CIFAR family, naming that
 * @throws {Error} If the disk is full, saying how much is needed and where
 * @throws {DOMException} If the signal aborts
 */
export async function unpackArchive(
  archive: string,
  folder: string,
  format: CifarFormat,
  { onProgress, signal }: RunOptions = {},
): Promise<void> {
  signal?.throwIfAborted();
  const wanted = filesOf(format), needed = [...wanted.values()].reduce((a, b) => a + b);
  const found = new Set<string>(), seen: string[] = [];
  const extract = tar.extract();
  const reading = pipeline(
    createReadStream(archive),
    createGunzip(),
    atMost(
      needed + OTHER_BYTES,
      (done) => onProgress?.({ done: Math.min(done, needed), total: needed, message: "unpacking" }),
    ),
    extract,
    { signal },
  );
  reading.catch(() => {}); // it is awaited below, but may fail before
  try {
    for await (const entry of extract) {
      const { name: path, type, size = 0 } = entry.header;
      const name = basename(path), most = wanted.get(name);
      if (seen.length < 1000) seen.push(path);
      if (type === "file" && most !== undefined && !found.has(name)) {
        if (size > most) {
          throw new RangeError(
            `${path} in it has ${size} bytes, more than the ${most} that it can`,
          );
        }
        found.add(name);
        await pipeline(entry, createWriteStream(join(folder, name), { flags: "wx" }));
      } else {
        entry.resume();
      }
    }
    await reading;
  } catch (error) {
    extract.destroy();
    signal?.throwIfAborted();
    const { code, message } = error as Error & { code?: string };
    if (code === "ENOENT") throw new Deno.errors.NotFound(`${archive} is missing`);
    throw fullDisk(error, dirname(folder), needed) ??
      new RangeError(`${archive} is damaged: ${message}`, { cause: error });
  }
  const missing = [...wanted.keys()].filter((name) => !found.has(name));
  if (missing.length > 0) {
    throw new RangeError(
      wrongArchive(seen, archive, format) ??
        `${archive} is incomplete: it lacks ${missing.join(", ")}`,
    );
  }
}

/** The archives of the CIFAR family, by a file or folder that only they have. */
const ARCHIVES: readonly [RegExp, string][] = [
  [
    /(^|\/)cifar-10-batches-py(\/|$)|(^|\/)(data_batch_\d|batches\.meta)$/,
    "CIFAR-10's Python version",
  ],
  [
    /(^|\/)cifar-10-batches-mat(\/|$)|(^|\/)(data_batch_\d|batches\.meta)\.mat$/,
    "CIFAR-10's Matlab version",
  ],
  [/(^|\/)cifar-10-batches-bin(\/|$)|(^|\/)data_batch_\d\.bin$/, "CIFAR-10's binary version"],
  [/(^|\/)cifar-100-python(\/|$)/, "CIFAR-100's Python version"],
  [/(^|\/)cifar-100-matlab(\/|$)/, "CIFAR-100's Matlab version"],
  [
    /(^|\/)cifar-100-binary(\/|$)|(^|\/)(fine|coarse)_label_names\.txt$/,
    "CIFAR-100's binary version",
  ],
];

/** Says which other archive of the family these paths come from, if they come from one. */
export function wrongArchive(
  paths: readonly string[],
  place: string,
  format: CifarFormat,
): string | undefined {
  const kind = ARCHIVES.find(([mark]) => paths.some((path) => mark.test(path)))?.[1];
  const own = `${format.title}'s binary version`;
  if (kind === undefined || kind === own) return undefined;
  return `${place} is ${kind}: what is wanted is ${own} (${basename(format.address)})`;
}

function atMost(bytes: number, onPassed: (bytes: number) => void): Transform {
  let passed = 0;
  return new Transform({
    transform(chunk: Uint8Array, _, done) {
      passed += chunk.length;
      onPassed(passed);
      if (passed > bytes) done(new RangeError(`it unpacks to more than ${bytes} bytes`));
      else done(null, chunk);
    },
  });
}
