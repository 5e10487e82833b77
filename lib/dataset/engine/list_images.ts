import { join } from "@std/path";
import { imageKind, isNamedLikeImage } from "./image_kind.ts";

/** Labels are bytes. */
const MAX_CLASSES = 256;
/** Folders that programs leave behind: macOS's archiver, Synology's index, Windows. */
const PASSED_OVER = new Set(["__MACOSX", "@eaDir", "$RECYCLE.BIN", "System Volume Information"]);
/** As much of a file as tells its kind. */
const HEAD_BYTES = 64;

/** The image files of a folder of classes. */
export interface ImageList {
  readonly classNames: string[];
  readonly files: string[];
  readonly labels: Uint8Array<ArrayBuffer>;
  /** Files that are no images, by name and content: `Thumbs.db`, `notes.txt`. */
  readonly passedOver: string[];
}

/**
 * The classes of a folder, and all image files with their labels, each in the order of their names.
 *
 * @param recursive Whether images may lie in folders inside a class's folder
 * @throws {TypeError} If a class's folder holds a folder, and `recursive` is false
 * @throws {RangeError} If there are fewer than two classes or more than 256, or a class has no image
 */
export async function listImages(folder: string, recursive: boolean): Promise<ImageList> {
  const classNames = (await visible(folder)).filter(({ isFolder }) => isFolder)
    .map(({ name }) => name);
  if (classNames.length < 2 || classNames.length > MAX_CLASSES) {
    throw new RangeError(
      `${folder} has ${classNames.length} sub-folders: need one for each class, from 2 to ${MAX_CLASSES}`,
    );
  }
  const files: string[] = [], labels: number[] = [], passedOver: string[] = [];
  for (const [label, className] of classNames.entries()) {
    const before = files.length;
    for await (const file of filesUnder(join(folder, className), recursive, new Set())) {
      if (await isImage(file)) {
        files.push(file);
        labels.push(label);
      } else {
        passedOver.push(file);
      }
    }
    if (files.length === before) {
      const others = passedOver.filter((file) => file.startsWith(join(folder, className)));
      const word = others.length > 0 ? `, but ${others.length} other files` : "";
      throw new RangeError(`${join(folder, className)} holds no image${word}`);
    }
  }
  return { classNames, files, labels: Uint8Array.from(labels), passedOver };
}

/** @param above The real paths of the folders that lead here, so that a link to one of them does not go round */
async function* filesUnder(
  folder: string,
  recursive: boolean,
  above: ReadonlySet<string>,
): AsyncGenerator<string> {
  const real = await Deno.realPath(folder);
  if (above.has(real)) return;
  for (const { name, isFolder } of await visible(folder)) {
    const path = join(folder, name);
    if (!isFolder) {
      yield path;
    } else if (recursive) {
      yield* filesUnder(path, recursive, new Set([...above, real]));
    } else {
      throw new TypeError(
        `${path} is a folder: images must lie in their class's folder itself, unless recursive is true`,
      );
    }
  }
}

/** What a folder holds and does not hide, by name; links count as what they lead to. */
async function visible(folder: string): Promise<{ name: string; isFolder: boolean }[]> {
  const entries: { name: string; isFolder: boolean }[] = [];
  for await (const { name } of Deno.readDir(folder)) {
    if (name.startsWith(".") || PASSED_OVER.has(name)) continue;
    // A link that leads nowhere counts as a file: reading it says so, by its name.
    const info = await Deno.stat(join(folder, name)).catch(() => undefined);
    entries.push({ name, isFolder: info?.isDirectory ?? false });
  }
  return entries.sort((a, b) => a.name < b.name ? -1 : 1);
}

/** Whether a file is an image, or means to be one: by its name, or else by its first bytes. */
async function isImage(path: string): Promise<boolean> {
  if (isNamedLikeImage(path)) return true;
  try {
    using file = await Deno.open(path);
    const head = new Uint8Array(HEAD_BYTES);
    const length = await file.read(head) ?? 0;
    return imageKind(head.subarray(0, length)) !== undefined;
  } catch {
    return true; // so that reading it tells why it cannot be read
  }
}
