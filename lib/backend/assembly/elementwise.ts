// @ts-nocheck AssemblyScript, compiled by lib/compute/kernels/build.ts
// deno-fmt-ignore-file It would leave out the decorators, which AssemblyScript needs.
// Element-wise kernels from three templates: two operands with any broadcast, one operand, and a
// condition. They are bound by memory: a task is a run of 16,384 results (64 KiB), and everything
// happens in one pass. The operations' numbers stand in lib/backend/ops/elementwise.ts, too.

/** Results of a task. */
const CHUNK: i32 = 16384;

/** Two operands. `p` and `q` are an operation's parameters. */

@inline
function binaryVector(op: i32, a: v128, b: v128, p: v128, q: v128): v128 {
  const zero = f32x4.splat(0), one = f32x4.splat(1);
  switch (op) {
    case 0:
      return f32x4.add(a, b);
    case 1:
      return f32x4.sub(a, b);
    case 2:
      return f32x4.mul(a, b);
    case 3:
      return f32x4.div(a, b);
    case 4:
      return f32x4.max(a, b);
    case 5:
      return f32x4.min(a, b);
    case 6: { // squared difference
      const d = f32x4.sub(a, b);
      return f32x4.mul(d, d);
    }
    case 7: // a, or b times a where a is below zero
      return v128.bitselect(f32x4.mul(b, a), a, f32x4.lt(a, zero));
    case 8: // gradient a of ELU's result b
      return v128.bitselect(a, f32x4.mul(a, f32x4.add(b, one)), f32x4.ge(b, zero));
    case 9: { // gradient a of ReLU at b: a times the step of b, which is NaN at NaN
      const step = v128.bitselect(v128.and(one, f32x4.gt(b, zero)), b, f32x4.eq(b, b));
      return f32x4.mul(a, step);
    }
    case 10: { // the same of ReLU6
      const below = v128.and(one, f32x4.le(b, f32x4.splat(6)));
      const step = v128.bitselect(v128.and(one, f32x4.gt(b, zero)), b, f32x4.eq(b, b));
      return f32x4.mul(a, f32x4.mul(below, step));
    }
    case 11: // gradient a of a square at b
      return f32x4.mul(a, f32x4.mul(b, f32x4.splat(2)));
    case 12: // gradient a of a sigmoid's result b
      return f32x4.mul(a, f32x4.mul(b, f32x4.sub(one, b)));
    case 13: // gradient a of a hyperbolic tangent's result b
      return f32x4.mul(f32x4.sub(one, f32x4.mul(b, b)), a);
    case 14: // gradient a of clipping b to [p, q]
      return v128.and(a, v128.and(f32x4.ge(b, p), f32x4.le(b, q)));
    case 15: // gradient a of leaky ReLU at b, slope p
      return f32x4.mul(v128.bitselect(one, p, f32x4.gt(b, zero)), a);
    default:
      return a;
  }
}

/** Comparisons: all bits of a lane, or none. */

@inline
function comparison(op: i32, a: v128, b: v128): v128 {
  switch (op) {
    case 0:
      return f32x4.eq(a, b);
    case 1:
      return f32x4.ne(a, b);
    case 2:
      return f32x4.lt(a, b);
    case 3:
      return f32x4.le(a, b);
    case 4:
      return f32x4.gt(a, b);
    default:
      return f32x4.ge(a, b);
  }
}

/** The least significant bytes of four lanes. */

@inline
function storeBits(to: usize, mask: v128): void {
  const bits = v128.and(mask, i32x4.splat(1));
  const narrow = i16x8.narrow_i32x4_s(bits, bits);
  v128.store32_lane(to, i8x16.narrow_i16x8_s(narrow, narrow), 0);
}

@inline
function binaryRun(
  op: i32,
  compare: bool,
  a: usize,
  b: usize,
  y: usize,
  n: i32,
  movesA: bool,
  movesB: bool,
  p: v128,
  q: v128,
): void {
  let left = v128.load32_splat(a), right = v128.load32_splat(b);
  let i = 0;
  for (; i + 4 <= n; i += 4) {
    const at = (<usize> i) << 2;
    if (movesA) left = v128.load(a + at);
    if (movesB) right = v128.load(b + at);
    if (compare) storeBits(y + <usize> i, comparison(op, left, right));
    else v128.store(y + at, binaryVector(op, left, right, p, q));
  }
  for (; i < n; i++) {
    const at = (<usize> i) << 2;
    if (movesA) left = v128.load32_splat(a + at);
    if (movesB) right = v128.load32_splat(b + at);
    if (compare) store<u8>(y + <usize> i, i32x4.extract_lane(comparison(op, left, right), 0) & 1);
    else v128.store32_lane(y + at, binaryVector(op, left, right, p, q), 0);
  }
}

function binarySegment(
  op: i32,
  a: usize,
  b: usize,
  y: usize,
  n: i32,
  movesA: bool,
  movesB: bool,
  p: v128,
  q: v128,
): void {
  switch (op) {
    case 0:
      return binaryRun(0, false, a, b, y, n, movesA, movesB, p, q);
    case 1:
      return binaryRun(1, false, a, b, y, n, movesA, movesB, p, q);
    case 2:
      return binaryRun(2, false, a, b, y, n, movesA, movesB, p, q);
    case 3:
      return binaryRun(3, false, a, b, y, n, movesA, movesB, p, q);
    case 4:
      return binaryRun(4, false, a, b, y, n, movesA, movesB, p, q);
    case 5:
      return binaryRun(5, false, a, b, y, n, movesA, movesB, p, q);
    case 6:
      return binaryRun(6, false, a, b, y, n, movesA, movesB, p, q);
    case 7:
      return binaryRun(7, false, a, b, y, n, movesA, movesB, p, q);
    case 8:
      return binaryRun(8, false, a, b, y, n, movesA, movesB, p, q);
    case 9:
      return binaryRun(9, false, a, b, y, n, movesA, movesB, p, q);
    case 10:
      return binaryRun(10, false, a, b, y, n, movesA, movesB, p, q);
    case 11:
      return binaryRun(11, false, a, b, y, n, movesA, movesB, p, q);
    case 12:
      return binaryRun(12, false, a, b, y, n, movesA, movesB, p, q);
    case 13:
      return binaryRun(13, false, a, b, y, n, movesA, movesB, p, q);
    case 14:
      return binaryRun(14, false, a, b, y, n, movesA, movesB, p, q);
    case 15:
      return binaryRun(15, false, a, b, y, n, movesA, movesB, p, q);
    case 16:
      return powers(a, b, y, n, movesA, movesB);
    case 32:
      return binaryRun(0, true, a, b, y, n, movesA, movesB, p, q);
    case 33:
      return binaryRun(1, true, a, b, y, n, movesA, movesB, p, q);
    case 34:
      return binaryRun(2, true, a, b, y, n, movesA, movesB, p, q);
    case 35:
      return binaryRun(3, true, a, b, y, n, movesA, movesB, p, q);
    case 36:
      return binaryRun(4, true, a, b, y, n, movesA, movesB, p, q);
    default:
      return binaryRun(5, true, a, b, y, n, movesA, movesB, p, q);
  }
}

/** ECMAScript's power, which is NaN for ±1 to an infinite one. */
function powers(a: usize, b: usize, y: usize, n: i32, movesA: bool, movesB: bool): void {
  for (let i = 0; i < n; i++) {
    const at = (<usize> i) << 2;
    const x = load<f32>(movesA ? a + at : a), z = load<f32>(movesB ? b + at : b);
    const undefinedPower = abs<f32>(x) == 1 && abs<f32>(z) == Infinity;
    store<f32>(y + at, undefinedPower ? <f32> NaN : <f32> Math.pow(<f64> x, <f64> z));
  }
}

/**
 * y = a op b with any broadcast: results are runs along the last dimension, in which an operand moves
 * by one value or stands still. Results of comparisons (32 and above) are bytes.
 * ints: op, a, b, y, n, rank, layout [3][rank] (lengths; steps of a and of b in values, 0 where repeated)
 * floats: parameters of the operation
 */
export function binary(args: usize, begin: i32, end: i32, scratch: usize): void {
  const op = load<i32>(args);
  const a = load<usize>(args, 4), b = load<usize>(args, 8), y = load<usize>(args, 12);
  const n = load<i32>(args, 16), rank = load<i32>(args, 20);
  const lengths = load<usize>(args, 24);
  const stepsA = lengths + ((<usize> rank) << 2), stepsB = stepsA + ((<usize> rank) << 2);
  const p = load<f32>(args, 128), q = load<f32>(args, 132);
  const p4 = f32x4.splat(p), q4 = f32x4.splat(q);
  const lastAxis = (<usize> (rank - 1)) << 2;
  const length = load<i32>(lengths + lastAxis);
  const movesA = load<i32>(stepsA + lastAxis) != 0, movesB = load<i32>(stepsB + lastAxis) != 0;
  const bytes: usize = op >= 32 ? 0 : 2;
  const last = min(n, end * CHUNK);
  let at = begin * CHUNK;
  // The place of the first result, as a counter in scratch, and the operands' places.
  let fromA: usize = 0, fromB: usize = 0;
  for (let axis = rank - 1, rest = at; axis >= 0; axis--) {
    const word = (<usize> axis) << 2;
    const size = load<i32>(lengths + word);
    const index = rest % size;
    rest /= size;
    store<i32>(scratch + word, index);
    fromA += <usize> (index * load<i32>(stepsA + word));
    fromB += <usize> (index * load<i32>(stepsB + word));
  }
  while (at < last) {
    const index = load<i32>(scratch + lastAxis);
    const count = min(length - index, last - at);
    binarySegment(
      op,
      a + (fromA << 2),
      b + (fromB << 2),
      y + ((<usize> at) << bytes),
      count,
      movesA,
      movesB,
      p4,
      q4,
    );
    at += count;
    if (at >= last) break;
    fromA -= <usize> (index * load<i32>(stepsA + lastAxis));
    fromB -= <usize> (index * load<i32>(stepsB + lastAxis));
    store<i32>(scratch + lastAxis, 0);
    for (let axis = rank - 2; axis >= 0; axis--) {
      const word = (<usize> axis) << 2;
      const next = load<i32>(scratch + word) + 1;
      fromA += <usize> load<i32>(stepsA + word);
      fromB += <usize> load<i32>(stepsB + word);
      const size = load<i32>(lengths + word);
      if (next < size) {
        store<i32>(scratch + word, next);
        break;
      }
      store<i32>(scratch + word, 0);
      fromA -= <usize> (size * load<i32>(stepsA + word));
      fromB -= <usize> (size * load<i32>(stepsB + word));
    }
  }
}

/** One operand. */

@inline
function unaryVector(op: i32, x: v128, p: v128, q: v128): v128 {
  const zero = f32x4.splat(0), one = f32x4.splat(1);
  switch (op) {
    case 0:
      return f32x4.max(x, zero); // ReLU
    case 1: { // step: 1 above zero, p at or below, NaN stays NaN
      const stepped = v128.bitselect(one, p, f32x4.gt(x, zero));
      return v128.bitselect(stepped, x, f32x4.eq(x, x));
    }
    case 2:
      return f32x4.mul(x, x);
    case 3:
      return f32x4.sqrt(x);
    case 4:
      return f32x4.neg(x);
    case 5:
      return f32x4.abs(x);
    case 6:
      return f32x4.min(f32x4.max(x, zero), f32x4.splat(6)); // ReLU6
    case 7: { // clip to [p, q]
      const low = v128.bitselect(p, x, f32x4.lt(x, p));
      return v128.bitselect(q, low, f32x4.gt(x, q));
    }
    case 8:
      return v128.bitselect(f32x4.mul(p, x), x, f32x4.lt(x, zero)); // leaky ReLU
    case 9:
      return f32x4.div(one, x);
    case 10:
      return f32x4.floor(x);
    case 11:
      return f32x4.ceil(x);
    case 12:
      return f32x4.nearest(x);
    case 13: { // sign; 0 for NaN, as on the CPU backend
      const positive = v128.and(one, f32x4.gt(x, zero));
      return f32x4.sub(positive, v128.and(one, f32x4.lt(x, zero)));
    }
    case 14:
      return f32x4.div(one, f32x4.sqrt(x));
    case 15:
      return exp4(x);
    case 16:
      return natural4(x);
    case 17:
      return sigmoid4(x);
    case 18:
      return tanh4(x);
    case 19:
      return v128.bitselect(x, expMinus1(x), f32x4.ge(x, zero)); // ELU
    case 20: // SELU: p x above zero, q (exp(x) − 1) below
      return v128.bitselect(f32x4.mul(p, x), f32x4.mul(q, expMinus1(x)), f32x4.ge(x, zero));
    case 21:
      return f32x4.div(x, p);
    default:
      return x;
  }
}

/** Functions that are computed in double precision, value by value. */

@inline
function unaryDouble(op: i32, x: f64): f64 {
  switch (op) {
    case 32: { // softplus, with the CPU backend's borders
      if (x < -13.942385) return Math.exp(x);
      return x > 13.942385 ? x : Math.log(1 + Math.exp(x));
    }
    case 33: { // error function, Abramowitz and Stegun 7.1.26
      const t = 1 / (1 + 0.3275911 * abs(x));
      const y = (((((1.061405429 * t - 1.453152027) * t) + 1.421413741) * t - 0.284496736) * t +
        0.254829592) * t;
      const value = 1 - y * Math.exp(-x * x);
      return x == 0 ? 0 : x < 0 ? -value : value;
    }
    case 34:
      return Math.sin(x);
    case 35:
      return Math.cos(x);
    case 36:
      return Math.tan(x);
    case 37:
      return Math.asin(x);
    case 38:
      return Math.acos(x);
    case 39:
      return Math.atan(x);
    case 40:
      return Math.sinh(x);
    case 41:
      return Math.cosh(x);
    case 42:
      return Math.asinh(x);
    case 43:
      return Math.acosh(x);
    case 44:
      return Math.atanh(x);
    case 45:
      return Math.expm1(x);
    default:
      return Math.log1p(x);
  }
}

@inline
function unaryRun(op: i32, x: usize, y: usize, first: usize, last: usize, p: v128, q: v128): void {
  let i = first;
  for (; i + 16 <= last; i += 16) v128.store(y + i, unaryVector(op, v128.load(x + i), p, q));
  for (; i < last; i += 4) {
    v128.store32_lane(y + i, unaryVector(op, v128.load32_splat(x + i), p, q), 0);
  }
}

/** y = op(x). ints: op, x, y, n; floats: parameters of the operation */
export function unary(args: usize, begin: i32, end: i32, _scratch: usize): void {
  const op = load<i32>(args);
  const x = load<usize>(args, 4), y = load<usize>(args, 8);
  const n = load<i32>(args, 12);
  const p = load<f32>(args, 128), q = load<f32>(args, 132);
  const p4 = f32x4.splat(p), q4 = f32x4.splat(q);
  const first = (<usize> begin * CHUNK) << 2, last = (<usize> min(n, end * CHUNK)) << 2;
  if (op >= 32) {
    for (let i = first; i < last; i += 4) {
      store<f32>(y + i, <f32> unaryDouble(op, <f64> load<f32>(x + i)));
    }
    return;
  }
  switch (op) {
    case 0:
      return unaryRun(0, x, y, first, last, p4, q4);
    case 1:
      return unaryRun(1, x, y, first, last, p4, q4);
    case 2:
      return unaryRun(2, x, y, first, last, p4, q4);
    case 3:
      return unaryRun(3, x, y, first, last, p4, q4);
    case 4:
      return unaryRun(4, x, y, first, last, p4, q4);
    case 5:
      return unaryRun(5, x, y, first, last, p4, q4);
    case 6:
      return unaryRun(6, x, y, first, last, p4, q4);
    case 7:
      return unaryRun(7, x, y, first, last, p4, q4);
    case 8:
      return unaryRun(8, x, y, first, last, p4, q4);
    case 9:
      return unaryRun(9, x, y, first, last, p4, q4);
    case 10:
      return unaryRun(10, x, y, first, last, p4, q4);
    case 11:
      return unaryRun(11, x, y, first, last, p4, q4);
    case 12:
      return unaryRun(12, x, y, first, last, p4, q4);
    case 13:
      return unaryRun(13, x, y, first, last, p4, q4);
    case 14:
      return unaryRun(14, x, y, first, last, p4, q4);
    case 15:
      return unaryRun(15, x, y, first, last, p4, q4);
    case 16:
      return unaryRun(16, x, y, first, last, p4, q4);
    case 17:
      return unaryRun(17, x, y, first, last, p4, q4);
    case 18:
      return unaryRun(18, x, y, first, last, p4, q4);
    case 19:
      return unaryRun(19, x, y, first, last, p4, q4);
    case 20:
      return unaryRun(20, x, y, first, last, p4, q4);
    default:
      return unaryRun(21, x, y, first, last, p4, q4);
  }
}

/** y = a where the condition is 1, else b; values of four bytes. ints: condition (bytes), a, b, y, n */
export function select4(args: usize, begin: i32, end: i32, _scratch: usize): void {
  const condition = load<usize>(args), a = load<usize>(args, 4);
  const b = load<usize>(args, 8), y = load<usize>(args, 12);
  const n = load<i32>(args, 16);
  const last = min(n, end * CHUNK);
  let i = begin * CHUNK;
  for (; i + 4 <= last; i += 4) {
    const at = (<usize> i) << 2;
    const bytes = v128.load32_zero(condition + <usize> i);
    const lanes = i32x4.extend_low_i16x8_u(i16x8.extend_low_i8x16_u(bytes));
    const mask = i32x4.eq(lanes, i32x4.splat(1));
    v128.store(y + at, v128.bitselect(v128.load(a + at), v128.load(b + at), mask));
  }
  for (; i < last; i++) {
    const at = (<usize> i) << 2;
    store<i32>(y + at, load<i32>((load<u8>(condition + <usize> i) == 1 ? a : b) + at));
  }
}

/** Logical operations of bytes that are 0 or 1. ints: op (0 and, 1 or, 2 not), a, b, y, n */
export function logical(args: usize, begin: i32, end: i32, _scratch: usize): void {
  const op = load<i32>(args);
  const a = load<usize>(args, 4), b = load<usize>(args, 8), y = load<usize>(args, 12);
  const n = load<i32>(args, 16);
  const last = <usize> min(n, end * CHUNK);
  for (let i = <usize> begin * CHUNK; i < last; i++) {
    const left = load<u8>(a + i) != 0;
    const result = op == 0
      ? left && load<u8>(b + i) != 0
      : op == 1
      ? left || load<u8>(b + i) != 0
      : !left;
    store<u8>(y + i, result ? 1 : 0);
  }
}

/** ECMAScript's ToInt32: the whole part, modulo 2³². */

@inline
function toInt32(x: f32): i32 {
  if (abs<f32>(x) < 2147483648.0) return <i32> x;
  return abs<f32>(x) < 9223372036854775808.0 ? <i32> <i64> x : 0;
}

/**
 * Converts between types of values. ints: kind (0: bytes to float32, 1: int32 to float32, 2: float32 to
 * int32, 3: float32 to bytes 0 or 1, 4: bytes to int32, 5: int32 to bytes 0 or 1), x, y, n
 */
export function convert(args: usize, begin: i32, end: i32, _scratch: usize): void {
  const kind = load<i32>(args);
  const x = load<usize>(args, 4), y = load<usize>(args, 8);
  const n = load<i32>(args, 12);
  const last = <usize> min(n, end * CHUNK);
  const first = <usize> begin * CHUNK;
  for (let i = first; i < last; i++) {
    const at = i << 2;
    if (kind == 0) store<f32>(y + at, <f32> load<u8>(x + i));
    else if (kind == 1) store<f32>(y + at, <f32> load<i32>(x + at));
    else if (kind == 2) store<i32>(y + at, toInt32(load<f32>(x + at)));
    else if (kind == 3) store<u8>(y + i, load<f32>(x + at) != 0 ? 1 : 0);
    else if (kind == 4) store<i32>(y + at, <i32> load<u8>(x + i));
    else store<u8>(y + i, load<i32>(x + at) != 0 ? 1 : 0);
  }
}

/** y = the value, n times. ints: y, n; floats: value */
export function fillValues(args: usize, begin: i32, end: i32, _scratch: usize): void {
  const y = load<usize>(args), n = load<i32>(args, 4), value = load<f32>(args, 128);
  const value4 = f32x4.splat(value);
  const last = (<usize> min(n, end * CHUNK)) << 2;
  let i = (<usize> begin * CHUNK) << 2;
  for (; i + 16 <= last; i += 16) v128.store(y + i, value4);
  for (; i < last; i += 4) v128.store32_lane(y + i, value4, 0);
}
