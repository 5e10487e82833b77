import * as Plot from "@observablehq/plot";
import { parseHTML } from "linkedom";
import type { Panel } from "../figure.ts";
import { FONT, INK } from "../theme.ts";

const { document } = parseHTML("<!DOCTYPE html><html><body></body></html>");

/** Draws an Observable Plot as a panel, without a browser. */
export function plotPanel(options: Plot.PlotOptions & { width: number; height: number }): Panel {
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
