import {
  between,
  checkOptions,
  flag,
  record,
  type Rule,
  type Rules,
  whole,
} from "../../base/check.ts";
import type { ImageArrays } from "./image_arrays.ts";

/** How each image is changed by chance, anew in each epoch, before the network learns from it. */
export interface Augment {
  /** Whether every second image is mirrored, left to right; default false. */
  readonly flip?: boolean | undefined;
  /**
   * Most pixels that an image is moved by, to the left or right and up or down, each as likely as any other; what
   * comes in is 0 (He et al. 2016, arXiv 1512.03385, section 4.2: 4); default 0.
   */
  readonly shift?: number | undefined;
  /**
   * Side of a square of zeros in pixels, around any pixel of the image and cut at its borders (DeVries & Taylor 2017,
   * arXiv 1708.04552: 16); default 0.
   */
  readonly cutout?: number | undefined;
  /** Most that an image of bytes becomes brighter or darker, as a share: 0.2 is between 0.8 and 1.2 times; default 0. */
  readonly brightness?: number | undefined;
}

const RULES: Rules<Augment> = {
  flip: flag,
  shift: whole(0),
  cutout: whole(0),
  brightness: between(0, 1),
};

/** What the option `augment` may be. */
export const augmentRule: Rule = record("an object, as in { flip: true, shift: 4 }");

/** Holds `augment` to its own rules. */
export function checkAugment(owner: string, augment: Augment): void {
  checkOptions(`${owner}: augment`, augment, RULES);
}

/**
 * Checks that images can be changed so.
 *
 * @throws {RangeError} If a shift or a cutout leaves nothing of them, or floats are to become brighter
 */
export function checkAugmentOf(augment: Augment, { images, shape }: ImageArrays): void {
  const [, height, width] = shape, { shift = 0, cutout = 0, brightness = 0 } = augment;
  if (shift >= Math.min(height, width)) {
    throw new RangeError(
      `augment: a shift of ${shift} leaves nothing of ${height} × ${width} images`,
    );
  }
  if (cutout >= Math.min(height, width)) {
    throw new RangeError(
      `augment: a cutout of ${cutout} leaves nothing of some ${height} × ${width} images`,
    );
  }
  if (brightness > 0 && !(images instanceof Uint8Array)) {
    throw new RangeError(
      "augment: brightness is of bytes, as nobody knows how bright floats may be: give images as a Uint8Array",
    );
  }
}
