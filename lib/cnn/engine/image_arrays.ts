import type * as tf from "@tensorflow/tfjs";

/** Pixels: float32 as they are to be fed (see `normalize`), or bytes, which are divided by 255. */
export type Images = Float32Array | Uint8Array;

/** Class indices, one an image, or rows of class probabilities, such as one-hot rows (see `oneHot`). */
export type Labels = ArrayLike<number>;

/** Images as the network takes them: a `Split`, or arrays of one's own with their shape. */
export interface ImageArrays {
  /**
   * Images one after the other, row-major, channels last: bytes, which are divided by 255 batch by batch
   * and so need a quarter of the memory, or float32 values as they are to be fed.
   */
  readonly images: Images;
  /** `[n, height, width, channels]`. */
  readonly shape: readonly [number, number, number, number];
}

/** Images with what they show. */
export interface LabeledImages extends ImageArrays {
  /** n class indices, or n rows of class probabilities. */
  readonly labels: Labels;
}

/**
 * Checks that images are what a model takes, before any work.
 *
 * @param resizedTo Height and width that they will have then; default: their own
 * @returns How many images there are
 * @throws {TypeError} If they are no images with a shape
 * @throws {RangeError} If there is none, their number of values does not fit their shape, their shape does
 *   not fit the model, or a float is not finite, naming the image
 */
export function checkImages(
  model: tf.LayersModel | tf.GraphModel,
  data: ImageArrays,
  resizedTo?: readonly [number, number],
): number {
  if (data instanceof Float32Array || data instanceof Uint8Array || !data?.images || !data.shape) {
    throw new TypeError(
      "Images must come with their shape: a split, or { images, shape: [n, height, width, channels] }",
    );
  }
  const { images, shape } = data;
  if (!(images instanceof Float32Array || images instanceof Uint8Array)) {
    throw new TypeError("Images must be a Float32Array or a Uint8Array");
  }
  if (shape.length !== 4 || !shape.every((size) => Number.isInteger(size) && size >= 0)) {
    throw new RangeError(
      `The images' shape must be [n, height, width, channels], got [${
        Array.from(shape).join(", ")
      }]`,
    );
  }
  const [n, ...own] = shape;
  const size = own.reduce((a, b) => a * b, 1);
  if (images.length !== n * size) {
    throw new RangeError(
      `${images.length} values do not make ${n} images of ${own.join(" × ")}: need ${n * size}`,
    );
  }
  if (n === 0) throw new RangeError("There are no images");
  checkShape(model, resizedTo ? [...resizedTo, own[2]!] : own);
  if (images instanceof Float32Array) checkFinite(images, size);
  return n;
}

/**
 * Checks that images of a height, a width and a number of channels are what a model takes.
 *
 * @throws {RangeError} If they are not
 */
export function checkShape(model: tf.LayersModel | tf.GraphModel, own: readonly number[]): void {
  const wanted = inputShape(model);
  if (!wanted || shapeInModel(wanted, own)) return;
  const sizes = wanted.map((length) => length ?? "any").join(" × ");
  const isGray = wanted[2] === 1 && own[2] === 3;
  throw new RangeError(
    `The images are ${own.join(" × ")}, but the model takes ${sizes}` +
      (isGray ? ": load pictures with channels: 1" : ""),
  );
}

/**
 * The shape in which a model takes images of height, width and channels: as it is where it takes images, in a row
 * where it takes rows, without sides of length 1 where it takes sequences; `undefined` if they do not fit.
 */
export function shapeInModel(
  wanted: readonly (number | null)[],
  own: readonly number[],
): number[] | undefined {
  const size = own.reduce((a, b) => a * b, 1);
  if (wanted.length === 1) return wanted[0] === size ? [size] : undefined;
  // 28 × 28 × 1 are 28 steps of 28 values; a side of 1 that is wanted stays.
  const sides = wanted.length === own.length ? own : own.filter((length) => length > 1);
  const fits = sides.length === wanted.length &&
    wanted.every((length, i) => length === null || length === sides[i]);
  return fits ? [...sides] : undefined;
}

/** What a model takes of an image, null where any length will do; undefined if it does not say, or takes several. */
export function inputShape(model: tf.LayersModel | tf.GraphModel): (number | null)[] | undefined {
  if (model.inputs.length !== 1) return undefined;
  // Graph models write -1 for what is open.
  return model.inputs[0]!.shape?.slice(1).map((length) => length === -1 ? null : length);
}

function checkFinite(images: Float32Array, size: number): void {
  const at = images.findIndex((value) => !Number.isFinite(value));
  if (at < 0) return;
  throw new RangeError(
    `Image ${Math.floor(at / size)} holds ${images[at]} at ${at % size}: all values must be finite`,
  );
}
