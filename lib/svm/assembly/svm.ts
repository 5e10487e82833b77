// @ts-nocheck AssemblyScript, compiled by lib/compute/kernels/build.ts
// Kernel values and sequential minimal optimization for support vector machines.
//
// kernelValues turns a block of dot products (made by gemm) into kernel values in place. exp is computed
// on four lanes as 2ⁿ·p(r), r = x − n·ln 2, with the polynomial of Cephes' expf: 2 ulp.
//
// smoRound works on one pair of classes a task, over the rows whose kernel rows are in memory. A step
// costs two passes over these rows (selection) and one over all rows of the pair (update of F): with
// n = 10,000 rows some ten microseconds.

const LINEAR: i32 = 0;
const RBF: i32 = 1;
const POLY: i32 = 2;

function exp4(x: v128): v128 {
  x = f32x4.min(f32x4.max(x, f32x4.splat(-87.3)), f32x4.splat(88));
  const n = f32x4.nearest(f32x4.mul(x, f32x4.splat(1.44269504088896341)));
  let r = f32x4.sub(x, f32x4.mul(n, f32x4.splat(0.693359375)));
  r = f32x4.sub(r, f32x4.mul(n, f32x4.splat(-2.12194440e-4)));
  let p = f32x4.splat(1.9875691500e-4);
  p = f32x4.add(f32x4.mul(p, r), f32x4.splat(1.3981999507e-3));
  p = f32x4.add(f32x4.mul(p, r), f32x4.splat(8.3334519073e-3));
  p = f32x4.add(f32x4.mul(p, r), f32x4.splat(4.1665795894e-2));
  p = f32x4.add(f32x4.mul(p, r), f32x4.splat(1.6666665459e-1));
  p = f32x4.add(f32x4.mul(p, r), f32x4.splat(5.0000001201e-1));
  p = f32x4.add(f32x4.add(f32x4.mul(f32x4.mul(r, r), p), r), f32x4.splat(1));
  const power = i32x4.shl(
    i32x4.add(i32x4.trunc_sat_f32x4_s(n), i32x4.splat(127)),
    23,
  );
  return f32x4.mul(p, power);
}

function kernel4(
  dot: v128,
  rowNorm: v128,
  columnNorm: v128,
  kind: i32,
  degree: i32,
  gamma: v128,
  coef0: v128,
): v128 {
  if (kind == LINEAR) return dot;
  if (kind == RBF) {
    const squared = f32x4.sub(
      f32x4.add(rowNorm, columnNorm),
      f32x4.add(dot, dot),
    );
    return exp4(
      f32x4.mul(f32x4.neg(gamma), f32x4.max(squared, f32x4.splat(0))),
    );
  }
  const base = f32x4.add(f32x4.mul(gamma, dot), coef0);
  if (kind == POLY) {
    let power = f32x4.splat(1);
    for (let i = 0; i < degree; i++) power = f32x4.mul(power, base);
    return power;
  }
  // tanh x = 1 − 2 / (e²ˣ + 1)
  const e = exp4(f32x4.add(base, base));
  return f32x4.sub(
    f32x4.splat(1),
    f32x4.div(f32x4.splat(2), f32x4.add(e, f32x4.splat(1))),
  );
}

/**
 * Kernel values from dot products, in place. A task is a row.
 * ints: block [rows][columns], columns, squared norms of the rows, of the columns, kind, degree;
 * floats: gamma, coef0
 */
export function kernelValues(
  args: usize,
  begin: i32,
  end: i32,
  _scratch: usize,
): void {
  const block = load<usize>(args);
  const columns = load<i32>(args, 4);
  const rowNorms = load<usize>(args, 8), columnNorms = load<usize>(args, 12);
  const kind = load<i32>(args, 16), degree = load<i32>(args, 20);
  const gamma = f32x4.splat(load<f32>(args, 128)),
    coef0 = f32x4.splat(load<f32>(args, 132));
  const bytes = (<usize> columns) << 2;
  for (let row = begin; row < end; row++) {
    const values = block + <usize> row * bytes;
    const rowNorm = v128.load32_splat(rowNorms + ((<usize> row) << 2));
    let i: usize = 0;
    for (; i + 16 <= bytes; i += 16) {
      v128.store(
        values + i,
        kernel4(
          v128.load(values + i),
          rowNorm,
          v128.load(columnNorms + i),
          kind,
          degree,
          gamma,
          coef0,
        ),
      );
    }
    for (; i < bytes; i += 4) {
      const value = kernel4(
        v128.load32_splat(values + i),
        rowNorm,
        v128.load32_splat(columnNorms + i),
        kind,
        degree,
        gamma,
        coef0,
      );
      store<f32>(values + i, f32x4.extract_lane(value, 0));
    }
  }
}

// Fields of a pair's descriptor, int32 words:
//   0 n, 1 rows of the first class (y = +1; the others have −1), 2 α [n] f64, 3 F [n] f64,
//   4 addresses of kernel row segments [n][2] (over the first class, over the second),
//   5 diagonal of the kernel [n] f32, 6 resident rows [count] i32, 7 count, 8 parameters f64:
//   [C of y = +1, C of y = −1, tolerance of this round, most steps of this round, steps done (out)]
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
  let step = 0;
  for (; step < maxSteps; step++) {
    let largest = -Infinity, smallest = Infinity, i = -1;
    for (let r = 0; r < count; r++) {
      const k = load<i32>(resident + ((<usize> r) << 2));
      const a = load<f64>(alpha + ((<usize> k) << 3));
      const value = -load<f64>(F + ((<usize> k) << 3));
      const positive = k < first;
      const up = positive ? a < positiveC : a > 0;
      const low = positive ? a > 0 : a < negativeC;
      if (up && value > largest) {
        largest = value;
        i = k;
      }
      if (low && value < smallest) smallest = value;
    }
    if (!(largest - smallest > tolerance)) break;

    const ownI = load<usize>(segments + ((<usize> i) << 3));
    const otherI = load<usize>(segments + ((<usize> i) << 3), 4) -
      ((<usize> first) << 2);
    const diagonalI = <f64> load<f32>(diagonal + ((<usize> i) << 2));
    let best = Infinity, bestCurvature: f64 = 1, j = -1;
    for (let r = 0; r < count; r++) {
      const k = load<i32>(resident + ((<usize> r) << 2));
      const gain = largest + load<f64>(F + ((<usize> k) << 3));
      if (gain <= 0) continue;
      const a = load<f64>(alpha + ((<usize> k) << 3));
      const positive = k < first;
      if (positive ? a <= 0 : a >= negativeC) continue;
      const value = <f64> load<f32>(
        (positive ? ownI : otherI) + ((<usize> k) << 2),
      );
      let curvature = diagonalI +
        <f64> load<f32>(diagonal + ((<usize> k) << 2)) - 2 * value;
      if (curvature <= 0) curvature = TAU;
      const objective = -(gain * gain) / curvature;
      if (objective < best) {
        best = objective;
        bestCurvature = curvature;
        j = k;
      }
    }

    // Values that are not finite promise nothing; there is no step to take.
    if (j < 0) break;

    // y_i α_i grows and y_j α_j falls by `move`, as far as the box allows.
    const atI = alpha + ((<usize> i) << 3), atJ = alpha + ((<usize> j) << 3);
    const alphaI = load<f64>(atI), alphaJ = load<f64>(atJ);
    const positiveI = i < first, positiveJ = j < first;
    const roomI = positiveI ? positiveC - alphaI : alphaI;
    const roomJ = positiveJ ? alphaJ : negativeC - alphaJ;
    let move = (largest + load<f64>(F + ((<usize> j) << 3))) / bestCurvature;
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
    const ownJ = load<usize>(segments + ((<usize> j) << 3));
    const otherJ = load<usize>(segments + ((<usize> j) << 3), 4);
    addDifference(F, ownI, ownJ, first, move);
    addDifference(
      F + ((<usize> first) << 3),
      otherI + ((<usize> first) << 2),
      otherJ,
      n - first,
      move,
    );
  }
  store<f64>(parameters, step, 32);
}

/**
 * F += move · (a − b) over n values. The difference is taken in float64, so that F stays what the kernel
 * values in memory make it, however many steps are taken.
 */

function addDifference(F: usize, a: usize, b: usize, n: i32, move: f64): void {
  const factor = f64x2.splat(move);
  let k = 0;
  for (; k + 4 <= n; k += 4, a += 16, b += 16, F += 32) {
    const x = v128.load(a), y = v128.load(b);
    const low = f64x2.sub(
      f64x2.promote_low_f32x4(x),
      f64x2.promote_low_f32x4(y),
    );
    const high = f64x2.sub(
      f64x2.promote_low_f32x4(v128.shuffle<i32>(x, x, 2, 3, 2, 3)),
      f64x2.promote_low_f32x4(v128.shuffle<i32>(y, y, 2, 3, 2, 3)),
    );
    v128.store(F, f64x2.add(f64x2.mul(factor, low), v128.load(F)));
    v128.store(F, f64x2.add(f64x2.mul(factor, high), v128.load(F, 16)), 16);
  }
  for (; k < n; k++, a += 4, b += 4, F += 8) {
    store<f64>(
      F,
      load<f64>(F) + move * (<f64> load<f32>(a) - <f64> load<f32>(b)),
    );
  }
}
