import process from "node:process";
import { join } from "@std/path";

/** A cell of a test's notebook: code, or Markdown if it begins with a hash; or code with tags. */
export type TestCell = string | { readonly code: string; readonly tags: readonly string[] };

/** A notebook with the given cells, as its file's text. */
export function notebookText(cells: readonly TestCell[], metadata: object = DENO): string {
  return JSON.stringify({
    cells: cells.map((cell, i) => {
      const { code: source, tags } = typeof cell === "string" ? { code: cell, tags: [] } : cell;
      return source.startsWith("#")
        ? { cell_type: "markdown", id: `m${i}`, metadata: {}, source }
        : {
          cell_type: "code",
          id: `c${i}`,
          metadata: tags.length > 0 ? { tags } : {},
          source,
          outputs: [],
          execution_count: null,
        };
    }),
    metadata,
    nbformat: 4,
    nbformat_minor: 5,
  });
}

const DENO = { kernelspec: { name: "deno", display_name: "Deno", language: "typescript" } };

/** Code that shows a MIME bundle. */
export function show(bundle: Record<string, unknown>): string {
  return `({ [Symbol.for("Jupyter.display")]: () => (${JSON.stringify(bundle)}) })`;
}

/**
 * Calls a function with a temporary folder that holds notebooks, by their names.
 *
 * @param dir Where to make the folder: one in the project lets its notebooks import the library
 */
export async function withNotebooks(
  notebooks: Record<string, readonly TestCell[]>,
  use: (folder: string) => Promise<void>,
  dir?: string,
): Promise<void> {
  const folder = await Deno.makeTempDir({
    prefix: "report-test-",
    ...(dir === undefined ? {} : { dir }),
  });
  try {
    for (const [name, cells] of Object.entries(notebooks)) {
      await Deno.writeTextFile(join(folder, name), notebookText(cells));
    }
    await use(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** Whether a process is there, and is no zombie where that can be told. */
export async function isRunning(pid: number): Promise<boolean> {
  try {
    const ps = new Deno.Command("ps", { args: ["-o", "stat=", "-p", String(pid)] });
    const state = new TextDecoder().decode((await ps.output()).stdout).trim();
    return state !== "" && !state.startsWith("Z");
  } catch {
    // A small system has no ps.
    try {
      return process.kill(pid, 0);
    } catch {
      return false;
    }
  }
}

/** Waits until a condition holds; fails after a minute. */
export async function until(condition: () => Promise<boolean>, what: string): Promise<void> {
  const end = performance.now() + 60_000;
  while (!await condition()) {
    if (performance.now() > end) throw new Error(`Waited in vain until ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
