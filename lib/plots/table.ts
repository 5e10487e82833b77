import type pl from "nodejs-polars";
import { type Displayable, jupyterDisplay } from "../base/display.ts";
import {
  checkOptions,
  record,
  type Rules,
  suggestion,
  text as anyText,
  whole,
} from "../base/check.ts";
import { escapeHtml } from "../base/text.ts";

/** A table that shows all its rows in a notebook (a polars frame shows ten). */
export interface Table extends Displayable {
  /** Rows as objects, as they were given. */
  readonly rows: readonly Record<string, unknown>[];
}

/** How a column is shown: its title, or its title and how its values are written. */
export type TableColumn = string | {
  readonly title: string;
  /** Writes a value that is neither null nor undefined. */
  readonly format: (value: never) => string;
};

/** What {@linkcode showTable} can be told. */
export interface TableOptions {
  /** Digits after the point of numbers that are not whole; by default what each column calls for. */
  readonly digits?: number;
  /** The columns to show, in order: title by key; by default all, under their keys. */
  readonly columns?: Readonly<Record<string, TableColumn>>;
  /** Stands above the table. */
  readonly caption?: string;
}

const RULES: Rules<TableOptions> = {
  columns: record("an object of titles by key"),
  digits: whole(0, 100),
  caption: anyText,
};

/**
 * A polars frame, or rows, as a table: numbers to the right, missing values empty. Without `digits`, the
 * numbers of a column have equally many after the point, at most four and fewer where they are large or
 * all end in zeros; values as one sets them (0.3, 1, 10) are shown as short as they are, and columns of
 * tiny numbers have three significant digits. A column stands where its name first occurs, also one that
 * only later rows have.
 *
 * @throws {TypeError} If an option is unknown or of the wrong kind, or `data` is neither frame nor rows
 * @throws {RangeError} If there are no rows, or none has a column that `columns` names
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { showTable } from "deep-features";
 *
 * const table = showTable([{ name: "softmax", accuracy: 0.7 }]);
 * assert(table.rows.length === 1);
 * ```
 */
export function showTable(
  data: pl.DataFrame | readonly Record<string, unknown>[],
  options: TableOptions = {},
): Table {
  checkOptions("showTable", options, RULES);
  const rows = recordsOf(data);
  if (rows.length === 0) throw new RangeError("There are no rows to show");
  const { digits, caption } = options;
  const names = new Set<string>();
  for (const row of rows) for (const name of Object.keys(row)) names.add(name);
  const columns = Object.keys(options.columns ?? Object.fromEntries([...names].map((n) => [n, n])));
  for (const column of columns) {
    if (!names.has(column)) {
      throw new RangeError(`No row has a column "${column}"${suggestion(column, [...names])}`);
    }
  }
  const settings = columns.map((column): Exclude<TableColumn, string> | { title: string } => {
    const setting = options.columns?.[column] ?? column;
    return typeof setting === "string" ? { title: setting } : setting;
  });
  const isNumeric = columns.map((column) =>
    rows.every((row) => row[column] == null || typeof row[column] === "number")
  );
  const formats = columns.map((column, c) =>
    isNumeric[c]
      ? columnFormat(rows.map((row) => row[column]).filter((value) => value != null), digits)
      : String
  );
  const text = (row: Record<string, unknown>, c: number) => {
    const value = row[columns[c]!];
    if (value == null) return "";
    const setting = settings[c]!;
    if ("format" in setting) return setting.format(value as never);
    return typeof value === "number" ? formats[c]!(value) : String(value);
  };
  const cell = (tag: string, content: string, c: number) =>
    `<${tag}${isNumeric[c] ? ' class="number" style="text-align: right"' : ""}>${
      escapeHtml(content)
    }</${tag.split(" ")[0]}>`;
  const head = settings.map(({ title }, c) => cell('th scope="col"', title, c)).join("");
  const body = rows.map((row) =>
    `<tr>${columns.map((_, c) => cell("td", text(row, c), c)).join("")}</tr>`
  ).join("");
  const widths = columns.map((_, c) =>
    rows.reduce((widest, row) => Math.max(widest, text(row, c).length), settings[c]!.title.length)
  );
  const line = (texts: string[]) =>
    texts.map((value, c) => isNumeric[c] ? value.padStart(widths[c]!) : value.padEnd(widths[c]!))
      .join("  ").trimEnd();
  return {
    rows,
    [jupyterDisplay]: () => ({
      "text/plain": [
        line(settings.map(({ title }) => title)),
        ...rows.map((row) => line(columns.map((_, c) => text(row, c)))),
      ]
        .join("\n"),
      "text/html": `<table>${
        caption ? `<caption>${escapeHtml(caption)}</caption>` : ""
      }<thead><tr>${head}</tr></thead><tbody>${body}</tbody></table>`,
    }),
  };
}

function recordsOf(
  data: pl.DataFrame | readonly Record<string, unknown>[],
): readonly Record<string, unknown>[] {
  const rows: unknown = Array.isArray(data)
    ? data
    : typeof (data as pl.DataFrame | null)?.toRecords === "function"
    ? (data as pl.DataFrame).toRecords()
    : undefined;
  const wanted = "Cannot show a table: data must be a polars frame or an array of objects";
  if (!Array.isArray(rows)) throw new TypeError(wanted);
  const odd = rows.findIndex((row) => typeof row !== "object" || row === null);
  if (odd >= 0) throw new TypeError(`${wanted}, but row ${odd} is ${rows[odd]}`);
  return rows;
}

/** Digits after the point of a column, where more would say nothing. */
const MAX_DIGITS = 4;
/** Significant digits of tiny numbers. */
const SIGNIFICANT = 3;
/** Numbers with at most so many significant digits are taken for set, not measured. */
const SET_DIGITS = 2;

/** How the numbers of a column are written, so that they can be compared. */
function columnFormat(
  column: readonly unknown[],
  digits: number | undefined,
): (value: number) => string {
  const values = column.map(Number).filter(Number.isFinite);
  const isWhole = values.every(Number.isInteger);
  const largest = values.reduce((most, value) => Math.max(most, Math.abs(value)), -Infinity);
  if (digits !== undefined) {
    // Counts are shown as they are; a column of nothing but 0 and 1 may as well be one of shares.
    return isWhole && largest > 1 ? grouped : (value) => value.toFixed(digits);
  }
  if (isWhole) return grouped;
  const isSet = values.some(Number.isInteger) &&
    values.every((value) => Number(value.toPrecision(SET_DIGITS)) === value);
  if (isSet) return String;
  const least = values.reduce(
    (least, value) => value === 0 ? least : Math.min(least, Math.abs(value)),
    Infinity,
  );
  const isTiny = largest < 10 ** (2 - MAX_DIGITS) && least < 10 ** (1 - MAX_DIGITS);
  if (isTiny) return (value) => value === 0 ? "0" : value.toPrecision(SIGNIFICANT);
  const before = Math.max(0, Math.floor(Math.log10(largest)));
  const most = Math.max(1, MAX_DIGITS - before);
  const needed = values.reduce((digits, value) => {
    const [, after = ""] = value.toFixed(most).split(".");
    return Math.max(digits, after.replace(/0+$/, "").length);
  }, 0);
  return (value) => value.toFixed(Math.max(1, needed));
}

function grouped(value: number): string {
  return value.toLocaleString("en");
}
