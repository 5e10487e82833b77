import { type Displayable, jupyterDisplay } from "../base/display.ts";
import { escapeHtml } from "../base/text.ts";
import { FONT, INK, PAPER } from "./theme.ts";
import { textWidth } from "./engine/fonts.ts";

/** A finished figure: a value that shows itself in a notebook and can be saved (`saveFigure`). */
export interface Figure extends Displayable {
  /** The whole figure as a standalone SVG document. */
  readonly svg: string;
  /** Width in CSS pixels. */
  readonly width: number;
  /** Height in CSS pixels. */
  readonly height: number;
  /** What the figure shows, for people who don't see it. */
  readonly alt: string;
}

/** A figure that readers can explore, besides its fixed form. */
export interface InteractiveFigure extends Figure {
  /** The explorable form as one HTML page that loads nothing from elsewhere. */
  readonly html: string;
}

const TITLE_HEIGHT = 40, TITLE_SIZE = 15;
/** How much wider bold text is than regular text, at most. */
const TITLE_BOLD = 1.13;
const PADDING = 16;

/** A piece of a figure: the inside of an SVG with its size. */
export interface Panel {
  readonly svg: string;
  readonly width: number;
  readonly height: number;
}

/** Lays panels side by side on a light card under a title. */
export function createFigure(
  { title, alt, panels, gap = 16 }: {
    title: string;
    alt: string;
    panels: readonly Panel[];
    gap?: number;
  },
): Figure {
  const inner = panels.reduce((sum, panel) => sum + panel.width, gap * (panels.length - 1));
  const tallest = Math.max(...panels.map((panel) => panel.height));
  // A title wider than what it stands over widens the card.
  const width = Math.max(inner, Math.ceil(TITLE_BOLD * textWidth(title, TITLE_SIZE))) + 2 * PADDING,
    height = TITLE_HEIGHT + tallest + PADDING;
  let x = PADDING;
  const placed = panels.map((panel) => {
    const svg = panel.svg.replace(/^<svg/, `<svg x="${x}" y="${TITLE_HEIGHT}"`);
    x += panel.width + gap;
    return svg;
  });
  const svg =
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" ` +
    `role="img" aria-label="${
      escapeHtml(alt)
    }" font-family="${FONT}" style="max-width: 100%; height: auto">` +
    `<title>${escapeHtml(alt)}</title>` +
    `<rect width="${width}" height="${height}" rx="6" fill="${PAPER}"/>` +
    `<text x="${PADDING}" y="26" font-size="${TITLE_SIZE}" font-weight="bold" fill="${INK}">${
      escapeHtml(title)
    }</text>` +
    placed.join("") + "</svg>";
  return {
    svg,
    width,
    height,
    alt,
    [jupyterDisplay]: () => ({ "text/plain": alt, "text/html": svg, "image/svg+xml": svg }),
  };
}

/** A panel of hand-made SVG elements. */
export function svgPanel(width: number, height: number, content: string): Panel {
  return {
    svg:
      `<svg width="${width}" height="${height}" viewBox="0 0 ${width} ${height}">${content}</svg>`,
    width,
    height,
  };
}
