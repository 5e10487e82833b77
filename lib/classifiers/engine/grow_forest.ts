import { seededRandom } from "../../base/random.ts";
import type { RunOptions } from "../../base/run_options.ts";
import { defineKernel } from "../../compute/define_kernel.ts";
import { threads } from "../../compute/mod.ts";
import { Scope } from "../../compute/scope.ts";
import type { FeatureColumns } from "./feature_columns.ts";

/** A decision tree as parallel arrays of nodes; the left child follows its parent. */
export interface Tree {
  /** Column that is asked; −1 for a leaf. */
  readonly column: Int32Array;
  /** Rows with a value up to this go left. */
  readonly threshold: Float32Array;
  /** The right child; of a leaf, its number. */
  readonly right: Int32Array;
  /** Share of each class in each leaf. */
  readonly shares: Float32Array;
}

/** What each tree of a forest grows from, but for its random numbers. */
export interface ForestPlan {
  readonly columns: FeatureColumns;
  /** Class codes of the rows, from 0. */
  readonly labels: Int32Array;
  readonly classes: number;
  /** Columns that are tried for a split. */
  readonly tried: number;
  readonly maxDepth: number;
  readonly minSamplesLeaf: number;
}

/**
 * Nodes of up to so many rows, and so many for each class, are split between any two values: more are split
 * between bins.
 */
const EXACT_ROWS = 64, EXACT_ROWS_PER_CLASS = 8;
/** Nodes of more rows for each class are counted in a histogram, others are sorted by their bins. */
const HISTOGRAM_ROWS_PER_CLASS = 90;
/** Trees grow side by side for about so long; then interrupts are heard. */
const ROUND_MS = 400;
/** Room for the trees of a round, in float64 values, and their number, at most. */
const ROUND_VALUES = 2 ** 24, ROUND_TREES = 256;
/** Stands for no limit in 32 bits. */
const NO_LIMIT = 2 ** 31 - 1;

const growTrees = defineKernel("growTrees", {
  keys: "u32*",
  bins: "u8*",
  labels: "i32*",
  n: "i32",
  columns: "i32",
  classes: "i32",
  tried: "i32",
  maxDepth: "i32",
  least: "i32",
  exactRows: "i32",
  histogramRows: "i32",
  seeds: "u32*",
  sample: "i32*",
  outColumn: "i32*",
  outThreshold: "f32*",
  outRight: "i32*",
  outEnds: "i32*",
  sizes: "i32*",
  work: "f64*",
  stride: "i32",
});

/**
 * Grows the trees of a forest, each on a bootstrap sample until its leaves are pure (or the limits bind), by
 * the split with the least Gini impurity among random columns, as scikit-learn does: a split that lowers no
 * impurity is made too, since those below it may (exclusive or), and where all columns drawn are constant in
 * the node, further ones are drawn.
 *
 * Nodes of many rows are split between bins, those of few rows, and columns whose rows are all in one bin,
 * between any two values. The threshold is always half-way between two values of the node's rows. Each tree
 * depends on its own seed alone: the forest does not depend on the number of threads.
 *
 * @throws {Error} If the memory does not suffice
 * @throws {DOMException} If the signal aborts
 */
export async function growForest(
  plan: ForestPlan,
  count: number,
  seed: number,
  { onProgress, signal }: RunOptions,
  pause: () => Promise<void> | void = () => {},
): Promise<Tree[]> {
  const random = seededRandom(seed);
  const { columns: { rows: n, cols, keys, bins }, classes, tried } = plan;
  const exactRows = Math.max(EXACT_ROWS, EXACT_ROWS_PER_CLASS * classes);
  const histogramRows = HISTOGRAM_ROWS_PER_CLASS * classes;
  const stride = roomOf(n, cols, classes, n > histogramRows);
  const atMost = Math.max(1, Math.floor(ROUND_VALUES / (stride + 4 * n)));
  const slots = Math.min(count, ROUND_TREES, Math.max(threads(), atMost));
  using memory = new Scope();
  const labels = memory.int32(n);
  labels.set(plan.labels);
  const seeds = memory.uint32(slots), sizes = memory.int32(2 * slots);
  const sample = memory.int32(slots * n), outEnds = memory.int32(slots * n);
  const outColumn = memory.int32(2 * slots * n), outRight = memory.int32(2 * slots * n);
  const outThreshold = memory.float32(2 * slots * n), work = memory.float64(slots * stride);
  const trees: Tree[] = [];
  let together = Math.min(slots, threads());
  while (trees.length < count) {
    signal?.throwIfAborted();
    const tasks = Math.min(together, count - trees.length);
    for (let t = 0; t < tasks; t++) seeds[t] = Math.floor(random() * 2 ** 32);
    const start = performance.now();
    growTrees(tasks, {
      keys,
      bins,
      labels,
      n,
      columns: cols,
      classes,
      tried,
      maxDepth: Math.min(NO_LIMIT, plan.maxDepth),
      least: Math.min(NO_LIMIT, plan.minSamplesLeaf),
      exactRows,
      histogramRows,
      seeds,
      sample,
      outColumn,
      outThreshold,
      outRight,
      outEnds,
      sizes,
      work,
      stride,
    });
    const took = performance.now() - start;
    for (let t = 0; t < tasks; t++) {
      const nodes = sizes[2 * t]!, leaves = sizes[2 * t + 1]!, at = 2 * t * n;
      const ends = outEnds.subarray(t * n, t * n + leaves);
      trees.push({
        column: outColumn.slice(at, at + nodes),
        threshold: outThreshold.slice(at, at + nodes),
        right: outRight.slice(at, at + nodes),
        shares: sharesOf(ends, sample.subarray(t * n, (t + 1) * n), plan.labels, classes),
      });
      onProgress?.({ done: trees.length, total: count, message: "trees" });
    }
    // Whole rounds of all threads, as many as fit into the time.
    const rounds = Math.max(1, Math.floor(ROUND_MS / took * (tasks / threads())));
    together = Math.min(slots, threads() * rounds);
    await pause();
  }
  return trees;
}

/** Room that a tree needs to grow, in float64 values; the kernel shares it out in the same order. */
function roomOf(n: number, cols: number, classes: number, hasHistogram: boolean): number {
  const padded = 4 * Math.ceil(classes / 4);
  const counts = 2 * 8 * padded, sorted = 2 * 8 * n, stack = 16 * (n + 2), digits = 4 * 256;
  const histogram = hasHistogram ? 4 * 256 * padded : 0, rows = 3 * 4 * n, order = 4 * cols;
  return Math.ceil((counts + sorted + stack + digits + histogram + rows + order) / 8);
}

/** The share of each class in each leaf, whose rows end at `ends`. */
function sharesOf(
  ends: Int32Array,
  sample: Int32Array,
  labels: Int32Array,
  classes: number,
): Float32Array {
  const shares = new Float32Array(ends.length * classes), counts = new Int32Array(classes);
  let begin = 0;
  for (const [leaf, end] of ends.entries()) {
    counts.fill(0);
    for (let i = begin; i < end; i++) counts[labels[sample[i]!]!]!++;
    for (let c = 0; c < classes; c++) shares[leaf * classes + c] = counts[c]! / (end - begin);
    begin = end;
  }
  return shares;
}
