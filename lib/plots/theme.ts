import { schemeColors } from "./engine/scheme_colors.ts";

/** The one font of all figures; `saveFigure` brings it along, so text looks the same everywhere. */
export const FONT = "DejaVu Sans, Verdana, sans-serif";
/** Color of text and axes. */
export const INK = "#1f2933";
/** Color of the card that a figure lies on. */
export const PAPER = "#ffffff";
/** Color of frames and other lines that stay in the background. */
export const FAINT = "#cbd2d9";
/** Colors of two series: what is shown first, and what stands beside it. */
export const SERIES = ["#1d4ed8", "#b45309"] as const;
/** Color of what is picked out, such as the best cell of a grid. */
export const ACCENT = "#dc2626";

/** How classes are colored: apart from each other, or along a scale. */
export type ColorScheme = "categorical" | "plasma" | "viridis" | "turbo" | "sinebow";

/** The names of {@linkcode ColorScheme}. */
export const COLOR_SCHEMES: readonly ColorScheme[] = [
  "categorical",
  "plasma",
  "viridis",
  "turbo",
  "sinebow",
];

/**
 * Ten colors found by hill climbing for the largest least difference, as people with normal sight see
 * them and as those without red, green or blue cones do: at least 29 and 17 by CIEDE2000, where ten
 * steps of plasma have 6.6 and 1.6. None is too pale for a white ground.
 */
const CATEGORICAL = [
  "#2a40b3",
  "#d40005",
  "#268d04",
  "#0796ff",
  "#c4dc03",
  "#6d0536",
  "#2fe8ee",
  "#ac7293",
  "#f9c9aa",
  "#5c5952",
];

/** Those of them that are dark enough for a thin line on white: a contrast of 3 at least. */
export const CURVE_COLORS: readonly string[] = CATEGORICAL.filter((_, i) => ![4, 6, 8].includes(i));

/** Turns of the color circle from one class to the next, so that neighbors are far apart. */
const GOLDEN = (Math.sqrt(5) - 1) / 2;
/** How dark a color of many is, in turn. */
const SHADES = [1, 0.62, 0.38];

/** A color for each of n classes. */
export function classColors(n: number, scheme: ColorScheme = "categorical"): string[] {
  if (scheme !== "categorical") return schemeColors(scheme, n);
  if (n <= CATEGORICAL.length) return CATEGORICAL.slice(0, n);
  const circle = schemeColors("sinebow", 360);
  return Array.from({ length: n }, (_, i) => {
    const [red, green, blue] = rgbOf(circle[Math.floor(360 * (i * GOLDEN % 1))]!);
    const shade = SHADES[i % SHADES.length]!;
    return `rgb(${[red, green, blue].map((part) => Math.round(shade * part)).join(", ")})`;
  });
}

/** Red, green and blue of a CSS color, `#rrggbb` or `rgb(…)`, as bytes. */
export function rgbOf(color: string): [number, number, number] {
  const hex = color.match(/^#(..)(..)(..)$/);
  const parts = hex
    ? hex.slice(1).map((part) => parseInt(part, 16))
    : color.match(/[\d.]+/g)!.map(Number);
  return [parts[0]!, parts[1]!, parts[2]!];
}
