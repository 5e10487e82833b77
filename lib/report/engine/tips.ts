import { attribute, type Element, isElement, textOf } from "./html_tree.ts";

/** A part of a picture with what it says when it is pointed at: left, top, width and height, in thousandths. */
export type Tip = readonly [
  left: number,
  top: number,
  width: number,
  height: number,
  text: string,
];

/** More than this would make the page large, and the parts too small to be pointed at. */
const MOST = 1500;

/** The parts of an SVG document with a title of their own: rectangles and circles, moved at most. */
export function tipsOf(root: Element): Tip[] {
  const [left = 0, top = 0, width = number(root, "width"), height = number(root, "height")] =
    (attribute(root, "viewBox") ?? "").split(/[\s,]+/).filter(Boolean).map(Number);
  if (!(width > 0 && height > 0)) return [];
  const tips: Tip[] = [];
  const walk = (element: Element, x: number, y: number) => {
    for (const child of element.childNodes) {
      if (!isElement(child)) continue;
      const [dx, dy] = offset(child);
      const title = child.childNodes.find((node) => isElement(node, "title"));
      const box = title && boxOf(child);
      if (box) {
        const [cx, cy, w, h] = box;
        tips.push([
          Math.round(1000 * (x + dx + cx - left) / width),
          Math.round(1000 * (y + dy + cy - top) / height),
          Math.round(1000 * w / width),
          Math.round(1000 * h / height),
          textOf(title).trim(),
        ]);
      }
      walk(child, x + dx, y + dy);
    }
  };
  walk(root, 0, 0);
  const whole = tips.filter((tip) => tip.slice(0, 4).every(Number.isFinite) && tip[4] !== "");
  return whole.length > MOST ? [] : whole;
}

/** How far an element moves what is in it. */
function offset(element: Element): readonly [number, number] {
  if (element.tagName === "svg") return [number(element, "x") || 0, number(element, "y") || 0];
  const transform = attribute(element, "transform");
  if (transform === undefined) return [0, 0];
  const [, x, y = "0"] = transform.match(/^translate\(([-\d.e]+)(?:[\s,]+([-\d.e]+))?\)$/) ?? [];
  // Turned or stretched: it is not known where that is.
  return [Number(x ?? NaN), Number(y)];
}

function boxOf(element: Element): readonly [number, number, number, number] | undefined {
  const read = (name: string) => number(element, name);
  if (element.tagName === "rect") {
    return [read("x") || 0, read("y") || 0, read("width"), read("height")];
  }
  if (element.tagName !== "circle") return undefined;
  const r = read("r");
  return [(read("cx") || 0) - r, (read("cy") || 0) - r, 2 * r, 2 * r];
}

function number(element: Element, name: string): number {
  return Number.parseFloat(attribute(element, name) ?? "");
}
