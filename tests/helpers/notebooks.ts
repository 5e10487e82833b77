import { join } from "@std/path";

/** The project's folder. */
export const PROJECT = join(import.meta.dirname!, "../..");

/** A cell of a notebook, its texts joined. */
export interface Cell {
  readonly id: string;
  readonly kind: "code" | "markdown";
  readonly source: string;
  /** What it printed, and its outputs as plain text. */
  readonly output: string;
}

const joined = (text: string | string[] | undefined) =>
  Array.isArray(text) ? text.join("") : text ?? "";

/** A committed notebook's cells. */
export function readNotebook(name: string): Cell[] {
  const file = join(PROJECT, "notebooks", `${name}.ipynb`);
  return JSON.parse(Deno.readTextFileSync(file)).cells.map((
    cell: {
      id: string;
      cell_type: "code" | "markdown";
      source: string | string[];
      outputs?: { text?: string | string[]; data?: Record<string, string | string[]> }[];
    },
  ) => ({
    id: cell.id,
    kind: cell.cell_type,
    source: joined(cell.source),
    output: (cell.outputs ?? [])
      .map(({ text, data }) => joined(text) || joined(data?.["text/plain"])).join("\n"),
  }));
}

/** The names of all notebooks. */
export function notebookNames(): string[] {
  return [...Deno.readDirSync(join(PROJECT, "notebooks"))].map(({ name }) => name)
    .filter((name) => name.endsWith(".ipynb")).map((name) => name.slice(0, -".ipynb".length))
    .sort();
}

/** The solutions in a notebook's folded exercises: TypeScript. */
export function solutions(name: string): string[] {
  return readNotebook(name).filter(({ kind }) => kind === "markdown").flatMap(({ source }) =>
    [...source.matchAll(/<summary>Solution<\/summary>\s*```ts\n([\s\S]*?)```/g)].map(([, text]) =>
      text!
    )
  );
}
