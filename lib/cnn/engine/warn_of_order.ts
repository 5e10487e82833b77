/** A class that is only in the validation part cannot be learned: the order of the images is to blame. */
export function warnOfOrder(classes: Int32Array, trainCount: number): void {
  const seen = new Set(classes.subarray(0, trainCount));
  const validated = [...new Set(classes.subarray(trainCount))].sort((a, b) => a - b);
  const unseen = validated.filter((label) => !seen.has(label));
  const isOrdered = classes.every((label, i) => i === 0 || label >= classes[i - 1]!) ||
    classes.every((label, i) => i === 0 || label <= classes[i - 1]!);
  const whatToDo =
    "Shuffle them first (shuffle), or split them with trainTestSplit and train with " +
    "validationSplit: 0";
  if (unseen.length > 0) {
    console.warn(
      `The validation part holds images of class ${
        unseen.join(", ")
      }, of which the training part has ` +
        `none: the images seem to be ordered by class. ${whatToDo}`,
    );
  } else if (isOrdered && validated.length > 0 && seen.size > validated.length) {
    console.warn(
      `The images are ordered by class, and the validation part, the last of them, holds class ${
        validated.join(", ")
      } alone: its figures say nothing of the others. ${whatToDo}`,
    );
  }
}
