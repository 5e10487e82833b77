import {
  between,
  checkOptions,
  flag,
  record,
  type Rule,
  type Rules,
  whole,
} from "../../base/check.ts";
import { seededRandom } from "../../base/random.ts";
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
 * @throws {RangeError} If a shift leaves nothing of them, or floats are to become brighter
 */
export function checkAugmentOf(augment: Augment, { images, shape }: ImageArrays): void {
  const [, height, width] = shape, { shift = 0, brightness = 0 } = augment;
  if (shift >= Math.min(height, width)) {
    throw new RangeError(
      `augment: a shift of ${shift} leaves nothing of ${height} × ${width} images`,
    );
  }
  if (brightness > 0 && !(images instanceof Uint8Array)) {
    throw new RangeError(
      "augment: brightness is of bytes, as nobody knows how bright floats may be: give images as a Uint8Array",
    );
  }
}

/** What chance says of an image. */
export interface Draw {
  readonly flip: boolean;
  /** Pixels to the right and down. */
  readonly shift: readonly [x: number, y: number];
  /** The square's middle. */
  readonly cutout: readonly [x: number, y: number];
  readonly brightness: number;
}

/** More than images in most sets: the numbers of an epoch and of an image make one seed. */
const IMAGES = 2 ** 21;

/**
 * What chance says of an image in an epoch: by its number and the epoch's seed, and nothing else. All is drawn,
 * wanted or not, so that one option does not change what another does.
 */
export function drawFor(
  image: number,
  epochSeed: number,
  { shift = 0, brightness = 0 }: Augment,
  [, height, width]: ImageArrays["shape"],
): Draw {
  const random = seededRandom(epochSeed * IMAGES + image % IMAGES);
  const pixels = (sides: number) => Math.floor(random() * sides);
  return {
    flip: random() < 0.5,
    shift: [pixels(2 * shift + 1) - shift, pixels(2 * shift + 1) - shift],
    cutout: [pixels(width), pixels(height)],
    brightness: 1 + brightness * (2 * random() - 1),
  };
}

/** The images at `rows`, changed by chance: mirrored, moved, cut out and made brighter, in this order. */
export function augmented(
  data: ImageArrays,
  rows: ArrayLike<number>,
  augment: Augment,
  epochSeed: number,
): ImageArrays {
  const { images, shape } = data, [, height, width, channels] = shape;
  const size = height * width * channels;
  const changed = images instanceof Uint8Array
    ? new Uint8Array(rows.length * size)
    : new Float32Array(rows.length * size);
  for (let i = 0; i < rows.length; i++) {
    const draw = drawFor(rows[i]!, epochSeed, augment, shape);
    const from = images.subarray(rows[i]! * size, (rows[i]! + 1) * size);
    change(from, changed.subarray(i * size, (i + 1) * size), draw, augment, shape);
  }
  return { images: changed, shape: [rows.length, height, width, channels] };
}

/** Writes one image, changed, to where there are zeros. */
export function change(
  from: Uint8Array | Float32Array,
  to: Uint8Array | Float32Array,
  draw: Draw,
  { flip = false, cutout = 0, brightness = 0 }: Augment,
  [, height, width, channels]: ImageArrays["shape"],
): void {
  const [right, down] = draw.shift;
  const mirrored = flip && draw.flip;
  // For an even side there is one pixel more before the middle, as in the paper's program.
  const left = draw.cutout[0] - (cutout >> 1), top = draw.cutout[1] - (cutout >> 1);
  for (let y = Math.max(0, down); y < Math.min(height, height + down); y++) {
    for (let x = Math.max(0, right); x < Math.min(width, width + right); x++) {
      if (x >= left && x < left + cutout && y >= top && y < top + cutout) continue;
      const column = mirrored ? width - 1 - (x - right) : x - right;
      const source = ((y - down) * width + column) * channels;
      const target = (y * width + x) * channels;
      for (let c = 0; c < channels; c++) {
        const value = from[source + c]!;
        to[target + c] = brightness > 0
          ? Math.min(255, Math.round(value * draw.brightness))
          : value;
      }
    }
  }
}
