import { extname, resolve } from "@std/path";
import { initWasm, Resvg } from "@resvg/resvg-wasm";
import { checkOptions, instance, listOf, positive, type Rules } from "../base/check.ts";
import { writeWhole } from "../base/write_whole.ts";
import { fontFiles, missingCharacters } from "./engine/fonts.ts";
import type { Figure, InteractiveFigure } from "./figure.ts";

/** What {@linkcode saveFigure} can be told. */
export interface SaveFigureOptions {
  /** Pixels of a PNG in one CSS pixel; default 2. */
  readonly scale?: number;
  /**
   * Contents of TrueType or OpenType files for characters that the font that comes along lacks, such as
   * Chinese, Japanese, Korean and Hindi ones, in a PNG.
   */
  readonly fonts?: readonly Uint8Array[];
}

const RULES: Rules<SaveFigureOptions> = {
  scale: positive,
  fonts: listOf(instance(Uint8Array), "an array of font files' bytes"),
};

let ready: Promise<void> | undefined;

/**
 * Saves a figure as `.png` or `.svg`, whichever the path ends in, or as `.html` if it can be explored
 * ({@linkcode InteractiveFigure}). A PNG is drawn with a font that comes along, so that its text is
 * readable on a machine without any; characters that neither it nor `fonts` has are told by a warning.
 * The file is written whole or not at all; missing folders are made.
 *
 * @throws {TypeError} If an option is unknown or of the wrong kind, or the path is a folder
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
  options: SaveFigureOptions = {},
): Promise<void> {
  checkOptions("saveFigure", options, RULES);
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
    ? await renderPng(figure.svg, options)
    : new TextEncoder().encode(
      extension === ".html" ? (figure as InteractiveFigure).html : figure.svg,
    );
  await writeWhole(resolve(path), bytes);
}

async function renderPng(
  svg: string,
  { scale = 2, fonts = [] }: SaveFigureOptions,
): Promise<Uint8Array> {
  if (fonts.length === 0) warnOfMissing(svg);
  await (ready ??= initWasm(
    Deno.readFile(new URL(import.meta.resolve("@resvg/resvg-wasm/index_bg.wasm"))),
  ));
  const image = new Resvg(svg, {
    fitTo: { mode: "zoom", value: scale },
    font: {
      fontBuffers: [...fontFiles(), ...fonts],
      defaultFontFamily: "DejaVu Sans",
      sansSerifFamily: "DejaVu Sans",
      loadSystemFonts: false,
    },
  });
  return image.render().asPng();
}

/** Boxes in place of letters must not go unnoticed. */
function warnOfMissing(svg: string): void {
  const texts = [...svg.matchAll(/<(?:text|tspan)[^>]*>([^<]*)/g)].map((match) => match[1]!).join(
    "",
  );
  const missing = missingCharacters(texts);
  if (missing.length === 0) return;
  console.warn(
    `The PNG shows boxes for ${missing.slice(0, 8).join(" ")}${
      missing.length > 8 ? " …" : ""
    }, which its ` +
      "font lacks: save as .svg, or give a font that has them, as in saveFigure(figure, path, { fonts: " +
      '[await Deno.readFile("NotoSansCJK-Regular.ttc")] })',
  );
}
