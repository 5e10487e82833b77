import type { Rgb } from "./raster.ts";

/** Red, green and blue of `#rrggbb` or `rgb(…)`. */
export function parseColor(color: string): Rgb {
  const hex = color.match(/^#(..)(..)(..)$/);
  const parts = hex
    ? hex.slice(1).map((part) => parseInt(part, 16))
    : (color.match(/[\d.]+/g) ?? []).map(Number);
  return [parts[0] ?? 0, parts[1] ?? 0, parts[2] ?? 0];
}
