import { Ajv } from "ajv";
import {
  attribute,
  type Element,
  elementsOf,
  isElement,
  parseFragment,
  textOf,
} from "./engine/html_tree.ts";
import { Outline, renderMarkdown } from "./markdown.ts";
import { joinText, type MultilineText, type Notebook } from "./notebook.ts";
import type { Provenance } from "./provenance.ts";

/** A cell of a table: a number where the page shows one. */
export type Figure = string | number;

/** A table that a report shows, as it shows it: numbers are those that can be read there. */
export interface FigureTable {
  /** Its caption; without one, the heading that it stands under, or the cell that put it out. */
  readonly caption: string;
  readonly columns: readonly string[];
  readonly rows: readonly (readonly Figure[])[];
}

/** What stands beside a report, to be read by programs: its tables, and where they come from. */
export interface Metrics {
  readonly format: 1;
  readonly title: string;
  readonly provenance: Provenance;
  readonly tables: readonly FigureTable[];
}

/** The ending of the file beside a report. */
export const METRICS_ENDING = ".metrics.json";

/** The tables among a notebook's outputs, in their order. */
export function figureTables({ cells }: Notebook): FigureTable[] {
  const tables: FigureTable[] = [], outline = new Outline();
  let number = 0;
  for (const cell of cells) {
    if (cell.cell_type === "markdown") renderMarkdown(joinText(cell.source), outline);
    if (cell.cell_type !== "code") continue;
    number++;
    for (const output of cell.outputs ?? []) {
      if (output.output_type !== "display_data" && output.output_type !== "execute_result") {
        continue;
      }
      const html = output.data["text/html"];
      if (typeof html !== "string" && !Array.isArray(html)) continue;
      const tree = parseFragment(joinText(html as MultilineText));
      for (const element of elementsOf(tree)) {
        if (element.tagName !== "table") continue;
        const table = readTable(element, outline.headings.at(-1)?.text || `Cell ${number}`);
        if (table) tables.push(table);
      }
    }
  }
  return tables;
}

/** Reads a table; one without titles of columns holds no figures that could be named. */
function readTable(table: Element, otherwise: string): FigureTable | undefined {
  const parts = table.childNodes.filter((node) => isElement(node));
  const rowsIn = (...names: string[]) =>
    parts.filter(({ tagName }) => names.includes(tagName))
      .flatMap(({ childNodes }) => childNodes.filter((node) => isElement(node, "tr")))
      .map(({ childNodes }) =>
        childNodes.filter((node) => isElement(node, "td") || isElement(node, "th"))
      );
  const [titles] = rowsIn("thead");
  if (!titles) return undefined;
  const caption = parts.find(({ tagName }) => tagName === "caption");
  return {
    caption: (caption ? textOf(caption).trim() : "") || otherwise,
    columns: titles.map((title) => textOf(title).trim()),
    rows: rowsIn("tbody").map((cells) => cells.map(figureOf)),
  };
}

function figureOf(cell: Element): Figure {
  const text = textOf(cell).trim();
  const isNumeric = (attribute(cell, "class") ?? "").split(" ").includes("number");
  const number = Number(text.replaceAll(",", ""));
  return isNumeric && text !== "" && Number.isFinite(number) ? number : text;
}

/** Most figures that the list of reports tells of one. */
const MAX_MAIN_FIGURES = 4;

/**
 * The figures that the list of reports tells of one, in words: the accuracy where a table has a row of
 * that name, and the highest mean of a table that says in its caption that it is of accuracies.
 */
export function mainFigures(tables: readonly FigureTable[]): string[] {
  const told: string[] = [];
  for (const { caption, columns, rows } of tables) {
    const row = rows.find(([name]) => name === ACCURACY);
    const accuracy = row?.find((figure) => typeof figure === "number");
    if (accuracy !== undefined) {
      told.push(`${caption}: ${ACCURACY} ${accuracy}`);
      continue;
    }
    const mean = columns.indexOf("mean");
    if (mean < 1 || !caption.toLowerCase().includes(ACCURACY)) continue;
    const best = rows.filter((row) => typeof row[mean] === "number")
      .reduce<readonly Figure[] | undefined>(
        (best, row) => best && best[mean]! >= row[mean]! ? best : row,
        undefined,
      );
    if (!best) continue;
    const name = best.slice(0, mean).map((figure, i) =>
      typeof figure === "number" ? `${columns[i]} = ${figure}` : figure
    );
    told.push(`${caption}: highest mean ${best[mean]} (${name.join(", ")})`);
  }
  return told.slice(0, MAX_MAIN_FIGURES);
}

const ACCURACY = "accuracy";

const strings = { type: "array", items: { type: "string" } };
const numbers = { type: "array", items: { type: "number" } };

const isMetrics = new Ajv({ strict: true, allowUnionTypes: true }).compile<Metrics>({
  type: "object",
  required: ["format", "title", "provenance", "tables"],
  properties: {
    format: { const: 1 },
    title: { type: "string" },
    provenance: {
      type: "object",
      required: ["wasRun", "date", "deno", "notices"],
      properties: {
        wasRun: { type: "boolean" },
        date: { type: "string" },
        deno: { type: "string" },
        notices: strings,
        failedCell: { type: "integer" },
        seconds: { type: "number" },
        commit: { type: "string" },
        isChanged: { type: "boolean" },
        preset: strings,
        seeds: numbers,
        threads: numbers,
        blas: strings,
        peakBytes: { type: "number" },
      },
    },
    tables: {
      type: "array",
      items: {
        type: "object",
        required: ["caption", "columns", "rows"],
        properties: {
          caption: { type: "string" },
          columns: strings,
          rows: { type: "array", items: { type: "array", items: { type: ["string", "number"] } } },
        },
      },
    },
  },
});

/**
 * Reads the metrics beside a report.
 *
 * @throws {RangeError} If the file is none of those that `deno task report` writes
 */
export async function readMetrics(path: string): Promise<Metrics> {
  const text = await Deno.readTextFile(path);
  let metrics: unknown;
  try {
    metrics = JSON.parse(text);
  } catch (cause) {
    throw new RangeError(`${path} holds no metrics of a report: it is not JSON`, { cause });
  }
  if (isMetrics(metrics)) return metrics;
  const { instancePath = "", message = "" } = isMetrics.errors?.[0] ?? {};
  throw new RangeError(
    `${path} holds no metrics of a report: ${`${instancePath} ${message}`.trim()}`,
  );
}
