import { encode } from "fast-png";
import { Buffer } from "node:buffer";

/** A picture [height, width, channels] as a PNG data URL, as small as it gets. */
export function pngDataUrl(
  data: Uint8Array,
  width: number,
  height: number,
  channels: 1 | 3 | 4 = 3,
): string {
  const png = encode({ data, width, height, channels, depth: 8 }, { zlib: { level: 9 } });
  return `data:image/png;base64,${Buffer.from(png).toString("base64")}`;
}
