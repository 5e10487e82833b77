// @ts-nocheck AssemblyScript, compiled by lib/compute/kernels/build.ts
// deno-fmt-ignore-file It would leave out the decorators, which AssemblyScript needs.
// Copies that change the order of values: one kernel with steps on both sides serves transposing,
// slicing, padding, concatenating, tiling, reversing and gathering blocks.

/** Values of a task. */
const CHUNK: i32 = 16384;

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

/** One run along the last dimension. Steps are in values of 1 << shift bytes. */

@inline
function copyRun(x: usize, y: usize, count: i32, stepX: i32, stepY: i32, shift: usize): void {
  if (stepX == 1 && stepY == 1) {
    const bytes = (<usize> count) << shift;
    if (bytes > 64) {
      memory.copy(y, x, bytes);
      return;
    }
    let i: usize = 0;
    for (; i + 16 <= bytes; i += 16) v128.store(y + i, v128.load(x + i));
    for (; i < bytes; i++) store<u8>(y + i, load<u8>(x + i));
    return;
  }
  const moveX = <usize> stepX << shift, moveY = <usize> stepY << shift;
  if (shift == 2) {
    for (let i = 0; i < count; i++, x += moveX, y += moveY) store<i32>(y, load<i32>(x));
  } else {
    for (let i = 0; i < count; i++, x += moveX, y += moveY) store<u8>(y, load<u8>(x));
  }
}

/**
 * y[Σ iₖ · stepYₖ] = x[Σ iₖ · stepXₖ] for all indices i below the lengths; steps may be 0 or negative.
 * ints: x, y, n (product of the lengths), rank, layout [3][rank] (lengths, steps of x, steps of y, in
 *   values), size of a value as a shift (0: bytes, 2: four bytes)
 */
export function copySteps(args: usize, begin: i32, end: i32, scratch: usize): void {
  const x = load<usize>(args), y = load<usize>(args, 4);
  const n = load<i32>(args, 8), rank = load<i32>(args, 12);
  const lengths = load<usize>(args, 16);
  const shift = <usize> load<i32>(args, 20);
  const stepsX = lengths + ((<usize> rank) << 2), stepsY = stepsX + ((<usize> rank) << 2);
  const lastAxis = (<usize> (rank - 1)) << 2;
  const length = load<i32>(lengths + lastAxis);
  const stepX = load<i32>(stepsX + lastAxis), stepY = load<i32>(stepsY + lastAxis);
  const last = min(n, end * CHUNK);
  let at = begin * CHUNK;
  let fromX = 0, toY = 0;
  for (let axis = rank - 1, rest = at; axis >= 0; axis--) {
    const word = (<usize> axis) << 2;
    const size = load<i32>(lengths + word);
    const index = rest % size;
    rest /= size;
    store<i32>(scratch + word, index);
    fromX += index * load<i32>(stepsX + word);
    toY += index * load<i32>(stepsY + word);
  }
  while (at < last) {
    const index = load<i32>(scratch + lastAxis);
    const count = min(length - index, last - at);
    copyRun(
      x + ((<usize> fromX) << shift),
      y + ((<usize> toY) << shift),
      count,
      stepX,
      stepY,
      shift,
    );
    at += count;
    if (at >= last) break;
    fromX -= index * stepX;
    toY -= index * stepY;
    store<i32>(scratch + lastAxis, 0);
    for (let axis = rank - 2; axis >= 0; axis--) {
      const word = (<usize> axis) << 2;
      const size = load<i32>(lengths + word);
      const next = load<i32>(scratch + word) + 1;
      fromX += load<i32>(stepsX + word);
      toY += load<i32>(stepsY + word);
      if (next < size) {
        store<i32>(scratch + word, next);
        break;
      }
      store<i32>(scratch + word, 0);
      fromX -= size * load<i32>(stepsX + word);
      toY -= size * load<i32>(stepsY + word);
    }
  }
}

/**
 * Rows of x picked by index: y[outer][i] = x[outer][index[i]], each a row of four-byte values.
 * ints: x [outer][rows][columns], indices (int32), y, rows, columns, indices' number; a task is a row of y
 */
export function gatherRows(args: usize, begin: i32, end: i32, _scratch: usize): void {
  const x = load<usize>(args), indices = load<usize>(args, 4), y = load<usize>(args, 8);
  const rows = load<i32>(args, 12), columns = load<i32>(args, 16), count = load<i32>(args, 20);
  const row = (<usize> columns) << 2;
  for (let i = begin; i < end; i++) {
    const outer = i / count, index = load<i32>(indices + ((<usize> (i % count)) << 2));
    memory.copy(y + <usize> i * row, x + <usize> (outer * rows + index) * row, row);
  }
}

/**
 * Sums rows of x by the segment that each belongs to; a row of no segment is left out.
 * ints: x [rows][columns], ids [rows], y [segments][columns] (zeros before), rows, columns, segments. A task is
 * 64 columns, so that each sum is taken by one thread, in order.
 */
export function segmentSums(args: usize, begin: i32, end: i32, _scratch: usize): void {
  const x = load<usize>(args), ids = load<usize>(args, 4), y = load<usize>(args, 8);
  const rows = load<i32>(args, 12), columns = load<i32>(args, 16), segments = load<i32>(args, 20);
  const row = (<usize> columns) << 2;
  const from = (<usize> begin * 64) << 2, to = min((<usize> end * 64) << 2, row);
  for (let i = 0; i < rows; i++) {
    const id = load<i32>(ids + ((<usize> i) << 2));
    if (id < 0 || id >= segments) continue;
    const source = x + <usize> i * row, target = y + <usize> id * row;
    let c = from;
    for (; c + 16 <= to; c += 16) {
      v128.store(target + c, f32x4.add(v128.load(target + c), v128.load(source + c)));
    }
    for (; c < to; c += 4) store<f32>(target + c, load<f32>(target + c) + load<f32>(source + c));
  }
}
