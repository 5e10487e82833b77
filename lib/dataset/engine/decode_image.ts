import type { Sharp, SharpOptions } from "sharp";
import type { RgbImage } from "./fit_image.ts";
import { imageKind, whyNoImage } from "./image_kind.ts";

/** Largest image that is decoded, in pixels: sharp's own bound, which keeps a small file from filling the memory. */
const MAX_PIXELS = 0x3fff ** 2;
/** A large image is first brought to this many times the wanted size, which decoders do cheaply. */
const GAP = 4;
const WHITE = 255;

/**
 * Decodes an image to eight bits of red, green and blue by `sharp` (libvips): JPEG, PNG, WebP, AVIF, TIFF
 * and GIF (the first frame, or page). It is turned as its EXIF orientation says; transparent pixels are
 * laid on white; an embedded colour profile is heeded. CMYK without a profile becomes (1 − c)(1 − k), as
 * in Pillow and browsers.
 *
 * @param least Height and width below which the image need not be kept: one many times larger comes back
 *   reduced to some four times that, so that the last step can still be exact
 * @throws {TypeError} If the bytes are no such image, or are damaged or cut off, saying why
 * @throws {RangeError} If it has more pixels than are decoded
 */
export async function decodeImage(
  bytes: Uint8Array,
  least?: readonly [number, number],
): Promise<RgbImage> {
  const kind = imageKind(bytes);
  if (!kind) throw new TypeError(whyNoImage(bytes));
  const isOpen = kind === "JPEG" && lengthWithoutEnd(bytes) !== undefined;
  const whole = isOpen ? withEnd(bytes, []) : bytes;
  const image = await orPassOverWarnings((failOn) => decode(whole, { failOn }, least));
  if (isOpen) await assertNothingMissing(bytes, image, least);
  return image;
}

async function decode(
  bytes: Uint8Array,
  options: SharpOptions,
  least: readonly [number, number] | undefined,
): Promise<RgbImage> {
  const sharp = await loadSharp();
  let image = sharp(bytes, { limitInputPixels: MAX_PIXELS, ...options });
  const meta = await image.metadata();
  const { width, height } = meta.autoOrient;
  if (width * height > MAX_PIXELS) {
    throw new RangeError(
      `It has ${width} × ${height} pixels: at most ${MAX_PIXELS / 1e6 | 0} million are decoded`,
    );
  }
  const isBareCmyk = meta.space === "cmyk" && !meta.hasProfile;
  image = image.autoOrient();
  const factor = least ? Math.min(width / least[1], height / least[0]) : 1;
  const reduction = Math.floor(factor / GAP);
  if (reduction > 1) {
    image = image.resize({
      width: Math.round(width / reduction),
      height: Math.round(height / reduction),
      fit: "fill",
      kernel: "cubic",
    });
  }
  image = isBareCmyk
    ? image.pipelineColourspace("cmyk").toColourspace("cmyk")
    : image.toColourspace("srgb");
  const { data, info } = await image.raw({ depth: "uchar" }).toBuffer({ resolveWithObject: true });
  const pixels = isBareCmyk ? fromCmyk(data) : onWhite(data, info.channels);
  return { width: info.width, height: info.height, pixels };
}

/** Red, green and blue of pixels with or without transparency. */
function onWhite(data: Uint8Array, channels: number): Uint8Array {
  if (channels === 3) return new Uint8Array(data.buffer, data.byteOffset, data.length);
  const isGray = channels <= 2, hasAlpha = channels % 2 === 0;
  const pixels = new Uint8Array(data.length / channels * 3);
  for (let from = 0, to = 0; from < data.length; from += channels, to += 3) {
    const alpha = hasAlpha ? data[from + channels - 1]! : 255;
    for (let c = 0; c < 3; c++) {
      const value = data[from + (isGray ? 0 : c)]!;
      pixels[to + c] = Math.round((alpha * value + (255 - alpha) * WHITE) / 255);
    }
  }
  return pixels;
}

function fromCmyk(data: Uint8Array): Uint8Array {
  const pixels = new Uint8Array(data.length / 4 * 3);
  for (let from = 0, to = 0; from < data.length; from += 4, to += 3) {
    const light = 255 - data[from + 3]!;
    for (let c = 0; c < 3; c++) {
      pixels[to + c] = Math.round((255 - data[from + c]!) * light / 255);
    }
  }
  return pixels;
}

const END_MARKER = [0xff, 0xd9];

/** Where a JPEG's content ends, if it lacks its end marker (zeros behind it do not count). */
function lengthWithoutEnd(bytes: Uint8Array): number | undefined {
  let end = bytes.length;
  while (end > 2 && bytes[end - 1] === 0) end--;
  if (bytes[end - 2] === 0xff && bytes[end - 1] === 0xd9) return undefined;
  return bytes[bytes.length - 1] === 0xff ? bytes.length - 1 : bytes.length;
}

/** A JPEG that lacks its end marker, with more data and the marker. */
function withEnd(bytes: Uint8Array, more: readonly number[]): Uint8Array {
  const length = lengthWithoutEnd(bytes)!;
  const whole = new Uint8Array(length + more.length + END_MARKER.length);
  whole.set(bytes.subarray(0, length));
  whole.set([...more, ...END_MARKER], length);
  return whole;
}

/** Data to go on with, each beginning with other bits. */
const CONTINUATIONS = [[0x55], [0xaa], [0xff, 0x00]].map((bytes) => Array(64).fill(bytes).flat());

/**
 * Some cameras and tools leave out a JPEG's end marker though all pixels are there; but a file that was cut
 * off lacks it, too, and the decoder says nothing of what is missing in the last rows. If all is there,
 * whatever follows changes nothing; if not, it is taken for the missing pixels.
 */
async function assertNothingMissing(
  bytes: Uint8Array,
  image: RgbImage,
  least: readonly [number, number] | undefined,
): Promise<void> {
  for (const more of CONTINUATIONS) {
    const other = await decode(withEnd(bytes, more), { failOn: "none" }, least);
    if (other.pixels.some((value, i) => value !== image.pixels[i])) {
      throw new TypeError("It is cut off: the last pixels are missing");
    }
  }
}

/**
 * What libjpeg, libpng and libtiff warn of though every pixel is there: odd bytes between two segments, an
 * odd version or colour-transform number, a damaged colour profile, a tag unknown to them.
 */
const HARMLESS =
  /extraneous bytes before marker 0x(d9|da|db|c0|c2|c4|dd|e.|fe)|unknown JFIF revision|Unknown Adobe color|bad ICC marker|Invalid SOS parameters|iCCP|sRGB|cHRM|gAMA|tEXt|zTXt|iTXt|eXIf|pHYs|tIME|unknown field/i;

/** Refuses images with warnings, other than those that leave the pixels as they are. */
async function orPassOverWarnings<T>(
  work: (failOn: "warning" | "error") => Promise<T>,
): Promise<T> {
  try {
    return await work("warning");
  } catch (error) {
    const reason = reasonOf(error);
    if (error instanceof RangeError || !HARMLESS.test(reason)) throw asRefusal(error, reason);
  }
  return await work("error").catch((error) => {
    throw asRefusal(error, reasonOf(error));
  });
}

function asRefusal(error: unknown, reason: string): Error {
  if (error instanceof MissingDecoder || error instanceof RangeError) return error;
  if (/pixel limit/.test(reason)) {
    return new RangeError(
      `It has too many pixels: at most ${MAX_PIXELS / 1e6 | 0} million are decoded`,
    );
  }
  return new TypeError(`It is damaged or cut off (${reason})`, { cause: error });
}

/** The decoder's own words on one line, each once. */
function reasonOf(error: unknown): string {
  const lines = (error as Error).message.split("\n").map((line) => line.trim()).filter(Boolean);
  return [...new Set(lines)].join("; ");
}

/** sharp's binaries cannot be loaded: no image is at fault. */
export class MissingDecoder extends Error {
  override readonly name = "MissingDecoder";
}

let loaded: Promise<(bytes: Uint8Array, options: SharpOptions) => Sharp> | undefined;

/** Loaded with the first image: who needs none needs neither its binaries nor leave to load them. */
async function loadSharp() {
  loaded ??= import("sharp").then((module) => module.default);
  try {
    return await loaded;
  } catch (cause) {
    loaded = undefined;
    throw new MissingDecoder(
      `Images cannot be decoded: the package "sharp" does not load on ${Deno.build.os} ${Deno.build.arch}. ` +
        "It needs --allow-ffi, --allow-read and --allow-env, and its binaries from npm " +
        `(@img/sharp-…). ${(cause as Error).message}`,
      { cause },
    );
  }
}
