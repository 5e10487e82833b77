import { seededRandom } from "../../base/random.ts";
import { defineKernel } from "../../compute/define_kernel.ts";
import { Scope } from "../../compute/scope.ts";
import type { Augment } from "./augment.ts";
import type { ImageArrays } from "./image_arrays.ts";

const augmentImages = defineKernel("augmentImages", {
  x: "u8*",
  y: "u8*",
  height: "i32",
  width: "i32",
  pixel: "i32",
  draws: "i32*",
  side: "i32",
  factors: "f64*?",
});

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

/**
 * The images at `rows`, changed by chance: mirrored, moved, cut out and made brighter, in this order. They are
 * changed on all threads, each by its own draw, so that the result does not depend on their number.
 */
export function augmented(
  data: ImageArrays,
  rows: ArrayLike<number>,
  augment: Augment,
  epochSeed: number,
): ImageArrays {
  const draws = Array.from(rows, (row) => drawFor(row, epochSeed, augment, data.shape));
  return changed(data, rows, draws, augment);
}

/** The images at `rows`, each changed as its draw says. */
export function changed(
  { images, shape: [, height, width, channels] }: ImageArrays,
  rows: ArrayLike<number>,
  draws: readonly Draw[],
  { flip = false, cutout = 0, brightness = 0 }: Augment,
): ImageArrays {
  using memory = new Scope();
  const pixel = channels * images.BYTES_PER_ELEMENT, size = height * width * pixel;
  const x = memory.uint8(rows.length * size), y = memory.uint8(rows.length * size);
  const bytes = new Uint8Array(images.buffer, images.byteOffset, images.byteLength);
  const words = memory.int32(rows.length * 5);
  const factors = brightness > 0 ? memory.float64(rows.length) : null;
  for (let i = 0; i < rows.length; i++) {
    const draw = draws[i]!, { shift: [right, down], cutout: [column, row] } = draw;
    x.set(bytes.subarray(rows[i]! * size, (rows[i]! + 1) * size), i * size);
    // For an even side there is one pixel more before the middle, as in the paper's program.
    const half = cutout >> 1;
    words.set([Number(flip && draw.flip), right, down, column - half, row - half], 5 * i);
    if (factors) factors[i] = draw.brightness;
  }
  augmentImages(rows.length, { x, y, height, width, pixel, draws: words, side: cutout, factors });
  const copy = y.slice();
  return {
    images: images instanceof Uint8Array ? copy : new Float32Array(copy.buffer),
    shape: [rows.length, height, width, channels],
  };
}
