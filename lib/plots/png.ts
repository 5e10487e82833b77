import { encode } from "fast-png";
import { Buffer } from "node:buffer";

/** A picture as a PNG data URL. */
export function pngDataUrl(
  data: Uint8Array,
  width: number,
  height: number,
  channels: 3 | 4,
): string {
  const png = encode({ data, width, height, channels, depth: 8 });
  return `data:image/png;base64,${Buffer.from(png).toString("base64")}`;
}
