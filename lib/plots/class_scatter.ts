import * as Plot from "@observablehq/plot";
import { assertFinite, type Matrix } from "../base/matrix.ts";
import { escapeHtml } from "../base/text.ts";
import { checkOptions, custom, listOf, oneOf, positive, type Rules, text } from "../base/check.ts";
import { createFigure, type Figure, type Panel, svgPanel } from "./figure.ts";
import { classColors, COLOR_SCHEMES, type ColorScheme, FAINT, INK, rgbOf } from "./theme.ts";
import { plotPanel } from "./engine/plot_panel.ts";
import { widestText } from "./engine/fonts.ts";
import { pngDataUrl } from "./engine/png.ts";

/** One map of points. */
export interface ScatterPanel {
  /** n × 2 coordinates. */
  readonly embedding: Matrix;
  /** n class indices. */
  readonly labels: ArrayLike<number>;
  /** Stands above the map where there are several. */
  readonly title?: string;
  /** Rows that are marked with a cross, such as the errors of a classifier. */
  readonly marked?: ArrayLike<number>;
  /** Points drawn pale under the others, such as the map on which new ones are placed. */
  readonly background?: Pick<ScatterPanel, "embedding" | "labels">;
}

/** What {@linkcode classScatter} draws. */
export interface ClassScatterOptions {
  /** One map, or several side by side. */
  readonly panels: readonly ScatterPanel[];
  readonly classNames: readonly string[];
  readonly title?: string;
  /** What the axes are; default "dimension 1" and "dimension 2". */
  readonly axisLabels?: readonly [string, string];
  /** Colors of the classes; default `"categorical"`: as far apart as they can be. */
  readonly scheme?: ColorScheme;
  /** Width and height of a map in CSS pixels; default 560 for one map, 320 for several. */
  readonly size?: number;
}

const RULES: Rules<ClassScatterOptions> = {
  panels: custom(
    "an array of maps, each with embedding and labels",
    (value) => Array.isArray(value) && value.every((panel) => panel?.embedding && panel?.labels),
  ),
  classNames: listOf(text),
  title: text,
  axisLabels: listOf(text),
  scheme: oneOf(...COLOR_SCHEMES),
  size: positive,
};

/** Raster pixels in a CSS pixel, so that points are sharp on dense screens. */
const SCALE = 1.5;
/** How much of the colour is left to pale points; the rest is white. */
const PALE = 0.3;

const AXIS = { ticks: 6, labelAnchor: "center", labelArrow: "none" } as const;

/**
 * Points in two dimensions, colored by class, with a key. The points are drawn to a raster inside the
 * vector frame, so that 50,000 of them take well under a megabyte.
 *
 * @throws {TypeError} If an option is unknown or of the wrong kind
 * @throws {RangeError} If an embedding is not two-dimensional or not finite, labels and points differ in
 *   number, or a label has no name
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { classScatter, Matrix } from "deep-features";
 *
 * const embedding = Matrix.fromRows([[0, 0], [1, 2], [3, 1]]);
 * const panels = [{ embedding, labels: [0, 1, 1], title: "three points" }];
 * assert(classScatter({ panels, classNames: ["cat", "dog"] }).alt.includes("3 points"));
 * ```
 */
export function classScatter(options: ClassScatterOptions): Figure {
  checkOptions("classScatter", options, RULES);
  const { panels, classNames, title = "Map of the features" } = options;
  if (panels.length === 0) throw new RangeError("There is no map to draw");
  const { axisLabels = ["dimension 1", "dimension 2"] } = options;
  const size = options.size ?? (panels.length > 1 ? 320 : 560);
  const colors = classColors(classNames.length, options.scheme);
  const points = panels.reduce(
    (sum, { embedding, background }) => sum + embedding.rows + (background?.embedding.rows ?? 0),
    0,
  );
  return createFigure({
    title,
    alt: `${title}: ${points.toLocaleString("en")} points coloured by class`,
    panels: [
      ...panels.map((panel) => scatterPanel(panel, colors, size, axisLabels)),
      colorKey(classNames, colors, size),
    ],
  });
}

function scatterPanel(
  panel: ScatterPanel,
  colors: readonly string[],
  size: number,
  [xLabel, yLabel]: readonly [string, string],
): Panel {
  const { embedding, title, marked = [], background } = panel;
  const layers = background ? [background, panel] : [panel];
  for (const { embedding, labels } of layers) {
    if (embedding.cols !== 2) {
      throw new RangeError(`Cannot draw points with ${embedding.cols} coordinates: need 2`);
    }
    if (labels.length !== embedding.rows) {
      throw new RangeError(`${embedding.rows} points have ${labels.length} labels`);
    }
    assertFinite(embedding, "embedding");
    for (let i = 0; i < labels.length; i++) {
      if (colors[labels[i]!] === undefined) {
        throw new RangeError(
          `Label ${labels[i]} of point ${i} has no name: there are ${colors.length} classes`,
        );
      }
    }
  }
  const [x0, x1, y0, y1] = extent(layers.map((layer) => layer.embedding));
  const margin = { left: 46, right: 4, top: title ? 22 : 6, bottom: 40 };
  const width = size - margin.left - margin.right,
    height = size - margin.top - margin.bottom;
  const toX = (x: number) => (x - x0) / (x1 - x0) * width;
  const toY = (y: number) => (1 - (y - y0) / (y1 - y0)) * height;
  const raster = pngDataUrl(
    drawPoints(layers, colors, width, height, toX, toY),
    Math.round(width * SCALE),
    Math.round(height * SCALE),
  );
  const axes = plotPanel({
    width: size,
    height: size,
    marginLeft: margin.left,
    marginRight: margin.right,
    marginTop: margin.top,
    marginBottom: margin.bottom,
    x: { ...AXIS, domain: [x0, x1], label: xLabel, labelOffset: 34 },
    y: { ...AXIS, domain: [y0, y1], label: yLabel, labelOffset: 40 },
    marks: [
      Plot.frame({ stroke: FAINT }),
      Plot.dot(Array.from(marked, (row) => embedding.row(row)), {
        x: (d: Float32Array) => d[0]!,
        y: (d: Float32Array) => d[1]!,
        symbol: "times",
        r: 2.5,
        stroke: "#111111",
        strokeWidth: 1,
      }),
    ],
  });
  const heading = title
    ? `<text x="${
      margin.left + width / 2
    }" y="14" font-size="12" text-anchor="middle" fill="${INK}">${escapeHtml(title)}</text>`
    : "";
  return svgPanel(
    size,
    size,
    // Its points are no photograph: where the page is dark, they are made dark as the frame is.
    `${heading}<image class="drawing" x="${margin.left}" y="${margin.top}" width="${width}" height="${height}" href="${raster}"/>${axes.svg}`,
  );
}

/** Draws round points with smooth edges; later ones over earlier ones, all but the last layer pale. */
function drawPoints(
  layers: readonly Pick<ScatterPanel, "embedding" | "labels">[],
  colors: readonly string[],
  width: number,
  height: number,
  toX: (x: number) => number,
  toY: (y: number) => number,
): Uint8Array {
  const columns = Math.round(width * SCALE), rows = Math.round(height * SCALE);
  const pixels = new Uint8Array(columns * rows * 3).fill(255);
  layers.forEach(({ embedding, labels }, layer) => {
    const strength = layer === layers.length - 1 ? 1 : PALE;
    const rgb = colors.map((color) => rgbOf(color).map((c) => 255 - strength * (255 - c)));
    // Many points are drawn small, so that they do not hide each other.
    const radius = SCALE *
      Math.min(3, Math.max(0.75, 150 / Math.sqrt(embedding.rows)));
    const reach = Math.ceil(radius);
    for (let i = 0; i < embedding.rows; i++) {
      const x = toX(embedding.data[2 * i]!) * SCALE,
        y = toY(embedding.data[2 * i + 1]!) * SCALE;
      const [red = 0, green = 0, blue = 0] = rgb[labels[i]!] ?? [];
      for (let dy = -reach; dy <= reach; dy++) {
        for (let dx = -reach; dx <= reach; dx++) {
          const column = Math.round(x) + dx, row = Math.round(y) + dy;
          if (column < 0 || row < 0 || column >= columns || row >= rows) continue;
          const distance = Math.hypot(column - x, row - y);
          const cover = Math.min(1, Math.max(0, radius + 0.5 - distance));
          if (cover === 0) continue;
          const at = (row * columns + column) * 3;
          pixels[at] = pixels[at]! + cover * (red - pixels[at]!);
          pixels[at + 1] = pixels[at + 1]! + cover * (green - pixels[at + 1]!);
          pixels[at + 2] = pixels[at + 2]! + cover * (blue - pixels[at + 2]!);
        }
      }
    }
  });
  // Few colours compress far better, and no eye sees the difference.
  for (let k = 0; k < pixels.length; k++) pixels[k] = pixels[k]! | 15;
  return pixels;
}

/** Least height of a line of the key. */
const KEY_LINE = 15;

/** The classes with their colors, the first on top, in as many columns as it takes to be legible. */
function colorKey(names: readonly string[], colors: readonly string[], size: number): Panel {
  const lines = Math.max(1, Math.min(names.length, Math.floor((size - 12) / KEY_LINE)));
  const step = Math.min(24, (size - 12) / lines);
  const columns: string[] = [];
  let x = 0;
  for (let first = 0; first < names.length; first += lines) {
    const column = names.slice(first, first + lines);
    column.forEach((name, i) => {
      const y = 6 + i * step;
      columns.push(
        `<rect x="${x}" y="${y + 1}" width="16" height="${step - 2}" fill="${
          colors[first + i]
        }"/>` +
          `<text x="${x + 22}" y="${y + step / 2 + 4}" font-size="11" fill="${INK}">${
            escapeHtml(name)
          }</text>`,
      );
    });
    x += 34 + Math.ceil(widestText(column));
  }
  return svgPanel(x, size, columns.join(""));
}

/** Smallest and largest coordinates with a little room around. */
function extent(embeddings: readonly Matrix[]): [number, number, number, number] {
  let [x0, x1, y0, y1] = [Infinity, -Infinity, Infinity, -Infinity];
  for (const { data, rows } of embeddings) {
    for (let i = 0; i < rows; i++) {
      x0 = Math.min(x0, data[2 * i]!);
      x1 = Math.max(x1, data[2 * i]!);
      y0 = Math.min(y0, data[2 * i + 1]!);
      y1 = Math.max(y1, data[2 * i + 1]!);
    }
  }
  const roomX = 0.03 * (x1 - x0) || 1, roomY = 0.03 * (y1 - y0) || 1;
  return [x0 - roomX, x1 + roomX, y0 - roomY, y1 + roomY];
}
