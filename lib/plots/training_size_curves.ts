import * as Plot from "@observablehq/plot";
import { checkOptions, custom, type Rules, text } from "../base/check.ts";
import { createFigure, type Figure } from "./figure.ts";
import { CURVE_COLORS, INK } from "./theme.ts";
import { textWidth, widestText } from "./engine/fonts.ts";
import { plotPanel } from "./engine/plot_panel.ts";

/** One point of {@linkcode trainingSizeCurves}. */
export interface TrainingSizeMean {
  /** Name of the curve that it is on. */
  readonly name: string;
  /** How much was learned from. */
  readonly count: number;
  /** Mean over the runs. */
  readonly mean: number;
  /** Standard deviation over the runs, if there are several. */
  readonly sd?: number;
}

/** What {@linkcode trainingSizeCurves} draws. */
export interface TrainingSizeCurvesOptions {
  /** Means, in any order: those with the same name are a curve. */
  readonly rows: readonly TrainingSizeMean[];
  readonly title?: string;
  /** What the means are; default "test accuracy". */
  readonly label?: string;
  /** What the counts are; default "images of each class". */
  readonly countLabel?: string;
}

const isRow = (row: TrainingSizeMean) =>
  typeof row?.name === "string" && row.count > 0 && Number.isFinite(row.count) &&
  Number.isFinite(row.mean) && Number.isFinite(row.sd ?? 0) && (row.sd ?? 0) >= 0;

const RULES: Rules<TrainingSizeCurvesOptions> = {
  rows: custom(
    "an array of rows with name, count above 0 and mean",
    Array.isArray,
    (rows) => (rows as TrainingSizeMean[]).every(isRow),
  ),
  title: text,
  label: text,
  countLabel: text,
};

const SYMBOLS = ["circle", "square", "triangle", "diamond", "star", "wye", "cross"] as const;

const PLOT_WIDTH = 320, PLOT_HEIGHT = 240;
const MARGIN_LEFT = 48, MARGIN_TOP = 26, MARGIN_BOTTOM = 40;
/** From the frame to a curve's symbol in the key, from there to its name, and what follows that. */
const TO_SYMBOL = 24, TO_NAME = 10, BEHIND_NAME = 6;
/** Least distance of two lines of the key. */
const LINE_HEIGHT = 17;
/** Least room between two numbers of the axis. */
const TICK_GAP = 6;

/** The means of one name, by rising count. */
interface Curve {
  readonly name: string;
  readonly color: string;
  readonly symbol: typeof SYMBOLS[number];
  readonly rows: readonly TrainingSizeMean[];
}

/**
 * How well methods do with more and more to learn from: a curve of means for each, in a band of ± one standard
 * deviation, over a logarithmic axis of counts. (scikit-learn calls these learning curves; here
 * {@linkcode learningCurves} shows the epochs of a training.) The key stands in the order in which the curves end.
 *
 * @throws {TypeError} If an option is unknown or of the wrong kind
 * @throws {RangeError} If there are no rows, more than seven curves, or two means for one point, or a number is not
 *   finite, a count not above 0, or a deviation below 0
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { trainingSizeCurves } from "deep-features";
 *
 * const rows = [5, 50, 500].flatMap((count, i) => [
 *   { name: "SVM", count, mean: 0.6 + i / 10, sd: 0.02 },
 *   { name: "network", count, mean: 0.5 + i / 7, sd: 0.04 },
 * ]);
 * assert(trainingSizeCurves({ rows }).alt.includes("SVM 0.6000 at 5 to 0.8000 at 500"));
 * ```
 */
export function trainingSizeCurves(options: TrainingSizeCurvesOptions): Figure {
  checkOptions("trainingSizeCurves", options, RULES);
  const { rows, title = "Accuracy by training size", label = "test accuracy" } = options;
  const { countLabel = "images of each class" } = options;
  const curves = curvesOf(rows);
  const counts = [...new Set(rows.map(({ count }) => count))].sort((a, b) => a - b);
  const low = Math.min(...rows.map(({ mean, sd = 0 }) => mean - sd));
  const high = Math.max(...rows.map(({ mean, sd = 0 }) => mean + sd));
  const room = (high - low) * 0.05 || 0.01;
  const domain: [number, number] = [low - room, high + room];
  const marginRight = TO_SYMBOL + TO_NAME + BEHIND_NAME +
    Math.ceil(widestText(curves.map(({ name }) => name)));
  const panel = plotPanel({
    width: MARGIN_LEFT + PLOT_WIDTH + marginRight,
    height: MARGIN_TOP + PLOT_HEIGHT + MARGIN_BOTTOM,
    marginLeft: MARGIN_LEFT,
    marginRight,
    marginTop: MARGIN_TOP,
    marginBottom: MARGIN_BOTTOM,
    x: {
      type: "log",
      domain: countDomain(counts),
      ticks: ticksOf(counts),
      tickFormat: String,
      label: countLabel,
      labelAnchor: "center",
      labelArrow: "none",
    },
    y: { domain, label, grid: true, labelArrow: "none" },
    marks: [...curves.flatMap(bandOf), ...curves.flatMap(lineOf), ...keyOf(curves, domain)],
  });
  return createFigure({
    title,
    alt: `${title}: ${curves.map(inWords).join(", ")}`,
    panels: [panel],
  });
}

function curvesOf(rows: readonly TrainingSizeMean[]): Curve[] {
  if (rows.length === 0) throw new RangeError("trainingSizeCurves: there are no rows to draw");
  const byName = [...Map.groupBy(rows, ({ name }) => name)];
  if (byName.length > SYMBOLS.length) {
    throw new RangeError(
      `trainingSizeCurves: at most ${SYMBOLS.length} curves can be told apart, got ${byName.length}`,
    );
  }
  return byName.map(([name, own], i) => {
    const sorted = own.toSorted((a, b) => a.count - b.count);
    const twice = sorted.find(({ count }, i) => count === sorted[i + 1]?.count);
    if (twice) {
      throw new RangeError(
        `trainingSizeCurves: "${name}" has several means at ${twice.count}: rows with one name are one curve`,
      );
    }
    return { name, color: CURVE_COLORS[i]!, symbol: SYMBOLS[i]!, rows: sorted };
  });
}

/** A band over several counts; over a single one, a line. */
function bandOf({ color, rows }: Curve): Plot.Markish[] {
  const spread = rows.filter(({ sd }) => sd !== undefined);
  const y1 = (d: TrainingSizeMean) => d.mean - d.sd!, y2 = (d: TrainingSizeMean) => d.mean + d.sd!;
  if (spread.length === 0) return [];
  return spread.length === 1
    ? [Plot.ruleX(spread, { x: "count", y1, y2, stroke: color })]
    : [Plot.areaY(spread, { x: "count", y1, y2, fill: color, fillOpacity: 0.13 })];
}

function lineOf({ name, color, symbol, rows }: Curve): Plot.Markish[] {
  return [
    Plot.line(rows, { x: "count", y: "mean", stroke: color, strokeWidth: 2 }),
    Plot.dot(rows, {
      x: "count",
      y: "mean",
      fill: color,
      symbol,
      r: 4,
      title: (d: TrainingSizeMean) => `${name}, ${d.count}: ${meanInWords(d)}`,
    }),
  ];
}

/** Symbols and names, beside the ends of the curves as far as there is room. */
function keyOf(curves: readonly Curve[], [low, high]: [number, number]): Plot.Markish[] {
  const endOf = ({ rows }: Curve) => PLOT_HEIGHT * (high - rows.at(-1)!.mean) / (high - low);
  const sorted = curves.toSorted((a, b) => endOf(a) - endOf(b));
  const places = spreadOut(sorted.map(endOf));
  return sorted.flatMap(({ name, color, symbol }, i) => {
    // Marks without a place of their own stand in the middle of the frame's side.
    const place = { frameAnchor: "right", dy: places[i]! - PLOT_HEIGHT / 2 } as const;
    return [
      Plot.dot([name], { ...place, dx: TO_SYMBOL, fill: color, symbol, r: 4 }),
      Plot.text([name], {
        ...place,
        dx: TO_SYMBOL + TO_NAME,
        textAnchor: "start",
        text: (d: string) => d,
        fill: INK,
      }),
    ];
  });
}

/** Moves lines of text apart, as little as one pass down and one up can do. */
function spreadOut(wanted: readonly number[]): number[] {
  const places: number[] = [];
  for (const place of wanted) {
    places.push(Math.max(place, (places.at(-1) ?? -Infinity) + LINE_HEIGHT));
  }
  let below = PLOT_HEIGHT + LINE_HEIGHT;
  for (let i = places.length - 1; i >= 0; i--) {
    below = places[i] = Math.min(places[i]!, below - LINE_HEIGHT);
  }
  return places;
}

/** From the least to the greatest; around a single count there is room. */
function countDomain(counts: readonly number[]): [number, number] {
  const first = counts[0]!, last = counts.at(-1)!;
  return first === last ? [first / 2, first * 2] : [first, last];
}

/** The counts whose numbers do not touch. */
function ticksOf(counts: readonly number[]): number[] {
  const [first, last] = countDomain(counts);
  const placeOf = (count: number) => PLOT_WIDTH * Math.log(count / first) / Math.log(last / first);
  const shown: number[] = [];
  let free = -Infinity;
  for (const count of counts) {
    const half = textWidth(String(count)) / 2;
    if (placeOf(count) - half < free) continue;
    shown.push(count);
    free = placeOf(count) + half + TICK_GAP;
  }
  return shown;
}

function inWords({ name, rows }: Curve): string {
  const [first, last] = [rows[0]!, rows.at(-1)!];
  const begin = `${name} ${first.mean.toFixed(4)} at ${first.count}`;
  return rows.length === 1 ? begin : `${begin} to ${last.mean.toFixed(4)} at ${last.count}`;
}

function meanInWords({ mean, sd }: TrainingSizeMean): string {
  return sd === undefined ? mean.toFixed(4) : `${mean.toFixed(4)} ± ${sd.toFixed(4)}`;
}
