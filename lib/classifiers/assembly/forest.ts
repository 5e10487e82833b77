// @ts-nocheck AssemblyScript, compiled by lib/compute/kernels/build.ts
// Decision trees of a random forest; a task is a tree.
//
// Gini impurity of both sides, weighted, falls as Σ l²/|L| + Σ r²/|R| rises; the sums of squares are whole
// numbers, kept exactly in float64, whatever the order in which rows are counted. So a tree depends on its
// seed alone.
//
// A candidate column is gone through by the rows of the node: many are counted in a histogram of 256 bins by
// classes; fewer are sorted by their bins, and few by their keys, so that they can be split between any two
// values.

const BINS: i32 = 256;
/** Up to so many keys are sorted by insertion. */
const INSERTION: i32 = 24;
/** Nodes of up to so many rows are sorted by comparing all with all. */
const RANKED_ROWS: i32 = 96;

// The random numbers of base/random.ts (sfc32, filled by splitmix32).
let ra: u32 = 0, rb: u32 = 0, rc: u32 = 0, rcounter: u32 = 0, rstate: u32 = 0;

function splitmix32(): u32 {
  rstate += 0x9e3779b9;
  let z = rstate;
  z = (z ^ (z >> 16)) * 0x21f0aaad;
  z = (z ^ (z >> 15)) * 0x735a2d97;
  return z ^ (z >> 15);
}

function next32(): u32 {
  const sum = ra + rb + rcounter++;
  ra = rb ^ (rb >> 9);
  rb = rc + (rc << 3);
  rc = rotl<u32>(rc, 21) + sum;
  return sum;
}

function startRandom(seed: u32): void {
  rstate = seed;
  ra = splitmix32();
  rb = splitmix32();
  rc = splitmix32();
  rcounter = 1;
  for (let i = 0; i < 12; i++) next32();
}

/** A whole number from 0 to count − 1. */
function draw(count: i32): i32 {
  return <i32> (<f64> next32() / 4294967296 * <f64> count);
}

/** The float32 of a key (see feature_columns.ts). */
function valueOf(key: u32): f32 {
  return reinterpret<f32>(key & 0x80000000 ? key ^ 0x80000000 : ~key);
}

/** Half-way between two values, or the lower one where there is none between. */
function thresholdBetween(low: f32, high: f32): f32 {
  const middle = <f32> (<f64> low / 2 + <f64> high / 2);
  return middle < high ? middle : low;
}

// The node that is split: its rows, their labels, its size; counts of its classes; Σ count².
let nodeRows: usize = 0, nodeLabels: usize = 0, size: i32 = 0;
let classCount: i32 = 0, leastRows: i32 = 0, counts: usize = 0, left: usize = 0, squares: f64 = 0;
// The best split so far: between two keys, or behind a bin.
let best: f64 = 0, bestColumn: i32 = 0, bestBin: i32 = 0, bestLow: u32 = 0, bestHigh: u32 = 0;
// Room for the work: where digits or bins begin, a row's followers, two lists of pairs, a histogram.
let digits: usize = 0, links: usize = 0, sorted: usize = 0, spare: usize = 0, histogram: usize = 0;

function score(leftSize: i32, leftSquares: f64, rightSquares: f64): f64 {
  const rightSize = size - leftSize;
  if (leftSize < leastRows || rightSize < leastRows) return -Infinity;
  return leftSquares / <f64> leftSize + rightSquares / <f64> rightSize;
}

/** Sorts count pairs of a key (upper half) and a place; the order of equal keys does not matter. */
function sortPairs(count: i32): void {
  const from = sorted;
  if (count <= INSERTION) {
    for (let i = 1; i < count; i++) {
      const own = load<u64>(from + (<usize> i << 3));
      let at = i;
      for (; at > 0; at--) {
        const other = load<u64>(from + (<usize> (at - 1) << 3));
        if (other <= own) break;
        store<u64>(from + (<usize> at << 3), other);
      }
      store<u64>(from + (<usize> at << 3), own);
    }
    return;
  }
  const at = sortByDigits<u64>(from, spare, digits, count, 32);
  if (at != from) memory.copy(from, at, <usize> count << 3);
}

/** Tries to split between any two values of a column; whether there are two. */
function tryValues(column: i32, keys: usize): bool {
  const rows = nodeRows, labels = nodeLabels, count = size, from = sorted;
  let differ: u32 = 0;
  const first = load<u32>(keys + (<usize> load<i32>(rows) << 2));
  for (let i = 0; i < count; i++) {
    const key = load<u32>(keys + (<usize> load<i32>(rows + (<usize> i << 2)) << 2));
    differ |= key ^ first;
    store<u64>(
      from + (<usize> i << 3),
      (<u64> key << 32) | <u64> load<u32>(labels + (<usize> i << 2)),
    );
  }
  if (differ == 0) return false;
  sortPairs(count);
  splitInOrder(column, from, 0, false);
  return true;
}

/**
 * Tries to split between any two keys of pairs of a label and a key, in the order of the keys.
 *
 * @param flip Bits by which the keys differ from those of the column
 * @param isBins Whether the keys are bins
 */
function splitInOrder(column: i32, inOrder: usize, flip: u32, isBins: bool): void {
  const count = size, counted = left, all = counts;
  emptyLeft();
  let leftSquares: f64 = 0, rightSquares = squares, before = load<u32>(inOrder, 4), top = best;
  for (let i = 0; i < count; i++) {
    const pair = inOrder + (<usize> i << 3), c = <usize> load<u32>(pair) << 3;
    const key = load<u32>(pair, 4);
    if (key != before) {
      const value = score(i, leftSquares, rightSquares);
      if (value > top) {
        top = value;
        bestColumn = column;
        bestBin = isBins ? <i32> before : -1;
        bestLow = before ^ flip;
        bestHigh = key ^ flip;
      }
      before = key;
    }
    const l = load<f64>(counted + c);
    leftSquares += 2 * l + 1;
    rightSquares += 2 * (l - load<f64>(all + c)) + 1;
    store<f64>(counted + c, l + 1);
  }
  best = top;
}

/** Empties the counts of the classes on the left; bulk filling is a call out of the kernel. */
function emptyLeft(): void {
  const zero = f64x2.splat(0), end = left + (<usize> classCount << 3);
  for (let at = left; at < end; at += 16) v128.store(at, zero);
}

/**
 * As {@linkcode tryValues}, for up to 96 rows: each key's rank is the number of keys that are less, and equal
 * ones stand side by side.
 */
function tryRanks(column: i32, keys: usize): bool {
  const rows = nodeRows, count = size;
  // Signed, as SIMD compares them; what fills up the last four is less than none.
  const own = sorted, taken = links;
  let differ: u32 = 0;
  const first = load<u32>(keys + (<usize> load<i32>(rows) << 2));
  for (let i = 0; i < count; i++) {
    const key = load<u32>(keys + (<usize> load<i32>(rows + (<usize> i << 2)) << 2));
    differ |= key ^ first;
    store<u32>(own + (<usize> i << 2), key ^ 0x80000000);
  }
  if (differ == 0) return false;
  const fours = (<usize> count + 3) & ~3;
  for (let i = <usize> count; i < fours; i++) store<u32>(own + (i << 2), 0x7fffffff);
  const end = own + (fours << 2), none = i32x4.splat(0);
  for (let at: usize = 0; at < fours; at += 4) v128.store(taken + (at << 2), none);
  for (let i: usize = 0; i < <usize> count; i += 4) {
    const four = v128.load(own + (i << 2));
    const k0 = i32x4.shuffle(four, four, 0, 0, 0, 0), k1 = i32x4.shuffle(four, four, 1, 1, 1, 1);
    const k2 = i32x4.shuffle(four, four, 2, 2, 2, 2), k3 = i32x4.shuffle(four, four, 3, 3, 3, 3);
    let r0 = none, r1 = none, r2 = none, r3 = none;
    for (let at = own; at < end; at += 16) {
      const other = v128.load(at);
      r0 = i32x4.sub(r0, i32x4.lt_s(other, k0));
      r1 = i32x4.sub(r1, i32x4.lt_s(other, k1));
      r2 = i32x4.sub(r2, i32x4.lt_s(other, k2));
      r3 = i32x4.sub(r3, i32x4.lt_s(other, k3));
    }
    // Sums across lanes, the four ranks side by side.
    const a = i32x4.add(i32x4.shuffle(r0, r1, 0, 4, 1, 5), i32x4.shuffle(r0, r1, 2, 6, 3, 7));
    const b = i32x4.add(i32x4.shuffle(r2, r3, 0, 4, 1, 5), i32x4.shuffle(r2, r3, 2, 6, 3, 7));
    const ranks = i32x4.add(i32x4.shuffle(a, b, 0, 1, 4, 5), i32x4.shuffle(a, b, 2, 3, 6, 7));
    place(i, i32x4.extract_lane(four, 0), i32x4.extract_lane(ranks, 0));
    place(i + 1, i32x4.extract_lane(four, 1), i32x4.extract_lane(ranks, 1));
    place(i + 2, i32x4.extract_lane(four, 2), i32x4.extract_lane(ranks, 2));
    place(i + 3, i32x4.extract_lane(four, 3), i32x4.extract_lane(ranks, 3));
  }
  splitInOrder(column, spare, 0x80000000, false);
  return true;
}

/** Puts a row's label and key at its rank, behind those of the same key; nothing for what fills up the last four. */
function place(i: usize, key: i32, rank: i32): void {
  if (i >= <usize> size) return;
  const at = links + (<usize> rank << 2), before = load<i32>(at);
  store<i32>(at, before + 1);
  const to = spare + (<usize> (rank + before) << 3);
  store<i32>(to, load<i32>(nodeLabels + (i << 2)));
  store<i32>(to, key, 4);
}

/** Sorts the rows by their bins, by counting, and tries to split between bins; whether there is more than one. */
function tryBins(column: i32, bins: usize): bool {
  const rows = nodeRows, labels = nodeLabels, count = size, starts = digits, inOrder = sorted;
  const none = i32x4.splat(0);
  for (let at: usize = 0; at < 1024; at += 16) v128.store(starts + at, none);
  for (let i = 0; i < count; i++) {
    const bin = <usize> load<u8>(bins + <usize> load<i32>(rows + (<usize> i << 2)));
    const at = starts + (bin << 2);
    store<i32>(at, load<i32>(at) + 1);
  }
  let sum = 0;
  for (let at: usize = 0; at < 1024; at += 4) {
    const own = load<i32>(starts + at);
    store<i32>(starts + at, sum);
    sum += own;
  }
  for (let i = 0; i < count; i++) {
    const bin = <usize> load<u8>(bins + <usize> load<i32>(rows + (<usize> i << 2)));
    const at = starts + (bin << 2), to = load<i32>(at);
    store<i32>(at, to + 1);
    store<i32>(inOrder + (<usize> to << 3), load<i32>(labels + (<usize> i << 2)));
    store<i32>(inOrder + (<usize> to << 3), <i32> bin, 4);
  }
  if (load<i32>(inOrder, 4) == load<i32>(inOrder + (<usize> (count - 1) << 3), 4)) return false;
  splitInOrder(column, inOrder, 0, true);
  return true;
}

/** Counts the classes of all bins, and tries to split between bins; whether there is more than one. */
function tryHistogram(column: i32, bins: usize, stride: i32): bool {
  const rows = nodeRows, labels = nodeLabels, count = size, table = histogram;
  const width = <usize> stride << 2;
  for (let i = 0; i < count; i++) {
    const bin = <usize> load<u8>(bins + <usize> load<i32>(rows + (<usize> i << 2)));
    const at = table + bin * width + (<usize> load<i32>(labels + (<usize> i << 2)) << 2);
    store<i32>(at, load<i32>(at) + 1);
  }
  const own = left, all = counts;
  emptyLeft();
  const zero = i32x4.splat(0), two = f64x2.splat(2);
  let leftSquares: f64 = 0, rightSquares = squares, leftSize = 0, top = best, groups = 0;
  for (let bin = 0; leftSize < count; bin++) {
    const cell = table + <usize> bin * width;
    let inBin = f64x2.splat(0), rise = f64x2.splat(0), fall = f64x2.splat(0);
    for (let c: usize = 0; c < width; c += 16) {
      const values = v128.load(cell + c);
      if (!v128.any_true(values)) continue;
      v128.store(cell + c, zero);
      const low = f64x2.convert_low_i32x4_s(values);
      const high = f64x2.convert_low_i32x4_s(i32x4.shuffle(values, values, 2, 3, 2, 3));
      const at = c << 1;
      const l0 = v128.load(own + at), l1 = v128.load(own + at, 16);
      const d0 = f64x2.sub(l0, v128.load(all + at)), d1 = f64x2.sub(l1, v128.load(all + at, 16));
      rise = f64x2.add(rise, f64x2.mul(low, f64x2.add(f64x2.mul(two, l0), low)));
      rise = f64x2.add(rise, f64x2.mul(high, f64x2.add(f64x2.mul(two, l1), high)));
      fall = f64x2.add(fall, f64x2.mul(low, f64x2.add(f64x2.mul(two, d0), low)));
      fall = f64x2.add(fall, f64x2.mul(high, f64x2.add(f64x2.mul(two, d1), high)));
      v128.store(own + at, f64x2.add(l0, low));
      v128.store(own + at, f64x2.add(l1, high), 16);
      inBin = f64x2.add(inBin, f64x2.add(low, high));
    }
    const more = <i32> (f64x2.extract_lane(inBin, 0) + f64x2.extract_lane(inBin, 1));
    if (more == 0) continue;
    groups++;
    leftSize += more;
    leftSquares += f64x2.extract_lane(rise, 0) + f64x2.extract_lane(rise, 1);
    rightSquares += f64x2.extract_lane(fall, 0) + f64x2.extract_lane(fall, 1);
    if (leftSize == count) break;
    const value = score(leftSize, leftSquares, rightSquares);
    if (value > top) {
      top = value;
      bestColumn = column;
      bestBin = bin;
    }
  }
  best = top;
  return groups > 1;
}

/**
 * Grows trees, each on a bootstrap sample. A tree's node is a leaf (column −1; right: its number) or asks a
 * column (right: its right child; the left one follows it). Its leaves hold the rows of `sample` one after
 * the other; `ends` says where each ends.
 * ints: keys [columns][n] (u32), bins [columns][n] (u8), labels [n], n, columns, classes, tried columns,
 *   most depth, least rows of a leaf, rows up to which a node is split between any two values, rows beyond
 *   which it is counted in a histogram, seeds [trees] (u32), sample [trees][n] (out), column [trees][2n] (out),
 *   threshold [trees][2n] (f32, out), right [trees][2n] (out), ends [trees][n] (out), sizes [trees][2]: nodes
 *   and leaves (out), work [trees][stride] (f64), stride of the work in float64 values
 */
export function growTrees(args: usize, begin: i32, end: i32, _scratch: usize): void {
  const keys = load<usize>(args), bins = load<usize>(args, 4), labels = load<usize>(args, 8);
  const n = load<i32>(args, 12), columns = load<i32>(args, 16);
  const classes = load<i32>(args, 20);
  classCount = classes;
  const tried = load<i32>(args, 24), maxDepth = load<i32>(args, 28);
  const least = load<i32>(args, 32);
  leastRows = least;
  const exactRows = load<i32>(args, 36), histogramRows = load<i32>(args, 40);
  const seeds = load<usize>(args, 44), sample = load<usize>(args, 48);
  const outColumn = load<usize>(args, 52), outThreshold = load<usize>(args, 56);
  const outRight = load<usize>(args, 60), outEnds = load<usize>(args, 64);
  const sizes = load<usize>(args, 68), work = load<usize>(args, 72), stride = load<i32>(args, 76);
  const padded = (classes + 3) & ~3;
  for (let tree = begin; tree < end; tree++) {
    // Room for the work, as grow_forest.ts counts it.
    let room = work + (<usize> tree * stride << 3);
    counts = room;
    left = room += <usize> padded << 3;
    sorted = room += <usize> padded << 3;
    spare = room += <usize> n << 3;
    const stack = room += <usize> n << 3;
    digits = room += <usize> (n + 2) << 4;
    histogram = room += 1024;
    const tableBytes = n > histogramRows ? <usize> BINS * padded << 2 : 0;
    links = room += tableBytes;
    const held = room += <usize> n << 2;
    const own = room += <usize> n << 2;
    const order = room += <usize> n << 2;
    memory.fill(left, 0, <usize> padded << 3);
    memory.fill(histogram, 0, tableBytes);
    memory.fill(counts, 0, <usize> padded << 3);
    for (let c = 0; c < columns; c++) store<i32>(order + (<usize> c << 2), c);

    const rows = sample + (<usize> tree * n << 2);
    const column = outColumn + (<usize> tree * n << 3);
    const threshold = outThreshold + (<usize> tree * n << 3);
    const right = outRight + (<usize> tree * n << 3);
    const ends = outEnds + (<usize> tree * n << 2);
    startRandom(load<u32>(seeds + (<usize> tree << 2)));
    for (let i = 0; i < n; i++) store<i32>(rows + (<usize> i << 2), draw(n));

    let nodes = 0, leaves = 0, waiting = 1;
    store<i32>(stack, 0);
    store<i32>(stack, n, 4);
    store<i32>(stack, 0, 8);
    store<i32>(stack, -1, 12);
    while (waiting > 0) {
      const top = stack + (<usize> --waiting << 4);
      const from = load<i32>(top), to = load<i32>(top, 4);
      const depth = load<i32>(top, 8), parent = load<i32>(top, 12);
      const node = <usize> nodes;
      nodes++;
      if (parent >= 0) store<i32>(right + (<usize> parent << 2), <i32> node);
      size = to - from;
      nodeRows = rows + (<usize> from << 2);
      nodeLabels = own;
      for (let c: usize = 0; c < <usize> padded; c += 2) {
        v128.store(counts + (c << 3), f64x2.splat(0));
      }
      for (let i = 0; i < size; i++) {
        const label = load<i32>(labels + (<usize> load<i32>(nodeRows + (<usize> i << 2)) << 2));
        store<i32>(own + (<usize> i << 2), label);
        const at = counts + (<usize> label << 3);
        store<f64>(at, load<f64>(at) + 1);
      }
      const isPure = load<f64>(counts + (<usize> load<i32>(own) << 3)) == <f64> size;
      bestColumn = -1;
      if (!isPure && depth < maxDepth && <i64> size >= 2 * <i64> least) {
        best = -Infinity;
        squares = 0;
        for (let c = 0; c < classes; c++) {
          const count = load<f64>(counts + (<usize> c << 3));
          squares += count * count;
        }
        let useful = 0;
        for (let drawn = 0; drawn < columns; drawn++) {
          if (drawn >= tried && useful > 0) break;
          const swap = order + (<usize> (drawn + draw(columns - drawn)) << 2);
          const candidate = load<i32>(swap), place = order + (<usize> drawn << 2);
          store<i32>(swap, load<i32>(place));
          store<i32>(place, candidate);
          const at = <usize> candidate * n;
          const ownKeys = keys + (at << 2), ownBins = bins + at;
          let isUseful: bool;
          if (size <= exactRows) {
            isUseful = size <= RANKED_ROWS
              ? tryRanks(candidate, ownKeys)
              : tryValues(candidate, ownKeys);
          } else {
            isUseful = size > histogramRows
              ? tryHistogram(candidate, ownBins, padded)
              : tryBins(candidate, ownBins);
            // All in one bin: between any two values.
            if (!isUseful) isUseful = tryValues(candidate, ownKeys);
          }
          if (isUseful) useful++;
        }
      }
      if (bestColumn < 0) {
        store<i32>(column + (node << 2), -1);
        store<f32>(threshold + (node << 2), 0);
        store<i32>(right + (node << 2), leaves);
        store<i32>(ends + (<usize> leaves << 2), to);
        leaves++;
        continue;
      }
      const chosen = <usize> bestColumn * n, ownKeys = keys + (chosen << 2);
      if (bestBin >= 0) {
        let low: u32 = 0, high: u32 = 0xffffffff;
        for (let i = 0; i < size; i++) {
          const row = <usize> load<i32>(nodeRows + (<usize> i << 2));
          const key = load<u32>(ownKeys + (row << 2));
          if (<i32> load<u8>(bins + chosen + row) <= bestBin) low = max(low, key);
          else high = min(high, key);
        }
        bestLow = low;
        bestHigh = high;
      }
      store<i32>(column + (node << 2), bestColumn);
      store<f32>(threshold + (node << 2), thresholdBetween(valueOf(bestLow), valueOf(bestHigh)));
      store<i32>(right + (node << 2), 0);
      let middle = 0, kept = 0;
      for (let i = 0; i < size; i++) {
        const row = load<i32>(nodeRows + (<usize> i << 2));
        if (load<u32>(ownKeys + (<usize> row << 2)) <= bestLow) {
          store<i32>(nodeRows + (<usize> middle << 2), row);
          middle++;
        } else {
          store<i32>(held + (<usize> kept << 2), row);
          kept++;
        }
      }
      memory.copy(nodeRows + (<usize> middle << 2), held, <usize> kept << 2);
      const behind = stack + (<usize> waiting << 4);
      store<i32>(behind, from + middle);
      store<i32>(behind, to, 4);
      store<i32>(behind, depth + 1, 8);
      store<i32>(behind, <i32> node, 12);
      store<i32>(behind, from, 16);
      store<i32>(behind, from + middle, 20);
      store<i32>(behind, depth + 1, 24);
      store<i32>(behind, -1, 28);
      waiting += 2;
    }
    store<i32>(sizes + (<usize> tree << 3), nodes);
    store<i32>(sizes + (<usize> tree << 3), leaves, 4);
  }
}
