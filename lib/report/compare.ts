import type { Figure, FigureTable, Metrics } from "./metrics.ts";
import { describeProvenance } from "./provenance.ts";

/** Two reports, side by side. */
export interface Comparison {
  /** Rows of text: what it is, and its two values; undefined where it is missing. */
  readonly provenance: readonly Row[];
  readonly tables: readonly { readonly caption: string; readonly rows: readonly Row[] }[];
  /** How many figures stand in both reports. */
  readonly compared: number;
  /** How many of them differ. */
  readonly different: number;
}

type Row = readonly [name: string, a: string | undefined, b: string | undefined];

/** Digits of a difference beyond those of the figures are noise of binary fractions. */
const SIGNIFICANT = 6;
/** Longer texts stand below one another, not side by side. */
const MAX_WIDTH = 40;
/** Stands where one of the two has nothing. */
const MISSING = "–";

/** Compares the tables of two reports by their captions, rows and columns; of figures, those that differ are told. */
export function compareMetrics(a: Metrics, b: Metrics): Comparison {
  const inA = new Map(describeProvenance(a.provenance));
  const inB = new Map(describeProvenance(b.provenance));
  const provenance = inOrder([...inA.keys()], [...inB.keys()]).map((name): Row => [
    name,
    inA.get(name),
    inB.get(name),
  ]);
  const tablesA = byCaption(a.tables), tablesB = byCaption(b.tables);
  const tables: { caption: string; rows: Row[] }[] = [];
  let compared = 0, different = 0;
  for (const caption of inOrder([...tablesA.keys()], [...tablesB.keys()])) {
    const left = tablesA.get(caption), right = tablesB.get(caption);
    if (!left || !right) {
      const size = ({ rows }: FigureTable) => `${rows.length} rows`;
      const row: Row = ["(the table)", left && size(left), right && size(right)];
      tables.push({ caption, rows: [row] });
      continue;
    }
    const compares = compareTables(left, right);
    compared += compares.compared;
    different += compares.different;
    if (compares.rows.length > 0) tables.push({ caption, rows: compares.rows });
  }
  return { provenance, tables, compared, different };
}

function compareTables(a: FigureTable, b: FigureTable) {
  const rows: Row[] = [];
  let compared = 0, different = 0;
  const columnsA = numbered(a.columns), columnsB = numbered(b.columns);
  for (const column of inOrder(columnsA, columnsB)) {
    const isInA = columnsA.includes(column), isInB = columnsB.includes(column);
    if (!isInA || !isInB) {
      rows.push([`column ${column}`, isInA ? "there" : undefined, isInB ? "there" : undefined]);
    }
  }
  const { names, pairs } = pairRows(a, b);
  for (const { name, left, right } of pairs) {
    if (!left || !right) {
      rows.push([name, left && "there", right && "there"]);
      continue;
    }
    for (const [i, column] of columnsA.entries()) {
      const j = columnsB.indexOf(column);
      if (i < names || j < 0) continue;
      const one = left[i], other = right[j];
      compared++;
      if (one === other) continue;
      different++;
      rows.push([`${name}, ${column}`, text(one), text(other) + difference(one, other)]);
    }
  }
  return { rows, compared, different };
}

interface Pair {
  readonly name: string;
  readonly left: readonly Figure[] | undefined;
  readonly right: readonly Figure[] | undefined;
}

/** Rows of two tables, and how many columns from the left are their names. */
interface Pairs {
  readonly names: number;
  readonly pairs: readonly Pair[];
}

/**
 * Which rows of two tables are the same one. Their names are the fewest columns from the left that tell
 * all rows apart, in both tables alike (a class; C and gamma). Where no such names are the same, rows that
 * begin with words are still paired by these, as rows of different words are different things; rows of
 * nothing but numbers, by their places.
 */
function pairRows(a: FigureTable, b: FigureTable): Pairs {
  const width = Math.min(a.columns.length, b.columns.length);
  for (let count = 1; count < width; count++) {
    const namesA = rowNames(a, count), namesB = rowNames(b, count);
    const set = new Set(namesA);
    const areSame = set.size === namesA.length && new Set(namesB).size === namesB.length &&
      namesA.length === namesB.length && namesB.every((name) => set.has(name));
    if (areSame) return { names: count, pairs: byName(a, namesA, b, namesB) };
  }
  const words = Math.min(leadingWords(a), leadingWords(b));
  if (words > 0) {
    const namesA = numbered(rowNames(a, words)), namesB = numbered(rowNames(b, words));
    return { names: words, pairs: byName(a, namesA, b, namesB) };
  }
  const length = Math.max(a.rows.length, b.rows.length);
  const pairs = Array.from({ length }, (_, i) => ({
    name: `row ${i + 1}`,
    left: a.rows[i],
    right: b.rows[i],
  }));
  return { names: 0, pairs };
}

function byName(
  a: FigureTable,
  namesA: readonly string[],
  b: FigureTable,
  namesB: readonly string[],
): Pair[] {
  return inOrder(namesA, namesB).map((name) => ({
    name,
    left: a.rows[namesA.indexOf(name)],
    right: b.rows[namesB.indexOf(name)],
  }));
}

function rowNames({ rows }: FigureTable, count: number): string[] {
  return rows.map((row) => row.slice(0, count).map(text).join(", "));
}

/** How many columns from the left hold words alone. */
function leadingWords({ columns, rows }: FigureTable): number {
  const isNumeric = (_: string, i: number) => rows.some((row) => typeof row[i] === "number");
  const first = columns.findIndex(isNumeric);
  return first < 0 ? columns.length : first;
}

/** The tables by their captions. */
function byCaption(tables: readonly FigureTable[]): Map<string, FigureTable> {
  const names = numbered(tables.map(({ caption }) => caption));
  return new Map(tables.map((table, i) => [names[i]!, table]));
}

/** Names of which none is there twice: later ones are numbered. */
function numbered(names: readonly string[]): string[] {
  const counts = new Map<string, number>();
  return names.map((name) => {
    const count = (counts.get(name) ?? 0) + 1;
    counts.set(name, count);
    return count === 1 ? name : `${name} (${count})`;
  });
}

/** The names of both, those of the first in their order, then those that only the second has. */
function inOrder(a: readonly string[], b: readonly string[]): string[] {
  return [...new Set([...a, ...b])];
}

function text(figure: Figure | undefined): string {
  return figure === undefined ? MISSING : String(figure);
}

function difference(a: Figure | undefined, b: Figure | undefined): string {
  if (typeof a !== "number" || typeof b !== "number") return "";
  const value = Number((b - a).toPrecision(SIGNIFICANT));
  return ` (${value < 0 ? "−" : "+"}${Math.abs(value)})`;
}

/** Writes a comparison as text in three columns. */
export function formatComparison({ provenance, tables, compared, different }: Comparison): string {
  const blocks = [
    ["Where they come from", provenance] as const,
    ...tables.map(({ caption, rows }) => [caption, rows] as const),
  ].map(([title, rows]) => {
    const cells = rows.map(([name, a = MISSING, b = MISSING]) => [name, a, b] as const);
    const isWide = (row: readonly string[]) => row.some((text) => text.length > MAX_WIDTH);
    const narrow = cells.filter((row) => !isWide(row));
    const widths = [0, 1].map((i) => Math.max(0, ...narrow.map((row) => row[i]!.length)));
    const lines = cells.map(([name, a, b]) =>
      isWide([name, a, b])
        ? `  ${name}\n    A  ${a}\n    B  ${b}`
        : `  ${name.padEnd(widths[0]!)}  ${a.padEnd(widths[1]!)}  ${b}`
    );
    return [title, ...lines].join("\n");
  });
  const sum = compared === 0
    ? "No figure stands in both"
    : `${different} of ${compared} figures that stand in both differ`;
  return [...blocks, sum].join("\n\n");
}
