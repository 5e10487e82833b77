/** Kinds of images that are read, by the names that errors give them. */
export const IMAGE_KINDS = "JPEG, PNG, WebP, AVIF, TIFF and GIF";

/** Endings of files that hold images, whether of a kind that is read or of one that is not. */
const IMAGE_ENDINGS = new Set(
  ("jpg jpeg jpe jfif png apng webp avif tif tiff gif bmp dib heic heif jp2 j2k jxl svg psd ico tga ppm pgm pbm " +
    "pnm exr hdr raw cr2 cr3 nef arw dng orf rw2 raf").split(" "),
);

const ascii = (bytes: Uint8Array, begin: number, end: number) =>
  String.fromCharCode(...bytes.subarray(begin, end));

/** AVIF's and HEIC's marks in the list of brands that an ISO media file opens with. */
const AVIF_BRANDS = ["avif", "avis"];
const HEIC_BRANDS = ["heic", "heix", "heim", "heis", "hevc", "hevx", "mif1", "msf1"];

/**
 * What kind of image a file's first bytes say it is: `undefined` where they are of no kind that is read.
 *
 * @param bytes The first 64 bytes or more
 */
export function imageKind(bytes: Uint8Array): string | undefined {
  if (bytes[0] === 0xff && bytes[1] === 0xd8 && bytes[2] === 0xff) return "JPEG";
  if (ascii(bytes, 0, 8) === "\x89PNG\r\n\x1a\n") return "PNG";
  if (ascii(bytes, 0, 4) === "RIFF" && ascii(bytes, 8, 12) === "WEBP") return "WebP";
  if (["II*\0", "MM\0*", "II+\0", "MM\0+"].includes(ascii(bytes, 0, 4))) return "TIFF";
  if (["GIF87a", "GIF89a"].includes(ascii(bytes, 0, 6))) return "GIF";
  return brands(bytes).some((brand) => AVIF_BRANDS.includes(brand)) ? "AVIF" : undefined;
}

/** Why bytes of no kind that is read are refused. */
export function whyNoImage(bytes: Uint8Array): string {
  if (bytes.length === 0) return `It is empty`;
  const start = ascii(bytes, 0, 64);
  const other = brands(bytes).some((brand) => HEIC_BRANDS.includes(brand))
    ? "HEIC"
    : start.startsWith("BM")
    ? "BMP"
    : start.startsWith("8BPS")
    ? "Photoshop"
    : start.startsWith("%PDF")
    ? "PDF"
    : /^\s*<(\?xml|svg|!--)/.test(start)
    ? "SVG or XML"
    : undefined;
  const what = other ? `It is ${other}` : "It is no image of a known kind";
  return `${what}: ${IMAGE_KINDS} are read${other ? ", so convert it first" : ""}`;
}

/** Whether a file's name ends as an image's does. */
export function isNamedLikeImage(name: string): boolean {
  return IMAGE_ENDINGS.has(/\.([^.]+)$/.exec(name)?.[1]?.toLowerCase() ?? "");
}

/** The brands of an ISO media file: the main one, and those that it is compatible with. */
function brands(bytes: Uint8Array): string[] {
  if (ascii(bytes, 4, 8) !== "ftyp") return [];
  const length = Math.min(new DataView(bytes.buffer, bytes.byteOffset).getUint32(0), 64);
  const places = [8];
  for (let at = 16; at + 4 <= Math.min(length, bytes.length); at += 4) places.push(at);
  return places.map((at) => ascii(bytes, at, at + 4));
}
