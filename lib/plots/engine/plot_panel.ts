import * as Plot from "@observablehq/plot";
import { parseHTML } from "linkedom";
import { FONT, INK, type Panel } from "../figure.ts";

const { document } = parseHTML("<!DOCTYPE html><html><body></body></html>");

/** Draws an Observable Plot as a panel, without a browser. */
export function plotPanel(
  options: Plot.PlotOptions & { width: number; height: number },
): Panel {
  const element = Plot.plot({
    ...options,
    document: document as unknown as Document,
    style: {
      fontFamily: FONT,
      fontSize: "11px",
      color: INK,
      background: "none",
      overflow: "visible",
    },
  }) as unknown as Element;
  // Plot's style sheet uses selectors that not every SVG renderer knows; what it sets is set above.
  for (const style of element.querySelectorAll("style")) style.remove();
  const svg = element.outerHTML
    .replaceAll("currentColor", INK)
    .replace(/^<svg[^>]*>/, (tag) => {
      const kept = tag.replace(
        / (class|style|fill|font-family|font-size|text-anchor|xmlns(:xlink)?)="[^"]*"/g,
        "",
      );
      return kept.replace(
        /^<svg/,
        `<svg font-family="${FONT}" font-size="11" text-anchor="middle" overflow="visible"`,
      );
    });
  return { svg, width: options.width, height: options.height };
}

/** n colours of a named scheme of Plot, as CSS colours. */
export function schemeColors(scheme: Plot.ColorScheme, n: number): string[] {
  const scale = Plot.scale({
    color: { type: "linear", scheme, domain: [0, Math.max(1, n - 1)] },
  });
  return Array.from({ length: n }, (_, i) => scale.apply(i) as string);
}

/** Red, green and blue of a CSS colour, `#rrggbb` or `rgb(…)`, as bytes. */
export function rgbOf(color: string): [number, number, number] {
  const hex = color.match(/^#(..)(..)(..)$/);
  const parts = hex
    ? hex.slice(1).map((part) => parseInt(part, 16))
    : color.match(/[\d.]+/g)!.map(Number);
  return [parts[0]!, parts[1]!, parts[2]!];
}
