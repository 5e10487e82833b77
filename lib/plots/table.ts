import type pl from "nodejs-polars";
import { type Displayable, jupyterDisplay } from "../base/display.ts";
import { escapeHtml } from "../base/text.ts";

/** A table that shows all its rows in a notebook (a polars frame shows ten). */
export interface Table extends Displayable {
  /** Rows as objects, as they were given. */
  readonly rows: readonly Record<string, unknown>[];
}

/** What {@linkcode showTable} can be told. */
export interface TableOptions {
  /** Digits after the point of numbers that are not whole; by default what each column calls for. */
  readonly digits?: number;
  /** Stands above the table. */
  readonly caption?: string;
}

/**
 * A polars frame, or rows, as a table: numbers to the right, missing values empty. Without `digits`, the
 * numbers of a column have equally many after the point, at most four and fewer where they are large or
 * all end in zeros; values as one sets them (0.3, 1, 10) are shown as short as they are, and columns of
 * tiny numbers have three significant digits.
 *
 * @throws {RangeError} If there are no rows
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
  const rows = Array.isArray(data)
    ? data as Record<string, unknown>[]
    : (data as pl.DataFrame).toRecords() as Record<string, unknown>[];
  if (rows.length === 0) throw new RangeError("There are no rows to show");
  const { digits, caption } = options;
  const columns = Object.keys(rows[0]!);
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
    return typeof value === "number" ? formats[c]!(value) : String(value);
  };
  const cell = (tag: string, content: string, c: number) =>
    `<${tag}${isNumeric[c] ? ' class="number" style="text-align: right"' : ""}>${
      escapeHtml(content)
    }</${tag.split(" ")[0]}>`;
  const head = columns.map((column, c) => cell('th scope="col"', column, c)).join("");
  const body = rows.map((row) =>
    `<tr>${columns.map((_, c) => cell("td", text(row, c), c)).join("")}</tr>`
  ).join("");
  const widths = columns.map((column, c) =>
    Math.max(column.length, ...rows.map((row) => text(row, c).length))
  );
  const line = (texts: string[]) =>
    texts.map((value, c) => isNumeric[c] ? value.padStart(widths[c]!) : value.padEnd(widths[c]!))
      .join("  ").trimEnd();
  return {
    rows,
    [jupyterDisplay]: () => ({
      "text/plain": [line(columns), ...rows.map((row) => line(columns.map((_, c) => text(row, c))))]
        .join("\n"),
      "text/html": `<table>${
        caption ? `<caption>${escapeHtml(caption)}</caption>` : ""
      }<thead><tr>${head}</tr></thead><tbody>${body}</tbody></table>`,
    }),
  };
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
  const largest = Math.max(...values.map(Math.abs));
  if (digits !== undefined) {
    // Counts are shown as they are; a column of nothing but 0 and 1 may as well be one of shares.
    return isWhole && largest > 1 ? grouped : (value) => value.toFixed(digits);
  }
  if (isWhole) return grouped;
  const isSet = values.some(Number.isInteger) &&
    values.every((value) => Number(value.toPrecision(SET_DIGITS)) === value);
  if (isSet) return String;
  const least = Math.min(...values.filter((value) => value !== 0).map(Math.abs));
  const isTiny = largest < 10 ** (2 - MAX_DIGITS) && least < 10 ** (1 - MAX_DIGITS);
  if (isTiny) return (value) => value === 0 ? "0" : value.toPrecision(SIGNIFICANT);
  const before = Math.max(0, Math.floor(Math.log10(largest)));
  const most = Math.max(1, MAX_DIGITS - before);
  const needed = Math.max(...values.map((value) => {
    const [, after = ""] = value.toFixed(most).split(".");
    return after.replace(/0+$/, "").length;
  }));
  return (value) => value.toFixed(Math.max(1, needed));
}

function grouped(value: number): string {
  return value.toLocaleString("en");
}
