/** How small images are laid out on larger sheets; the viewer runs in a browser and shares this file. */
export interface SheetLayout {
  /** Size of an image in pixels. */
  readonly width: number;
  readonly height: number;
  /** Images in a row of a sheet. */
  readonly columns: number;
  /** Rows of a full sheet. */
  readonly rows: number;
}

/** Where an image lies: its sheet, and its left upper corner there in pixels. */
export interface Tile {
  readonly sheet: number;
  readonly x: number;
  readonly y: number;
}

/** Finds an image by its number. */
export function tileOf(index: number, { width, height, columns, rows }: SheetLayout): Tile {
  const sheet = Math.floor(index / (columns * rows));
  const place = index % (columns * rows);
  return { sheet, x: place % columns * width, y: Math.floor(place / columns) * height };
}
