import type { RgbImage } from "./fit_image.ts";

const ORIENTATION_TAG = 0x0112;
const ENTRY_BYTES = 12;

/**
 * How a camera says that it was held: 1 … 8 (EXIF 2.32, tag 0x0112), 1 (upright) where it says nothing.
 *
 * @param exif A JPEG's EXIF segment, from its `Exif` mark or behind it
 */
export function exifOrientation(exif: Uint8Array): number {
  const begin = tiffStart(exif);
  if (begin < 0) return 1;
  const view = new DataView(exif.buffer, exif.byteOffset + begin, exif.byteLength - begin);
  const isLittle = view.getUint16(0) === 0x4949;
  try {
    const directory = view.getUint32(4, isLittle);
    const entries = view.getUint16(directory, isLittle);
    for (let i = 0; i < entries; i++) {
      const entry = directory + 2 + i * ENTRY_BYTES;
      if (view.getUint16(entry, isLittle) !== ORIENTATION_TAG) continue;
      const orientation = view.getUint16(entry + 8, isLittle);
      return orientation >= 1 && orientation <= 8 ? orientation : 1;
    }
  } catch (error) {
    // A damaged segment says nothing; the image may be fine.
    if (!(error instanceof RangeError)) throw error;
  }
  return 1;
}

/** Turns and mirrors an image upright. */
export function turn(image: RgbImage, orientation: number): RgbImage {
  if (orientation === 1) return image;
  const swaps = orientation >= 5;
  const width = swaps ? image.height : image.width, height = swaps ? image.width : image.height;
  const pixels = new Uint8Array(image.pixels.length);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      // 5 … 8 are 1, 4, 2 and 3 with rows and columns exchanged.
      let [u, v] = swaps ? [y, x] : [x, y];
      if ([2, 3, 7, 8].includes(orientation)) u = image.width - 1 - u;
      if ([3, 4, 6, 7].includes(orientation)) v = image.height - 1 - v;
      const from = (v * image.width + u) * 3;
      pixels.set(image.pixels.subarray(from, from + 3), (y * width + x) * 3);
    }
  }
  return { width, height, pixels };
}

/** Where the TIFF header stands: "II*\0" or "MM\0*". */
function tiffStart(exif: Uint8Array): number {
  for (let i = 0; i + 8 <= Math.min(exif.length, 16); i++) {
    const mark = String.fromCharCode(...exif.subarray(i, i + 4));
    if (mark === "II*\0" || mark === "MM\0*") return i;
  }
  return -1;
}
