import type * as tf from "@tensorflow/tfjs";
import type { PixelValues } from "../../backend/image_values.ts";
import { describe } from "../../base/check.ts";
import { type ImageStream, isImageStream } from "../../dataset/image_stream.ts";
import { resizeImages } from "../../dataset/resize_images.ts";
import { pictureChannels } from "../picture_channels.ts";
import type { Preprocessing } from "../preprocessing.ts";
import { imageBatch, range } from "./batches.ts";
import { checkImages, checkShape, type ImageArrays } from "./image_arrays.ts";
import { pixelValues } from "./pixel_values.ts";

/** Images that come batch by batch, ready for a network. */
export interface ImageSource {
  readonly count: number;
  /** Height times width of what the network gets. */
  readonly area: number;
  /** The images `begin` … `end - 1`. */
  batch(begin: number, end: number): Promise<tf.Tensor4D>;
}

/**
 * Images as a network takes them, from memory or from files that are decoded when their turn comes; the next
 * batch of files is decoded while one is computed.
 *
 * @throws {TypeError} If there are no images with a shape, or float images are to be preprocessed
 * @throws {RangeError} If the images, or what preprocessing makes of them, do not fit the model
 */
export function imageSource(
  model: tf.LayersModel | tf.GraphModel,
  data: ImageArrays | ImageStream,
  onesChannel: boolean,
  preprocessing: Preprocessing | undefined,
): ImageSource {
  if (isImageStream(data)) return streamed(model, data, onesChannel, preprocessing);
  const size = preprocessing?.size;
  const count = checkImages(model, data, size);
  const { images } = data;
  if (preprocessing && !(images instanceof Uint8Array)) {
    throw new TypeError(
      `Preprocessing is for images of bytes, and float images are fed as they are; got ${
        describe(images)
      }`,
    );
  }
  const values = preprocessing && pixelValues(preprocessing.scale, data.shape[3]);
  const [height, width] = size ?? data.shape.slice(1) as [number, number];
  return {
    count,
    area: height * width,
    batch: (begin, end) =>
      Promise.resolve(
        size && images instanceof Uint8Array
          ? resizedBatch(images, data.shape, begin, end, size, onesChannel, values)
          : imageBatch(data, range(begin, end), onesChannel, values),
      ),
  };
}

function resizedBatch(
  images: Uint8Array,
  [, ...one]: ImageArrays["shape"],
  begin: number,
  end: number,
  size: readonly [number, number],
  onesChannel: boolean,
  values: PixelValues | undefined,
): tf.Tensor4D {
  const bytes = one[0] * one[1] * one[2];
  const part = images.subarray(begin * bytes, end * bytes);
  const resized = resizeImages({ images: part, shape: [end - begin, ...one] }, size);
  return imageBatch(resized, range(0, end - begin), onesChannel, values);
}

function streamed(
  model: tf.LayersModel | tf.GraphModel,
  stream: ImageStream,
  onesChannel: boolean,
  preprocessing: Preprocessing | undefined,
): ImageSource {
  const size = preprocessing?.size ?? stream.size;
  const channels = pictureChannels(model, size);
  checkShape(model, [...size, channels]);
  const values = preprocessing && pixelValues(preprocessing.scale, channels);
  let next: { begin: number; end: number; images: Promise<Uint8Array> } | undefined;
  const read = (begin: number, end: number) => {
    const images = stream.read(begin, end, size, channels);
    images.catch(() => {}); // told when its turn comes
    return { begin, end, images };
  };
  return {
    count: stream.files.length,
    area: size[0] * size[1],
    batch: async (begin, end) => {
      const own = next?.begin === begin && next.end === end ? next : read(begin, end);
      const after = Math.min(stream.files.length, 2 * end - begin);
      const images = await own.images;
      next = after > end ? read(end, after) : undefined;
      const shape = [end - begin, ...size, channels] as const;
      return imageBatch({ images, shape }, range(0, end - begin), onesChannel, values);
    },
  };
}
