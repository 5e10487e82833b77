import * as Plot from "@observablehq/plot";
import type { ConfusionMatrix } from "../metrics/confusion_matrix.ts";
import { checkOptions, custom, listOf, type Rules, text } from "../base/check.ts";
import { createFigure, type Figure, type Panel } from "./figure.ts";
import { INK, PAPER } from "./theme.ts";
import { widestText } from "./engine/fonts.ts";
import { plotPanel } from "./engine/plot_panel.ts";

/** What {@linkcode confusionHeatmap} draws. */
export interface ConfusionHeatmapOptions {
  readonly matrix: ConfusionMatrix;
  readonly classNames: readonly string[];
  readonly title?: string;
}

const RULES: Rules<ConfusionHeatmapOptions> = {
  matrix: custom(
    "a confusion matrix",
    (value) =>
      typeof value === "object" && value !== null && "counts" in value && "classes" in value,
  ),
  classNames: listOf(text),
  title: text,
};

/** Size of a cell in CSS pixels; with more classes than can be read at once, it is half as large. */
const CELL = 44, FEW_CLASSES = 30;
/** Least room for the names of the classes, in CSS pixels. */
const NAME_ROOM = 72;

/**
 * A confusion matrix as a heat map with the count in each cell; rows are the true classes. Colours are
 * by the share of the row, so that rare classes show too.
 *
 * @throws {TypeError} If an option is unknown or of the wrong kind
 * @throws {RangeError} If the names do not fit the matrix, or two are the same
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { confusionHeatmap, confusionMatrix } from "deep-features";
 *
 * const matrix = confusionMatrix([0, 0, 1], [0, 1, 1], 2);
 * const figure = confusionHeatmap({ matrix, classNames: ["cat", "dog"] });
 * assert(figure.alt.includes("2 of 3"));
 * ```
 */
export function confusionHeatmap(options: ConfusionHeatmapOptions): Figure {
  checkOptions("confusionHeatmap", options, RULES);
  const { matrix, title = "Confusion matrix" } = options;
  const right = Array.from(
    { length: matrix.classes },
    (_, c) => matrix.counts[c * matrix.classes + c]!,
  ).reduce((a, b) => a + b, 0);
  const all = matrix.counts.reduce((a, b) => a + b, 0);
  return createFigure({
    title,
    alt: `${title}: ${right} of ${all} predictions lie on the diagonal, where they are right`,
    panels: [confusionPanel(options)],
  });
}

function confusionPanel({ matrix, classNames }: ConfusionHeatmapOptions): Panel {
  const { counts, classes } = matrix;
  if (classNames.length !== classes) {
    throw new RangeError(`${classNames.length} names do not fit a matrix of ${classes} classes`);
  }
  const twice = classNames.find((name, i) => classNames.indexOf(name) < i);
  if (twice !== undefined) {
    throw new RangeError(`Two classes are named ${JSON.stringify(twice)}: names must differ`);
  }
  const cells = Array.from(counts, (count, k) => {
    const row = Math.floor(k / classes);
    let total = 0;
    for (let c = 0; c < classes; c++) total += counts[row * classes + c]!;
    const share = total === 0 ? 0 : count / total;
    return { truth: classNames[row]!, predicted: classNames[k % classes]!, count, share };
  });
  const isFew = classes <= FEW_CLASSES, cell = isFew ? CELL : CELL / 2;
  // Names stand beside the rows, and slanted by 45° under the columns.
  const room = Math.max(NAME_ROOM, Math.ceil(widestText(classNames)));
  const slanted = Math.max(NAME_ROOM, Math.ceil(widestText(classNames) * Math.SQRT1_2) + 12);
  const marginLeft = Math.max(room + 24, slanted - cell / 2), marginBottom = slanted + 24;
  const marginTop = 8, marginRight = 8;
  const title = (d: typeof cells[number]) =>
    `true ${d.truth}, predicted ${d.predicted}: ${d.count}, ${
      (100 * d.share).toFixed(1)
    } % of ${d.truth}`;
  return plotPanel({
    width: marginLeft + marginRight + cell * classes,
    height: marginTop + marginBottom + cell * classes * 0.8,
    marginLeft,
    marginBottom,
    marginTop,
    marginRight,
    padding: 0.03,
    x: {
      domain: [...classNames],
      label: "predicted",
      labelAnchor: "center",
      labelArrow: "none",
      labelOffset: marginBottom - 8,
      tickRotate: -45,
      tickSize: 0,
    },
    y: {
      domain: [...classNames],
      label: "true",
      labelAnchor: "center",
      labelArrow: "none",
      labelOffset: marginLeft - 4,
      tickSize: 0,
    },
    color: { type: "linear", scheme: "blues", domain: [0, 1] },
    marks: [
      Plot.cell(cells, {
        x: "predicted",
        y: "truth",
        fill: "share",
        ...(isFew ? { title } : {}),
      }),
      // Among many classes most counts are zeros, which would hide the others.
      Plot.text(isFew ? cells : cells.filter(({ count }) => count > 0), {
        x: "predicted",
        y: "truth",
        text: (d) => String(d.count),
        fill: (d) => d.share > 0.55 ? PAPER : INK,
        ...(isFew ? {} : { fontSize: 8 }),
      }),
    ],
  });
}
