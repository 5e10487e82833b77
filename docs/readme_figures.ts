/**
 * `deno task readme:figures` writes README's results anew from the committed outputs of `05_beyond`;
 * `tests/notebooks/readme_test.ts` holds that they are what the outputs say.
 *
 * @module
 */
import { join } from "@std/path";

const BEGIN = "<!-- results: written by deno task readme:figures -->";
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
export function resultsText({ cells }: StoredNotebook): string | undefined {
  const outputs = (id: string) => cells.find((cell) => cell.id === id)?.outputs ?? [];
  const printed = (id: string) =>
    outputs(id).filter(({ output_type }) => output_type === "stream")
      .map(({ text }) => joined(text)).join("").split("\n").filter((line) => line.endsWith("."));
  const table = (id: string) => {
    const shown = outputs(id).findLast(({ data }) => data?.["text/plain"] !== undefined);
    return shown && rowsOf(joined(shown.data!["text/plain"]));
  };
  const ways = table("ways"), methods = table("c06");
  if (!ways || !methods) return undefined;
  const value = (row: Record<string, string>) =>
    row["sd"] === undefined
      ? `${row["mean"]} (${row["from"]} to ${row["to"]})`
      : `${row["mean"]} ± ${row["sd"]}`;
  const names = [...new Set(ways.map(({ method }) => method!))];
  const titles = [...new Set(ways.map(({ rows }) => rows!))];
  const wide = markdownTable(
    ["test accuracy", ...titles],
    names.map((name) => [
      name,
      ...titles.map((title) => {
        const row = ways.find((row) => row["rows"] === title && row["method"] === name);
        return row ? value(row) : "–";
      }),
    ]),
  );
  const long = markdownTable(
    ["the same rows for all", "test accuracy"],
    methods.map((row) => [row["method"]!, value(row)]),
  );
  const sentences = [...printed("ways-say"), ...printed("controls-say")];
  return [wide, long, ...sentences.map((sentence) => `- ${sentence}`)].join("\n\n")
    .replaceAll(".\n\n- ", ".\n- ");
}

/** README with its results written anew. */
export function withResults(readme: string, results: string): string {
  const begin = readme.indexOf(BEGIN), end = readme.indexOf(END);
  if (begin < 0 || end < begin) throw new RangeError(`README lacks ${BEGIN} … ${END}`);
  return `${readme.slice(0, begin + BEGIN.length)}\n\n${results}\n\n${readme.slice(end)}`;
}

/** What stands between README's marks. */
export function writtenResults(readme: string): string {
  return readme.slice(readme.indexOf(BEGIN) + BEGIN.length, readme.indexOf(END)).trim();
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

function markdownTable(titles: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(" | ")} |`;
  return [line(titles), line(titles.map(() => "---")), ...rows.map(line)].join("\n");
}

if (import.meta.main) {
  const project = join(import.meta.dirname!, "..");
  const file = join(project, "README.md");
  const notebook = JSON.parse(
    await Deno.readTextFile(join(project, "notebooks/05_beyond.ipynb")),
  ) as StoredNotebook;
  const results = resultsText(notebook);
  if (results === undefined) {
    console.error("05_beyond has no outputs of its results: SEEDS=5 deno task report --save first");
    Deno.exit(1);
  }
  await Deno.writeTextFile(file, withResults(await Deno.readTextFile(file), results));
}
