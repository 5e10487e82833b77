/**
 * Checks that true and predicted labels belong together.
 *
 * @throws {RangeError} If there are none, their numbers differ, or one is no class index
 */
export function assertLabels(
  yTrue: ArrayLike<number>,
  yPred: ArrayLike<number>,
): void {
  if (yTrue.length === 0) {
    throw new RangeError("There are no labels to compare");
  }
  if (yTrue.length !== yPred.length) {
    throw new RangeError(
      `Cannot compare ${yTrue.length} true labels with ${yPred.length} predicted ones`,
    );
  }
  for (
    const [name, labels] of [["true", yTrue], ["predicted", yPred]] as const
  ) {
    for (let i = 0; i < labels.length; i++) {
      if (!Number.isInteger(labels[i]) || labels[i]! < 0) {
        throw new RangeError(
          `The ${name} label ${labels[i]} at ${i} is not a class index (0, 1, 2, …)`,
        );
      }
    }
  }
}
