import { assertSplit, type Split, SPLIT_RULE } from "../dataset/split.ts";
import { jupyterDisplay } from "../base/display.ts";
import { interruptible } from "../notebook/interrupt.ts";
import { notebookKernel } from "../notebook/notebook_kernel.ts";
import { assertFinite, Matrix } from "../base/matrix.ts";
import type { RunOptions } from "../base/run_options.ts";
import { FRAME_TYPE, FRAMES_VARIABLE } from "../notebook/frame_type.ts";
import { servePage } from "../notebook/serve_page.ts";
import { escapeHtml } from "../base/text.ts";
import { classScatter } from "./class_scatter.ts";
import type { InteractiveFigure } from "./figure.ts";
import { checkOptions, custom, instance, listOf, oneOf, type Rules, text } from "../base/check.ts";
import { RUN_RULES } from "../base/run_options.ts";
import { classColors, COLOR_SCHEMES, type ColorScheme } from "./theme.ts";
import { bundleViewer } from "./engine/map/bundle_viewer.ts";
import { mapPage } from "./engine/map/map_page.ts";
import { packPoints } from "./engine/map/points.ts";
import { spriteSheets } from "./engine/map/sprite_sheets.ts";

/** What {@linkcode interactiveMap} shows. */
export interface InteractiveMapOptions extends RunOptions {
  /** n × 2 coordinates. */
  readonly embedding: Matrix;
  /** n class indices. */
  readonly labels: ArrayLike<number>;
  readonly classNames: readonly string[];
  /**
   * The n images of the points, [n, height, width, channels] with one (grey), three (RGB) or four (RGBA)
   * channels, at most 1,024 pixels wide or high.
   */
  readonly images?: Split;
  /** n predicted class indices. */
  readonly predicted?: ArrayLike<number>;
  /** Points that a switch shows alone: what they are called, in the plural, and which rows they are. */
  readonly subset?: { readonly name: string; readonly rows: ArrayLike<number> };
  readonly title?: string;
  /** A sentence under the title; by default it counts the points. */
  readonly description?: string;
  /** What the axes are; default "dimension 1" and "dimension 2". */
  readonly axisLabels?: readonly [string, string];
  /** Colors of the classes; default `"categorical"`: as far apart as they can be. */
  readonly scheme?: ColorScheme;
}

const list = custom(
  "an array of class indices",
  (value) => Array.isArray(value) || ArrayBuffer.isView(value),
);

const RULES: Rules<InteractiveMapOptions> = {
  embedding: instance(Matrix),
  labels: list,
  classNames: listOf(text),
  images: SPLIT_RULE,
  predicted: list,
  subset: custom(
    "{ name, rows }, a text and row numbers",
    (value) => {
      const { name, rows } = (value ?? {}) as Record<string, unknown>;
      return typeof name === "string" && list.isKind(rows);
    },
  ),
  title: text,
  description: text,
  axisLabels: listOf(text),
  scheme: oneOf(...COLOR_SCHEMES),
  ...RUN_RULES,
};

/** Width and height of the fixed form in CSS pixels: small, as notebooks store it. */
const FIXED_SIZE = 360;
/** Classes that a byte can number. */
const MAX_CLASSES = 256;

/**
 * A map of points that a reader can explore: pan, zoom, look at the image of each point with its label
 * and prediction, switch classes on and off; by mouse, touch or keyboard. It is one HTML page that
 * loads nothing from elsewhere; reports show it in a frame, and so does Jupyter as long as the kernel
 * runs on the browser's machine; `saveFigure` saves it as `.html`. Viewers that cannot show it get the
 * same map small, as {@linkcode classScatter} draws it.
 *
 * 50,000 images of 32 × 32 pixels are packed in some five seconds, into a page of 19 MB.
 *
 * @throws {TypeError} If an option is unknown or of the wrong kind
 * @throws {RangeError} If the embedding is not two-dimensional or holds NaN, or labels, predictions,
 *   the subset or images do not fit it
 * @throws {DOMException} Named `AbortError`, if `signal` aborts or the notebook is interrupted
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { interactiveMap, Matrix } from "deep-features";
 *
 * const map = await interactiveMap({
 *   embedding: Matrix.fromRows([[0, 0], [1, 2], [3, 1]]),
 *   labels: [0, 1, 1],
 *   predicted: [0, 1, 0],
 *   classNames: ["cat", "dog"],
 *   title: "Three animals",
 * });
 * assert(map.html.includes("Three animals"));
 * ```
 */
export async function interactiveMap(options: InteractiveMapOptions): Promise<InteractiveFigure> {
  checkOptions("interactiveMap", options, RULES);
  const { embedding, classNames, images, predicted } = options;
  const { title = "Map of the features", axisLabels = ["dimension 1", "dimension 2"] } = options;
  const n = embedding.rows;
  if (n === 0) throw new RangeError("Cannot draw a map without points");
  if (classNames.length > MAX_CLASSES) {
    throw new RangeError(`Cannot draw ${classNames.length} classes: at most ${MAX_CLASSES}`);
  }
  assertFinite(embedding, "embedding");
  const labels = classIndices("label", options.labels, n, classNames.length);
  const guesses = predicted && classIndices("prediction", predicted, n, classNames.length);
  const { subset } = options;
  const flags = subset && flagRows(subset.rows, n);
  if (images) {
    assertSplit(images);
    if (images.shape[0] !== n) throw new RangeError(`${n} points have ${images.shape[0]} images`);
    if (![1, 3, 4].includes(images.shape[3])) {
      throw new RangeError(
        `Cannot show images with ${
          images.shape[3]
        } channels: 1 (grey), 3 (RGB) or 4 (RGBA) can be shown`,
      );
    }
  }
  const figure = classScatter({
    panels: [{ embedding, labels }],
    classNames,
    title,
    axisLabels,
    size: FIXED_SIZE,
    ...(options.scheme ? { scheme: options.scheme } : {}),
  });
  const wrong = guesses
    ? guesses.reduce((sum, guess, i) => sum + Number(guess !== labels[i]), 0)
    : 0;
  const count = `${n.toLocaleString("en")} ${images ? "images" : "points"}, coloured by class`;
  const description = options.description ??
    (guesses ? `${count}; ${wrong.toLocaleString("en")} predicted wrongly` : count);
  const packed = images && await interruptible(
    options.signal,
    (signal) => spriteSheets(images, { signal, onProgress: options.onProgress }),
  );
  const html = mapPage(
    {
      title,
      description,
      classNames,
      colors: classColors(classNames.length, options.scheme),
      axisLabels,
      ...(subset ? { subsetName: subset.name } : {}),
    },
    packPoints({
      positions: embedding.data,
      labels,
      ...(guesses ? { predicted: guesses } : {}),
      ...(flags ? { subset: flags } : {}),
    }),
    packed,
    await bundleViewer(),
  );
  return {
    ...figure,
    html,
    [jupyterDisplay]: () => ({
      ...figure[jupyterDisplay](),
      ...(isInJupyter() ? inlineFrame(title, html, figure.svg) : { [FRAME_TYPE]: html }),
    }),
  };
}

/** Whether Jupyter has started the kernel; otherwise what is displayed goes to a report. */
function isInJupyter(): boolean {
  return notebookKernel() !== undefined && Deno.env.get(FRAMES_VARIABLE) === undefined;
}

/** Height of the map in Jupyter, in CSS pixels. */
const INLINE_HEIGHT = 640;

/** The map in Jupyter: served by the kernel; where that has ended, its picture stands there. */
function inlineFrame(title: string, html: string, picture: string): Record<string, string> {
  const address = servePage(html);
  if (address === undefined) return {};
  const frame = `<object type="text/html" data="${address}" aria-label="${escapeHtml(title)}" ` +
    `style="display: block; width: 100%; min-height: ${FIXED_SIZE}px; height: ${INLINE_HEIGHT}px">` +
    `${picture}</object>`;
  const link =
    `<a href="${address}" target="_blank" rel="noopener">Open it as a page of its own</a>`;
  return { "text/html": `${frame}<p>${link}, as long as the kernel runs</p>` };
}

function flagRows(rows: ArrayLike<number>, n: number): Uint8Array {
  const flags = new Uint8Array(n);
  for (const row of Array.from(rows)) {
    if (!(Number.isInteger(row) && row >= 0 && row < n)) {
      throw new RangeError(`The subset has row ${row}, but there are ${n} points`);
    }
    flags[row] = 1;
  }
  return flags;
}

function classIndices(
  what: string,
  values: ArrayLike<number>,
  n: number,
  classes: number,
): Uint8Array {
  if (values.length !== n) throw new RangeError(`${n} points have ${values.length} ${what}s`);
  for (let i = 0; i < n; i++) {
    const value = values[i]!;
    if (!Number.isInteger(value) || value < 0 || value >= classes) {
      throw new RangeError(
        `The ${what} ${value} of point ${i} is not one of the ${classes} classes 0 … ${
          classes - 1
        }`,
      );
    }
  }
  return Uint8Array.from(values);
}
