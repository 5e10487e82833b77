import type { Fold } from "../base/fold.ts";
import { assertLabels } from "../base/labels.ts";
import { permutation, seededRandom } from "../base/random.ts";

/**
 * Parts rows into k folds in which each class is about equally frequent, in an order drawn from a seed
 * (scikit-learn's `StratifiedKFold(shuffle=True)`). Warns, as that does, when a class has fewer rows than
 * there are folds: some are tested without it then.
 *
 * @param y Class labels
 * @param k Number of folds
 * @param seed The same seed gives the same folds
 * @returns For each fold the rows of the other folds and its own, both rising
 * @throws {TypeError} If y is no array of numbers
 * @throws {RangeError} If k is below 2, or above the rows of every class
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { stratifiedKFold } from "deep-features/model_selection";
 *
 * const folds = stratifiedKFold([0, 0, 0, 0, 1, 1], 2, 1);
 * assert(folds.length === 2 && folds[0]!.test.length === 3);
 * ```
 */
export function stratifiedKFold(y: ArrayLike<number>, k: number, seed = 0): Fold[] {
  assertLabels(y);
  if (!(Number.isInteger(k) && k >= 2)) {
    throw new RangeError(`The number of folds must be a whole number of at least 2, got ${k}`);
  }
  const rowsOfClass = new Map<number, number[]>();
  for (let i = 0; i < y.length; i++) {
    const rows = rowsOfClass.get(y[i]!);
    if (rows) rows.push(i);
    else rowsOfClass.set(y[i]!, [i]);
  }
  const bySize = [...rowsOfClass].sort(([, a], [, b]) => a.length - b.length);
  const [smallest, largest] = [bySize[0], bySize.at(-1)];
  if (!smallest || !largest || largest[1].length < k) {
    throw new RangeError(
      `Cannot make ${k} folds: ${
        largest
          ? `class ${largest[0]} has ${largest[1].length} rows, and no class has more`
          : "there are no rows"
      }`,
    );
  }
  if (smallest[1].length < k) {
    console.warn(
      `stratifiedKFold: class ${smallest[0]} has ${smallest[1].length} rows, fewer than the ${k} ` +
        "folds: some folds are tested without it",
    );
  }
  const random = seededRandom(seed);
  const foldOf = new Int32Array(y.length);
  // Each class goes on dealing where the one before stopped, so that folds are equally large.
  let dealt = 0;
  for (const label of [...rowsOfClass.keys()].sort((a, b) => a - b)) {
    const rows = rowsOfClass.get(label)!;
    for (const i of permutation(rows.length, random)) foldOf[rows[i]!] = dealt++ % k;
  }
  return Array.from({ length: k }, (_, fold) => ({
    train: Int32Array.from(foldOf.keys().filter((i) => foldOf[i] !== fold)),
    test: Int32Array.from(foldOf.keys().filter((i) => foldOf[i] === fold)),
  }));
}
