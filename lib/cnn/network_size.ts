import { custom, type Rules, seed, whole } from "../base/check.ts";

/** What every network of the library can be told. */
export interface NetworkOptions {
  /** Seed of the initial weights; default 0. */
  readonly seed?: number;
  /** Height, width and channels of an image; default `[32, 32, 3]`. */
  readonly inputShape?: readonly [number, number, number];
  /** Number of classes; default 10. */
  readonly classes?: number;
}

/** What {@linkcode NetworkOptions} may be. */
export const NETWORK_RULES: Rules<NetworkOptions> = {
  seed,
  inputShape: custom(
    "[height, width, channels], three whole numbers",
    (value) => Array.isArray(value) && value.length === 3 && value.every(Number.isInteger),
  ),
  classes: whole(1),
};

/**
 * Seed, size and classes of a network, with their defaults.
 *
 * @param name What is built, as in "the CNN"
 * @param least Least height and width of its images
 * @throws {RangeError} If it cannot be built for such images or classes
 */
export function networkSize(
  name: string,
  { seed = 0, inputShape = [32, 32, 3], classes = 10 }: NetworkOptions,
  least: number,
): Required<NetworkOptions> {
  const [height, width, channels] = inputShape;
  if (!(height >= least && width >= least && channels >= 1)) {
    throw new RangeError(
      `Cannot build ${name} for images of ${inputShape.join(" × ")}: ` +
        `need at least ${least} × ${least} × 1`,
    );
  }
  if (classes < 2) {
    throw new RangeError(`Cannot build a classifier of ${classes} classes: need at least 2`);
  }
  return { seed, inputShape, classes };
}
