import { type SheetLayout, tileOf } from "../sheet_layout.ts";

/** Sheets kept decoded: four megabytes each. */
const KEPT = 8;

/** Draws images from their sheets, which are decoded when first needed. */
export class Thumbnails {
  readonly #urls: readonly string[];
  readonly #layout: SheetLayout;
  readonly #canvas: HTMLCanvasElement;
  readonly #decoded = new Map<number, Promise<HTMLImageElement>>();
  #wanted = -1;

  constructor(urls: readonly string[], layout: SheetLayout, canvas: HTMLCanvasElement) {
    this.#urls = urls;
    this.#layout = layout;
    this.#canvas = canvas;
    canvas.width = layout.width;
    canvas.height = layout.height;
  }

  /** Shows an image; one that is asked for meanwhile wins. */
  async show(index: number): Promise<void> {
    if (index === this.#wanted) return;
    this.#wanted = index;
    const { sheet, x, y } = tileOf(index, this.#layout);
    const context = this.#canvas.getContext("2d")!;
    const { width, height } = this.#layout;
    if (!this.#decoded.has(sheet)) context.clearRect(0, 0, width, height);
    const image = await this.#sheet(sheet);
    if (this.#wanted !== index) return;
    context.drawImage(image, x, y, width, height, 0, 0, width, height);
    this.#canvas.dataset["shows"] = String(index);
  }

  #sheet(number: number): Promise<HTMLImageElement> {
    const sheet = this.#decoded.get(number) ?? decode(this.#urls[number]!);
    // Put last: the first is the one not used for longest.
    this.#decoded.delete(number);
    this.#decoded.set(number, sheet);
    if (this.#decoded.size > KEPT) this.#decoded.delete(this.#decoded.keys().next().value!);
    return sheet;
  }
}

async function decode(url: string): Promise<HTMLImageElement> {
  const image = new Image();
  image.src = url;
  await image.decode();
  return image;
}
