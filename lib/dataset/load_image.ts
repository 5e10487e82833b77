import { checkOptions, custom, describe, type Rules } from "../base/check.ts";
import { decodePicture } from "./engine/decode_picture.ts";

/** Height and width of images, in pixels. */
export type ImageSize = readonly [height: number, width: number];

/** Longest side of an image that is made: beyond it, a slip of the finger is likelier than an image. */
const MAX_SIDE = 16_384;

/** What a size may be. */
export const SIZE_RULE = custom(
  `[height, width], two whole numbers from 1 to ${MAX_SIDE}`,
  (value) =>
    Array.isArray(value) && value.length === 2 && value.every((side) => typeof side === "number"),
  (value) =>
    (value as number[]).every((side) => Number.isInteger(side) && side >= 1 && side <= MAX_SIDE),
);

/** Channels of images from files: 3 are red, green and blue, 1 is gray. */
export type Channels = 1 | 3;

/** What an option that is {@linkcode Channels} may be. */
export const CHANNELS_RULE = custom(
  "1 (gray) or 3 (red, green and blue)",
  (value) => typeof value === "number",
  (value) => value === 1 || value === 3,
);

/** What {@linkcode loadImage} can be told. */
export interface LoadImageOptions {
  /** Height and width to bring the image to; default: its own. */
  readonly size?: ImageSize;
  /** 3 (the default) for colors, 1 for gray, which colors become as Pillow's `convert("L")` makes them. */
  readonly channels?: Channels;
}

const RULES: Rules<LoadImageOptions> = { size: SIZE_RULE, channels: CHANNELS_RULE };

/** One image, in the form in which `predictClasses` and `hiddenFeatures` take images. */
export interface LoadedImage {
  /** Bytes [1, height, width, channels]: row-major; red, green and blue, or gray. */
  readonly images: Uint8Array;
  /** `[1, height, width, channels]`. */
  readonly shape: readonly [1, number, number, Channels];
}

/**
 * Loads one picture: JPEG, PNG, WebP, AVIF, TIFF or GIF (its first frame). It is turned as its EXIF
 * orientation says, and transparent pixels become white. With a `size`, the largest piece from its middle
 * that has the wanted proportions is resized, as {@linkcode loadImageFolder} does.
 *
 * @param source Path of a file, a `file:` URL, or the file's bytes
 * @throws {TypeError} If it is no such image or damaged, saying why, or an option is of a wrong kind or unknown
 * @throws {RangeError} If the size is unusable, or the image has too many pixels
 * @throws {Deno.errors.NotFound} If there is no such file
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { encode } from "fast-png";
 * import { loadImage } from "deep-features/dataset";
 *
 * const png = encode({ width: 40, height: 30, channels: 3, data: new Uint8Array(3600).fill(90) });
 * const { images, shape } = await loadImage(png, { size: [24, 24] });
 * assert.deepEqual(shape, [1, 24, 24, 3]);
 * assert(images.every((value) => value === 90));
 * ```
 */
export async function loadImage(
  source: string | URL | Uint8Array | ArrayBuffer,
  options: LoadImageOptions = {},
): Promise<LoadedImage> {
  checkOptions("loadImage", options, RULES);
  const { size, channels = 3 } = options;
  const isPath = typeof source === "string" || source instanceof URL;
  if (!isPath && !(source instanceof Uint8Array) && !(source instanceof ArrayBuffer)) {
    throw new TypeError(
      `loadImage: source must be a path, a file: URL or a Uint8Array, got ${describe(source)}`,
    );
  }
  const bytes = isPath ? await Deno.readFile(source) : new Uint8Array(source);
  try {
    const { height, width, pixels } = await decodePicture(bytes, size, channels);
    return { images: new Uint8Array(pixels), shape: [1, height, width, channels] };
  } catch (cause) {
    const Kind = cause instanceof RangeError ? RangeError : TypeError;
    const name = isPath ? ` ${source}` : "";
    throw new Kind(`Cannot read the image${name}: ${(cause as Error).message}`, { cause });
  }
}
