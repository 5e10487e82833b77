import { checkOptions, custom, listOf, type Rules, suggestion, text } from "../base/check.ts";
import * as Plot from "@observablehq/plot";
import { createFigure, type Figure } from "./figure.ts";
import { ACCENT } from "./theme.ts";
import { plotPanel } from "./engine/plot_panel.ts";

/** One combination of a grid with its score. */
export interface GridScore {
  /** The parameters, by name. */
  readonly [parameter: string]: unknown;
  /** Mean score over the folds. */
  readonly score: number;
}

/** What {@linkcode gridSearchHeatmap} draws. */
export interface GridSearchHeatmapOptions {
  readonly scores: readonly GridScore[];
  /** The parameter from left to right; default `"gamma"` if the scores have it, else the second one. */
  readonly x?: string;
  /** The parameter from bottom to top; default `"C"` if the scores have it, else the first other one. */
  readonly y?: string;
  readonly title?: string;
}

const RULES: Rules<GridSearchHeatmapOptions> = {
  scores: listOf(
    custom(
      "an object of parameters and a finite score",
      (value) =>
        typeof value === "object" && value !== null &&
        typeof (value as GridScore).score === "number",
      (value) => Number.isFinite((value as GridScore).score),
    ),
  ),
  x: text,
  y: text,
  title: text,
};

const CELL_WIDTH = 92, CELL_HEIGHT = 48;

/**
 * The mean score for each value of two parameters as a heat map; the best cell has a frame. Where the
 * scores have more parameters, a cell shows the best over the others.
 *
 * @throws {TypeError} If an option is unknown or of the wrong kind
 * @throws {RangeError} If there are no scores, or they lack a parameter
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { gridSearchHeatmap } from "deep-features";
 *
 * const scores = [{ C: 1, gamma: 0.1, score: 0.7 }, { C: 10, gamma: 0.1, score: 0.8 }];
 * assert(gridSearchHeatmap({ scores }).alt.includes("C = 10"));
 * const depths = [{ maxDepth: 3, nEstimators: 10, score: 0.5 }];
 * assert(gridSearchHeatmap({ scores: depths, x: "maxDepth", y: "nEstimators" }).alt.includes("= 3"));
 * ```
 */
export function gridSearchHeatmap(options: GridSearchHeatmapOptions): Figure {
  checkOptions("gridSearchHeatmap", options, RULES);
  const { scores, title = "Grid search: mean accuracy over the folds" } = options;
  if (scores.length === 0) throw new RangeError("There are no scores to draw");
  const { x, y } = axesOf(options);
  const columns = labelsOf(scores.map((row) => row[x]));
  const lines = labelsOf(scores.map((row) => row[y]));
  const cells = new Map<string, { x: string; y: string; score: number }>();
  for (const row of scores) {
    const cell = { x: columns.get(row[x])!, y: lines.get(row[y])!, score: row.score };
    const key = JSON.stringify([cell.x, cell.y]), there = cells.get(key);
    if (!there || cell.score > there.score) cells.set(key, cell);
  }
  const rows = [...cells.values()];
  const xs = [...columns.values()], ys = [...lines.values()].reverse();
  const best = rows.reduce((a, b) => b.score > a.score ? b : a);
  const [low, high] = [
    Math.min(...rows.map((row) => row.score)),
    Math.max(...rows.map((row) => row.score)),
  ];
  const panel = plotPanel({
    width: 72 + CELL_WIDTH * xs.length,
    height: 60 + CELL_HEIGHT * ys.length,
    marginLeft: 60,
    marginBottom: 48,
    marginTop: 8,
    marginRight: 8,
    padding: 0.04,
    x: { domain: xs, label: x, labelAnchor: "center", labelArrow: "none", tickSize: 0 },
    y: { domain: ys, label: y, labelAnchor: "center", labelArrow: "none", tickSize: 0 },
    color: { type: "linear", scheme: "viridis", domain: [low, high] },
    marks: [
      Plot.cell(rows, {
        x: "x",
        y: "y",
        fill: "score",
        title: (d) => `${y} = ${d.y}, ${x} = ${d.x}: ${d.score.toFixed(4)}`,
      }),
      Plot.cell([best], { x: "x", y: "y", fill: "none", stroke: ACCENT, strokeWidth: 3 }),
      Plot.text(rows, {
        x: "x",
        y: "y",
        text: (d) => d.score.toFixed(4),
        fill: (d) => (d.score - low) / (high - low || 1) > 0.6 ? "#111111" : "#ffffff",
        fontSize: 13,
      }),
    ],
  });
  return createFigure({
    title,
    alt: `${title}: best ${best.score.toFixed(4)} at ${y} = ${best.y}, ${x} = ${best.x}`,
    panels: [panel],
  });
}

/** The two parameters that are drawn. */
function axesOf({ scores, x, y }: GridSearchHeatmapOptions): { x: string; y: string } {
  const names = Object.keys(scores[0]!).filter((name) => name !== "score");
  const first = y ?? (names.includes("C") && x !== "C" ? "C" : names.find((name) => name !== x));
  const second = x ??
    (names.includes("gamma") && first !== "gamma" ? "gamma" : names.find((name) => name !== first));
  if (first === undefined || second === undefined || first === second) {
    throw new RangeError(
      `gridSearchHeatmap: need two parameters to draw, got ${names.join(", ") || "none"}`,
    );
  }
  for (const name of [first, second]) {
    if (scores.every((row) => Object.hasOwn(row, name))) continue;
    throw new RangeError(`gridSearchHeatmap: the scores lack "${name}"${suggestion(name, names)}`);
  }
  return { x: second, y: first };
}

/** The values in their order, numbers rising, with what is written: three digits where these tell apart. */
function labelsOf(values: readonly unknown[]): Map<unknown, string> {
  const distinct = [...new Set(values)];
  if (distinct.every((value) => typeof value === "number")) distinct.sort((a, b) => a - b);
  const short = (value: unknown) =>
    typeof value === "number"
      ? String(Number(value.toPrecision(3)))
      : typeof value === "string"
      ? value
      : JSON.stringify(value) ?? String(value);
  const isClear = new Set(distinct.map(short)).size === distinct.length;
  return new Map(distinct.map((value) => [value, isClear ? short(value) : String(value)]));
}
