import { describe, type Rule } from "../../base/check.ts";

/** What each class counts in the loss, by its index: a list, or an object that names the classes. */
export type ClassWeight = readonly number[] | Readonly<Record<number, number>>;

const isWeight = (value: unknown) => Number.isFinite(value) && (value as number) >= 0;

/** What the option `classWeight` may be. */
export const classWeightRule: Rule = {
  wanted: "numbers of at least 0 by class, as in [1, 2] or { 0: 1, 1: 2 }",
  isKind: (value) =>
    typeof value === "object" && value !== null && !ArrayBuffer.isView(value) &&
    Object.values(value).every((weight) => typeof weight === "number"),
  allows: (value) => Object.values(value as object).every(isWeight),
};

/**
 * The weight of each class.
 *
 * @throws {RangeError} If one is of no class, or one of a class of the training images is missing, or all are 0
 */
export function readClassWeight(
  weights: ClassWeight,
  classes: number,
  trained: Int32Array,
): Float32Array {
  const values = new Float32Array(classes).fill(NaN);
  for (const [key, weight] of Object.entries(weights)) {
    const label = Number(key);
    if (!(Number.isInteger(label) && label >= 0 && label < classes)) {
      throw new RangeError(
        `classWeight has a weight for ${
          describe(key)
        }, which is not one of the ${classes} classes 0 … ${classes - 1}`,
      );
    }
    values[label] = weight;
  }
  const missing = trained.find((label) => Number.isNaN(values[label]));
  if (missing !== undefined) {
    throw new RangeError(`classWeight has no weight for class ${missing}, which is trained on`);
  }
  if (trained.every((label) => values[label] === 0)) {
    throw new RangeError("classWeight is 0 for all classes that are trained on");
  }
  return values;
}
