import * as tf from "@tensorflow/tfjs";
import { type ImageArrays, shapeInModel } from "./image_arrays.ts";
import type { PixelValues } from "./pixel_values.ts";

/**
 * Copies the images named by `rows` into one tensor [rows, height, width, channels], with one more
 * channel of ones if asked for; bytes become numbers in [0, 1], or what `pixels` says.
 */
export function imageBatch(
  { images, shape }: ImageArrays,
  rows: ArrayLike<number>,
  onesChannel: boolean,
  pixels?: PixelValues,
): tf.Tensor4D {
  const [, height, width, channels] = shape;
  const size = height * width * channels;
  const scale = images instanceof Uint8Array ? 1 / 255 : 1;
  const outChannels = channels + (onesChannel ? 1 : 0);
  const values = new Float32Array(rows.length * height * width * outChannels).fill(1);
  let to = 0;
  for (let i = 0; i < rows.length; i++) {
    let from = rows[i]! * size;
    const end = from + size;
    while (from < end) {
      if (pixels) {
        for (let c = 0; c < channels; c++) {
          values[to + c] = pixels.values[256 * c + images[from + pixels.from[c]!]!]!;
        }
      } else for (let c = 0; c < channels; c++) values[to + c] = images[from + c]! * scale;
      from += channels;
      to += outChannels;
    }
  }
  return tf.tensor4d(values, [rows.length, height, width, outChannels]);
}

/** Images in the shape in which a model of rows or sequences takes them. */
export function asInput(images: tf.Tensor, wanted: readonly (number | null)[]): tf.Tensor {
  const [n, ...own] = images.shape;
  return tf.reshape(images, [n!, ...shapeInModel(wanted, own)!]);
}

/** The numbers `begin` … `end - 1`. */
export function range(begin: number, end: number): Uint32Array {
  return Uint32Array.from({ length: end - begin }, (_, i) => begin + i);
}

/** Most images in a batch of prediction: enough to keep every core busy, few enough for the caches. */
const MOST_IMAGES = 500;
/** Most numbers that a layer may put out for a batch, where the batch is ours to choose. */
const MOST_NUMBERS = 2 ** 25;

/** How many images to predict at once, if the widest layer puts out so many numbers for one. */
export function predictionBatch(widest: number): number {
  return Math.max(1, Math.min(MOST_IMAGES, Math.floor(MOST_NUMBERS / widest)));
}
