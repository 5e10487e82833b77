import * as Plot from "@observablehq/plot";
import { createFigure, type Figure } from "./figure.ts";
import { ACCENT } from "./theme.ts";
import { plotPanel } from "./engine/plot_panel.ts";

/** One combination of a grid with its score. */
export interface GridScore {
  readonly C: number;
  readonly gamma: number;
  /** Mean score over the folds. */
  readonly score: number;
}

/** What {@linkcode gridSearchHeatmap} draws. */
export interface GridSearchHeatmapOptions {
  readonly scores: readonly GridScore[];
  readonly title?: string;
}

const CELL_WIDTH = 92, CELL_HEIGHT = 48;

/**
 * The mean score for each C and gamma as a heat map; the best cell has a frame.
 *
 * @throws {RangeError} If there are no scores
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { gridSearchHeatmap } from "deep-features";
 *
 * const scores = [{ C: 1, gamma: 0.1, score: 0.7 }, { C: 10, gamma: 0.1, score: 0.8 }];
 * assert(gridSearchHeatmap({ scores }).alt.includes("C = 10"));
 * ```
 */
export function gridSearchHeatmap(options: GridSearchHeatmapOptions): Figure {
  const { scores, title = "Grid search: mean accuracy over the folds" } = options;
  if (scores.length === 0) throw new RangeError("There are no scores to draw");
  const sorted = (values: number[]) => [...new Set(values)].sort((a, b) => a - b).map(text);
  const gammas = sorted(scores.map((row) => row.gamma));
  const Cs = sorted(scores.map((row) => row.C)).reverse();
  const rows = scores.map((row) => ({
    ...row,
    C: text(row.C),
    gamma: text(row.gamma),
  }));
  const best = rows.reduce((a, b) => b.score > a.score ? b : a);
  const [low, high] = [
    Math.min(...rows.map((row) => row.score)),
    Math.max(...rows.map((row) => row.score)),
  ];
  const panel = plotPanel({
    width: 72 + CELL_WIDTH * gammas.length,
    height: 60 + CELL_HEIGHT * Cs.length,
    marginLeft: 60,
    marginBottom: 48,
    marginTop: 8,
    marginRight: 8,
    padding: 0.04,
    x: {
      domain: gammas,
      label: "gamma",
      labelAnchor: "center",
      labelArrow: "none",
      tickSize: 0,
    },
    y: {
      domain: Cs,
      label: "C",
      labelAnchor: "center",
      labelArrow: "none",
      tickSize: 0,
    },
    color: { type: "linear", scheme: "viridis", domain: [low, high] },
    marks: [
      Plot.cell(rows, { x: "gamma", y: "C", fill: "score" }),
      Plot.cell([best], {
        x: "gamma",
        y: "C",
        fill: "none",
        stroke: ACCENT,
        strokeWidth: 3,
      }),
      Plot.text(rows, {
        x: "gamma",
        y: "C",
        text: (d) => d.score.toFixed(4),
        fill: (d) => (d.score - low) / (high - low || 1) > 0.6 ? "#111111" : "#ffffff",
        fontSize: 13,
      }),
    ],
  });
  return createFigure({
    title,
    alt: `${title}: best ${best.score.toFixed(4)} at C = ${best.C}, gamma = ${best.gamma}`,
    panels: [panel],
  });
}

function text(value: number): string {
  return String(Number(value.toPrecision(3)));
}
