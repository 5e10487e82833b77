import type { Channels, ImageSize } from "../load_image.ts";
import { decodeImage } from "./decode_image.ts";
import { fitImage, type ImageBytes } from "./fit_image.ts";
import { toGray } from "./gray.ts";

/**
 * A file's bytes as an image of a size and a number of channels.
 *
 * @param size Height and width; default: its own
 * @throws {TypeError} If the bytes are no image, see {@linkcode decodeImage}
 * @throws {RangeError} If it has too many pixels
 */
export async function decodePicture(
  bytes: Uint8Array,
  size: ImageSize | undefined,
  channels: Channels,
): Promise<ImageBytes> {
  const colors = await decodeImage(bytes, size);
  const image = channels === 1 ? toGray(colors) : colors;
  if (!size) return image;
  return { height: size[0], width: size[1], pixels: fitImage(image, size, channels) };
}
