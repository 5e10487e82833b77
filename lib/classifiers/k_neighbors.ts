import { interruptible } from "../notebook/interrupt.ts";
import type { Matrix } from "../base/matrix.ts";
import { nearestNeighbours } from "../neighbors/nearest_neighbors.ts";
import { checkRows, checkTrainingSet, type Classifier } from "../base/classifier.ts";
import type { RunOptions } from "../base/run_options.ts";

/** Parameters of a {@linkcode KNeighborsClassifier}, with scikit-learn's names and defaults. */
export interface KNeighborsOptions {
  /** Neighbours that vote; default 5. */
  readonly nNeighbors?: number;
}

/**
 * The class that most of a row's nearest training rows have, the lowest of several
 * (`sklearn.neighbors.KNeighborsClassifier`). Neighbours are found exactly.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { KNeighborsClassifier, Matrix } from "deep-features";
 *
 * const knn = new KNeighborsClassifier({ nNeighbors: 1 });
 * await knn.fit(Matrix.fromRows([[0], [10]]), [3, 4]);
 * assert((await knn.predict(Matrix.fromRows([[1], [8]]))).join() === "3,4");
 * ```
 */
export class KNeighborsClassifier implements Classifier {
  readonly options: Required<KNeighborsOptions>;
  #fitted: { X: Matrix; classes: Int32Array; codes: Int32Array } | undefined;

  constructor(options: KNeighborsOptions = {}) {
    this.options = { nNeighbors: 5, ...options };
  }

  /**
   * Keeps the training set.
   *
   * @throws {RangeError} If X, y or the parameters are unusable
   */
  fit(X: Matrix, y: ArrayLike<number>): Promise<this> {
    return Promise.try(() => {
      const { nNeighbors } = this.options;
      const set = checkTrainingSet(X, y);
      if (!(Number.isInteger(nNeighbors) && nNeighbors >= 1 && nNeighbors <= X.rows)) {
        throw new RangeError(`nNeighbors must be from 1 to the ${X.rows} rows, got ${nNeighbors}`);
      }
      this.#fitted = { X, ...set };
      return this;
    });
  }

  /**
   * The class of each row.
   *
   * @throws {RangeError} If X has other columns than the training set, or is not finite
   * @throws {Error} If the classifier is not fitted
   */
  async predict(X: Matrix, options: RunOptions = {}): Promise<Int32Array> {
    if (!this.#fitted) {
      throw new Error("This KNeighborsClassifier is not fitted yet: call fit first");
    }
    const { X: rows, classes, codes } = this.#fitted;
    checkRows(X, rows.cols);
    const { nNeighbors: k } = this.options;
    const { indices } = await interruptible(
      options.signal,
      (signal) => nearestNeighbours(rows, X, k, { ...options, signal }),
    );
    const votes = new Int32Array(classes.length);
    return Int32Array.from({ length: X.rows }, (_, i) => {
      votes.fill(0);
      for (let j = i * k; j < (i + 1) * k; j++) votes[codes[indices[j]!]!]!++;
      return classes[votes.indexOf(Math.max(...votes))]!;
    });
  }
}
