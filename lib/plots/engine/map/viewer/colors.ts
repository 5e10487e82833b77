import type { Rgb } from "./raster.ts";

/** Contrast that the colours of points keep from a dark background. */
const CONTRAST = 3;

/** Red, green and blue of `#rrggbb` or `rgb(…)`. */
export function parseColor(color: string): Rgb {
  const hex = color.match(/^#(..)(..)(..)$/);
  const parts = hex
    ? hex.slice(1).map((part) => parseInt(part, 16))
    : (color.match(/[\d.]+/g) ?? []).map(Number);
  return [parts[0] ?? 0, parts[1] ?? 0, parts[2] ?? 0];
}

/** The colour, mixed with as little white as lets it be seen on a dark background. */
export function readableOnDark(color: Rgb, background: Rgb): Rgb {
  for (let white = 0; white < 1; white += 0.05) {
    const mixed = color.map((part) => Math.round(part + (255 - part) * white)) as unknown as Rgb;
    if (contrast(mixed, background) >= CONTRAST) return mixed;
  }
  return [255, 255, 255];
}

/** Contrast of two colours as the Web Content Accessibility Guidelines define it, 1 to 21. */
export function contrast(a: Rgb, b: Rgb): number {
  const [high, low] = [luminance(a), luminance(b)].sort((p, q) => q - p);
  return (high! + 0.05) / (low! + 0.05);
}

function luminance(color: Rgb): number {
  const [red, green, blue] = color.map((part) => {
    const value = part / 255;
    return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * red! + 0.7152 * green! + 0.0722 * blue!;
}
