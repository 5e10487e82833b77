import { Worker } from "node:worker_threads";
import { threads } from "../../compute/mod.ts";
import { interruptible } from "../../notebook/interrupt.ts";
import { createBreather } from "../../notebook/progress.ts";
import { seededRandom } from "../../base/random.ts";
import type { RunOptions } from "../../base/run_options.ts";
import { growTree, type Tree, type TreeOptions } from "./grow_tree.ts";

/** What each tree of a forest grows from, but for its random numbers. */
export type ForestPlan = Omit<TreeOptions, "random">;

/** What a worker is told, and what it answers. */
export interface TreeRequest {
  readonly tree: number;
  readonly seed: number;
}
export interface TreeReply {
  readonly tree: number;
  readonly grown: Tree;
}

/** Below so many rows a tree takes less time than a worker to start. */
const WORKERS_FROM_ROWS = 5000;

/** The tree of a seed, whoever grows it. */
export function plannedTree(plan: ForestPlan, seed: number): Tree {
  return growTree({ ...plan, random: seededRandom(seed) });
}

/**
 * Grows the trees of a forest: large ones on all threads. The result does not depend on their number.
 *
 * @throws {DOMException} If the signal aborts
 */
export async function growForest(
  plan: ForestPlan,
  count: number,
  seed: number,
  { onProgress, signal }: RunOptions,
): Promise<Tree[]> {
  const random = seededRandom(seed);
  const seeds = Array.from({ length: count }, () => Math.floor(random() * 2 ** 32));
  const tell = (done: number) => onProgress?.({ done, total: count, message: "trees" });
  return await interruptible(signal, async (signal) => {
    signal?.throwIfAborted();
    const workers = Math.min(threads(), count);
    if (workers > 1 && plan.labels.length >= WORKERS_FROM_ROWS) {
      return await onWorkers(plan, seeds, workers, tell, signal);
    }
    const trees: Tree[] = [];
    const breathe = createBreather();
    for (const seed of seeds) {
      signal?.throwIfAborted();
      trees.push(plannedTree(plan, seed));
      tell(trees.length);
      await breathe();
    }
    return trees;
  });
}

/** Each worker gets a tree at a time, until there are no more. */
async function onWorkers(
  plan: ForestPlan,
  seeds: readonly number[],
  size: number,
  tell: (done: number) => void,
  signal: AbortSignal | undefined,
): Promise<Tree[]> {
  const workers = Array.from(
    { length: size },
    () => new Worker(new URL("./forest_worker.ts", import.meta.url), { workerData: plan }),
  );
  const trees: Tree[] = [];
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const stop = () => reject(signal!.reason);
  signal?.addEventListener("abort", stop);
  try {
    let asked = 0, done = 0;
    for (const worker of workers) {
      const ask = () => {
        if (asked === seeds.length) return;
        worker.postMessage({ tree: asked, seed: seeds[asked]! } satisfies TreeRequest);
        asked++;
      };
      worker.on("error", reject);
      worker.on("message", ({ tree, grown }: TreeReply) => {
        trees[tree] = grown;
        try {
          tell(++done);
        } catch (error) {
          reject(error);
        }
        if (done === seeds.length) resolve();
        else ask();
      });
      ask();
    }
    await promise;
    return trees;
  } finally {
    signal?.removeEventListener("abort", stop);
    await Promise.all(workers.map((worker) => worker.terminate()));
  }
}
