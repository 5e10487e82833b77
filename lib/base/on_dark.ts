/**
 * How the colors of a figure are changed where the page is dark: rows of a matrix for red, green and blue,
 * the last number of each an offset, for colors from 0 to 1, as SVG's `feColorMatrix` takes them.
 *
 * White becomes the dark paper, ink becomes light, gray stays gray, and no hue turns by more than 35°.
 * Found by hill climbing for the largest least difference of the ten colors of classes afterwards: 19 as
 * people with normal sight see them and 11 as those without red, green or blue cones do, by CIEDE2000,
 * where turning light into dark and keeping the hue leaves 15 and 3.
 */
export const ON_DARK: readonly (readonly [number, number, number, number])[] = [
  [0.366, -1.207, -0.105, 1.052],
  [-0.292, -0.513, -0.172, 1.102],
  [-0.421, -1.056, 0.601, 1.025],
];

/** A color of a figure as a dark page shows it, as bytes. */
export function onDark([red, green, blue]: readonly [number, number, number]): [
  number,
  number,
  number,
] {
  return ON_DARK.map(([r, g, b, offset]) =>
    Math.round(Math.min(255, Math.max(0, r * red + g * green + b * blue + 255 * offset)))
  ) as [number, number, number];
}
