/**
 * The script of an interactive map's page; runs in a browser.
 *
 * @module
 */
import { onDark } from "../../../../base/on_dark.ts";
import { type PackedPoints, unpackPoints } from "../points.ts";
import type { MapInfo } from "../map_page.ts";
import type { SheetLayout } from "../sheet_layout.ts";
import { MapChart, type Theme } from "./chart.ts";
import { parseColor } from "./colors.ts";
import { nearestPoint, pointAhead } from "./nearest.ts";
import { Thumbnails } from "./thumbnails.ts";

/** How near to a point one has to point at or tap, in CSS pixels. */
const REACH = { mouse: 10, touch: 24 };
/** How far a tap may wander, in CSS pixels. */
const TAP_SLACK = 8;
/** What a zoom button or key does. */
const ZOOM_STEP = 1.6;
/** How much of the view a pan by key moves it. */
const PAN_STEP = 0.15;
/** Space between a point and its card, in CSS pixels. */
const CARD_GAP = 14;
/** How long the map says how it can be zoomed, in milliseconds. */
const HINT_MS = 1500;
/** Size of the map on paper, in CSS pixels: A4 and Letter are wider. */
const PRINTED = { width: 640, height: 560 };

const find = <T extends HTMLElement>(id: string) => document.getElementById(id) as T;
const data = find<HTMLTemplateElement>("data");
const info = JSON.parse(data.dataset["info"]!) as MapInfo & { layout?: SheetLayout };
const points = unpackPoints(JSON.parse(data.dataset["points"]!) as PackedPoints);
const n = points.labels.length;
const element = find("chart"), ring = find("ring"), card = find("card"), status = find("status");
const canvas = find<HTMLCanvasElement>("image");
const thumbnails = info.layout && new Thumbnails(
  Array.from(data.content.querySelectorAll("img"), (img) => img.getAttribute("src")!),
  info.layout,
  canvas,
);
if (!thumbnails) canvas.remove();

const isShown = new Uint8Array(n).fill(1);
let selected = -1;
/** Whether the selected point was chosen, by tap or key, and stays when the pointer leaves. */
let isKept = false;

const dark = matchMedia("(prefers-color-scheme: dark)");
const chart = new MapChart(element, points, isShown, info.axisLabels, theme(), place);
const switches = addSwitches();
const onlyErrors = find("only-errors").querySelector("input")!;
find("only-errors").hidden = !points.predicted;
onlyErrors.addEventListener("change", filter);
const onlySubset = find("only-subset").querySelector("input")!;
find("only-subset").hidden = !points.subset;
find("only-subset").querySelector("span")!.textContent = info.subsetName ?? "";
onlySubset.addEventListener("change", filter);
colorSwatches();
dark.addEventListener("change", changeTheme);
// The report that holds this page in a frame tells whether its reader has chosen light or dark.
addEventListener("message", ({ source, data }) => {
  if (source !== parent || !["light", "dark"].includes(data?.theme)) return;
  document.documentElement.dataset["theme"] = data.theme;
  changeTheme();
});

find("zoom-in").addEventListener("click", () => chart.zoom(ZOOM_STEP, selected));
find("zoom-out").addEventListener("click", () => chart.zoom(1 / ZOOM_STEP, selected));
find("show-all").addEventListener("click", () => chart.showAll());
find("all").addEventListener("click", () => switchAll(true));
find("none").addEventListener("click", () => switchAll(false));
element.addEventListener("keydown", onKey);
listenToPointer();
leaveScrolling();
listenToFingers();
listenToPrinting();
tellHeight();
place();

function changeTheme(): void {
  chart.redraw(theme());
  colorSwatches();
}

function isDark(): boolean {
  return (document.documentElement.dataset["theme"] ?? (dark.matches ? "dark" : "light")) ===
    "dark";
}

function theme(): Theme {
  const style = getComputedStyle(document.documentElement);
  // Colours given by light-dark() are known only where they are used.
  const probe = document.createElement("i");
  document.body.append(probe);
  const read = (name: string) => {
    probe.style.color = style.getPropertyValue(name);
    return getComputedStyle(probe).color;
  };
  const background = parseColor(read("--plot"));
  const classes = info.colors.map(parseColor).map((color) => isDark() ? onDark(color) : color);
  const result = { classes, background, ink: read("--ink"), line: read("--line") };
  probe.remove();
  return result;
}

function addSwitches(): HTMLInputElement[] {
  const counts = new Uint32Array(info.classNames.length);
  for (const label of points.labels) counts[label]!++;
  return info.classNames.map((name, c) => {
    const label = document.createElement("label");
    const input = document.createElement("input");
    input.type = "checkbox";
    input.checked = true;
    const part = (className: string, text: string) => {
      const span = document.createElement("span");
      span.className = className;
      span.textContent = text;
      return span;
    };
    label.append(
      input,
      part("swatch", ""),
      part("name", name),
      part("count", counts[c]!.toLocaleString("en")),
    );
    input.addEventListener("change", filter);
    find("classes").append(label);
    return input;
  });
}

function colorSwatches(): void {
  const { classes } = theme();
  for (const [c, swatch] of document.querySelectorAll<HTMLElement>(".swatch").entries()) {
    swatch.style.background = `rgb(${classes[c]!.join()})`;
  }
}

function switchAll(on: boolean): void {
  for (const input of switches) input.checked = on;
  filter();
}

/** Shows the points that the switches ask for. */
function filter(): void {
  let count = 0;
  for (let i = 0; i < n; i++) {
    const label = points.labels[i]!;
    const isWanted = (!onlyErrors.checked || points.predicted?.[i] !== label) &&
      (!onlySubset.checked || points.subset?.[i] === 1);
    isShown[i] = Number(switches[label]!.checked && isWanted);
    count += isShown[i]!;
  }
  if (selected >= 0 && isShown[selected] === 0) select(-1);
  chart.redraw();
  status.textContent = `${count.toLocaleString("en")} of ${
    n.toLocaleString("en")
  } points are shown`;
}

/** Shows a point's image, label and prediction, or none. */
function select(index: number, keep = false): void {
  isKept = keep && index >= 0;
  if (index === selected) return;
  selected = index;
  if (index >= 0) {
    find("text").textContent = describe(index).join("\n");
    void thumbnails?.show(index);
  }
  if (isKept) status.textContent = describe(index).join(", ");
  place();
}

function describe(index: number): string[] {
  const label = points.labels[index]!, guess = points.predicted?.[index];
  return [
    `${thumbnails ? "Image" : "Point"} ${(index + 1).toLocaleString("en")}`,
    `Label: ${info.classNames[label]}`,
    ...(guess === undefined ? [] : [
      `Predicted: ${info.classNames[guess]}${guess === label ? "" : " (wrong)"}`,
    ]),
    ...(points.subset?.[index] === 1 ? [`One of the ${info.subsetName}`] : []),
  ];
}

/** Puts ring and card to the selected point, and says where the map is for programs that test it. */
function place(): void {
  if (!chart) return;
  const { x0, dx, y0, dy } = chart.projection;
  element.dataset["projection"] = [x0, dx, y0, dy].join(" ");
  const { plot } = chart;
  element.dataset["plot"] = [plot.x, plot.y, plot.width, plot.height].join(" ");
  element.dataset["selected"] = String(selected);
  const at = selected < 0 ? undefined : chart.pixelOf(selected);
  ring.hidden = card.hidden = !at;
  if (!at) return;
  ring.style.left = `${at.x}px`;
  ring.style.top = `${at.y}px`;
  const { clientWidth, clientHeight } = element;
  const { offsetWidth, offsetHeight } = card;
  const isLeft = at.x + CARD_GAP + offsetWidth > clientWidth;
  const left = isLeft ? at.x - CARD_GAP - offsetWidth : at.x + CARD_GAP;
  const top = at.y - offsetHeight / 2;
  card.style.left = `${Math.max(0, Math.min(left, clientWidth - offsetWidth))}px`;
  card.style.top = `${Math.max(0, Math.min(top, clientHeight - offsetHeight))}px`;
}

function at(event: PointerEvent, reach: number): number {
  const box = element.getBoundingClientRect();
  const x = event.clientX - box.left, y = event.clientY - box.top;
  const { plot } = chart;
  const isInside = x >= plot.x && y >= plot.y && x <= plot.x + plot.width &&
    y <= plot.y + plot.height;
  return isInside ? nearestPoint(points, isShown, chart.projection, x, y, reach) : -1;
}

function listenToPointer(): void {
  let start: PointerEvent | undefined;
  element.addEventListener("pointerdown", (event) => start = event.isPrimary ? event : undefined);
  element.addEventListener("pointermove", (event) => {
    if (event.pointerType === "mouse" && event.buttons === 0) select(at(event, REACH.mouse));
  });
  element.addEventListener("pointerleave", (event) => {
    if (event.pointerType === "mouse" && !isKept) select(-1);
  });
  // The page scrolls: it was no tap.
  element.addEventListener("pointercancel", () => start = undefined);
  element.addEventListener("pointerup", (event) => {
    const isTap = start && event.isPrimary &&
      Math.hypot(event.clientX - start.clientX, event.clientY - start.clientY) < TAP_SLACK;
    start = undefined;
    if (isTap) select(at(event, event.pointerType === "mouse" ? REACH.mouse : REACH.touch), true);
  });
}

/**
 * The wheel scrolls the page that the map stands in, until the map is clicked or while Ctrl is held. Where
 * nothing can scroll, it always zooms.
 */
function leaveScrolling(): void {
  const map = element.parentElement!;
  let isClicked = false;
  element.addEventListener("pointerdown", ({ pointerType }) => isClicked = pointerType === "mouse");
  map.addEventListener("pointerleave", () => isClicked = false);
  // Not all browsers tell a frame that the pointer has left it; a click beside it takes the focus, too.
  addEventListener("blur", () => isClicked = false);
  map.addEventListener("wheel", (event) => {
    const root = document.documentElement;
    const canScroll = parent !== self || root.scrollHeight > root.clientHeight;
    if (isClicked || event.ctrlKey || event.metaKey || !canScroll) return;
    // ECharts, which would zoom, listens farther inside.
    event.stopPropagation();
    hint("Click the map, or hold Ctrl, to zoom with the wheel");
  }, { capture: true, passive: true });
}

/** One finger scrolls the page and taps points; two move the map and zoom. */
function listenToFingers(): void {
  let last: { x: number; y: number; distance: number } | undefined;
  const listen = (type: string, listener: (event: TouchEvent) => void) =>
    element.addEventListener(type, (event) => {
      // ECharts would pan with one finger.
      event.stopPropagation();
      listener(event as TouchEvent);
    }, { capture: true, passive: false });
  listen("touchstart", (event) => {
    last = fingers(event);
    if (last) event.preventDefault();
  });
  listen("touchmove", (event) => {
    const now = fingers(event);
    if (!now) return hint("Use two fingers to move and zoom the map");
    if (event.cancelable) event.preventDefault();
    if (last) chart.transform(now.distance / last.distance, last, now);
    last = now;
  });
  for (const type of ["touchend", "touchcancel"]) listen(type, (event) => last = fingers(event));
}

/** Where the middle of two fingers is on the map, and how far they are apart. */
function fingers({ touches }: TouchEvent) {
  const [a, b] = touches;
  if (!a || !b) return undefined;
  const box = element.getBoundingClientRect();
  return {
    x: (a.clientX + b.clientX) / 2 - box.left,
    y: (a.clientY + b.clientY) / 2 - box.top,
    distance: Math.max(1, Math.hypot(a.clientX - b.clientX, a.clientY - b.clientY)),
  };
}

let hinting: ReturnType<typeof setTimeout> | undefined;

/** Says for a moment how the map is used. */
function hint(text: string): void {
  const box = find("hint");
  box.textContent = text;
  box.hidden = false;
  clearTimeout(hinting);
  hinting = setTimeout(() => box.hidden = true, HINT_MS);
}

/** On paper stands the whole map, light and as large as the paper allows. */
function listenToPrinting(): void {
  const { dataset } = document.documentElement;
  let before: string | undefined;
  addEventListener("beforeprint", () => {
    before = dataset["theme"];
    dataset["theme"] = "light";
    chart.print(theme(), PRINTED);
    colorSwatches();
  });
  addEventListener("afterprint", () => {
    if (before === undefined) delete dataset["theme"];
    else dataset["theme"] = before;
    chart.endPrint(theme());
    colorSwatches();
  });
}

/** Where all stands in one column, the page that holds this one in a frame makes the frame as high. */
function tellHeight(): void {
  if (parent === self) return;
  const narrow = matchMedia("(max-width: 40rem)"), main = document.querySelector("main")!;
  const tell = () =>
    // The frame has a border.
    parent.postMessage({ height: narrow.matches ? main.scrollHeight + 2 : 0 }, "*");
  new ResizeObserver(tell).observe(main);
  narrow.addEventListener("change", tell);
}

function onKey(event: KeyboardEvent): void {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  const arrow = {
    ArrowLeft: [-1, 0],
    ArrowRight: [1, 0],
    ArrowUp: [0, -1],
    ArrowDown: [0, 1],
  }[event.key];
  if (arrow && event.shiftKey) chart.pan(PAN_STEP * arrow[0]!, -PAN_STEP * arrow[1]!);
  else if (arrow) step(arrow[0]!, arrow[1]!);
  else if (event.key === "+" || event.key === "=") chart.zoom(ZOOM_STEP, selected);
  else if (event.key === "-") chart.zoom(1 / ZOOM_STEP, selected);
  else if (event.key === "0" || event.key === "Home") chart.showAll();
  else if (event.key === "Escape") select(-1);
  else return;
  event.preventDefault();
}

/** Goes to the next point in a direction; without one, to that nearest to the middle of the view. */
function step(right: number, down: number): void {
  const { x, y, width, height } = chart.plot;
  const next = selected >= 0
    ? pointAhead(points, isShown, chart.projection, selected, right, down)
    : nearestPoint(points, isShown, chart.projection, x + width / 2, y + height / 2, Infinity);
  if (next < 0) return;
  select(next, true);
  chart.reveal(next);
}
