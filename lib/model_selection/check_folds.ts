import { describe } from "../base/check.ts";
import type { Fold } from "../base/fold.ts";

/**
 * Checks folds that a caller made.
 *
 * @param y Class label of each row
 * @throws {TypeError} If they are no array of `{ train, test }`, each an array of row numbers
 * @throws {RangeError} If there are none, one has no test rows, fewer than two classes to learn from, a row
 *   that there is not, a row in both parts, or a test row twice
 */
export function checkFolds(folds: readonly Fold[], y: ArrayLike<number>): void {
  if (!Array.isArray(folds)) {
    throw new TypeError(`folds must be a number or an array of folds, got ${describe(folds)}`);
  }
  if (folds.length === 0) throw new RangeError("There are no folds: need one at least");
  folds.forEach((fold: unknown, f) => {
    if (typeof fold !== "object" || fold === null) {
      throw new TypeError(`Fold ${f} must be { train, test }, got ${describe(fold)}`);
    }
    const { train, test } = fold as Partial<Fold>;
    checkRows(train, `train of fold ${f}`, y.length);
    checkRows(test, `test of fold ${f}`, y.length);
    const trained = new Set(train), tested = new Set(test);
    if (tested.size < test.length) throw new RangeError(`test of fold ${f} names a row twice`);
    const both = test.find((row) => trained.has(row));
    if (both !== undefined) {
      throw new RangeError(`Row ${both} is in train and in test of fold ${f}`);
    }
    if (new Set(Array.from(train, (row) => y[row])).size < 2) {
      throw new RangeError(
        `Cannot learn from one class only: all labels of train of fold ${f} are ${y[train[0]!]}`,
      );
    }
  });
}

function checkRows(rows: unknown, name: string, n: number): asserts rows is Int32Array {
  const isList = Array.isArray(rows) || (ArrayBuffer.isView(rows) && !(rows instanceof DataView));
  if (!isList) {
    throw new TypeError(`${name} must be an array of row numbers, got ${describe(rows)}`);
  }
  const list = Array.from(rows as ArrayLike<unknown>);
  if (list.length === 0) throw new RangeError(`${name} has no rows`);
  for (const row of list) {
    if (typeof row === "number" && Number.isInteger(row) && row >= 0 && row < n) continue;
    throw new RangeError(`${name} names row ${describe(row)}: rows are 0 to ${n - 1}`);
  }
}
