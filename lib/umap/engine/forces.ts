/**
 * Tables of how strongly two points attract and repel each other, for the kernel `layoutEpoch`.
 *
 * @module
 */

/** Squared distances from 2⁻⁴⁰ to 2⁴⁰, 64 between a number and its double, as in the kernel. */
const LOWEST = -40, HIGHEST = 40, BETWEEN = 64;

/** What entry k of a table is the force for. */
function squaredOf(k: number): number {
  const octave = Math.floor(k / BETWEEN);
  return 2 ** (LOWEST + octave) * (1 + (k - octave * BETWEEN) / BETWEEN);
}

/** How many entries a table has: one more than intervals, and one for the last number itself. */
export const TABLE_ENTRIES = (HIGHEST - LOWEST) * BETWEEN + 2;

/**
 * Fills tables with the factors of the distance in the gradient of UMAP's loss (McInnes et al. 2018), where
 * 1 / (1 + a d^(2b)) is how close two points count: −2ab d^(2b−2) / (1 + a d^(2b)), and
 * 2b / ((0.001 + d²)(1 + a d^(2b))).
 */
export function fillForces(
  { a, b }: { readonly a: number; readonly b: number },
  attraction: Float32Array,
  repulsion: Float32Array,
): void {
  for (let k = 0; k < TABLE_ENTRIES; k++) {
    const squared = squaredOf(k), far = 1 + a * squared ** b;
    attraction[k] = -2 * a * b * squared ** (b - 1) / far;
    repulsion[k] = 2 * b / ((0.001 + squared) * far);
  }
}
