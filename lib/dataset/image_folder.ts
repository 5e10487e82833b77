import { resolve } from "@std/path";
import { interruptible } from "../notebook/interrupt.ts";
import { checkOptions, flag, oneOf, type Rules } from "../base/check.ts";
import { RUN_RULES, type RunOptions } from "../base/run_options.ts";
import { listImages } from "./engine/list_images.ts";
import { type OnError, readLabeled, type UnreadableImage } from "./engine/read_images.ts";
import { showFolder } from "./engine/show_images.ts";
import { type Channels, CHANNELS_RULE, type ImageSize, SIZE_RULE } from "./load_image.ts";
import type { Split } from "./split.ts";

/** What {@linkcode loadImageFolder} can be told. */
export interface ImageFolderOptions extends RunOptions {
  /** Height and width of all images; default `[32, 32]`, CIFAR-10's. */
  readonly size?: ImageSize;
  /** 3 (the default) for colors, 1 for gray, which colors become as Pillow's `convert("L")` makes them. */
  readonly channels?: Channels;
  /** Whether images may lie in folders inside their class's folder, too; default false. */
  readonly recursive?: boolean;
  /**
   * What is done about images that cannot be read: `"throw"` (the default) an error that lists all of
   * them, or `"skip"` them; they are then listed in the result.
   */
  readonly onError?: OnError;
}

const RULES: Rules<ImageFolderOptions> = {
  ...RUN_RULES,
  size: SIZE_RULE,
  channels: CHANNELS_RULE,
  recursive: flag,
  onError: oneOf("throw", "skip"),
};

/** Images from a folder. */
export interface ImageFolder {
  /** The images, class by class, in the order of their names. */
  readonly images: Split;
  /** Names of the sub-folders; a label is a place among them. */
  readonly classNames: readonly string[];
  /** Path of each image's file. */
  readonly files: readonly string[];
  /** Images that could not be read, where `onError` is `"skip"`. */
  readonly skipped: readonly UnreadableImage[];
  /** Files that are no images, by name and content, such as `Thumbs.db` and `notes.txt`. */
  readonly passedOver: readonly string[];
}

/**
 * Loads a folder with one sub-folder for each class, in which lie images of any size: JPEG, PNG, WebP,
 * AVIF, TIFF or GIF (its first frame). Each is turned as its EXIF orientation says, cut to the wanted
 * proportions around its middle, and resized as Pillow's `ImageOps.fit(…, BILINEAR)` does; photographs
 * are decoded at a part of their size, which moves a value by a level or two. They are decoded on all
 * threads.
 *
 * Passed over are hidden files and folders (whose names begin with a point), `__MACOSX` and its like,
 * files beside the sub-folders, and files that neither are named like an image nor begin like one.
 *
 * @param folder The folder; class names are its sub-folders' names, in alphabetical order
 * @throws {Deno.errors.NotFound} If there is no such folder
 * @throws {TypeError} If files are no such image, or damaged: naming all of them, each with the reason; if
 *   an option is of a wrong kind or unknown
 * @throws {RangeError} If there are fewer than two classes or more than 256, a class has no image (that
 *   can be read), or the size is unusable
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
  checkOptions("loadImageFolder", options, RULES);
  const {
    size = [32, 32],
    channels = 3,
    recursive = false,
    onError = "throw",
    onProgress,
    signal,
  } = options;
  return await interruptible(signal, async (signal) => {
    signal?.throwIfAborted();
    const { classNames, files, labels, passedOver } = await listImages(resolve(folder), recursive);
    const read = await readLabeled({ files, labels, classNames }, size, {
      channels,
      onError,
      onProgress,
      signal,
    });
    return showFolder({ ...read, classNames, passedOver });
  });
}
