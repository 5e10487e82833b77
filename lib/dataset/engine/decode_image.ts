import {
  convertIndexedToRgb,
  decode as decodePng,
  type DecodedPng,
  hasPngSignature,
} from "fast-png";
import jpeg from "jpeg-js";
import { exifOrientation, turn } from "./exif_orientation.ts";
import type { RgbImage } from "./fit_image.ts";

/** Memory that decoding a JPEG may take: enough for photographs of 100 megapixels. */
const JPEG_MEMORY_MIB = 2048;

/** Value of white; transparent pixels are laid on it. */
const WHITE = 255;

/**
 * Decodes a PNG (of any kind; transparent pixels are laid on white) or a JPEG (turned upright as its EXIF
 * orientation says), by `fast-png` and `jpeg-js`, both plain JavaScript.
 *
 * @throws {TypeError} If the bytes are neither
 * @throws {Error} If they are damaged; the decoder's own
 */
export function decodeImage(bytes: Uint8Array): RgbImage {
  if (bytes.length >= 8 && hasPngSignature(bytes)) {
    return fromPng(decodePng(bytes, { checkCrc: true }));
  }
  if (bytes[0] === 0xff && bytes[1] === 0xd8 && bytes[2] === 0xff) {
    const { width, height, data, exifBuffer } = jpeg.decode(bytes, {
      useTArray: true,
      formatAsRGBA: false,
      tolerantDecoding: false,
      maxMemoryUsageInMB: JPEG_MEMORY_MIB,
    }) as ReturnType<typeof jpeg.decode> & { exifBuffer?: Uint8Array };
    return turn({ width, height, pixels: data }, exifBuffer ? exifOrientation(exifBuffer) : 1);
  }
  throw new TypeError("This is neither a PNG nor a JPEG image");
}

function fromPng(png: DecodedPng): RgbImage {
  const { width, height } = png;
  const { data, channels } = toBytes(png);
  const pixels = new Uint8Array(width * height * 3);
  const isGrey = channels <= 2, hasAlpha = channels % 2 === 0;
  for (let i = 0; i < width * height; i++) {
    const alpha = hasAlpha ? data[(i + 1) * channels - 1]! / 255 : 1;
    for (let c = 0; c < 3; c++) {
      const value = data[i * channels + (isGrey ? 0 : c)]!;
      pixels[i * 3 + c] = Math.round(alpha * value + (1 - alpha) * WHITE);
    }
  }
  return { width, height, pixels };
}

/** The pixels with eight bits a channel. */
function toBytes(png: DecodedPng): { data: ArrayLike<number>; channels: number } {
  const { data, depth, channels, palette } = png;
  if (palette) return { data: convertIndexedToRgb(png), channels: palette[0]!.length };
  if (depth === 8) return { data, channels };
  if (depth === 16) return { data: Uint8Array.from(data, (value) => value >> 8), channels };
  // Greys of fewer bits are packed like the numbers of a palette's colours.
  const greys = Array.from({ length: 2 ** depth }, (_, i) => [i * 255 / (2 ** depth - 1)]);
  return { data: convertIndexedToRgb({ ...png, palette: greys }), channels: 1 };
}
