import { CustomChart } from "echarts/charts";
import { DataZoomInsideComponent, GridComponent } from "echarts/components";
import * as echarts from "echarts/core";
import { CanvasRenderer } from "echarts/renderers";
import type { MapPoints } from "../points.ts";
import { PointRaster, type Projection, type Rgb } from "./raster.ts";

echarts.use([CustomChart, GridComponent, DataZoomInsideComponent, CanvasRenderer]);

/** Colours of the map: those of its classes, and those of its frame as CSS. */
export interface Theme {
  readonly classes: readonly Rgb[];
  readonly background: Rgb;
  readonly ink: string;
  readonly line: string;
}

/** A rectangle in CSS pixels. */
interface Box {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

/** A place in CSS pixels. */
interface Place {
  readonly x: number;
  readonly y: number;
}

/** What is seen of an axis, in per cent. */
interface Range {
  readonly start: number;
  readonly end: number;
}

/** What ECharts tells a series that draws itself. */
interface Params {
  readonly coordSys: Box;
}

/** What such a series can ask ECharts. */
interface Api {
  coord(values: readonly [number, number]): number[];
}

/** Smallest part of the map that can be seen at once, in per cent of its width and height. */
const LEAST_SPAN = 0.4;
/** Points of the smallest and largest size have these radii in CSS pixels. */
const LEAST_RADIUS = 0.9, LARGEST_RADIUS = 7;
/** How points grow as one zooms in: with this power of the magnification. */
const GROWTH = 0.55;
/** Maps narrower than this, in CSS pixels, have smaller points. */
const FULL_WIDTH = 560;
/** Free space around the points, as share of the map. */
const ROOM = 0.03;
/** Dense screens are drawn with at most this many pixels in a CSS pixel. */
const MAX_DENSITY = 2;

/** The map itself: axes, pan and zoom are ECharts's; the points are drawn as one picture. */
export class MapChart {
  readonly #points: MapPoints;
  readonly #isShown: Uint8Array;
  readonly #chart: echarts.ECharts;
  readonly #raster = new PointRaster();
  readonly #density = Math.min(MAX_DENSITY, devicePixelRatio || 1);
  readonly #axisLabels: readonly [string, string];
  #theme: Theme;
  #beforePrint: readonly Range[] = [];
  #plot: Box = { x: 0, y: 0, width: 1, height: 1 };
  #projection: Projection = { x0: 0, dx: 1, y0: 0, dy: 1 };

  /**
   * @param isShown n flags, read whenever the map is drawn
   * @param onView Called whenever points have moved on the screen
   */
  constructor(
    element: HTMLElement,
    points: MapPoints,
    isShown: Uint8Array,
    axisLabels: readonly [string, string],
    theme: Theme,
    onView: () => void,
  ) {
    this.#points = points;
    this.#isShown = isShown;
    this.#axisLabels = axisLabels;
    this.#theme = theme;
    this.#chart = echarts.init(element, null, { devicePixelRatio: this.#density });
    this.#setOption(true);
    this.#chart.on("rendered", onView);
    new ResizeObserver(() => this.#chart.resize()).observe(element);
  }

  /** Where the points are drawn, in CSS pixels of the element. */
  get plot(): Box {
    return this.#plot;
  }

  /** How data become CSS pixels of the element. */
  get projection(): Projection {
    return this.#projection;
  }

  /** Draws again, with other colours or other points. */
  redraw(theme: Theme = this.#theme): void {
    this.#theme = theme;
    this.#setOption(false);
  }

  /** Where a point is, in CSS pixels of the element; undefined if it is out of view. */
  pixelOf(index: number): { x: number; y: number } | undefined {
    const { x0, dx, y0, dy } = this.#projection, { x, y, width, height } = this.#plot;
    const at = {
      x: x0 + dx * this.#points.positions[2 * index]!,
      y: y0 + dy * this.#points.positions[2 * index + 1]!,
    };
    const isInside = at.x >= x && at.y >= y && at.x <= x + width && at.y <= y + height;
    return isInside ? at : undefined;
  }

  /** Zooms by a factor, larger than 1 to see more closely, around a point or the middle. */
  zoom(factor: number, around = -1): void {
    const { x, y, width, height } = this.#plot;
    const pixel = (around < 0 ? undefined : this.pixelOf(around)) ??
      { x: x + width / 2, y: y + height / 2 };
    this.transform(factor, pixel, pixel);
  }

  /** Zooms by a factor, and brings what is at one place, in CSS pixels of the element, to another. */
  transform(factor: number, from: Place, to: Place): void {
    const { x, y, width, height } = this.#plot;
    const shares = (place: Place) => [(place.x - x) / width, 1 - (place.y - y) / height];
    const before = shares(from), after = shares(to);
    this.#move(([start, end], axis) => {
      const span = Math.min(100, Math.max(LEAST_SPAN, (end - start) / factor));
      const fixed = start + before[axis]! * (end - start);
      return [fixed - after[axis]! * span, fixed + (1 - after[axis]!) * span];
    });
  }

  /** Moves the view by shares of what is seen. */
  pan(right: number, up: number): void {
    this.#move(([start, end], axis) => {
      const by = (axis === 0 ? right : up) * (end - start);
      return [start + by, end + by];
    });
  }

  /** Brings a point into the middle, unless it is in view. */
  reveal(index: number): void {
    if (this.pixelOf(index)) return;
    const { x0, dx, y0, dy } = this.#projection, { x, y, width, height } = this.#plot;
    const { positions } = this.#points;
    this.pan(
      (x0 + dx * positions[2 * index]! - x) / width - 0.5,
      0.5 - (y0 + dy * positions[2 * index + 1]! - y) / height,
    );
  }

  /** Shows all points. */
  showAll(): void {
    this.#move(() => [0, 100]);
  }

  /** Shows the whole map in another size and other colors, at once: paper does not wait. */
  print(theme: Theme, size: { readonly width: number; readonly height: number }): void {
    const { dataZoom } = this.#chart.getOption() as { dataZoom: Range[] };
    this.#beforePrint = dataZoom.map(({ start, end }) => ({ start, end }));
    this.#chart.resize({ ...size, silent: true });
    this.#theme = theme;
    this.#setOption(false);
    this.showAll();
    this.#chart.getZr().flush();
  }

  /** Shows again what was seen before {@linkcode print}. */
  endPrint(theme: Theme): void {
    this.#chart.resize({ width: "auto", height: "auto", silent: true });
    this.redraw(theme);
    const batch = this.#beforePrint.map((range, axis) => ({ dataZoomIndex: axis, ...range }));
    this.#chart.dispatchAction({ type: "dataZoom", batch });
  }

  #move(change: (range: readonly [number, number], axis: 0 | 1) => [number, number]): void {
    const { dataZoom } = this.#chart.getOption() as { dataZoom: Range[] };
    const batch = ([0, 1] as const).map((axis) => {
      const { start, end } = dataZoom[axis]!;
      const [from, to] = change([start, end], axis);
      const shift = from < 0 ? -from : to > 100 ? 100 - to : 0;
      return { dataZoomIndex: axis, start: from + shift, end: to + shift };
    });
    this.#chart.dispatchAction({ type: "dataZoom", batch });
  }

  #setOption(isFirst: boolean): void {
    const { ink, line } = this.#theme;
    const axis = (k: 0 | 1) => ({
      type: "value" as const,
      name: this.#axisLabels[k],
      nameLocation: "middle" as const,
      nameGap: k === 0 ? 24 : 40,
      nameTextStyle: { color: ink },
      axisLine: { show: true, onZero: false, lineStyle: { color: line } },
      axisTick: { show: true, lineStyle: { color: line } },
      splitLine: { show: false },
      axisLabel: {
        color: ink,
        hideOverlap: true,
        showMinLabel: false,
        showMaxLabel: false,
        formatter: (value: number) => String(Number(value.toPrecision(6))).replace("-", "−"),
      },
      ...extent(this.#points.positions, k),
    });
    const zoom = { type: "inside" as const, filterMode: "none" as const, throttle: 0 };
    this.#chart.setOption({
      animation: false,
      textStyle: { fontFamily: "DejaVu Sans, Verdana, sans-serif" },
      grid: {
        left: 58,
        right: 8,
        top: 8,
        bottom: 44,
        // The plot must not change its size with the length of the labels while one zooms.
        outerBoundsMode: "none",
        show: true,
        borderColor: line,
      },
      xAxis: axis(0),
      yAxis: axis(1),
      ...(isFirst
        ? {
          dataZoom: [
            { ...zoom, xAxisIndex: 0, minSpan: LEAST_SPAN },
            { ...zoom, yAxisIndex: 0, minSpan: LEAST_SPAN },
          ],
        }
        : {}),
      series: [{
        type: "custom",
        silent: true,
        data: [[this.#points.positions[0], this.#points.positions[1]]],
        renderItem: (params: Params, api: Api) =>
          this.#drawPoints(params.coordSys, (x, y) => api.coord([x, y])),
      }],
    });
  }

  #drawPoints(plot: Box, toPixel: (x: number, y: number) => number[]) {
    const [x0, y0] = toPixel(0, 0), [x1, y1] = toPixel(1, 1);
    const projection = { x0: x0!, dx: x1! - x0!, y0: y0!, dy: y1! - y0! };
    this.#plot = { x: plot.x, y: plot.y, width: plot.width, height: plot.height };
    this.#projection = projection;
    const scale = this.#density;
    this.#raster.draw(this.#points, this.#isShown, {
      colors: this.#theme.classes,
      background: this.#theme.background,
      projection: {
        x0: (projection.x0 - plot.x) * scale,
        dx: projection.dx * scale,
        y0: (projection.y0 - plot.y) * scale,
        dy: projection.dy * scale,
      },
      radius: this.#radius(plot.width) * scale,
      width: Math.max(1, Math.round(plot.width * scale)),
      height: Math.max(1, Math.round(plot.height * scale)),
    });
    return { type: "image", style: { image: this.#raster.canvas, ...this.#plot } };
  }

  /** Many points are drawn small, so that they do not hide each other. */
  #radius(width: number): number {
    const { min, max } = extent(this.#points.positions, 0);
    const magnification = Math.abs(this.#projection.dx) * (max - min) / width;
    const alone = Math.min(3, Math.max(LEAST_RADIUS, 150 / Math.sqrt(this.#points.labels.length)));
    const size = Math.min(1, Math.sqrt(width / FULL_WIDTH));
    return Math.min(LARGEST_RADIUS, alone * size * magnification ** GROWTH);
  }
}

/** Smallest and largest coordinate with a little room around. */
function extent(positions: Float32Array, axis: 0 | 1): { min: number; max: number } {
  let min = Infinity, max = -Infinity;
  for (let i = axis; i < positions.length; i += 2) {
    min = Math.min(min, positions[i]!);
    max = Math.max(max, positions[i]!);
  }
  const room = ROOM * (max - min) || 1;
  return { min: min - room, max: max + room };
}
