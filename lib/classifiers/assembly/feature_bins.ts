// @ts-nocheck AssemblyScript, compiled by lib/compute/kernels/build.ts
// Bins of a training set's columns, for the forest's histograms.

/** Bins of a column, at most. */
const MOST: i32 = 256;

function keyAt(sorted: usize, i: i32): u32 {
  return load<u32>(sorted + (<usize> i << 2));
}

/** Where the run of equal keys that begins at `begin` ends. */
function runEnd(sorted: usize, begin: i32, count: i32): i32 {
  const key = keyAt(sorted, begin);
  let end = begin + 1;
  while (end < count && keyAt(sorted, end) == key) end++;
  return end;
}

/**
 * The largest key of each bin but the last, from keys in rising order; returns how many. A column of few
 * values has a bin for each. Else a key that as many rows have as a bin should hold gets a bin of its own, and
 * the others share what is left.
 */
function binBorders(sorted: usize, count: i32, borders: usize): i32 {
  const share = <f64> count / <f64> MOST;
  let runs = 0, heavy = 0, light = 0;
  for (let begin = 0, end = 0; begin < count; begin = end) {
    end = runEnd(sorted, begin, count);
    runs++;
    if (<f64> (end - begin) >= share) heavy++;
    else light += end - begin;
  }
  const isFew = runs <= MOST;
  let found = 0, inBin = 0;
  let begin = 0, end = runEnd(sorted, 0, count);
  while (end < count && found < MOST - 1) {
    const next = runEnd(sorted, end, count);
    const own = end - begin;
    inBin += own;
    let isBorder = true;
    if (!isFew) {
      const target = <f64> light / <f64> max(1, MOST - found - heavy);
      if (<f64> own >= share) heavy--;
      else if (<f64> inBin < target && <f64> (next - end) < share) isBorder = false;
      else light -= inBin;
    }
    if (isBorder) {
      store<u32>(borders + (<usize> found << 2), keyAt(sorted, begin));
      found++;
      inBin = 0;
    }
    begin = end;
    end = next;
  }
  return found;
}

/**
 * Gives the keys of a column bins of about equally many rows: of two rows in different bins, the one in the
 * lower bin has the lower key. A task is a column.
 * ints: keys [columns][n] (u32), bins [columns][n] (out), n, rows of which keys are counted [counted] (u32; 0:
 *   all), their number, at most 65,536
 */
export function columnBins(args: usize, begin: i32, end: i32, scratch: usize): void {
  const keys = load<usize>(args), bins = load<usize>(args, 4), n = load<i32>(args, 8);
  const sample = load<usize>(args, 12), counted = load<i32>(args, 16);
  const first = scratch, spare = scratch + (<usize> counted << 2);
  const starts = spare + (<usize> counted << 2), borders = starts + 1024;
  for (let column = begin; column < end; column++) {
    const own = keys + (<usize> column * n << 2), ownBins = bins + <usize> column * n;
    if (sample == 0) memory.copy(first, own, <usize> counted << 2);
    else {
      for (let i = 0; i < counted; i++) {
        const row = <usize> load<u32>(sample + (<usize> i << 2));
        store<u32>(first + (<usize> i << 2), load<u32>(own + (row << 2)));
      }
    }
    const found = binBorders(sortByDigits<u32>(first, spare, starts, counted, 0), counted, borders);
    for (let i = 0; i < n; i++) {
      const key = keyAt(own, i);
      // How many borders lie below it.
      let low = 0, high = found;
      while (low < high) {
        const middle = (low + high) >> 1;
        if (keyAt(borders, middle) < key) low = middle + 1;
        else high = middle;
      }
      store<u8>(ownBins + <usize> i, <u8> low);
    }
  }
}
