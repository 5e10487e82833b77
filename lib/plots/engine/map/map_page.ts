import { createHash } from "node:crypto";
import { escapeHtml } from "../../../base/text.ts";
import type { PackedPoints } from "./points.ts";
import type { SpriteSheets } from "./sprite_sheets.ts";
import template from "./viewer/page.html" with { type: "text" };
import style from "./viewer/style.css" with { type: "text" };

/** What a page says besides its points; the viewer reads it back. */
export interface MapInfo {
  readonly title: string;
  readonly description: string;
  readonly classNames: readonly string[];
  /** Colours of the classes, as `#rrggbb` or `rgb(…)`. */
  readonly colors: readonly string[];
  readonly axisLabels: readonly [string, string];
  /** What the points of the subset are called, if there is one. */
  readonly subsetName?: string;
}

/**
 * One HTML page that holds everything: script, style, points and images. All that comes from outside
 * stands in escaped text or attributes, never in the script, whose digest the page's policy names.
 */
export function mapPage(
  info: MapInfo,
  points: PackedPoints,
  images: SpriteSheets | undefined,
  script: string,
): string {
  const digest = createHash("sha256").update(script).digest("base64");
  const parts: Record<string, string> = {
    policy: `default-src 'none'; img-src data: blob:; style-src 'unsafe-inline'; ` +
      `script-src 'sha256-${digest}'; base-uri 'none'; form-action 'none'`,
    title: escapeHtml(info.title),
    description: escapeHtml(info.description),
    info: escapeHtml(JSON.stringify({ ...info, layout: images?.layout })),
    points: escapeHtml(JSON.stringify(points)),
    // In a template nothing is loaded or decoded until the viewer asks for it.
    sheets: (images?.sheets ?? []).map((url) => `<img alt="" src="${escapeHtml(url)}">`).join("\n"),
  };
  return template.replace(
    /\{\{ ?(\w+) ?\}\}|<(style|script)><\/\2>/g,
    (_, name: string | undefined, tag: "style" | "script") =>
      name === undefined ? `<${tag}>${tag === "style" ? style : script}</${tag}>` : parts[name]!,
  );
}
