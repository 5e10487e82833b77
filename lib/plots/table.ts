import type pl from "nodejs-polars";
import { type Displayable, escapeHtml, jupyterDisplay } from "../display.ts";

/** A table that shows all its rows in a notebook (a polars frame shows ten). */
export interface Table extends Displayable {
  /** Rows as objects, as they were given. */
  readonly rows: readonly Record<string, unknown>[];
}

/** What {@linkcode showTable} can be told. */
export interface TableOptions {
  /** Digits after the point of numbers that are not whole; default 4. */
  readonly digits?: number;
  /** Stands above the table. */
  readonly caption?: string;
}

/**
 * A polars frame, or rows, as a table: numbers to the right, with equal digits; missing values empty.
 *
 * @throws {RangeError} If there are no rows
 *
 * @example
 * ```ts
 * import { showTable } from "deep-features";
 *
 * const table = showTable([{ name: "softmax", accuracy: 0.7 }]);
 * console.assert(table.rows.length === 1);
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
  const { digits = 4, caption } = options;
  const columns = Object.keys(rows[0]!);
  const isNumeric = columns.map((column) =>
    rows.every((row) => row[column] == null || typeof row[column] === "number")
  );
  // Counts are shown as they are; a column of nothing but 0 and 1 may as well be one of shares.
  const whole = columns.map((column) => {
    const values = rows.map((row) => Number(row[column] ?? 0));
    return values.every(Number.isInteger) && values.some((value) => Math.abs(value) > 1);
  });
  const text = (row: Record<string, unknown>, c: number) => {
    const value = row[columns[c]!];
    if (value == null) return "";
    if (typeof value !== "number") return String(value);
    return whole[c] ? value.toLocaleString("en") : value.toFixed(digits);
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
