// @ts-nocheck AssemblyScript, compiled by lib/compute/kernels/build.ts
// Sequential minimal optimization for support vector machines.
//
// smoRound works on one pair of classes a task; steps choose among the rows whose kernel rows are in memory. A
// step costs two passes over all rows of the pair, four at once: one finds the second row, one updates F and
// finds the first row of the next step.

// Fields of a pair's descriptor, int32 words:
//   0 n, 1 rows of the first class (y = +1; the others have −1), 2 α [n] f64, 3 F [n] f64,
//   4 addresses of kernel row segments [n][2] (over the first class, over the second),
//   5 diagonal of the kernel [n] f32, 6 resident rows [count] i32, 7 count, 8 parameters f64:
//   [C of y = +1, C of y = −1, tolerance of this round, most steps of this round, steps done (out)],
//   9 work [5n / 2] f64
const PAIR_BYTES: usize = 64;

/** Replaces a curvature that is not positive, as LIBSVM's TAU does. */
const TAU: f64 = 1e-12;

/** A round of SMO over the resident rows of pairs begin … end − 1. ints: descriptors */
export function smoRound(
  args: usize,
  begin: i32,
  end: i32,
  _scratch: usize,
): void {
  const table = load<usize>(args);
  for (let task = begin; task < end; task++) {
    solvePair(table + <usize> task * PAIR_BYTES);
  }
}

/**
 * F_k = Σ_j y_j α_j K_kj − y_k, so that −F_k is −y_k times the gradient of the dual at k. With
 * "up": y α may grow, "low": it may fall, the first row i of a step is the up row with the largest −F,
 * the second the low row j that promises the largest decrease (Fan, Chen & Lin 2005, WSS 2).
 *
 * What may not be chosen has a bar of ∞, which is added to F or subtracted from it: so rows are looked at four
 * at once, without branches. The pass that updates F finds the next i, too. Promises are compared in float32,
 * which decides about the way only; that a step descends, and when it is over, is told in float64.
 */
function solvePair(pair: usize): void {
  const n = load<i32>(pair), first = load<i32>(pair, 4);
  const alpha = load<usize>(pair, 8), F = load<usize>(pair, 12);
  const segments = load<usize>(pair, 16), diagonal = load<usize>(pair, 20);
  const resident = load<usize>(pair, 24), count = load<i32>(pair, 28);
  const parameters = load<usize>(pair, 32);
  const positiveC = load<f64>(parameters), negativeC = load<f64>(parameters, 8);
  const tolerance = load<f64>(parameters, 16);
  const maxSteps = <i32> load<f64>(parameters, 24);
  const work = load<usize>(pair, 36), upBar = work, lowBar = work + ((<usize> n) << 3);
  // F less the bar, of the rows that may be a step's second.
  const lowF = lowBar + ((<usize> n) << 3);
  for (let k: usize = 0; k < <usize> n; k++) {
    store<f64>(upBar + (k << 3), Infinity);
    store<f64>(lowBar + (k << 3), Infinity);
    store<f32>(lowF + (k << 2), -Infinity);
  }
  leastUp = Infinity;
  mostLow = -Infinity;
  i0 = -1;
  for (let r = 0; r < count; r++) {
    const k = <usize> load<i32>(resident + ((<usize> r) << 2));
    const value = load<f64>(F + (k << 3));
    setBars(alpha, upBar, lowBar, <i32> k, <i32> k < first, positiveC, negativeC);
    store<f32>(lowF + (k << 2), <f32> (value - load<f64>(lowBar + (k << 3))));
    if (value + load<f64>(upBar + (k << 3)) < leastUp) {
      leastUp = value;
      i0 = <i32> k;
    }
    mostLow = max(mostLow, value - load<f64>(lowBar + (k << 3)));
  }
  let step = 0;
  for (; step < maxSteps; step++) {
    if (!(mostLow - leastUp > tolerance)) break;
    const i = i0;
    const ownI = load<usize>(segments + ((<usize> i) << 3));
    const otherI = load<usize>(segments + ((<usize> i) << 3), 4) - ((<usize> first) << 2);
    const diagonalI = load<f32>(diagonal + ((<usize> i) << 2));
    bestPromise = 0;
    j0 = -1;
    promise(lowF, diagonal, ownI, diagonalI, 0, first);
    promise(lowF, diagonal, otherI, diagonalI, first, n);
    let j = j0;
    if (j < 0 || !(load<f64>(F + ((<usize> j) << 3)) > leastUp)) {
      // Too small for float32: the row that violates most.
      j = -1;
      for (let k = 0; k < n && j < 0; k++) {
        const at = (<usize> k) << 3;
        if (load<f64>(F + at) - load<f64>(lowBar + at) == mostLow) j = k;
      }
      // Values that are not finite promise nothing; there is no step to take.
      if (j < 0) break;
    }
    const positiveI = i < first, positiveJ = j < first;
    const value = <f64> load<f32>((positiveJ ? ownI : otherI) + ((<usize> j) << 2));
    let curvature = <f64> diagonalI + <f64> load<f32>(diagonal + ((<usize> j) << 2)) - 2 * value;
    if (curvature <= 0) curvature = TAU;

    // y_i α_i grows and y_j α_j falls by `move`, as far as the box allows.
    const atI = alpha + ((<usize> i) << 3), atJ = alpha + ((<usize> j) << 3);
    const alphaI = load<f64>(atI), alphaJ = load<f64>(atJ);
    const roomI = positiveI ? positiveC - alphaI : alphaI;
    const roomJ = positiveJ ? alphaJ : negativeC - alphaJ;
    let move = (load<f64>(F + ((<usize> j) << 3)) - leastUp) / curvature;
    move = min(move, min(roomI, roomJ));
    // At a bound the value is the bound itself, not nearly.
    store<f64>(
      atI,
      move == roomI ? (positiveI ? positiveC : 0) : (positiveI ? alphaI + move : alphaI - move),
    );
    store<f64>(
      atJ,
      move == roomJ ? (positiveJ ? 0 : negativeC) : (positiveJ ? alphaJ - move : alphaJ + move),
    );
    setBars(alpha, upBar, lowBar, i, positiveI, positiveC, negativeC);
    setBars(alpha, upBar, lowBar, j, positiveJ, positiveC, negativeC);
    const ownJ = load<usize>(segments + ((<usize> j) << 3));
    const otherJ = load<usize>(segments + ((<usize> j) << 3), 4) - ((<usize> first) << 2);
    leastUp = Infinity;
    mostLow = -Infinity;
    i0 = -1;
    update(F, upBar, lowBar, lowF, ownI, ownJ, move, 0, first);
    update(F, upBar, lowBar, lowF, otherI, otherJ, move, first, n);
  }
  store<f64>(parameters, step, 32);
}

// What passes over the rows find: the first row of the next step with its F, the largest F of the low rows, and
// the second row with what it promises.
let leastUp: f64 = 0, i0: i32 = 0, mostLow: f64 = 0, bestPromise: f32 = 0, j0: i32 = 0;

/** Bars row k from what its α no longer allows. */

function setBars(
  alpha: usize,
  upBar: usize,
  lowBar: usize,
  k: i32,
  positive: bool,
  positiveC: f64,
  negativeC: f64,
): void {
  const at = (<usize> k) << 3, a = load<f64>(alpha + at);
  const up = positive ? a < positiveC : a > 0;
  const low = positive ? a > 0 : a < negativeC;
  store<f64>(upBar + at, up ? 0 : Infinity);
  store<f64>(lowBar + at, low ? 0 : Infinity);
}

/** Finds among rows begin … end − 1 the one that promises more than the best so far: gain² / curvature. */
function promise(
  lowF: usize,
  diagonal: usize,
  values: usize,
  diagonalI: f32,
  begin: i32,
  end: i32,
): void {
  const least4 = f32x4.splat(<f32> leastUp), own4 = f32x4.splat(diagonalI);
  const tau4 = f32x4.splat(<f32> TAU), zero4 = f32x4.splat(0);
  let best4 = f32x4.splat(bestPromise), at4 = i32x4.splat(-1);
  let rows = i32x4.add(i32x4.splat(begin), i32x4(0, 1, 2, 3));
  const four = i32x4.splat(4);
  let k = begin;
  for (; k + 4 <= end; k += 4) {
    const at = (<usize> k) << 2, value = v128.load(values + at);
    const gain = f32x4.max(f32x4.sub(v128.load(lowF + at), least4), zero4);
    const sum = f32x4.add(own4, v128.load(diagonal + at));
    const curvature = f32x4.max(f32x4.sub(sum, f32x4.add(value, value)), tau4);
    const own = f32x4.div(f32x4.mul(gain, gain), curvature);
    const isMore = f32x4.gt(own, best4);
    best4 = v128.bitselect(own, best4, isMore);
    at4 = v128.bitselect(rows, at4, isMore);
    rows = i32x4.add(rows, four);
  }
  better(f32x4.extract_lane(best4, 0), i32x4.extract_lane(at4, 0));
  better(f32x4.extract_lane(best4, 1), i32x4.extract_lane(at4, 1));
  better(f32x4.extract_lane(best4, 2), i32x4.extract_lane(at4, 2));
  better(f32x4.extract_lane(best4, 3), i32x4.extract_lane(at4, 3));
  for (; k < end; k++) {
    const at = (<usize> k) << 2, value = load<f32>(values + at);
    const gain = max(load<f32>(lowF + at) - <f32> leastUp, 0);
    const curvature = max(diagonalI + load<f32>(diagonal + at) - (value + value), <f32> TAU);
    better(gain * gain / curvature, k);
  }
}

/** Takes a row that promises more, or as much and stands before. */

function better(promised: f32, row: i32): void {
  if (row >= 0 && (promised > bestPromise || (promised == bestPromise && row < j0))) {
    bestPromise = promised;
    j0 = row;
  }
}

/**
 * F += move · (a − b) over rows begin … end − 1, and what the next step begins with. The difference is taken in
 * float64, so that F stays what the kernel values in memory make it, however many steps are taken.
 */
function update(
  F: usize,
  upBar: usize,
  lowBar: usize,
  lowF: usize,
  a: usize,
  b: usize,
  move: f64,
  begin: i32,
  end: i32,
): void {
  const factor = f64x2.splat(move), two = i64x2.splat(2);
  let least0 = f64x2.splat(leastUp), least1 = least0;
  let most0 = f64x2.splat(mostLow), most1 = most0;
  let at0 = i64x2.splat(-1), at1 = at0;
  let rows = i64x2.add(i64x2.splat(begin), i64x2(0, 1));
  let k = begin;
  for (; k + 4 <= end; k += 4) {
    const at = (<usize> k) << 3, half = at >> 1;
    const x = v128.load(a + half), y = v128.load(b + half);
    const d0 = f64x2.sub(f64x2.promote_low_f32x4(x), f64x2.promote_low_f32x4(y));
    const d1 = f64x2.sub(
      f64x2.promote_low_f32x4(v128.shuffle<i32>(x, x, 2, 3, 2, 3)),
      f64x2.promote_low_f32x4(v128.shuffle<i32>(y, y, 2, 3, 2, 3)),
    );
    const f0 = f64x2.add(f64x2.mul(factor, d0), v128.load(F + at));
    const f1 = f64x2.add(f64x2.mul(factor, d1), v128.load(F + at, 16));
    v128.store(F + at, f0);
    v128.store(F + at, f1, 16);
    const up0 = f64x2.add(f0, v128.load(upBar + at));
    const up1 = f64x2.add(f1, v128.load(upBar + at, 16));
    const isLess0 = f64x2.lt(up0, least0), isLess1 = f64x2.lt(up1, least1);
    least0 = v128.bitselect(up0, least0, isLess0);
    least1 = v128.bitselect(up1, least1, isLess1);
    at0 = v128.bitselect(rows, at0, isLess0);
    rows = i64x2.add(rows, two);
    at1 = v128.bitselect(rows, at1, isLess1);
    rows = i64x2.add(rows, two);
    const low0 = f64x2.sub(f0, v128.load(lowBar + at));
    const low1 = f64x2.sub(f1, v128.load(lowBar + at, 16));
    most0 = f64x2.pmax(most0, low0);
    most1 = f64x2.pmax(most1, low1);
    const low = v128.shuffle<i64>(
      f32x4.demote_f64x2_zero(low0),
      f32x4.demote_f64x2_zero(low1),
      0,
      2,
    );
    v128.store(lowF + half, low);
  }
  lesser(f64x2.extract_lane(least0, 0), <i32> i64x2.extract_lane(at0, 0));
  lesser(f64x2.extract_lane(least0, 1), <i32> i64x2.extract_lane(at0, 1));
  lesser(f64x2.extract_lane(least1, 0), <i32> i64x2.extract_lane(at1, 0));
  lesser(f64x2.extract_lane(least1, 1), <i32> i64x2.extract_lane(at1, 1));
  const most = f64x2.pmax(most0, most1);
  mostLow = max(f64x2.extract_lane(most, 0), f64x2.extract_lane(most, 1));
  for (; k < end; k++) {
    const at = (<usize> k) << 3, half = at >> 1;
    const difference = <f64> load<f32>(a + half) - <f64> load<f32>(b + half);
    const value = load<f64>(F + at) + move * difference;
    store<f64>(F + at, value);
    lesser(value + load<f64>(upBar + at), k);
    const low = value - load<f64>(lowBar + at);
    mostLow = max(mostLow, low);
    store<f32>(lowF + half, <f32> low);
  }
}

/** Takes a row whose F is less, or the same and stands before. */

function lesser(value: f64, row: i32): void {
  if (row >= 0 && (value < leastUp || (value == leastUp && row < i0))) {
    leastUp = value;
    i0 = row;
  }
}
