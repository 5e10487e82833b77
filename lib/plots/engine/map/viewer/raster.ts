import type { MapPoints } from "../points.ts";

/** Red, green and blue, as bytes. */
export type Rgb = readonly [number, number, number];

/** How data become pixels: x pixels = `x0 + dx · x`, y likewise. */
export interface Projection {
  readonly x0: number;
  readonly dx: number;
  readonly y0: number;
  readonly dy: number;
}

/** Places in a pixel that a point's centre is rounded to, along each axis: points glide when panned. */
const STEPS = 4;

/**
 * Draws points into a canvas, later ones over earlier ones. Writing pixels is some ten times faster than
 * asking a canvas for as many discs, which is what keeps 50,000 points fluent without a GPU.
 */
export class PointRaster {
  readonly canvas = document.createElement("canvas");
  readonly #context = this.canvas.getContext("2d", { willReadFrequently: true })!;
  #image: ImageData | undefined;

  /**
   * @param isShown n flags
   * @param colors Of the classes
   * @param radius In pixels of the canvas
   */
  draw(
    { positions, labels }: MapPoints,
    isShown: Uint8Array,
    { colors, background, projection, radius, width, height }: {
      readonly colors: readonly Rgb[];
      readonly background: Rgb;
      readonly projection: Projection;
      readonly radius: number;
      readonly width: number;
      readonly height: number;
    },
  ): void {
    if (this.canvas.width !== width || this.canvas.height !== height || !this.#image) {
      this.canvas.width = width;
      this.canvas.height = height;
      this.#image = this.#context.createImageData(width, height);
    }
    const pixels = new Uint32Array(this.#image.data.buffer);
    pixels.fill(pack(background));
    const packed = Uint32Array.from(colors, pack);
    const stamps = makeStamps(radius);
    const reach = Math.ceil(radius) + 1;
    const { x0, dx, y0, dy } = projection;
    for (let i = 0; i < labels.length; i++) {
      if (isShown[i] === 0) continue;
      const x = x0 + dx * positions[2 * i]!, y = y0 + dy * positions[2 * i + 1]!;
      if (x < -reach || y < -reach || x > width + reach || y > height + reach) continue;
      const column = Math.floor(x), row = Math.floor(y);
      const stamp = stamps[
        Math.floor((y - row) * STEPS) * STEPS + Math.floor((x - column) * STEPS)
      ]!;
      const isInside = column >= reach && row >= reach && column < width - reach &&
        row < height - reach;
      const color = packed[labels[i]!]!;
      for (let k = 0; k < stamp.length; k += 3) {
        const px = column + stamp[k]!, py = row + stamp[k + 1]!;
        if (!isInside && (px < 0 || py < 0 || px >= width || py >= height)) continue;
        const at = py * width + px, cover = stamp[k + 2]!;
        pixels[at] = cover === 256 ? color : mix(pixels[at]!, color, cover);
      }
    }
    this.#context.putImageData(this.#image, 0, 0);
  }
}

/** Offsets and coverage (of 256) of the pixels of a disc, for each place of its centre in a pixel. */
function makeStamps(radius: number): Int16Array[] {
  const reach = Math.ceil(radius) + 1;
  return Array.from({ length: STEPS * STEPS }, (_, place) => {
    const cx = (place % STEPS + 0.5) / STEPS, cy = (Math.floor(place / STEPS) + 0.5) / STEPS;
    const stamp: number[] = [];
    for (let y = -reach; y <= reach; y++) {
      for (let x = -reach; x <= reach; x++) {
        const distance = Math.hypot(x + 0.5 - cx, y + 0.5 - cy);
        const cover = Math.round(256 * Math.min(1, Math.max(0, radius + 0.5 - distance)));
        if (cover > 0) stamp.push(x, y, cover);
      }
    }
    return Int16Array.from(stamp);
  });
}

function pack([red, green, blue]: Rgb): number {
  return (255 << 24 | blue << 16 | green << 8 | red) >>> 0;
}

/** Two opaque colours, the second with a share of 256: red and blue in one multiplication. */
function mix(under: number, over: number, share: number): number {
  const rest = 256 - share;
  const redBlue = ((under & 0xff00ff) * rest + (over & 0xff00ff) * share) / 256 & 0xff00ff;
  const green = ((under & 0xff00) * rest + (over & 0xff00) * share) >>> 8 & 0xff00;
  return (0xff000000 | redBlue | green) >>> 0;
}
