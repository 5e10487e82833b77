import { notebookFault } from "./engine/nbformat.ts";
import { writeWhole } from "../base/write_whole.ts";

/** Text as the notebook format stores it: whole, or cut into lines. */
export type MultilineText = string | string[];

/** Content by MIME type. */
export type MimeBundle = Record<string, unknown>;

/** An output of a cell, as in nbformat 4.5. */
export type Output =
  | { output_type: "stream"; name: "stdout" | "stderr"; text: MultilineText }
  | {
    output_type: "display_data";
    data: MimeBundle;
    metadata: Record<string, unknown>;
  }
  | {
    output_type: "execute_result";
    data: MimeBundle;
    metadata: Record<string, unknown>;
    execution_count: number | null;
  }
  | {
    output_type: "error";
    ename: string;
    evalue: string;
    traceback: string[];
  };

/** A cell, as in nbformat 4.5. */
export interface Cell {
  cell_type: "code" | "markdown" | "raw";
  id?: string;
  metadata: Record<string, unknown>;
  source: MultilineText;
  outputs?: Output[];
  execution_count?: number | null;
  /** Pictures and other contents of a Markdown cell: MIME bundles by name. */
  attachments?: Record<string, MimeBundle>;
}

/** A notebook, as in nbformat 4.5. */
export interface Notebook {
  cells: Cell[];
  metadata: Record<string, unknown>;
  nbformat: number;
  nbformat_minor: number;
}

/** Joins what the format may have cut into lines. */
export function joinText(text: MultilineText): string {
  return Array.isArray(text) ? text.join("") : text;
}

/** Whether a cell has a tag. */
export function hasTag({ metadata }: Cell, tag: string): boolean {
  const tags = metadata?.["tags"];
  return Array.isArray(tags) && tags.includes(tag);
}

/**
 * Reads a notebook.
 *
 * @throws {RangeError} If the file is not a notebook of format 4, naming the cell and its field
 */
export async function readNotebook(path: string): Promise<Notebook> {
  const text = await Deno.readTextFile(path);
  let notebook: Notebook;
  try {
    notebook = JSON.parse(text);
  } catch (cause) {
    throw new RangeError(`${path} is not a notebook: it is not JSON`, { cause });
  }
  if (notebook?.nbformat !== 4 || !Array.isArray(notebook.cells)) {
    throw new RangeError(`${path} is not a notebook of format 4`);
  }
  const fault = notebookFault(notebook);
  if (fault !== undefined) throw new RangeError(`${path} is not a notebook of format 4: ${fault}`);
  return notebook;
}

/**
 * Writes a notebook as Jupyter does: keys in order, one space of indentation, text cut into lines. Cells
 * without an id get one that stays the same from run to run.
 */
export async function writeNotebook(path: string, notebook: Notebook): Promise<void> {
  const taken = new Set(notebook.cells.map(({ id }) => id));
  const cells = notebook.cells.map((cell, i) => ({
    ...cell,
    id: cell.id ?? freeId(`cell-${i + 1}`, taken),
    source: cutLines(joinText(cell.source)),
    ...(cell.outputs ? { outputs: cell.outputs.map(cutOutput) } : {}),
  }));
  const text = JSON.stringify({ ...notebook, cells, nbformat_minor: 5 }, inOrder, 1) + "\n";
  await writeWhole(path, text);
}

function freeId(wish: string, taken: Set<string | undefined>): string {
  const id = taken.has(wish) ? freeId(`${wish}-x`, taken) : wish;
  taken.add(id);
  return id;
}

/** Puts the keys of an object in order, for `JSON.stringify`. */
function inOrder(_: string, value: unknown): unknown {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return value;
  const record = value as Record<string, unknown>;
  return Object.fromEntries(Object.keys(record).sort().map((key) => [key, record[key]]));
}

function cutOutput(output: Output): Output {
  if (output.output_type === "stream") {
    return { ...output, text: cutLines(joinText(output.text)) };
  }
  if (output.output_type === "error") return output;
  const data = Object.fromEntries(
    Object.entries(output.data).map(([type, content]) => [
      type,
      typeof content === "string" && isCut(type) ? cutLines(content) : content,
    ]),
  );
  return { ...output, data };
}

/** The types whose text the format cuts into lines: a text of JSON is JSON, and stays what it is. */
function isCut(type: string): boolean {
  return type.startsWith("text/") || type === "image/svg+xml" || type === "application/javascript";
}

function cutLines(text: string): string[] {
  return text === "" ? [] : text.split(/(?<=\n)/);
}
