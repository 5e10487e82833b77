import * as Plot from "@observablehq/plot";
import { checkOptions, custom, type Rules, text } from "../base/check.ts";
import { createFigure, type Figure, type Panel } from "./figure.ts";
import { INK, SERIES } from "./theme.ts";
import { plotPanel } from "./engine/plot_panel.ts";

/** What {@linkcode learningCurves} draws. */
export interface LearningCurvesOptions {
  /** Loss and accuracy of each epoch, as `trainCnn` returns them. */
  readonly history: {
    readonly loss: readonly number[];
    readonly accuracy: readonly number[];
    readonly valLoss: readonly number[];
    readonly valAccuracy: readonly number[];
  };
  readonly title?: string;
}

const [TRAINING, VALIDATION] = SERIES;

const RULES: Rules<LearningCurvesOptions> = {
  history: custom(
    "a history with loss, accuracy, valLoss and valAccuracy, as trainCnn returns it",
    (value) =>
      typeof value === "object" && value !== null &&
      ["loss", "accuracy", "valLoss", "valAccuracy"].every((key) =>
        Array.isArray((value as Record<string, unknown>)[key])
      ),
  ),
  title: text,
};

/**
 * Loss and accuracy over the epochs, side by side, for training and, where there is one, validation.
 *
 * @throws {TypeError} If an option is unknown or of the wrong kind
 * @throws {RangeError} If the history is empty
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { learningCurves } from "deep-features";
 *
 * const history = { loss: [2, 1], accuracy: [0.2, 0.5], valLoss: [2, 1.5], valAccuracy: [0.1, 0.4] };
 * assert(learningCurves({ history }).alt.includes("after 2 epochs"));
 * ```
 */
export function learningCurves(options: LearningCurvesOptions): Figure {
  checkOptions("learningCurves", options, RULES);
  const { history, title = "Learning curves" } = options;
  if (history.loss.length === 0) {
    throw new RangeError("The history holds no epoch");
  }
  const epochs = history.loss.length;
  // Without validation images their figures are NaN.
  const validated = history.valAccuracy.findLast(Number.isFinite);
  const training = `after ${epochs} ${epochs === 1 ? "epoch" : "epochs"} the training accuracy is ${
    history.accuracy.at(-1)!.toFixed(3)
  }`;
  return createFigure({
    title,
    alt: `${title}: ${training}${
      validated === undefined ? "" : `, the validation accuracy ${validated.toFixed(3)}`
    }`,
    panels: [
      curves("Loss (cross-entropy)", history.loss, history.valLoss),
      curves("Accuracy", history.accuracy, history.valAccuracy),
    ],
  });
}

function curves(label: string, training: readonly number[], validation: readonly number[]): Panel {
  const rows = [
    ...training.map((value, i) => ({ epoch: i + 1, value, set: "training" })),
    ...validation.map((value, i) => ({ epoch: i + 1, value, set: "validation" })),
  ].filter((row) => Number.isFinite(row.value));
  const ends = ["training", "validation"].flatMap((set) =>
    rows.filter((row) => row.set === set).slice(-1)
  );
  // Where both curves end close together, one label goes above its end and one below.
  const sorted = ends.toSorted((a, b) => b.value - a.value);
  const color = { training: TRAINING, validation: VALIDATION } as Record<
    string,
    string
  >;
  return plotPanel({
    width: 380,
    height: 260,
    marginLeft: 48,
    marginRight: 78,
    marginBottom: 40,
    marginTop: 28,
    x: {
      label: "epoch",
      labelAnchor: "center",
      labelArrow: "none",
      ticks: Math.min(10, training.length),
      tickFormat: (epoch: number) => Number.isInteger(epoch) ? String(epoch) : "",
    },
    y: { label, grid: true, labelArrow: "none", nice: true },
    marks: [
      Plot.line(rows, {
        x: "epoch",
        y: "value",
        z: "set",
        stroke: (d) => color[d.set],
        strokeWidth: 2,
      }),
      Plot.dot(rows, {
        x: "epoch",
        y: "value",
        fill: (d) => color[d.set],
        r: 2,
        title: (d) => `epoch ${d.epoch}, ${d.set}: ${d.value.toFixed(4)}`,
      }),
      ...sorted.map((end, i) =>
        Plot.text([end], {
          x: "epoch",
          y: "value",
          text: "set",
          fill: color[end.set] ?? INK,
          textAnchor: "start",
          dx: 6,
          dy: i === 0 ? -5 : 6,
        })
      ),
    ],
  });
}
