import { resolve } from "@std/path";
import { checkOptions, flag, type Rules } from "../base/check.ts";
import { interruptible } from "../notebook/interrupt.ts";
import { listImages } from "./engine/list_images.ts";
import { readImages } from "./engine/read_images.ts";
import { showStream } from "./engine/show_images.ts";
import { type Channels, type ImageSize, SIZE_RULE } from "./load_image.ts";

/** What {@linkcode openImageFolder} can be told. */
export interface OpenImageFolderOptions {
  /** Height and width of the images, where the network or its preprocessing says nothing; default `[32, 32]`. */
  readonly size?: ImageSize;
  /** Whether images may lie in folders inside their class's folder, too; default false. */
  readonly recursive?: boolean;
}

const RULES: Rules<OpenImageFolderOptions> = { size: SIZE_RULE, recursive: flag };

/** Images in files, which are read when they are needed. */
export interface ImageStream {
  /** Path of each image's file. */
  readonly files: readonly string[];
  /** Class of each image: a place among `classNames`. */
  readonly labels: Uint8Array;
  readonly classNames: readonly string[];
  /** Height and width, where nobody asks for others. */
  readonly size: ImageSize;
  /** Files that are no images, by name and content. */
  readonly passedOver: readonly string[];
  /**
   * Bytes [end − begin, height, width, channels] of the images `begin` … `end - 1`.
   *
   * @param channels 3 (the default) for colors, 1 for gray
   *
   * @throws {TypeError} If images cannot be read, naming all of these, each with the reason
   */
  read(begin: number, end: number, size?: ImageSize, channels?: Channels): Promise<Uint8Array>;
}

/** Whether something is an {@linkcode ImageStream}. */
export function isImageStream(value: unknown): value is ImageStream {
  const { read, files } = Object(value) as ImageStream;
  return typeof read === "function" && Array.isArray(files);
}

/**
 * Opens a folder with one sub-folder for each class, as {@linkcode loadImageFolder} does, but reads no image
 * yet: `hiddenFeatures` and `predictClasses` decode them batch by batch, so that there may be more than the
 * memory holds, in gray if the network takes one channel. What they give is the same.
 *
 * @throws {Deno.errors.NotFound} If there is no such folder
 * @throws {TypeError} If an option is unknown or of a wrong kind
 * @throws {RangeError} If there are fewer than two classes or more than 256, a class has no image, or the size
 *   is unusable
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { encode } from "fast-png";
 * import { buildCnn, hiddenFeatures, setUpCompute } from "deep-features";
 * import { openImageFolder } from "deep-features/dataset";
 *
 * const folder = await Deno.makeTempDir();
 * for (const name of ["cats", "dogs"]) {
 *   await Deno.mkdir(`${folder}/${name}`);
 *   const data = new Uint8Array(40 * 30 * 3).fill(90);
 *   const png = encode({ width: 40, height: 30, data, channels: 3 });
 *   await Deno.writeFile(`${folder}/${name}/1.png`, png);
 * }
 * await setUpCompute({ quiet: true });
 * const images = await openImageFolder(folder);
 * const features = await hiddenFeatures(buildCnn({ seed: 1 }), images);
 * assert.deepEqual([features.rows, ...images.labels], [2, 0, 1]);
 * await Deno.remove(folder, { recursive: true });
 * ```
 */
export async function openImageFolder(
  folder: string,
  options: OpenImageFolderOptions = {},
): Promise<ImageStream> {
  checkOptions("openImageFolder", options, RULES);
  const { size = [32, 32], recursive = false } = options;
  const { classNames, files, labels, passedOver } = await listImages(resolve(folder), recursive);
  return showStream({
    files,
    labels,
    classNames,
    size,
    passedOver,
    read: async (begin, end, wanted = size, channels = 3) =>
      (await interruptible(
        undefined,
        () => readImages(files.slice(begin, end), wanted, { channels, onError: "throw" }),
      )).images,
  });
}
