import { createBreather } from "../../notebook/progress.ts";
import type { RunOptions } from "../../base/run_options.ts";
import { type Split, takeRows } from "../split.ts";
import type { Channels } from "../load_image.ts";
import { MissingDecoder } from "./decode_image.ts";
import { decodePicture } from "./decode_picture.ts";
import { showSplit } from "./show_images.ts";

/** A file that could not be read. */
export interface UnreadableImage {
  readonly file: string;
  /** Why: a sentence. */
  readonly reason: string;
}

/** What is done about files that cannot be read: an error that lists them all, or going on without them. */
export type OnError = "throw" | "skip";

/** As many as an error lists; the others are counted. */
const MAX_LISTED = 200;

/** How images are read. */
export interface ReadOptions extends RunOptions {
  readonly channels: Channels;
  readonly onError: OnError;
}

/**
 * Reads images and brings them to one size, as many at a time as there are threads: each is decoded on a
 * thread of its own.
 *
 * @returns Bytes [files, height, width, channels], with gaps where a file is unreadable; `rows` names those that
 *   are filled
 * @throws {TypeError} If a file cannot be read and `onError` is "throw": naming all, each with the reason
 * @throws {RangeError} If no memory is left for so many images, or none of them can be read
 */
export async function readImages(
  files: readonly string[],
  size: readonly [number, number],
  { channels, onError, onProgress, signal }: ReadOptions,
): Promise<{ images: Uint8Array<ArrayBuffer>; rows: number[]; skipped: UnreadableImage[] }> {
  const bytes = size[0] * size[1] * channels;
  const images = allocate(files.length, size, bytes);
  const reasons = new Map<number, string>();
  let next = 0, done = 0;
  const breathe = createBreather();
  const work = async () => {
    while (next < files.length) {
      signal?.throwIfAborted();
      const i = next++;
      try {
        const { pixels } = await decodePicture(await Deno.readFile(files[i]!), size, channels);
        images.set(pixels, i * bytes);
      } catch (error) {
        if (error instanceof MissingDecoder) throw error;
        reasons.set(i, (error as Error).message);
      }
      signal?.throwIfAborted();
      onProgress?.({ done: ++done, total: files.length, message: "images" });
      await breathe();
    }
  };
  const threads = Math.min(files.length, navigator.hardwareConcurrency || 1);
  const outcomes = await Promise.allSettled(Array.from({ length: threads }, work));
  const failure = outcomes.find((outcome) => outcome.status === "rejected");
  if (failure) throw failure.reason;
  const skipped = [...reasons].sort(([a], [b]) => a - b)
    .map(([i, reason]) => ({ file: files[i]!, reason }));
  if (skipped.length > 0 && onError === "throw") throw unreadable(skipped, files.length);
  if (skipped.length === files.length) {
    throw new RangeError(`None of the ${files.length} images can be read. ${list(skipped)}`);
  }
  return { images, rows: [...files.keys()].filter((i) => !reasons.has(i)), skipped };
}

/** Image files with their labels. */
export interface LabeledFiles {
  readonly files: readonly string[];
  readonly labels: Uint8Array<ArrayBuffer>;
  readonly classNames: readonly string[];
}

/**
 * Reads labelled images to a split, as {@linkcode readImages} does; where some are skipped, without them.
 *
 * @throws {RangeError} If a class has no image that can be read
 */
export async function readLabeled(
  { files, labels, classNames }: LabeledFiles,
  size: readonly [number, number],
  options: ReadOptions,
): Promise<{ images: Split; files: string[]; skipped: UnreadableImage[] }> {
  const { images, rows, skipped } = await readImages(files, size, options);
  const all = showSplit<Split>({
    images,
    labels,
    shape: [files.length, ...size, options.channels],
  });
  const read = skipped.length > 0 ? takeRows(all, rows) : all;
  for (const { file, reason } of skipped) {
    const label = labels[files.indexOf(file)]!;
    if (!read.labels.includes(label)) {
      throw new RangeError(
        `None of the images of class ${classNames[label]} can be read. ${file}: ${reason}`,
      );
    }
  }
  return { images: read, files: rows.map((row) => files[row]!), skipped };
}

function allocate(count: number, [height, width]: readonly [number, number], bytes: number) {
  try {
    return new Uint8Array(count * bytes);
  } catch (cause) {
    const gib = (count * bytes / 2 ** 30).toFixed(1);
    throw new RangeError(
      `${count} images of ${height} × ${width} need ${gib} GiB, which cannot be had: choose a smaller size`,
      { cause },
    );
  }
}

function unreadable(skipped: readonly UnreadableImage[], count: number): TypeError {
  const [{ file, reason }] = skipped as [UnreadableImage];
  return new TypeError(
    skipped.length === 1
      ? `Cannot read the image ${file}: ${reason}`
      : `Cannot read ${skipped.length} of ${count} images (onError: "skip" goes on without them). ` +
        list(skipped),
  );
}

function list(skipped: readonly UnreadableImage[]): string {
  const lines = skipped.slice(0, MAX_LISTED).map(({ file, reason }) => `\n${file}: ${reason}`);
  const more = skipped.length - lines.length;
  return `They are${lines.join("")}${more > 0 ? `\nand ${more} more` : ""}`;
}
