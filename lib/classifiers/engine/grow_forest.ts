import { Worker } from "node:worker_threads";
import { threads } from "../../compute/pool.ts";
import { interruptible } from "../../notebook/interrupt.ts";
import { createBreather } from "../../notebook/progress.ts";
import { seededRandom } from "../../base/random.ts";
import type { RunOptions } from "../../base/run_options.ts";
import { growTree, type Tree, type TreeOptions } from "./grow_tree.ts";

/** What a forest grows from: each tree has random numbers of its own. */
export interface ForestPlan extends Omit<TreeOptions, "random"> {
  readonly seed: number;
}

/** What a worker is told, and what it answers. */
export interface TreeRequest {
  readonly tree: number;
}
export interface TreeReply {
  readonly tree: number;
  readonly grown: Tree;
}

/** Below so many rows a tree takes less time than a worker to start. */
const WORKERS_FROM_ROWS = 5000;

/** Tree number `tree` of a forest, whoever grows it. */
export function plannedTree({ seed, ...plan }: ForestPlan, tree: number): Tree {
  return growTree({ ...plan, random: seededRandom(seed * 100_003 + tree) });
}

/**
 * Grows the trees of a forest: large ones on all threads. The result does not depend on their number.
 *
 * @throws {DOMException} If the signal aborts
 */
export async function growForest(
  plan: ForestPlan,
  count: number,
  { onProgress, signal }: RunOptions,
): Promise<Tree[]> {
  const tell = (done: number) => onProgress?.({ done, total: count, message: "trees" });
  return await interruptible(signal, async (signal) => {
    signal?.throwIfAborted();
    const workers = Math.min(threads(), count);
    if (workers > 1 && plan.labels.length >= WORKERS_FROM_ROWS) {
      return await onWorkers(plan, count, workers, tell, signal);
    }
    const trees: Tree[] = [];
    const breathe = createBreather();
    while (trees.length < count) {
      signal?.throwIfAborted();
      trees.push(plannedTree(plan, trees.length));
      tell(trees.length);
      await breathe();
    }
    return trees;
  });
}

/** Each worker gets a tree at a time, until there are no more. */
async function onWorkers(
  plan: ForestPlan,
  count: number,
  size: number,
  tell: (done: number) => void,
  signal: AbortSignal | undefined,
): Promise<Tree[]> {
  const workerData: ForestPlan = { ...plan, bins: plan.bins.map(shared) };
  const workers = Array.from(
    { length: size },
    () => new Worker(new URL("./forest_worker.ts", import.meta.url), { workerData }),
  );
  const trees: Tree[] = [];
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const stop = () => reject(signal!.reason);
  signal?.addEventListener("abort", stop);
  try {
    let asked = 0, done = 0;
    for (const worker of workers) {
      const ask = () => {
        if (asked < count) worker.postMessage({ tree: asked++ } satisfies TreeRequest);
      };
      worker.on("error", reject);
      worker.on("message", ({ tree, grown }: TreeReply) => {
        trees[tree] = grown;
        try {
          tell(++done);
        } catch (error) {
          reject(error);
        }
        if (done === count) resolve();
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

/** A copy that all threads can read. */
function shared(bytes: Uint8Array): Uint8Array {
  const copy = new Uint8Array(new SharedArrayBuffer(bytes.length));
  copy.set(bytes);
  return copy;
}
