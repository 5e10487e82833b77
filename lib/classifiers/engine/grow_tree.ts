/** A decision tree as parallel arrays of nodes; the left child follows its parent. */
export interface Tree {
  /** Column that is asked; −1 for a leaf. */
  readonly column: Int32Array;
  /** Rows up to this bin go left. */
  readonly bin: Uint8Array;
  /** The right child; of a leaf, its number. */
  readonly right: Int32Array;
  /** Share of each class in each leaf. */
  readonly shares: Float32Array;
}

/** What {@linkcode growTree} grows from. */
export interface TreeOptions {
  /** For each column the rows' bin numbers. */
  readonly bins: readonly Uint8Array[];
  /** Class codes of the rows, from 0. */
  readonly labels: Int32Array;
  readonly classes: number;
  /** Columns that are tried for a split. */
  readonly tried: number;
  readonly maxDepth: number;
  readonly minSamplesLeaf: number;
  readonly random: () => number;
}

const BINS = 256;

/**
 * Grows a tree on a bootstrap sample until its leaves are pure (or the limits bind), by the split with
 * the least Gini impurity among random columns. As in scikit-learn, columns that allow no split do not
 * count as tried.
 */
export function growTree(options: TreeOptions): Tree {
  const { bins, labels, classes, tried, maxDepth, minSamplesLeaf, random } = options;
  const n = labels.length, columns = bins.length;
  const rows = Int32Array.from({ length: n }, () => Math.floor(random() * n));
  const order = Int32Array.from({ length: columns }, (_, c) => c);
  const column: number[] = [], bin: number[] = [], right: number[] = [], shares: number[] = [];
  const counts = new Float64Array(classes), left = new Float64Array(classes);
  const histogram = new Int32Array(BINS * classes);
  const held = new Int32Array(n);

  const split = (begin: number, end: number) => {
    const size = end - begin;
    let squares = 0;
    for (let c = 0; c < classes; c++) squares += counts[c]! ** 2;
    // Gini impurity of both sides, weighted, falls as Σ l²/|L| + Σ r²/|R| rises.
    let bestScore = squares / size * (1 + 1e-12), bestColumn = -1, bestBin = 0;
    for (let drawn = 0, useful = 0; drawn < columns && useful < tried; drawn++) {
      const swap = drawn + Math.floor(random() * (columns - drawn));
      const candidate = order[swap]!;
      order[swap] = order[drawn]!;
      order[drawn] = candidate;
      const codes = bins[candidate]!;
      let low = BINS, high = -1;
      for (let i = begin; i < end; i++) {
        const row = rows[i]!, code = codes[row]!;
        histogram[code * classes + labels[row]!]!++;
        if (code < low) low = code;
        if (code > high) high = code;
      }
      if (high > low) useful++;
      left.fill(0);
      let leftSize = 0, leftSquares = 0, rightSquares = squares;
      for (let code = low; code <= high; code++) {
        let inBin = 0;
        for (let c = 0; c < classes; c++) {
          const count = histogram[code * classes + c]!;
          if (count === 0) continue;
          histogram[code * classes + c] = 0;
          inBin += count;
          leftSquares += count * (2 * left[c]! + count);
          rightSquares += count * (2 * (left[c]! - counts[c]!) + count);
          left[c]! += count;
        }
        leftSize += inBin;
        if (inBin === 0 || leftSize < minSamplesLeaf || size - leftSize < minSamplesLeaf) continue;
        if (leftSize === size) continue;
        const score = leftSquares / leftSize + rightSquares / (size - leftSize);
        if (score > bestScore) {
          bestScore = score;
          bestColumn = candidate;
          bestBin = code;
        }
      }
    }
    return { bestColumn, bestBin };
  };

  const grow = (begin: number, end: number, depth: number) => {
    const node = column.length;
    counts.fill(0);
    for (let i = begin; i < end; i++) counts[labels[rows[i]!]!]!++;
    const size = end - begin;
    const isPure = counts.includes(size);
    const { bestColumn, bestBin } = isPure || depth >= maxDepth || size < 2 * minSamplesLeaf
      ? { bestColumn: -1, bestBin: 0 }
      : split(begin, end);
    column.push(bestColumn);
    bin.push(bestBin);
    if (bestColumn < 0) {
      right.push(shares.length / classes);
      for (let c = 0; c < classes; c++) shares.push(counts[c]! / size);
      return;
    }
    right.push(0);
    const codes = bins[bestColumn]!;
    let middle = begin, kept = 0;
    for (let i = begin; i < end; i++) {
      if (codes[rows[i]!]! <= bestBin) rows[middle++] = rows[i]!;
      else held[kept++] = rows[i]!;
    }
    rows.set(held.subarray(0, kept), middle);
    grow(begin, middle, depth + 1);
    right[node] = column.length;
    grow(middle, end, depth + 1);
  };

  grow(0, n, 0);
  return {
    column: Int32Array.from(column),
    bin: Uint8Array.from(bin),
    right: Int32Array.from(right),
    shares: Float32Array.from(shares),
  };
}
