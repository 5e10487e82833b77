// @ts-types="@types/opentype.js"
import { type Font, parse } from "opentype.js";
import boldFont from "dejavu-fonts-ttf/ttf/DejaVuSans-Bold.ttf" with { type: "bytes" };
import regularFont from "dejavu-fonts-ttf/ttf/DejaVuSans.ttf" with { type: "bytes" };

/** The fonts that come along: regular and bold. */
export const FONT_FILES: readonly Uint8Array[] = [regularFont, boldFont];

/** Width of a character that the fonts lack, in ems: that of Chinese, Japanese and Korean ones. */
const FOREIGN_EMS = 1;
/** What takes no room of its own and needs no glyph: joiners, marks, blanks of other widths, controls. */
const UNSEEN = /^[\p{Mark}\p{Cf}\p{Zs}\p{Cc}]$/u;

let regular: Font | undefined;

function font(): Font {
  return regular ??= parse(regularFont.slice().buffer);
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
