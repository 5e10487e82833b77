import { checkValue, describe } from "../base/check.ts";
import { fitImage } from "./engine/fit_image.ts";
import { type ImageSize, SIZE_RULE } from "./load_image.ts";

/** Images of bytes with their shape, such as a `Split`. */
export interface PixelArrays {
  /** Bytes of n images, [n, height, width, channels]: row-major, channels last. */
  readonly images: Uint8Array;
  /** `[n, height, width, channels]`. */
  readonly shape: readonly [number, number, number, number];
}

/**
 * Brings images to another size as {@linkcode loadImage} does: the largest piece from the middle that has
 * the wanted proportions, averaged where it shrinks and interpolated linearly where it grows.
 *
 * @param data Images with their shape; what else it holds, such as labels, is handed on
 * @param size Height and width, in pixels
 * @returns The same object with other images and shape; the given one itself, if it has that size
 * @throws {TypeError} If the images are no bytes with a shape
 * @throws {RangeError} If they do not fit their shape, or the size is unusable
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { resizeImages } from "deep-features/dataset";
 *
 * const images = Uint8Array.from([0, 0, 100, 100, 0, 0, 100, 100]); // two of 2 × 2, one channel
 * const larger = resizeImages({ images, shape: [2, 2, 2, 1] }, [4, 4]);
 * assert.deepEqual(larger.shape, [2, 4, 4, 1]);
 * assert.deepEqual([...larger.images.subarray(0, 8)], [0, 0, 0, 0, 25, 25, 25, 25]);
 * ```
 */
export function resizeImages<T extends PixelArrays>(data: T, size: ImageSize): T {
  checkValue("resizeImages: size", size, SIZE_RULE);
  const { images, shape } = Object(data) as T;
  if (!(images instanceof Uint8Array) || !Array.isArray(shape) || shape.length !== 4) {
    throw new TypeError(
      "resizeImages takes { images: Uint8Array, shape: [n, height, width, channels] }, got " +
        (images === undefined ? describe(data) : `images that are ${describe(images)}`),
    );
  }
  const [n, height, width, channels] = shape as PixelArrays["shape"];
  const bytes = height * width * channels;
  if (images.length !== n * bytes) {
    throw new RangeError(
      `${images.length} bytes do not make images of shape [${shape.join(", ")}]`,
    );
  }
  if (height === size[0] && width === size[1]) return data;
  const [newHeight, newWidth] = size, newBytes = newHeight * newWidth * channels;
  const resized = new Uint8Array(n * newBytes);
  for (let i = 0; i < n; i++) {
    const pixels = images.subarray(i * bytes, (i + 1) * bytes);
    resized.set(fitImage({ width, height, pixels }, size, channels), i * newBytes);
  }
  return { ...data, images: resized, shape: [n, newHeight, newWidth, channels] };
}
