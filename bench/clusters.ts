import { Matrix } from "deep-features";
import { seededRandom, standardNormal } from "deep-features/base";

/** As many as the hidden features have. */
export const COLUMNS = 512, CLASSES = 10;

/** Overlapping Gaussian clusters. */
export function clusters(n: number): { X: Matrix; y: Uint8Array } {
  const random = seededRandom(1);
  const centers = Float32Array.from({ length: CLASSES * COLUMNS }, () => standardNormal(random));
  const y = Uint8Array.from({ length: n }, (_, i) => i % CLASSES);
  const data = Float32Array.from(
    { length: n * COLUMNS },
    (_, k) =>
      centers[y[Math.floor(k / COLUMNS)]! * COLUMNS + k % COLUMNS]! + 12 * standardNormal(random),
  );
  return { X: new Matrix(data, n, COLUMNS), y };
}
