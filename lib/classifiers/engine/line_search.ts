/** A point of a line: what the objective is there, and how it changes along the line. */
export interface LinePoint {
  readonly step: number;
  readonly value: number;
  readonly slope: number;
}

/** A descent from a point along a line. */
export interface Line<P extends LinePoint> {
  /** Value at the start. */
  readonly value: number;
  /** Slope at the start, below zero. */
  readonly slope: number;
  /** Absolute rounding error of values. */
  readonly rounding: number;
  readonly firstStep: number;
  /** Computes the point at a step. */
  at(step: number): P;
}

/** Least share of the decrease that the slope promises (c₁). */
const DECREASE = 1e-4;
/** Largest share of the slope that may be left (c₂), as advised for quasi-Newton methods. */
const CURVATURE = 0.9;
/** Most points of one search. */
const MAX_POINTS = 30;
/** How far a point keeps away from the ends of its interval, as a share of it. */
const MARGIN = 0.1;

/**
 * Finds a step that meets the strong Wolfe conditions (Nocedal & Wright 2006, algorithms 3.5 and 3.6).
 * Where values differ by less than their rounding error, the decrease is judged by the slopes instead
 * (the approximate Wolfe condition of Hager & Zhang 2005, equation 4.1).
 *
 * @returns The point, or undefined if none was found
 */
export function searchLine<P extends LinePoint>(line: Line<P>): P | undefined {
  const { value, slope, rounding, firstStep } = line;
  if (!(slope < 0)) return undefined;
  const isLower = (point: LinePoint) =>
    point.value <= value + DECREASE * point.step * slope ||
    (point.value <= value + rounding && point.slope <= (2 * DECREASE - 1) * slope);
  const isFlat = (point: LinePoint) => Math.abs(point.slope) <= -CURVATURE * slope;

  let low: LinePoint = { step: 0, value, slope }, best: P | undefined;
  let high: LinePoint | undefined;
  let step = firstStep;
  for (let points = 0; points < MAX_POINTS; points++) {
    const point = line.at(step);
    const isWorse = !isLower(point) || point.value > low.value + rounding;
    if (isWorse) {
      high = point;
    } else {
      if (isFlat(point)) return point;
      const isRising = point.slope * (high ? high.step - low.step : 1) >= 0;
      if (isRising) high = low;
      low = best = point;
    }
    if (high === undefined) step *= 2;
    else {
      if (Math.abs(high.step - low.step) < Number.EPSILON * low.step) break;
      step = between(low, high);
    }
  }
  return best;
}

/** The minimum of the cubic through two points' values and slopes, kept inside their interval. */
function between(low: LinePoint, high: LinePoint): number {
  const width = high.step - low.step;
  const d1 = low.slope + high.slope - 3 * (high.value - low.value) / width;
  const root = Math.sqrt(d1 * d1 - low.slope * high.slope) * Math.sign(width);
  const share = 1 - (high.slope + root - d1) / (high.slope - low.slope + 2 * root);
  const inside = share >= MARGIN && share <= 1 - MARGIN ? share : 0.5;
  return low.step + inside * width;
}
