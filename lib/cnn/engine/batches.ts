import * as tf from "@tensorflow/tfjs";

/**
 * Images [n, height, width, channels] one after the other: float32 as they are to be fed (see
 * `normalize`), or bytes, which are divided by 255 batch by batch and so need a quarter of the memory.
 */
export type Images = Float32Array | Uint8Array;

/** Class indices, one an image, or one-hot rows, one after the other (see `oneHot`). */
export type Labels = ArrayLike<number>;

/** Height, width and channels of the images that a model takes. */
export type ImageShape = readonly [number, number, number];

/**
 * The shape of an image for `model`, and how many of them `images` holds.
 *
 * @throws {TypeError} If the images are neither float32 nor bytes
 * @throws {RangeError} If there is none, or not a whole number of them
 */
export function countImages(
  model: tf.LayersModel,
  images: Images,
): { shape: ImageShape; count: number } {
  if (!(images instanceof Float32Array || images instanceof Uint8Array)) {
    throw new TypeError(
      "Images must be a Float32Array in [0, 1] or a Uint8Array",
    );
  }
  const shape = model.inputs[0]!.shape.slice(1) as number[];
  const size = shape.reduce((a, b) => a * b, 1);
  if (images.length === 0) throw new RangeError("There are no images");
  if (shape.length !== 3 || images.length % size !== 0) {
    throw new RangeError(
      `Cannot cut ${images.length} values into images of ${shape.join(" × ")}`,
    );
  }
  return { shape: shape as unknown as ImageShape, count: images.length / size };
}

/**
 * Class indices of `count` images, from indices or one-hot rows.
 *
 * @throws {RangeError} If the length fits neither form, or a label lies outside the classes
 */
export function classIndices(
  labels: Labels,
  count: number,
  classes: number,
): Int32Array {
  const oneHot = labels.length === count * classes && classes > 1;
  if (!oneHot && labels.length !== count) {
    throw new RangeError(
      `${count} images have ${labels.length} labels: need ${count} class indices or ${
        count * classes
      } one-hot values`,
    );
  }
  const indices = new Int32Array(count);
  for (let i = 0; i < count; i++) {
    if (oneHot) {
      for (let c = 1; c < classes; c++) {
        if (labels[i * classes + c]! > labels[i * classes + indices[i]!]!) {
          indices[i] = c;
        }
      }
      continue;
    }
    const label = labels[i]!;
    if (!Number.isInteger(label) || label < 0 || label >= classes) {
      throw new RangeError(
        `Label ${label} of image ${i} is not one of the ${classes} classes 0 … ${classes - 1}`,
      );
    }
    indices[i] = label;
  }
  return indices;
}

/**
 * Copies the images named by `rows` into one tensor [rows, height, width, channels], with one more
 * channel of ones if asked for.
 */
export function imageBatch(
  images: Images,
  shape: ImageShape,
  rows: ArrayLike<number>,
  onesChannel: boolean,
): tf.Tensor4D {
  const [height, width, channels] = shape;
  const size = height * width * channels;
  const scale = images instanceof Uint8Array ? 1 / 255 : 1;
  const outChannels = channels + (onesChannel ? 1 : 0);
  const values = new Float32Array(rows.length * height * width * outChannels)
    .fill(1);
  let to = 0;
  for (let i = 0; i < rows.length; i++) {
    let from = rows[i]! * size;
    const end = from + size;
    while (from < end) {
      for (let c = 0; c < channels; c++) {
        values[to + c] = images[from + c]! * scale;
      }
      from += channels;
      to += outChannels;
    }
  }
  return tf.tensor4d(values, [rows.length, height, width, outChannels]);
}

/** The numbers `begin` … `end - 1`. */
export function range(begin: number, end: number): Uint32Array {
  return Uint32Array.from({ length: end - begin }, (_, i) => begin + i);
}
