// @ts-nocheck AssemblyScript, compiled by lib/compute/kernels/build.ts
// Element-wise kernels and reductions. They are bound by memory: a task is a run of 16,384 values
// (64 KiB), and everything happens in one pass.

/** Values of a task. */
const CHUNK: i32 = 16384;

const ADD: i32 = 0;
const SUBTRACT: i32 = 1;
const MULTIPLY: i32 = 2;
const DIVIDE: i32 = 3;
const MAXIMUM: i32 = 4;
const MINIMUM: i32 = 5;

function vector(op: i32, a: v128, b: v128): v128 {
  if (op == ADD) return f32x4.add(a, b);
  if (op == SUBTRACT) return f32x4.sub(a, b);
  if (op == MULTIPLY) return f32x4.mul(a, b);
  if (op == DIVIDE) return f32x4.div(a, b);
  if (op == MAXIMUM) return f32x4.max(a, b);
  return f32x4.min(a, b);
}

function scalar(op: i32, a: f32, b: f32): f32 {
  if (op == ADD) return a + b;
  if (op == SUBTRACT) return a - b;
  if (op == MULTIPLY) return a * b;
  if (op == DIVIDE) return a / b;
  if (op == MAXIMUM) return max<f32>(a, b);
  return min<f32>(a, b);
}

function sameShape(op: i32, args: usize, begin: i32, end: i32): void {
  const n = load<i32>(args, 12);
  const first = (<usize> begin * CHUNK) << 2;
  const last = (<usize> min(n, end * CHUNK)) << 2;
  const a = load<usize>(args),
    b = load<usize>(args, 4),
    y = load<usize>(args, 8);
  let i = first;
  for (; i + 16 <= last; i += 16) {
    v128.store(y + i, vector(op, v128.load(a + i), v128.load(b + i)));
  }
  for (; i < last; i += 4) {
    store<f32>(y + i, scalar(op, load<f32>(a + i), load<f32>(b + i)));
  }
}

/** y = a op b, all of n values. ints: a, b, y, n */
export function addSame(
  args: usize,
  begin: i32,
  end: i32,
  _scratch: usize,
): void {
  sameShape(ADD, args, begin, end);
}
export function subtractSame(
  args: usize,
  begin: i32,
  end: i32,
  _scratch: usize,
): void {
  sameShape(SUBTRACT, args, begin, end);
}
export function multiplySame(
  args: usize,
  begin: i32,
  end: i32,
  _scratch: usize,
): void {
  sameShape(MULTIPLY, args, begin, end);
}
export function divideSame(
  args: usize,
  begin: i32,
  end: i32,
  _scratch: usize,
): void {
  sameShape(DIVIDE, args, begin, end);
}
export function maximumSame(
  args: usize,
  begin: i32,
  end: i32,
  _scratch: usize,
): void {
  sameShape(MAXIMUM, args, begin, end);
}
export function minimumSame(
  args: usize,
  begin: i32,
  end: i32,
  _scratch: usize,
): void {
  sameShape(MINIMUM, args, begin, end);
}

function broadcastRow(op: i32, args: usize, begin: i32, end: i32): void {
  const a = load<usize>(args),
    b = load<usize>(args, 4),
    y = load<usize>(args, 8);
  const n = load<i32>(args, 12), columns = load<i32>(args, 16);
  const swap = load<i32>(args, 20) != 0;
  // Whole rows of `columns` values: as many to a task as make a chunk.
  const rowsInTask = max(1, CHUNK / columns);
  const first = begin * rowsInTask, last = min(n / columns, end * rowsInTask);
  const row = (<usize> columns) << 2;
  for (let r = first; r < last; r++) {
    const from = a + <usize> r * row, to = y + <usize> r * row;
    let i: usize = 0;
    for (; i + 16 <= row; i += 16) {
      const left = v128.load(from + i), right = v128.load(b + i);
      v128.store(
        to + i,
        swap ? vector(op, right, left) : vector(op, left, right),
      );
    }
    for (; i < row; i += 4) {
      const left = load<f32>(from + i), right = load<f32>(b + i);
      store<f32>(
        to + i,
        swap ? scalar(op, right, left) : scalar(op, left, right),
      );
    }
  }
}

/** y = a op b, b repeated for each row of a. ints: a, b, y, n, columns of a row, swap operands */
export function addRow(
  args: usize,
  begin: i32,
  end: i32,
  _scratch: usize,
): void {
  broadcastRow(ADD, args, begin, end);
}
export function subtractRow(
  args: usize,
  begin: i32,
  end: i32,
  _scratch: usize,
): void {
  broadcastRow(SUBTRACT, args, begin, end);
}
export function multiplyRow(
  args: usize,
  begin: i32,
  end: i32,
  _scratch: usize,
): void {
  broadcastRow(MULTIPLY, args, begin, end);
}
export function divideRow(
  args: usize,
  begin: i32,
  end: i32,
  _scratch: usize,
): void {
  broadcastRow(DIVIDE, args, begin, end);
}
export function maximumRow(
  args: usize,
  begin: i32,
  end: i32,
  _scratch: usize,
): void {
  broadcastRow(MAXIMUM, args, begin, end);
}
export function minimumRow(
  args: usize,
  begin: i32,
  end: i32,
  _scratch: usize,
): void {
  broadcastRow(MINIMUM, args, begin, end);
}

function withScalar(op: i32, args: usize, begin: i32, end: i32): void {
  const a = load<usize>(args),
    b = load<f32>(load<usize>(args, 4)),
    y = load<usize>(args, 8);
  const n = load<i32>(args, 12);
  const swap = load<i32>(args, 16) != 0;
  const splat = f32x4.splat(b);
  const last = (<usize> min(n, end * CHUNK)) << 2;
  let i = (<usize> begin * CHUNK) << 2;
  for (; i + 16 <= last; i += 16) {
    const value = v128.load(a + i);
    v128.store(
      y + i,
      swap ? vector(op, splat, value) : vector(op, value, splat),
    );
  }
  for (; i < last; i += 4) {
    const value = load<f32>(a + i);
    store<f32>(y + i, swap ? scalar(op, b, value) : scalar(op, value, b));
  }
}

/** y = a op b, b a single value. ints: a, b, y, n, swap operands */
export function addScalar(
  args: usize,
  begin: i32,
  end: i32,
  _scratch: usize,
): void {
  withScalar(ADD, args, begin, end);
}
export function subtractScalar(
  args: usize,
  begin: i32,
  end: i32,
  _scratch: usize,
): void {
  withScalar(SUBTRACT, args, begin, end);
}
export function multiplyScalar(
  args: usize,
  begin: i32,
  end: i32,
  _scratch: usize,
): void {
  withScalar(MULTIPLY, args, begin, end);
}
export function divideScalar(
  args: usize,
  begin: i32,
  end: i32,
  _scratch: usize,
): void {
  withScalar(DIVIDE, args, begin, end);
}
export function maximumScalar(
  args: usize,
  begin: i32,
  end: i32,
  _scratch: usize,
): void {
  withScalar(MAXIMUM, args, begin, end);
}
export function minimumScalar(
  args: usize,
  begin: i32,
  end: i32,
  _scratch: usize,
): void {
  withScalar(MINIMUM, args, begin, end);
}

const RELU: i32 = 0;
const STEP: i32 = 1;
const SQUARE: i32 = 2;
const SQUARE_ROOT: i32 = 3;
const NEGATE: i32 = 4;
const ABSOLUTE: i32 = 5;

function unary(op: i32, args: usize, begin: i32, end: i32): void {
  const x = load<usize>(args), y = load<usize>(args, 4);
  const n = load<i32>(args, 8);
  const zero = f32x4.splat(0);
  const last = (<usize> min(n, end * CHUNK)) << 2;
  let i = (<usize> begin * CHUNK) << 2;
  for (; i + 16 <= last; i += 16) {
    v128.store(y + i, unaryVector(op, v128.load(x + i), zero, args));
  }
  for (; i < last; i += 4) {
    const value = unaryVector(op, v128.load32_splat(x + i), zero, args);
    store<f32>(y + i, f32x4.extract_lane(value, 0));
  }
}

function unaryVector(op: i32, value: v128, zero: v128, args: usize): v128 {
  if (op == RELU) return f32x4.max(value, zero);
  if (op == SQUARE) return f32x4.mul(value, value);
  if (op == SQUARE_ROOT) return f32x4.sqrt(value);
  if (op == NEGATE) return f32x4.neg(value);
  if (op == ABSOLUTE) return f32x4.abs(value);
  // Step: 1 above zero, alpha at or below, NaN stays NaN.
  const alpha = f32x4.splat(load<f32>(args, 128));
  const stepped = v128.bitselect(f32x4.splat(1), alpha, f32x4.gt(value, zero));
  return v128.bitselect(stepped, value, f32x4.eq(value, value));
}

/** y = op(x) for n values. ints: x, y, n; floats (step): alpha */
export function relu(args: usize, begin: i32, end: i32, _scratch: usize): void {
  unary(RELU, args, begin, end);
}
export function step(args: usize, begin: i32, end: i32, _scratch: usize): void {
  unary(STEP, args, begin, end);
}
export function square(
  args: usize,
  begin: i32,
  end: i32,
  _scratch: usize,
): void {
  unary(SQUARE, args, begin, end);
}
export function squareRoot(
  args: usize,
  begin: i32,
  end: i32,
  _scratch: usize,
): void {
  unary(SQUARE_ROOT, args, begin, end);
}
export function negate(
  args: usize,
  begin: i32,
  end: i32,
  _scratch: usize,
): void {
  unary(NEGATE, args, begin, end);
}
export function absolute(
  args: usize,
  begin: i32,
  end: i32,
  _scratch: usize,
): void {
  unary(ABSOLUTE, args, begin, end);
}

/**
 * Sums of groups of `groupRows` rows: y[group][column].
 * ints: x [rows][columns], y, rows, columns, groupRows
 */
export function sumRows(
  args: usize,
  begin: i32,
  end: i32,
  _scratch: usize,
): void {
  const x = load<usize>(args), y = load<usize>(args, 4);
  const rows = load<i32>(args, 8),
    columns = load<i32>(args, 12),
    groupRows = load<i32>(args, 16);
  const row = (<usize> columns) << 2;
  for (let group = begin; group < end; group++) {
    const to = y + <usize> group * row;
    memory.fill(to, 0, row);
    const last = min(rows, (group + 1) * groupRows);
    // Eight columns stay in registers while the rows go by, where there are so many.
    let c: usize = 0;
    for (; c + 32 <= row; c += 32) {
      let s0 = f32x4.splat(0), s1 = s0;
      for (let r = group * groupRows; r < last; r++) {
        const from = x + <usize> r * row + c;
        s0 = f32x4.add(s0, v128.load(from));
        s1 = f32x4.add(s1, v128.load(from, 16));
      }
      v128.store(to + c, s0);
      v128.store(to + c, s1, 16);
    }
    for (; c < row; c += 4) {
      let s: f32 = 0;
      for (let r = group * groupRows; r < last; r++) {
        s += load<f32>(x + <usize> r * row + c);
      }
      store<f32>(to + c, s);
    }
  }
}

/** Sums of each row: y[row]. ints: x [rows][columns], y, columns */
export function sumColumns(
  args: usize,
  begin: i32,
  end: i32,
  _scratch: usize,
): void {
  const x = load<usize>(args), y = load<usize>(args, 4);
  const columns = load<i32>(args, 8);
  for (let r = begin; r < end; r++) {
    const from = x + ((<usize> r * columns) << 2);
    const last = from + ((<usize> columns) << 2);
    let p = from, sums = f32x4.splat(0);
    for (; p + 16 <= last; p += 16) sums = f32x4.add(sums, v128.load(p));
    let sum = (f32x4.extract_lane(sums, 0) + f32x4.extract_lane(sums, 1)) +
      (f32x4.extract_lane(sums, 2) + f32x4.extract_lane(sums, 3));
    for (; p < last; p += 4) sum += load<f32>(p);
    store<f32>(y + ((<usize> r) << 2), sum);
  }
}

/**
 * Copies rows of one width to rows of another, filling up with zeros or leaving the rest out.
 * ints: x [rows][from], y [rows][to], from, to. A task is 256 rows; ints also: rows
 */
export function copyColumns(
  args: usize,
  begin: i32,
  end: i32,
  _scratch: usize,
): void {
  const x = load<usize>(args), y = load<usize>(args, 4);
  const from = load<i32>(args, 8),
    to = load<i32>(args, 12),
    rows = load<i32>(args, 16);
  const copied = (<usize> min(from, to)) << 2;
  const rest = ((<usize> to) << 2) - copied;
  for (let r = begin * 256, last = min(rows, end * 256); r < last; r++) {
    const target = y + ((<usize> r * to) << 2);
    memory.copy(target, x + ((<usize> r * from) << 2), copied);
    if (rest != 0) memory.fill(target + copied, 0, rest);
  }
}
