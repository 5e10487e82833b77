import encode, { init } from "@jsquash/webp/encode.js";
import { simd } from "wasm-feature-detect";
import type { Split } from "../../../dataset/split.ts";
import type { RunOptions } from "../../../base/run_options.ts";
import { type SheetLayout, tileOf } from "./sheet_layout.ts";
import { toBase64 } from "./points.ts";

/** Many small images as few larger ones, in WebP. */
export interface SpriteSheets {
  readonly layout: SheetLayout;
  /** Data URLs of the sheets, in order. */
  readonly sheets: readonly string[];
}

/** Longest side of a sheet in pixels: a browser decodes 1,024 images of 32 × 32 in some 10 ms. */
const SHEET_SIDE = 1024;
/**
 * WebP's quality and effort. CIFAR-10's 50,000 images take 13.5 MB at 75; the effort of 2 takes a third
 * of the time of the default, 4, for 3 % more bytes.
 */
const QUALITY = 75, EFFORT = 2;

let ready: Promise<unknown> | undefined;

/**
 * Packs images of equal size into sheets.
 *
 * @param options.onProgress Told the images done
 * @throws {RangeError} If an image is larger than a sheet
 * @throws {DOMException} Named `AbortError`, if `options.signal` aborts
 */
export async function spriteSheets(
  { images, shape: [n, height, width, channels] }: Split,
  options: RunOptions = {},
): Promise<SpriteSheets> {
  const columns = Math.floor(SHEET_SIDE / width), rows = Math.floor(SHEET_SIDE / height);
  if (columns < 1 || rows < 1) {
    throw new RangeError(
      `Cannot pack images of ${width} × ${height} pixels: a sheet has ${SHEET_SIDE} × ${SHEET_SIDE}`,
    );
  }
  await (ready ??= startEncoder());
  const layout = { width, height, columns, rows };
  const perSheet = columns * rows;
  const sheets: string[] = [];
  for (let first = 0; first < n; first += perSheet) {
    options.signal?.throwIfAborted();
    const count = Math.min(perSheet, n - first);
    const pixels = {
      width: columns * width,
      height: Math.ceil(count / columns) * height,
      colorSpace: "srgb" as const,
      data: new Uint8ClampedArray(columns * width * Math.ceil(count / columns) * height * 4),
    };
    for (let i = 0; i < count; i++) copyTile(images, channels, first + i, layout, pixels);
    const webp = await encode(pixels as unknown as ImageData, { quality: QUALITY, method: EFFORT });
    sheets.push(`data:image/webp;base64,${toBase64(new Uint8Array(webp))}`);
    options.onProgress?.({ done: first + count, total: n });
    // The encoder never waits by itself; let an interrupt in.
    await new Promise((resolve) => setTimeout(resolve));
  }
  return { layout, sheets };
}

async function startEncoder(): Promise<void> {
  if (!await simd()) throw new Error("This machine's WebAssembly has no SIMD");
  const wasm = import.meta.resolve("@jsquash/webp/codec/enc/webp_enc_simd.wasm");
  await init(await WebAssembly.compile(await Deno.readFile(new URL(wasm))));
}

/** Copies grey, RGB or RGBA bytes of an image to its place on an RGBA sheet. */
function copyTile(
  images: Uint8Array,
  channels: number,
  index: number,
  layout: SheetLayout,
  sheet: { width: number; data: Uint8ClampedArray },
): void {
  const { width, height } = layout;
  const { x, y } = tileOf(index, layout);
  let from = index * width * height * channels;
  for (let row = 0; row < height; row++) {
    let to = ((y + row) * sheet.width + x) * 4;
    for (let column = 0; column < width; column++) {
      for (let c = 0; c < 3; c++) sheet.data[to + c] = images[channels === 1 ? from : from + c]!;
      sheet.data[to + 3] = channels === 4 ? images[from + 3]! : 255;
      from += channels;
      to += 4;
    }
  }
}
