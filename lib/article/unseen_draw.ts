import { permutation, seededRandom } from "../base/random.ts";

/**
 * Rows of a few images of each of two classes, drawn by chance, the two in turn: the first 2n are n of each, so that
 * a larger number has those of a smaller one among its own.
 *
 * @param labels 0 and 1
 * @param count Images of each class
 * @param seed The same seed gives the same images
 */
export function drawnRows(labels: ArrayLike<number>, count: number, seed: number): number[] {
  const random = seededRandom(seed);
  const drawn = [0, 1].map((label) => {
    const rows = rowsOf(labels, label);
    return [...permutation(rows.length, random)].slice(0, count).map((place) => rows[place]!);
  });
  return Array.from({ length: count }, (_, i) => drawn.map((rows) => rows[i]!)).flat();
}

/** The rows that have a label. */
export function rowsOf(labels: ArrayLike<number>, label: number): number[] {
  return Array.from(labels, (_, row) => row).filter((row) => labels[row] === label);
}
