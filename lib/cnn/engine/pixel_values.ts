import type { PixelValues } from "../../backend/image_values.ts";
import type { PixelScale } from "../preprocessing.ts";

// ImageNet's statistics by channel (red, green, blue), of pixels in [0, 1], as in PyTorch's torchvision.
const MEAN = [0.485, 0.456, 0.406] as const, DEVIATION = [0.229, 0.224, 0.225] as const;
// ImageNet's mean by channel (blue, green, red), of bytes, as in the first networks made with Caffe.
const CAFFE_MEAN = [103.939, 116.779, 123.68] as const;

const SCALES: Record<PixelScale, (byte: number, channel: number) => number> = {
  "0..1": (byte) => byte * (1 / 255),
  "-1..1": (byte) => byte / 127.5 - 1,
  "0..255": (byte) => byte,
  imagenet: (byte, channel) => (byte / 255 - MEAN[channel]!) / DEVIATION[channel]!,
  caffe: (byte, channel) => byte - CAFFE_MEAN[channel]!,
};

/**
 * The table by which bytes become what a network takes.
 *
 * @throws {RangeError} If the scale is one of color images, and the images have another number of channels
 */
export function pixelValues(scale: PixelScale, channels: number): PixelValues {
  if ((scale === "imagenet" || scale === "caffe") && channels !== 3) {
    throw new RangeError(
      `The scale ${JSON.stringify(scale)} is one of red, green and blue, but the images have ` +
        `${channels} ${channels === 1 ? "channel" : "channels"}`,
    );
  }
  const order = Array.from({ length: channels }, (_, c) => c);
  const values = new Float64Array(256 * channels);
  for (let c = 0; c < channels; c++) {
    for (let byte = 0; byte < 256; byte++) values[256 * c + byte] = SCALES[scale](byte, c);
  }
  return { from: scale === "caffe" ? order.reverse() : order, values };
}
