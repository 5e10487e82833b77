import { distinctLabels } from "../base/labels.ts";
import { checkOptions } from "../base/check.ts";
import { checkTrainingSet } from "../base/classifier.ts";
import type { Matrix } from "../base/matrix.ts";
import { RUN_RULES, type RunOptions } from "../base/run_options.ts";
import { interruptible } from "../notebook/interrupt.ts";
import { createBreather } from "../notebook/progress.ts";

/** Rows between two looks at the clock. */
const BLOCK_ROWS = 64;

/**
 * How far classes are apart (Rousseeuw 1987, {@link https://doi.org/10.1016/0377-0427(87)90125-7}; scikit-learn's
 * `silhouette_score`): the mean over all rows of (b − a) / max(a, b), with a the mean Euclidean distance
 * from the row to the others of its class, and b that to the rows of the nearest other class. It is 1 for
 * classes that are points far apart, 0 where they lie on top of each other, and negative where rows are
 * nearer to another class. A row alone in its class counts as 0.
 *
 * The work is rows² × columns, in plain loops: made for maps of few columns.
 *
 * @param X [n, features]
 * @param y n class labels
 * @throws {TypeError} If X is no matrix, y no array of numbers, or an option unknown
 * @throws {RangeError} If they do not fit each other, a value is not finite, or there is one class only
 * @throws {DOMException} If the signal aborts
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { Matrix } from "deep-features";
 * import { silhouetteScore } from "deep-features/metrics";
 *
 * const X = Matrix.fromRows([[0], [1], [10], [11]]);
 * assert(await silhouetteScore(X, [0, 0, 1, 1]) > 0.8);
 * assert(await silhouetteScore(X, [0, 1, 0, 1]) < 0);
 * ```
 */
export async function silhouetteScore(
  X: Matrix,
  y: ArrayLike<number>,
  options: RunOptions = {},
): Promise<number> {
  checkOptions("silhouetteScore", options, RUN_RULES);
  const { codes } = checkTrainingSet(X, y);
  options.signal?.throwIfAborted();
  const counts = new Float64Array(distinctLabels(y, y).length);
  for (const code of codes) counts[code]!++;
  return await interruptible(options.signal, async (signal) => {
    const breathe = createBreather();
    const sums = new Float64Array(counts.length);
    let total = 0;
    for (let i = 0; i < X.rows; i++) {
      if (i % BLOCK_ROWS === 0) {
        signal?.throwIfAborted();
        options.onProgress?.({ done: i, total: X.rows, message: "silhouette" });
        await breathe();
      }
      addDistances(X, i, codes, sums.fill(0));
      const own = codes[i]!;
      if (counts[own] === 1) continue;
      const inside = sums[own]! / (counts[own]! - 1);
      let outside = Infinity;
      for (let c = 0; c < sums.length; c++) {
        if (c !== own) outside = Math.min(outside, sums[c]! / counts[c]!);
      }
      const larger = Math.max(inside, outside);
      if (larger > 0) total += (outside - inside) / larger;
    }
    options.onProgress?.({ done: X.rows, total: X.rows, message: "silhouette" });
    return total / X.rows;
  });
}

/** Adds the distances from a row to all rows, by their classes. */
function addDistances(X: Matrix, row: number, codes: Int32Array, sums: Float64Array): void {
  const { data, cols, rows } = X, own = row * cols;
  for (let j = 0, at = 0; j < rows; j++, at += cols) {
    let square = 0;
    for (let k = 0; k < cols; k++) {
      const step = data[own + k]! - data[at + k]!;
      square += step * step;
    }
    sums[codes[j]!]! += Math.sqrt(square);
  }
}
