import { checkValue, custom, describe, listOf, type Rule, whole } from "../base/check.ts";
import { showDataset } from "./engine/show_images.ts";
import type { Dataset } from "./load_cifar10.ts";
import { type Split, takeRows } from "./split.ts";

/** What a network must be able to tell apart. */
const FEWEST_CLASSES = 2;

const PAIR: Rule = custom(
  "two class indices, as in [3, 5]",
  listOf(whole(0)).isKind,
  (value) => (value as readonly number[]).length === 2 && listOf(whole(0)).allows(value),
);

/**
 * Parts a data set by classes: `unseen` has all images of two classes, and `seen` those of all others, each in the
 * order that they had. Labels count the classes of their part from 0: in `unseen` the first of the pair is 0, the
 * second 1.
 *
 * @param pair Indices of the two classes
 * @throws {TypeError} If the pair is no list of numbers
 * @throws {RangeError} If the classes are not two that there are, fewer than two others are left, a label has no
 *   name, or a part would have no training or no test image
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { leaveOut, loadCifar10 } from "deep-features";
 *
 * const { seen, unseen } = leaveOut(await loadCifar10({ download: false }), [3, 5]);
 * assert(seen.classNames.length === 8 && unseen.classNames.length === 2);
 * assert(new Set(unseen.train.labels).size === 2);
 * ```
 */
export function leaveOut(
  data: Dataset,
  pair: readonly [number, number],
): { seen: Dataset; unseen: Dataset } {
  checkValue("leaveOut: pair", pair, PAIR);
  const classes = data.classNames.length;
  for (const each of pair) {
    if (each >= classes) {
      throw new RangeError(`leaveOut: there is no class ${each}, only 0 … ${classes - 1}`);
    }
  }
  if (pair[0] === pair[1]) {
    throw new RangeError(`leaveOut: pair must be two different classes, got ${describe(pair)}`);
  }
  if (classes - pair.length < FEWEST_CLASSES) {
    throw new RangeError(
      `leaveOut: of ${classes} classes, ${classes - pair.length} would be left to train with: ` +
        `need at least ${FEWEST_CLASSES}`,
    );
  }
  checkNamed(data.train, classes);
  checkNamed(data.test, classes);
  const others = data.classNames.map((_, i) => i).filter((i) => !pair.includes(i));
  return { seen: onlyClasses(data, others), unseen: onlyClasses(data, pair) };
}

/** An image of no class that is known would be in neither part. */
function checkNamed({ labels }: Split, classes: number): void {
  const odd = labels.findIndex((label) => label >= classes);
  if (odd < 0) return;
  throw new RangeError(
    `leaveOut: label ${labels[odd]} of image ${odd} has no name: there are ${classes} classes`,
  );
}

/** The images of some classes, which are numbered in their order. */
function onlyClasses(data: Dataset, classes: readonly number[]): Dataset {
  return showDataset({
    ...data,
    train: onlyLabels("training", data.train, classes),
    test: onlyLabels("test", data.test, classes),
    classNames: classes.map((i) => data.classNames[i]!),
  });
}

function onlyLabels(what: string, split: Split, classes: readonly number[]): Split {
  const place = new Map(classes.map((label, i) => [label, i]));
  const rows = [...split.labels.keys()].filter((row) => place.has(split.labels[row]!));
  if (rows.length === 0) {
    throw new RangeError(`leaveOut: class ${classes.join(", ")} has no ${what} image`);
  }
  const taken = takeRows(split, rows);
  taken.labels.forEach((label, i) => taken.labels[i] = place.get(label)!);
  return taken;
}
