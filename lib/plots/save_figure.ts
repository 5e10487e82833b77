import { dirname, extname, resolve } from "@std/path";
import { initWasm, Resvg } from "@resvg/resvg-wasm";
import resvgWasm from "@resvg/resvg-wasm/index_bg.wasm" with { type: "bytes" };
import boldFont from "dejavu-fonts-ttf/ttf/DejaVuSans-Bold.ttf" with {
  type: "bytes",
};
import regularFont from "dejavu-fonts-ttf/ttf/DejaVuSans.ttf" with {
  type: "bytes",
};
import type { Figure, InteractiveFigure } from "./figure.ts";

let ready: Promise<void> | undefined;

/**
 * Saves a figure as `.png` or `.svg`, whichever the path ends in, or as `.html` if it can be explored
 * ({@linkcode InteractiveFigure}). A PNG is drawn with a font that comes
 * along, so that its text is readable on a machine without any. The file is written beside its place
 * and renamed; missing folders are made.
 *
 * @param scale Pixels of a PNG in one CSS pixel; default 2
 * @throws {RangeError} If the path ends in none of these, or in `.html` for a figure that is fixed
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { learningCurves, saveFigure } from "deep-features";
 *
 * const history = { loss: [2, 1], accuracy: [0.2, 0.5], valLoss: [2, 1.5], valAccuracy: [0.1, 0.4] };
 * const path = await Deno.makeTempFile({ suffix: ".png" });
 * await saveFigure(learningCurves({ history }), path);
 * assert((await Deno.readFile(path))[1] === "P".charCodeAt(0));
 * await Deno.remove(path);
 * ```
 */
export async function saveFigure(
  figure: Figure | InteractiveFigure,
  path: string,
  scale = 2,
): Promise<void> {
  const extension = extname(path).toLowerCase();
  if (![".png", ".svg", ".html"].includes(extension)) {
    throw new RangeError(
      `Cannot save a figure as ${path}: the name must end in .png or .svg, or .html if it is interactive`,
    );
  }
  if (extension === ".html" && !("html" in figure)) {
    throw new RangeError(`Cannot save a figure that is not interactive as ${path}`);
  }
  const bytes = extension === ".png"
    ? await renderPng(figure.svg, scale)
    : new TextEncoder().encode(
      extension === ".html" ? (figure as InteractiveFigure).html : figure.svg,
    );
  const place = resolve(path);
  await Deno.mkdir(dirname(place), { recursive: true });
  const part = `${place}.${crypto.randomUUID()}.part`;
  await Deno.writeFile(part, bytes);
  await Deno.rename(part, place);
}

async function renderPng(svg: string, scale: number): Promise<Uint8Array> {
  await (ready ??= initWasm(resvgWasm));
  const image = new Resvg(svg, {
    fitTo: { mode: "zoom", value: scale },
    font: {
      fontBuffers: [regularFont, boldFont],
      defaultFontFamily: "DejaVu Sans",
      sansSerifFamily: "DejaVu Sans",
      loadSystemFonts: false,
    },
  });
  return image.render().asPng();
}
