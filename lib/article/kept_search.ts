import type { Classifier } from "../base/classifier.ts";
import type { Matrix } from "../base/matrix.ts";
import type { OnProgress, RunOptions } from "../base/run_options.ts";
import type { GridResult, GridSearch } from "../model_selection/grid_search.ts";
import { formatSeconds } from "../notebook/progress.ts";
import { entryPath, readEntry, withVersion, writeEntry } from "./cache.ts";
import { searchSettings } from "./kept_settings.ts";

/** Fits a search with the scores that are kept, and keeps each further one as soon as it is there. */
export async function fitKeptSearch<P extends object, E extends Classifier>(
  search: GridSearch<P, E>,
  X: Matrix,
  y: ArrayLike<number>,
  { onProgress, signal }: RunOptions & { readonly onProgress: OnProgress },
): Promise<GridSearch<P, E>> {
  const settings = withVersion(searchSettings(search, X, y));
  const path = entryPath("grid", settings);
  const known = (await readEntry(path) ?? []) as GridResult<P>[];
  if (known.length > 0) {
    const { refit } = search.options, total = search.candidates.length;
    const seconds = known.reduce((sum, result) => sum + result.seconds, 0);
    // A search that fits its best one anew is not at its end.
    onProgress({
      done: known.length - (refit ? 0.5 : 0),
      total,
      message: `${known.length} of ${total} combinations ${fromBefore(seconds)}`,
    });
  }
  const results = [...known];
  return await search.fit(X, y, {
    onProgress,
    signal,
    known,
    onResult: async (result) => {
      results.push(result);
      await writeEntry(path, settings, results).catch(({ message }) =>
        console.warn(`Not kept for the next time: ${message}`)
      );
    },
  });
}

/** What is said of something that was read. */
export function fromBefore(seconds: number): string {
  return `from data/ (${formatSeconds(seconds)} when computed)`;
}
