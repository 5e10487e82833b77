import { assertSplit, type Split, SPLIT_RULE } from "../dataset/split.ts";
import { checkOptions, listOf, type Rules, text, whole } from "../base/check.ts";
import { escapeHtml } from "../base/text.ts";
import { createFigure, type Figure, svgPanel } from "./figure.ts";
import { INK } from "./theme.ts";
import { textWidth } from "./engine/fonts.ts";
import { pngDataUrl } from "./engine/png.ts";

/** What {@linkcode imageGrid} draws. */
export interface ImageGridOptions {
  /** The images and labels; the first rows × columns are shown. */
  readonly split: Split;
  /** Names of the classes. */
  readonly classNames: readonly string[];
  /** Default 10. */
  readonly rows?: number;
  /** Default 10. */
  readonly columns?: number;
  readonly title?: string;
}

const RULES: Rules<ImageGridOptions> = {
  split: SPLIT_RULE,
  classNames: listOf(text),
  rows: whole(1),
  columns: whole(1),
  title: text,
};

/** Size of an image on the figure, in CSS pixels: twice that of CIFAR-10's. */
const SIDE = 64;
const LABEL_HEIGHT = 14, LABEL_SIZE = 10;
const GAP = 8;

/**
 * A grid of images, each titled with its class, without axes: grey ones (one channel), RGB or RGBA.
 *
 * @throws {TypeError} If an option is unknown or of the wrong kind
 * @throws {RangeError} If the split does not fit together, there are fewer images than places, or a label has no name
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { imageGrid } from "deep-features";
 *
 * const images = new Uint8Array(2 * 4 * 4 * 3).fill(200), labels = new Uint8Array([0, 1]);
 * const split = { images, labels, shape: [2, 4, 4, 3] as const };
 * const grid = imageGrid({ split, classNames: ["cat", "dog"], rows: 1, columns: 2 });
 * assert(grid.svg.includes("dog"));
 * ```
 */
export function imageGrid(options: ImageGridOptions): Figure {
  checkOptions("imageGrid", options, RULES);
  const { split, classNames, rows = 10, columns = 10, title = "Training images" } = options;
  assertSplit(split);
  const [n, height, width, channels] = split.shape;
  if (channels !== 1 && channels !== 3 && channels !== 4) {
    throw new RangeError(
      `Cannot show images with ${channels} channels: 1 (grey), 3 (RGB) or 4 (RGBA) can be shown`,
    );
  }
  if (n < rows * columns) {
    throw new RangeError(`Cannot fill a grid of ${rows} × ${columns} with ${n} images`);
  }
  const stepX = SIDE + GAP, stepY = SIDE + LABEL_HEIGHT + GAP;
  const parts: string[] = [];
  for (let i = 0; i < rows * columns; i++) {
    const name = classNames[split.labels[i]!];
    if (name === undefined) {
      throw new RangeError(`Label ${split.labels[i]} has no class name`);
    }
    const x = (i % columns) * stepX, y = Math.floor(i / columns) * stepY;
    const pixels = split.images.subarray(
      i * height * width * channels,
      (i + 1) * height * width * channels,
    );
    parts.push(
      `<text x="${x + SIDE / 2}" y="${y + 10}" font-size="${
        fitted(name)
      }" text-anchor="middle" fill="${INK}">${escapeHtml(name)}</text>`,
      `<image x="${x}" y="${
        y + LABEL_HEIGHT
      }" width="${SIDE}" height="${SIDE}" image-rendering="optimizeSpeed" ` +
        `style="image-rendering: pixelated" href="${
          pngDataUrl(pixels, width, height, channels)
        }"/>`,
    );
  }
  const panel = svgPanel(columns * stepX - GAP, rows * stepY - GAP, parts.join(""));
  return createFigure({
    title,
    alt: `${title}: a grid of ${rows} × ${columns} images, each titled with its class`,
    panels: [panel],
  });
}

/** The size at which a name is as wide as its image at most. */
function fitted(name: string): number {
  const widest = SIDE + GAP - 2;
  return Math.min(
    LABEL_SIZE,
    Math.floor(10 * LABEL_SIZE * widest / textWidth(name, LABEL_SIZE)) / 10,
  );
}
