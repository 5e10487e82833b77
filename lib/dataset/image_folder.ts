import { join, resolve } from "@std/path";
import { interruptible } from "../notebook/interrupt.ts";
import { createBreather } from "../notebook/progress.ts";
import type { OnProgress } from "../base/run_options.ts";
import { decodeImage } from "./engine/decode_image.ts";
import { fitImage } from "./engine/fit_image.ts";
import type { Split } from "./split.ts";

/** What {@linkcode loadImageFolder} can be told. */
export interface ImageFolderOptions {
  /** Height and width of all images; default `[32, 32]`, CIFAR-10's. */
  readonly size?: readonly [number, number];
  /** Told how many files are read. */
  readonly onProgress?: OnProgress;
  /** Stops between two files. */
  readonly signal?: AbortSignal;
}

/** Images from a folder. */
export interface ImageFolder {
  /** The images, class by class, in the order of their names. */
  readonly images: Split;
  /** Names of the sub-folders; a label is a place among them. */
  readonly classNames: readonly string[];
  /** Path of each image's file. */
  readonly files: readonly string[];
}

/** Labels are bytes. */
const MAX_CLASSES = 256;

/**
 * Loads a folder with one sub-folder for each class, in which lie PNG and JPEG images of any size. Each
 * is cut to the wanted proportions around its middle and resized. Hidden files and folders (whose names
 * begin with a point) are passed over, and so are files beside the sub-folders.
 *
 * @param folder The folder; class names are its sub-folders' names, in alphabetical order
 * @throws {Deno.errors.NotFound} If there is no such folder
 * @throws {TypeError} If a file is no PNG or JPEG, or is damaged, with its path
 * @throws {RangeError} If there are fewer than two classes or more than 256, a class has no image, or
 *   the size is unusable
 * @throws {DOMException} If the signal aborts
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { encode } from "fast-png";
 * import { loadImageFolder } from "deep-features";
 *
 * const folder = await Deno.makeTempDir();
 * for (const [name, grey] of [["cats", 50], ["dogs", 200]] as const) {
 *   await Deno.mkdir(`${folder}/${name}`);
 *   const data = new Uint8Array(40 * 30 * 3).fill(grey);
 *   const png = encode({ width: 40, height: 30, data, channels: 3 });
 *   await Deno.writeFile(`${folder}/${name}/1.png`, png);
 * }
 * const { images, classNames } = await loadImageFolder(folder, { size: [24, 24] });
 * assert.deepEqual(classNames, ["cats", "dogs"]);
 * assert.deepEqual(images.shape, [2, 24, 24, 3]);
 * await Deno.remove(folder, { recursive: true });
 * ```
 */
export async function loadImageFolder(
  folder: string,
  options: ImageFolderOptions = {},
): Promise<ImageFolder> {
  const { size = [32, 32], onProgress, signal } = options;
  const [height, width] = size;
  if (![height, width].every((side) => Number.isInteger(side) && side >= 1)) {
    throw new RangeError(`Cannot make images of ${size.join(" × ")}: need whole numbers above 0`);
  }
  return await interruptible(signal, async (signal) => {
    signal?.throwIfAborted();
    const { classNames, files, labels } = await listImages(resolve(folder));
    const bytes = height * width * 3;
    const images = new Uint8Array(files.length * bytes);
    const breathe = createBreather();
    for (const [i, file] of files.entries()) {
      signal?.throwIfAborted();
      images.set(await readImage(file, size), i * bytes);
      onProgress?.({ done: i + 1, total: files.length, message: "images" });
      await breathe();
    }
    return {
      images: { images, labels, shape: [files.length, height, width, 3] },
      classNames,
      files,
    };
  });
}

async function readImage(file: string, size: readonly [number, number]): Promise<Uint8Array> {
  const bytes = await Deno.readFile(file);
  try {
    return fitImage(decodeImage(bytes), size);
  } catch (cause) {
    throw new TypeError(`Cannot read the image ${file}: ${(cause as Error).message}`, { cause });
  }
}

/** The classes, and all files with their labels. */
async function listImages(folder: string) {
  const classNames = (await visible(folder)).filter(({ isFile }) => !isFile).map(({ name }) =>
    name
  );
  if (classNames.length < 2 || classNames.length > MAX_CLASSES) {
    throw new RangeError(
      `${folder} has ${classNames.length} sub-folders: need one for each class, from 2 to ${MAX_CLASSES}`,
    );
  }
  const files: string[] = [], labels: number[] = [];
  for (const [label, className] of classNames.entries()) {
    const place = join(folder, className);
    const entries = await visible(place);
    if (entries.length === 0) throw new RangeError(`${place} holds no image`);
    for (const { name, isFile } of entries) {
      if (!isFile) {
        throw new TypeError(
          `${join(place, name)} is a folder: images must lie in their class's folder itself`,
        );
      }
      files.push(join(place, name));
      labels.push(label);
    }
  }
  return { classNames, files, labels: Uint8Array.from(labels) };
}

/** What a folder holds and does not hide, by name; links count as what they lead to. */
async function visible(folder: string): Promise<{ name: string; isFile: boolean }[]> {
  const entries: { name: string; isFile: boolean }[] = [];
  for await (const { name } of Deno.readDir(folder)) {
    if (name.startsWith(".")) continue;
    entries.push({ name, isFile: (await Deno.stat(join(folder, name))).isFile });
  }
  return entries.sort((a, b) => a.name < b.name ? -1 : 1);
}
