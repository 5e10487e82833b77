import { BINS, type FeatureColumn, valueOf } from "./feature_columns.ts";

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

/** What {@linkcode growTree} grows from. */
export interface TreeOptions {
  readonly columns: readonly FeatureColumn[];
  /** Class codes of the rows, from 0. */
  readonly labels: Int32Array;
  readonly classes: number;
  /** Columns that are tried for a split. */
  readonly tried: number;
  readonly maxDepth: number;
  readonly minSamplesLeaf: number;
  readonly random: () => number;
}

/**
 * Nodes of up to so many rows, and so many for each class, are split between any two values: sorting few
 * rows takes less than counting the classes of 256 bins.
 */
const EXACT_ROWS = 64, EXACT_ROWS_PER_CLASS = 8;
/** Up to so many numbers are sorted by insertion. */
const INSERTION = 24;

/**
 * Grows a tree on a bootstrap sample until its leaves are pure (or the limits bind), by the split with
 * the least Gini impurity among random columns, as scikit-learn does: a split that lowers no impurity is
 * made too, since those below it may (exclusive or), and where all columns drawn are constant in the node,
 * further ones are drawn.
 *
 * Nodes of many rows are split between bins, those of few rows, and columns whose rows are all in one bin,
 * between any two values. The threshold is always half-way between two values of the node's rows.
 */
export function growTree(options: TreeOptions): Tree {
  const { columns, labels, classes, maxDepth, minSamplesLeaf, random } = options;
  const n = labels.length;
  const rows = Int32Array.from({ length: n }, () => Math.floor(random() * n));
  const held = new Int32Array(n);
  const findSplit = splitter(options, rows);
  const column: number[] = [],
    threshold: number[] = [],
    right: number[] = [],
    shares: number[] = [];
  const counts = new Float64Array(classes);
  // Chains of one-sided splits are too deep for recursion.
  const waiting = [{ begin: 0, end: n, depth: 0, parent: -1 }];
  for (let next = waiting.pop(); next; next = waiting.pop()) {
    const { begin, end, depth, parent } = next;
    const node = column.length, size = end - begin;
    if (parent >= 0) right[parent] = node;
    counts.fill(0);
    for (let i = begin; i < end; i++) counts[labels[rows[i]!]!]!++;
    const isLeaf = counts.includes(size) || depth >= maxDepth || size < 2 * minSamplesLeaf;
    const split = isLeaf ? undefined : findSplit(begin, end, counts);
    if (split === undefined) {
      column.push(-1);
      threshold.push(0);
      right.push(shares.length / classes);
      for (let c = 0; c < classes; c++) shares.push(counts[c]! / size);
      continue;
    }
    column.push(split.column);
    threshold.push(thresholdBetween(valueOf(split.low), valueOf(split.high)));
    right.push(0);
    const { keys } = columns[split.column]!;
    let middle = begin, kept = 0;
    for (let i = begin; i < end; i++) {
      if (keys[rows[i]!]! <= split.low) rows[middle++] = rows[i]!;
      else held[kept++] = rows[i]!;
    }
    rows.set(held.subarray(0, kept), middle);
    waiting.push({ begin: middle, end, depth: depth + 1, parent: node });
    waiting.push({ begin, end: middle, depth: depth + 1, parent: -1 });
  }
  return {
    column: Int32Array.from(column),
    threshold: Float32Array.from(threshold),
    right: Int32Array.from(right),
    shares: Float32Array.from(shares),
  };
}

/** Half-way between two float32 values, or the lower one where there is none between. */
function thresholdBetween(low: number, high: number): number {
  const middle = Math.fround(low / 2 + high / 2);
  return middle < high ? middle : low;
}

/** Between which two keys of a column a node is split. */
interface Split {
  readonly column: number;
  /** Largest key on the left, least on the right. */
  readonly low: number;
  readonly high: number;
}

/** The search for the best split of the rows begin … end − 1, whose classes are counted in `counts`. */
function splitter(
  { columns, labels, classes, tried, minSamplesLeaf, random }: TreeOptions,
  rows: Int32Array,
): (begin: number, end: number, counts: Float64Array) => Split | undefined {
  const order = Int32Array.from(columns, (_, c) => c);
  const histogram = new Int32Array(BINS * classes), left = new Float64Array(classes);
  const packed = new Float64Array(rows.length);
  const exactRows = Math.max(EXACT_ROWS, EXACT_ROWS_PER_CLASS * classes);
  let begin = 0, end = 0, squares = 0, counts: Float64Array = left;
  let bestScore = -Infinity, bestColumn = -1, bestBin = -1, bestLow = 0, bestHigh = 0;

  // Gini impurity of both sides, weighted, falls as Σ l²/|L| + Σ r²/|R| rises.
  const score = (leftSize: number, leftSquares: number, rightSquares: number) => {
    const rightSize = end - begin - leftSize;
    if (leftSize < minSamplesLeaf || rightSize < minSamplesLeaf) return -Infinity;
    return leftSquares / leftSize + rightSquares / rightSize;
  };

  /** Tries all borders of bins; whether there is more than one bin. */
  const tryBins = (candidate: number) => {
    const { bins } = columns[candidate]!;
    let low = BINS, high = -1;
    for (let i = begin; i < end; i++) {
      const row = rows[i]!, bin = bins[row]!;
      histogram[bin * classes + labels[row]!]!++;
      if (bin < low) low = bin;
      if (bin > high) high = bin;
    }
    left.fill(0);
    let leftSize = 0, leftSquares = 0, rightSquares = squares;
    for (let bin = low; bin <= high; bin++) {
      let inBin = 0;
      for (let c = 0; c < classes; c++) {
        const count = histogram[bin * classes + c]!;
        if (count === 0) continue;
        histogram[bin * classes + c] = 0;
        inBin += count;
        leftSquares += count * (2 * left[c]! + count);
        rightSquares += count * (2 * (left[c]! - counts[c]!) + count);
        left[c]! += count;
      }
      if (inBin === 0 || bin === high) continue;
      leftSize += inBin;
      const own = score(leftSize, leftSquares, rightSquares);
      if (own > bestScore) [bestScore, bestColumn, bestBin] = [own, candidate, bin];
    }
    return low < high;
  };

  /** Tries to split between any two values; whether there are two. */
  const tryValues = (candidate: number) => {
    const { keys } = columns[candidate]!;
    const size = end - begin;
    const first = keys[rows[begin]!]!;
    let isConstant = true;
    for (let i = 0; i < size; i++) {
      const row = rows[begin + i]!, key = keys[row]!;
      if (key !== first) isConstant = false;
      packed[i] = key * classes + labels[row]!;
    }
    if (isConstant) return false;
    sort(packed, size);
    left.fill(0);
    let leftSquares = 0, rightSquares = squares, before = Math.floor(packed[0]! / classes);
    for (let i = 0; i < size; i++) {
      const key = Math.floor(packed[i]! / classes), c = packed[i]! - key * classes;
      if (key > before) {
        const own = score(i, leftSquares, rightSquares);
        if (own > bestScore) {
          [bestScore, bestColumn, bestBin] = [own, candidate, -1];
          [bestLow, bestHigh] = [before, key];
        }
        before = key;
      }
      leftSquares += 2 * left[c]! + 1;
      rightSquares += 2 * (left[c]! - counts[c]!) + 1;
      left[c]!++;
    }
    return true;
  };

  return (from, to, own) => {
    [begin, end, counts] = [from, to, own];
    squares = 0;
    for (let c = 0; c < classes; c++) squares += counts[c]! ** 2;
    bestScore = -Infinity;
    bestColumn = -1;
    const isSmall = end - begin <= exactRows;
    for (let drawn = 0, useful = 0; drawn < columns.length; drawn++) {
      if (drawn >= tried && useful > 0) break;
      const swap = drawn + Math.floor(random() * (columns.length - drawn));
      const candidate = order[swap]!;
      order[swap] = order[drawn]!;
      order[drawn] = candidate;
      if ((!isSmall && tryBins(candidate)) || tryValues(candidate)) useful++;
    }
    if (bestColumn < 0) return undefined;
    if (bestBin < 0) return { column: bestColumn, low: bestLow, high: bestHigh };
    const { keys, bins } = columns[bestColumn]!;
    let low = 0, high = 2 ** 32;
    for (let i = begin; i < end; i++) {
      const row = rows[i]!, key = keys[row]!;
      if (bins[row]! <= bestBin) low = Math.max(low, key);
      else high = Math.min(high, key);
    }
    return { column: bestColumn, low, high };
  };
}

/** Sorts the first `count` numbers. */
function sort(numbers: Float64Array, count: number): void {
  if (count > INSERTION) {
    numbers.subarray(0, count).sort();
    return;
  }
  for (let i = 1; i < count; i++) {
    const own = numbers[i]!;
    let at = i;
    for (; at > 0 && numbers[at - 1]! > own; at--) numbers[at] = numbers[at - 1]!;
    numbers[at] = own;
  }
}
