import type * as tf from "@tensorflow/tfjs";
import type { Channels, ImageSize } from "../dataset/load_image.ts";
import { inputShape } from "./engine/image_arrays.ts";

/**
 * How many channels pictures from files are given for a model: 1, gray, or 3. One that takes any number, or rows
 * of numbers that do not tell, gets 3.
 *
 * @param size Height and width of the images
 * @throws {RangeError} If it takes another number
 */
export function pictureChannels(
  model: tf.LayersModel | tf.GraphModel,
  size: ImageSize | undefined,
): Channels {
  const wanted = inputShape(model) ?? [];
  const isGrayRow = wanted.length === 1 && size !== undefined && wanted[0] === size[0] * size[1];
  const isGray = isGrayRow || wanted.length === 2; // a sequence of an image's lines
  const channels = isGray ? 1 : wanted[2] ?? 3;
  if (channels === 1 || channels === 3) return channels;
  throw new RangeError(
    `The network takes images of ${channels} channels, but pictures are read in 3 (red, green and blue), or in ` +
      "1 (gray): give the images as arrays with their shape",
  );
}
