// @ts-types="@types/opentype.js"
import { type Font, parse } from "opentype.js";
// Deno knows where a package's files are once something of it is imported.
import "dejavu-fonts-ttf/package.json" with { type: "json" };

let files: readonly Uint8Array[] | undefined;

/** The files of the fonts that come along: regular and bold. */
export function fontFiles(): readonly Uint8Array[] {
  return files ??= ["DejaVuSans.ttf", "DejaVuSans-Bold.ttf"].map((name) =>
    Deno.readFileSync(new URL(import.meta.resolve(`dejavu-fonts-ttf/ttf/${name}`)))
  );
}

/** Width of a character that the fonts lack, in ems: that of Chinese, Japanese and Korean ones. */
const FOREIGN_EMS = 1;
/** What takes no room of its own and needs no glyph: joiners, marks, blanks of other widths, controls. */
const UNSEEN = /^[\p{Mark}\p{Cf}\p{Zs}\p{Cc}]$/u;

let regular: Font | undefined;

function font(): Font {
  return regular ??= parse(fontFiles()[0]!.slice().buffer);
}

/** Width of a text in CSS pixels at a font size, as the font that comes along sets it. */
export function textWidth(text: string, size = 11): number {
  const face = font();
  let ems = 0;
  for (const character of text) {
    const glyph = face.charToGlyph(character);
    if (glyph.index !== 0) ems += (glyph.advanceWidth ?? 0) / face.unitsPerEm;
    else if (!UNSEEN.test(character)) ems += FOREIGN_EMS;
  }
  return ems * size;
}

/** Width of the widest of some texts. */
export function widestText(texts: Iterable<string>, size = 11): number {
  let widest = 0;
  for (const text of texts) widest = Math.max(widest, textWidth(text, size));
  return widest;
}

/** The characters of a text for which the fonts that come along have no glyph, each once. */
export function missingCharacters(text: string): string[] {
  return [...new Set(text)].filter((character) =>
    !UNSEEN.test(character) && font().charToGlyphIndex(character) === 0
  );
}
