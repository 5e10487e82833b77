/** An image of bytes [height, width, channels], row-major. */
export interface ImageBytes {
  readonly width: number;
  readonly height: number;
  readonly pixels: Uint8Array;
}

/** An image of bytes [height, width, 3]: red, green and blue. */
export type RgbImage = ImageBytes;

/**
 * The largest piece from the middle of an image that has the wanted proportions, resized to the wanted
 * size: averaged with a triangle filter as wide as the reduction (so that nothing fine turns into
 * patterns), interpolated linearly where it grows. Pillow's `ImageOps.fit(…, BILINEAR)` does the same.
 *
 * @param size Height and width
 * @param channels Of the image; default 3
 * @returns Bytes [height, width, channels]
 */
export function fitImage(
  image: ImageBytes,
  [height, width]: readonly [number, number],
  channels = 3,
): Uint8Array {
  const factor = Math.min(image.width / width, image.height / height);
  const columns = filterWeights(image.width, width, factor);
  const rows = filterWeights(image.height, height, factor);
  // Columns first, for all rows; then rows.
  const narrow = new Float32Array(image.height * width * channels);
  for (let y = 0; y < image.height; y++) {
    for (let x = 0; x < width; x++) {
      const { first, weights } = columns[x]!;
      const from = (y * image.width + first) * channels, to = (y * width + x) * channels;
      for (let k = 0; k < weights.length; k++) {
        const weight = weights[k]!, at = from + k * channels;
        for (let c = 0; c < channels; c++) narrow[to + c]! += weight * image.pixels[at + c]!;
      }
    }
  }
  const result = new Uint8ClampedArray(height * width * channels);
  for (let y = 0; y < height; y++) {
    const { first, weights } = rows[y]!;
    for (let i = 0; i < width * channels; i++) {
      let sum = 0;
      for (let k = 0; k < weights.length; k++) {
        sum += weights[k]! * narrow[(first + k) * width * channels + i]!;
      }
      result[y * width * channels + i] = sum;
    }
  }
  return new Uint8Array(result.buffer);
}

/** For each of `count` new pixels the old ones that it is made of, out of the middle of `length`. */
function filterWeights(
  length: number,
  count: number,
  factor: number,
): { first: number; weights: Float64Array }[] {
  const margin = (length - count * factor) / 2, reach = Math.max(1, factor);
  return Array.from({ length: count }, (_, i) => {
    const center = margin + (i + 0.5) * factor;
    const first = Math.max(0, Math.floor(center - reach + 0.5));
    const end = Math.min(length, Math.floor(center + reach + 0.5));
    const weights = Float64Array.from(
      { length: end - first },
      (_, k) => Math.max(0, 1 - Math.abs(first + k + 0.5 - center) / reach),
    );
    const sum = weights.reduce((a, b) => a + b, 0);
    return { first, weights: weights.map((weight) => weight / sum) };
  });
}
