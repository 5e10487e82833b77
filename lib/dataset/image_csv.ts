import { parse } from "csv-parse/sync";
import { dirname, resolve } from "@std/path";
import { checkOptions, listOf, oneOf, type Rules, suggestion, text } from "../base/check.ts";
import { RUN_RULES, type RunOptions } from "../base/run_options.ts";
import { interruptible } from "../notebook/interrupt.ts";
import { type OnError, readLabeled } from "./engine/read_images.ts";
import { showFolder } from "./engine/show_images.ts";
import type { ImageFolder } from "./image_folder.ts";
import { type Channels, CHANNELS_RULE, type ImageSize, SIZE_RULE } from "./load_image.ts";

/** What {@linkcode loadImageCsv} can be told. */
export interface ImageCsvOptions extends RunOptions {
  /** Height and width of all images; default `[32, 32]`. */
  readonly size?: ImageSize;
  /** Channels of all images, as in {@linkcode loadImageFolder}; default 3. */
  readonly channels?: Channels;
  /** The column of the images' paths; default `"path"`. */
  readonly pathColumn?: string;
  /** The column of their classes; default `"label"`. */
  readonly labelColumn?: string;
  /** Where relative paths begin; default: the table's folder. */
  readonly folder?: string;
  /** The classes in the wanted order; default: those that occur, numbers by size, texts by alphabet. */
  readonly classNames?: readonly string[];
  /** What is done about images that cannot be read, as in {@linkcode loadImageFolder}. */
  readonly onError?: OnError;
}

const RULES: Rules<ImageCsvOptions> = {
  ...RUN_RULES,
  size: SIZE_RULE,
  channels: CHANNELS_RULE,
  pathColumn: text,
  labelColumn: text,
  folder: text,
  classNames: listOf(text),
  onError: oneOf("throw", "skip"),
};

const MAX_CLASSES = 256;

/**
 * Loads the images that a table of paths and labels names: a CSV with a header line, separated by commas,
 * semicolons or tabs. The images are read and resized as {@linkcode loadImageFolder} does.
 *
 * @param path The table
 * @throws {Deno.errors.NotFound} If there is no such table
 * @throws {TypeError} If it is no CSV, lacks a column, or images cannot be read: naming all of them; if an
 *   option is of a wrong kind or unknown
 * @throws {RangeError} If a path or a label is missing, a label is none of `classNames`, or there are fewer
 *   than two classes or more than 256, with the line
 * @throws {DOMException} If the signal aborts
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { encode } from "fast-png";
 * import { loadImageCsv } from "deep-features/dataset";
 *
 * const folder = await Deno.makeTempDir();
 * for (const [name, grey] of [["a", 50], ["b", 200]] as const) {
 *   const data = new Uint8Array(40 * 30 * 3).fill(grey);
 *   await Deno.writeFile(`${folder}/${name}.png`, encode({ width: 40, height: 30, data, channels: 3 }));
 * }
 * await Deno.writeTextFile(`${folder}/table.csv`, "path,label\na.png,night\nb.png,day\n");
 * const { images, classNames } = await loadImageCsv(`${folder}/table.csv`, { size: [24, 24] });
 * assert.deepEqual(classNames, ["day", "night"]);
 * assert.deepEqual([...images.labels], [1, 0]);
 * await Deno.remove(folder, { recursive: true });
 * ```
 */
export async function loadImageCsv(
  path: string,
  options: ImageCsvOptions = {},
): Promise<ImageFolder> {
  checkOptions("loadImageCsv", options, RULES);
  const { size = [32, 32], channels = 3, onError = "throw", onProgress, signal } = options;
  return await interruptible(signal, async (signal) => {
    signal?.throwIfAborted();
    const { files, names } = readTable(await Deno.readTextFile(path), path, options);
    const classNames = options.classNames ?? inOrder(new Set(names));
    if (classNames.length < 2 || classNames.length > MAX_CLASSES) {
      throw new RangeError(
        `${path} has ${classNames.length} classes: from 2 to ${MAX_CLASSES} can be told apart`,
      );
    }
    const labels = Uint8Array.from(names, (name, i) => {
      const label = classNames.indexOf(name);
      if (label >= 0) return label;
      throw new RangeError(
        `${path}, image ${i + 1}: class ${JSON.stringify(name)} is not among classNames`,
      );
    });
    const read = await readLabeled({ files, labels, classNames }, size, {
      channels,
      onError,
      onProgress,
      signal,
    });
    return showFolder({ ...read, classNames, passedOver: [] });
  });
}

/** The images' paths, and their classes' names. */
function readTable(content: string, path: string, options: ImageCsvOptions) {
  const { pathColumn = "path", labelColumn = "label" } = options;
  const folder = resolve(options.folder ?? dirname(path));
  const [header, ...rows] = parseTable(content, path);
  if (!header || rows.length === 0) throw new RangeError(`${path} holds no images`);
  const [pathAt, labelAt] = [pathColumn, labelColumn].map((column) => {
    const at = header.cells.indexOf(column);
    if (at >= 0) return at;
    throw new TypeError(`${path} has no column "${column}"${suggestion(column, header.cells)}`);
  }) as [number, number];
  const cell = (row: Row, at: number, column: string) => {
    const value = row.cells[at];
    if (value) return value;
    throw new RangeError(`${path}, line ${row.line}: column "${column}" is empty`);
  };
  return {
    files: rows.map((row) => resolve(folder, cell(row, pathAt, pathColumn))),
    names: rows.map((row) => cell(row, labelAt, labelColumn)),
  };
}

interface Row {
  readonly cells: string[];
  readonly line: number;
}

function parseTable(content: string, path: string): Row[] {
  const firstLine = content.slice(0, content.search(/\r|\n|$/));
  const count = (mark: string) => firstLine.split(mark).length;
  const delimiter = [",", ";", "\t"].reduce((a, b) => count(b) > count(a) ? b : a);
  try {
    // The package's types do not know what the option info adds.
    const rows = parse(content, {
      bom: true,
      delimiter,
      info: true,
      skip_empty_lines: true,
      trim: true,
    }) as unknown as { record: string[]; info: { lines: number } }[];
    return rows.map(({ record, info }) => ({ cells: record, line: info.lines }));
  } catch (cause) {
    throw new TypeError(`${path} is no CSV: ${(cause as Error).message}`, { cause });
  }
}

/** Numbers by size, texts by alphabet. */
function inOrder(names: ReadonlySet<string>): string[] {
  const areNumbers = [...names].every((name) => Number.isFinite(Number(name)));
  return [...names].sort((a, b) => areNumbers ? Number(a) - Number(b) : a < b ? -1 : 1);
}
