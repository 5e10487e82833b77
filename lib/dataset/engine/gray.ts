import type { ImageBytes, RgbImage } from "./fit_image.ts";

/** Shares of red, green and blue in luma (ITU-R BT.601: 0.299, 0.587, 0.114), of 65,536. */
const RED = 19595, GREEN = 38470, BLUE = 7471;
const HALF = 1 << 15;

/** An image in gray, as Pillow's `convert("L")` makes it: bytes [height, width, 1]. */
export function toGray({ width, height, pixels: colors }: RgbImage): ImageBytes {
  const pixels = new Uint8Array(width * height);
  for (let i = 0, from = 0; i < pixels.length; i++, from += 3) {
    const sum = RED * colors[from]! + GREEN * colors[from + 1]! + BLUE * colors[from + 2]!;
    pixels[i] = (sum + HALF) >> 16;
  }
  return { width, height, pixels };
}
