import { join } from "@std/path";
import type { BenchRow } from "./row.ts";
import type { BenchSetting } from "./setting.ts";

/** A run whose rows README shows. */
export interface BenchRun extends BenchSetting {
  readonly rows: readonly (BenchRow & { readonly bench: string })[];
}

/** The runs that README shows: without a BLAS, and with one. */
export type SavedRuns = Readonly<Partial<Record<"without" | "with", BenchRun>>>;

/** The file that README's tables of speeds are made from by `deno task readme:figures`. */
export const SAVED_RUNS = join(import.meta.dirname!, "saved_runs.json");

/** The runs kept in {@linkcode SAVED_RUNS}; none where there is no such file. */
export async function readRuns(): Promise<SavedRuns> {
  try {
    return JSON.parse(await Deno.readTextFile(SAVED_RUNS));
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return {};
    throw error;
  }
}

/** Keeps a run in the place of the one before it with a BLAS, or without. */
export async function saveRun(run: BenchRun): Promise<void> {
  const runs = { ...await readRuns(), [run.blas === undefined ? "without" : "with"]: run };
  await Deno.writeTextFile(SAVED_RUNS, `${JSON.stringify(runs, undefined, 2)}\n`);
}
