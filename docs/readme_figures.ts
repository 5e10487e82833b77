/**
 * `deno task readme:figures` writes README's results anew from the committed outputs of `05_beyond` and
 * `06_strong`, and its tables of speeds from the runs that `deno task bench --save` kept;
 * `tests/notebooks/readme_test.ts` holds that they are what these say.
 *
 * @module
 */
import { join } from "@std/path";
import { markdownTable } from "../bench/markdown_table.ts";
import { readRuns } from "../bench/saved_run.ts";
import { networksText, speedText } from "./speed_tables.ts";

/** README's figures begin behind these, each with what they are from. */
const MARKS = {
  article: "<!-- results: written by deno task readme:figures -->",
  strong: "<!-- results of 06_strong: written by deno task readme:figures -->",
  speed: "<!-- speeds: written by deno task readme:figures -->",
  networks: "<!-- speeds of other networks: written by deno task readme:figures -->",
};
const END = "<!-- end of results -->";

interface Output {
  readonly output_type: string;
  readonly text?: string | readonly string[];
  readonly data?: Readonly<Record<string, string | readonly string[]>>;
}

/** A notebook as it stands in its file, as far as it is read here. */
export interface StoredNotebook {
  readonly cells: readonly { readonly id: string; readonly outputs?: readonly Output[] }[];
}

/**
 * README's results from the outputs of `05_beyond`; `undefined` if its outputs are of before the cells that
 * say them.
 */
export function resultsText(notebook: StoredNotebook): string | undefined {
  const ways = tableOf(notebook, "ways"), methods = tableOf(notebook, "c06");
  if (!ways || !methods) return undefined;
  const value = (row: Record<string, string>) =>
    row["sd"] === undefined
      ? `${row["mean"]} (${row["from"]} to ${row["to"]})`
      : `${row["mean"]} ± ${row["sd"]}`;
  const wide = crossTable(ways, {
    corner: "test accuracy",
    rows: "method",
    columns: "rows",
    value,
  });
  const long = markdownTable(
    ["the same rows for all", "test accuracy"],
    methods.map((row) => [row["method"]!, value(row)]),
  );
  return withSentences([wide, long], sentencesOf(notebook, "ways-say", "controls-say"));
}

/** README's results from the outputs of `06_strong`; `undefined` if it has none. */
export function strongText(notebook: StoredNotebook): string | undefined {
  const networks = tableOf(notebook, "article"), unseen = tableOf(notebook, "unseen-table");
  if (!networks || !unseen) return undefined;
  const both = crossTable(networks, {
    corner: "the same rows for all (points over the network's softmax)",
    rows: "method",
    columns: "network",
    value: (row) => `${row["mean"]} (${row["over its softmax, points"]})`,
  });
  const titles = Object.keys(unseen[0]!);
  const few = markdownTable(titles, unseen.map((row) => titles.map((title) => row[title]!)));
  const sentences = sentencesOf(
    notebook,
    "pairs",
    "mirrored-says",
    "gained",
    "map-says",
    "unseen-says",
    "unseen-pairs-say",
  );
  return withSentences([both, few], sentences);
}

/** The table that a cell shows, if it shows one. */
function tableOf({ cells }: StoredNotebook, id: string): Record<string, string>[] | undefined {
  const outputs = cells.find((cell) => cell.id === id)?.outputs ?? [];
  const shown = outputs.findLast(({ data }) => data?.["text/plain"] !== undefined);
  return shown && rowsOf(joined(shown.data!["text/plain"]));
}

/** The sentences that cells print. */
function sentencesOf({ cells }: StoredNotebook, ...ids: string[]): string[] {
  return ids.flatMap((id) =>
    (cells.find((cell) => cell.id === id)?.outputs ?? [])
      .filter(({ output_type }) => output_type === "stream")
      .map(({ text }) => joined(text)).join("").split("\n").filter((line) => line.endsWith("."))
  );
}

function withSentences(tables: readonly string[], sentences: readonly string[]): string {
  return [...tables, ...sentences.map((sentence) => `- ${sentence}`)].join("\n\n")
    .replaceAll(".\n\n- ", ".\n- ");
}

interface CrossTable {
  /** The title of the first column. */
  readonly corner: string;
  /** By what the rows and the columns of the new table are told apart. */
  readonly rows: string;
  readonly columns: string;
  readonly value: (row: Record<string, string>) => string;
}

/** A long table made wide. */
function crossTable(
  table: readonly Record<string, string>[],
  { corner, rows, columns, value }: CrossTable,
): string {
  const titles = [...new Set(table.map((row) => row[columns]!))];
  const names = [...new Set(table.map((row) => row[rows]!))];
  return markdownTable(
    [corner, ...titles],
    names.map((name) => [
      name,
      ...titles.map((title) => {
        const row = table.find((row) => row[columns] === title && row[rows] === name);
        return row ? value(row) : "–";
      }),
    ]),
  );
}

/** Which results of README are meant. */
export type Part = keyof typeof MARKS;

/** README with some of its results written anew. */
export function withResults(readme: string, results: string, part: Part = "article"): string {
  const [begin, end] = placeOf(readme, part);
  return `${readme.slice(0, begin)}\n\n${results}\n\n${readme.slice(end)}`;
}

/** What stands between README's marks. */
export function writtenResults(readme: string, part: Part = "article"): string {
  return readme.slice(...placeOf(readme, part)).trim();
}

function placeOf(readme: string, part: Part): [number, number] {
  const mark = MARKS[part], begin = readme.indexOf(mark), end = readme.indexOf(END, begin);
  if (begin < 0 || end < begin) throw new RangeError(`README lacks ${mark} … ${END}`);
  return [begin + mark.length, end];
}

function joined(text: string | readonly string[] | undefined): string {
  return typeof text === "string" ? text : (text ?? []).join("");
}

/** The rows of a table as `showTable` shows it in plain text: columns are two spaces or more apart. */
function rowsOf(text: string): Record<string, string>[] {
  const lines = text.trimEnd().split("\n").map((line) => line.trim().split(/ {2,}/));
  const at = lines.findIndex((line) => line.includes("method"));
  const titles = lines[at] ?? [];
  return lines.slice(at + 1).filter((line) => line.length === titles.length)
    .map((line) => Object.fromEntries(titles.map((title, i) => [title, line[i]!])));
}

if (import.meta.main) {
  const project = join(import.meta.dirname!, "..");
  const file = join(project, "README.md");
  const read = async (name: string) =>
    JSON.parse(
      await Deno.readTextFile(join(project, "notebooks", `${name}.ipynb`)),
    ) as StoredNotebook;
  const runs = await readRuns();
  const results = {
    article: resultsText(await read("05_beyond")),
    strong: strongText(await read("06_strong")),
    speed: speedText(runs),
    networks: networksText(runs),
  };
  for (const [part, text] of Object.entries(results)) {
    if (text === undefined) {
      console.error(
        `Nothing for README's part "${part}": SEEDS=5 deno task report --save, or ` +
          "deno task bench --save with a BLAS and without, first",
      );
      continue;
    }
    const readme = await Deno.readTextFile(file);
    await Deno.writeTextFile(file, withResults(readme, text, part as Part));
  }
}
