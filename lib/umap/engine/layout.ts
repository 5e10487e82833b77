import { defineKernel } from "../../compute/define_kernel.ts";
import { Scope } from "../../compute/scope.ts";
import { createBreather } from "../../notebook/progress.ts";
import type { OnProgress } from "../../base/run_options.ts";
import { fillForces, TABLE_ENTRIES } from "./forces.ts";
import type { Graph } from "./fuzzy_graph.ts";

const layoutEpoch = defineKernel("layoutEpoch", {
  before: "f32*",
  after: "f32*",
  n: "i32",
  starts: "i32*",
  ends: "i32*",
  every: "f32*",
  next: "f32*",
  epoch: "i32",
  seed: "u32",
  negatives: "i32",
  firstMoving: "i32",
  drawn: "i32",
  attractions: "i32",
  attraction: "f32*",
  repulsion: "f32*",
  rate: "f32",
});

/** Vertices of a task, as in the kernel. */
const BLOCK = 256;
/** Negative samples of an edge, as in umap-learn. */
const NEGATIVE_SAMPLES = 5;

/** How points are laid out. */
export interface LayoutOptions {
  /** Curve of the distances in the plane: 1 / (1 + a d^2b). */
  readonly a: number;
  readonly b: number;
  readonly epochs: number;
  readonly seed: number;
  /** Learning rate at the start; it falls to zero. */
  readonly rate: number;
  /**
   * [m, 2] places of points that stay. The graph's edges then lead from the points that move to these,
   * and negative samples are drawn from these.
   */
  readonly fixed?: Float32Array;
  readonly onProgress?: OnProgress | undefined;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Moves points in the plane by stochastic gradient descent until joined ones are close and others apart
 * (McInnes et al. 2018, algorithm 5), see the kernel `layoutEpoch` for what differs.
 *
 * @param start [n, 2] places to start from
 * @param graph The edges of these n points
 * @returns [n, 2]
 */
export async function layOut(
  start: Float32Array,
  graph: Graph,
  options: LayoutOptions,
): Promise<Float32Array<ArrayBuffer>> {
  const { epochs, seed, rate, fixed, onProgress, signal } = options;
  const moving = start.length / 2, first = (fixed?.length ?? 0) / 2;
  const n = first + moving;
  const strongest = graph.weights.reduce((x, y) => Math.max(x, y), 0);
  using memory = new Scope();
  const places = [memory.float32(2 * n), memory.float32(2 * n)] as const;
  const starts = memory.int32(n + 1), ends = memory.int32(graph.ends.length);
  const every = memory.float32(graph.ends.length), next = memory.float32(graph.ends.length);
  const attraction = memory.float32(TABLE_ENTRIES), repulsion = memory.float32(TABLE_ENTRIES);
  fillForces(options, attraction, repulsion);
  const breathe = createBreather();
  places[0].set(fixed ?? []);
  places[0].set(start, 2 * first);
  // Points that stay come first, and have no edges.
  starts.fill(0, 0, first);
  starts.set(graph.starts, first);
  ends.set(graph.ends);
  // An edge is sampled as often as it is strong; the weakest, less than once, never.
  graph.weights.forEach((weight, e) => {
    every[e] = weight * epochs >= strongest ? strongest / weight : Infinity;
    next[e] = every[e]!;
  });
  for (let epoch = 0; epoch < epochs; epoch++) {
    signal?.throwIfAborted();
    layoutEpoch(Math.ceil(n / BLOCK), {
      before: places[epoch % 2]!,
      after: places[1 - epoch % 2]!,
      n,
      starts,
      ends,
      every,
      next,
      epoch,
      seed: seed >>> 0,
      negatives: NEGATIVE_SAMPLES,
      firstMoving: first,
      drawn: fixed ? first : n,
      attractions: fixed ? 1 : 2,
      attraction,
      repulsion,
      rate: rate * (1 - epoch / epochs),
    });
    onProgress?.({ done: epoch + 1, total: epochs, message: "layout" });
    await breathe();
  }
  return new Float32Array(places[epochs % 2]!.subarray(2 * first));
}
