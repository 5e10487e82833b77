import * as tf from "@tensorflow/tfjs";
import { imageValues, type PixelValues } from "../../backend/image_values.ts";
import { type ImageArrays, shapeInModel } from "./image_arrays.ts";
import { pixelValues } from "./pixel_values.ts";

/**
 * The images named by `rows` as one tensor [rows, height, width, channels], with one more channel of ones if
 * asked for; bytes become numbers in [0, 1], or what `pixels` says.
 */
export function imageBatch(
  { images, shape }: ImageArrays,
  rows: ArrayLike<number>,
  onesChannel: boolean,
  pixels?: PixelValues,
): tf.Tensor4D {
  const [, height, width, channels] = shape;
  if (images instanceof Uint8Array) {
    const own = [height, width, channels] as const;
    return imageValues(images, rows, own, pixels ?? pixelValues("0..1", channels), onesChannel);
  }
  const size = height * width * channels, outChannels = channels + (onesChannel ? 1 : 0);
  const values = new Float32Array(rows.length * height * width * outChannels).fill(1);
  let to = 0;
  for (let i = 0; i < rows.length; i++) {
    let from = rows[i]! * size;
    for (const end = from + size; from < end; from += channels, to += outChannels) {
      for (let c = 0; c < channels; c++) values[to + c] = images[from + c]!;
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
