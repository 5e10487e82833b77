import * as Plot from "@observablehq/plot";
import { checkOptions, custom, type Rules, text } from "../base/check.ts";
import { createFigure, type Figure } from "./figure.ts";
import { INK, SERIES } from "./theme.ts";
import { widestText } from "./engine/fonts.ts";
import { plotPanel } from "./engine/plot_panel.ts";

/** One line of a {@linkcode comparisonChart}. */
export interface ComparisonRow {
  readonly name: string;
  /** Mean over the runs. */
  readonly mean: number;
  /** Standard deviation over the runs, if there are several. */
  readonly sd?: number;
}

/** What {@linkcode comparisonChart} draws. */
export interface ComparisonChartOptions {
  /** From top to bottom. */
  readonly rows: readonly ComparisonRow[];
  readonly title?: string;
  /** What the values are; default "test accuracy". */
  readonly label?: string;
}

const RULES: Rules<ComparisonChartOptions> = {
  rows: custom(
    "an array of rows with name and mean",
    Array.isArray,
    (rows) =>
      (rows as ComparisonRow[]).every((row) =>
        typeof row?.name === "string" && Number.isFinite(row.mean) && Number.isFinite(row.sd ?? 0)
      ),
  ),
  title: text,
  label: text,
};

/**
 * Means with their standard deviations, one line each.
 *
 * @throws {TypeError} If an option is unknown or of the wrong kind
 * @throws {RangeError} If there are no rows, or a mean or deviation is not finite
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { comparisonChart } from "deep-features";
 *
 * const rows = [{ name: "softmax", mean: 0.69, sd: 0.002 }, { name: "SVM", mean: 0.71, sd: 0.001 }];
 * assert(comparisonChart({ rows }).alt.includes("SVM 0.71"));
 * ```
 */
export function comparisonChart(options: ComparisonChartOptions): Figure {
  checkOptions("comparisonChart", options, RULES);
  const { rows, title = "Comparison", label = "test accuracy" } = options;
  if (rows.length === 0) throw new RangeError("There is nothing to compare");
  const low = Math.min(...rows.map(({ mean, sd = 0 }) => mean - sd));
  const high = Math.max(...rows.map(({ mean, sd = 0 }) => mean + sd));
  const room = (high - low) * 0.08 || 0.01;
  const marginLeft = 24 + Math.ceil(widestText(rows.map(({ name }) => name)));
  const panel = plotPanel({
    width: marginLeft + 420,
    height: 60 + 28 * rows.length,
    marginLeft,
    marginRight: 110,
    marginBottom: 44,
    marginTop: 8,
    x: {
      label,
      labelAnchor: "center",
      labelArrow: "none",
      grid: true,
      domain: [low - room, high + room],
    },
    y: { domain: rows.map(({ name }) => name), label: null, tickSize: 0 },
    marks: [
      Plot.ruleY(rows, {
        y: "name",
        x1: (d: ComparisonRow) => d.mean - (d.sd ?? 0),
        x2: (d: ComparisonRow) => d.mean + (d.sd ?? 0),
        stroke: SERIES[0],
        strokeWidth: 2,
      }),
      Plot.dot(rows, {
        y: "name",
        x: "mean",
        fill: SERIES[0],
        r: 4.5,
        title: (d: ComparisonRow) => `${d.name}: ${inWords(d)}`,
      }),
      Plot.text(rows, {
        y: "name",
        frameAnchor: "right",
        textAnchor: "start",
        dx: 8,
        text: inWords,
        fill: INK,
      }),
    ],
  });
  return createFigure({
    title,
    alt: `${title}: ${rows.map(({ name, mean }) => `${name} ${mean.toFixed(4)}`).join(", ")}`,
    panels: [panel],
  });
}

function inWords({ mean, sd }: ComparisonRow): string {
  return sd === undefined ? mean.toFixed(4) : `${mean.toFixed(4)} ± ${sd.toFixed(4)}`;
}
