// @ts-nocheck AssemblyScript, compiled by lib/compute/kernels/build.ts
// deno-fmt-ignore-file It would leave out the decorators, which AssemblyScript needs.
// Batch normalization (Ioffe & Szegedy 2015) of rows [rows][columns], a column a channel: moments,
// normalizing, and the sums and the result of its gradient, each in one pass over memory.
//
// Moments are taken by groups of rows. Within a group, blocks that fit the first-level cache are gone
// through twice, for their mean and for their squared deviations, which are then put together after
// Chan et al. 1979. Groups are put together in order by `finishMoments`, so threads change nothing.

/** Bytes of a block of rows. */
const BLOCK_BYTES: i32 = 24576;

/**
 * Moments of groups of rows. ints: x, partial [groups][2][columns] (means, sums of squared deviations),
 *   rows, columns, rows of a group
 */
export function groupMoments(args: usize, begin: i32, end: i32, scratch: usize): void {
  const x = load<usize>(args), partial = load<usize>(args, 4);
  const rows = load<i32>(args, 8), columns = load<i32>(args, 12), groupRows = load<i32>(args, 16);
  const row = (<usize> columns) << 2;
  const blockRows = max(1, BLOCK_BYTES / <i32> row);
  for (let group = begin; group < end; group++) {
    const mean = partial + <usize> group * 2 * row, squares = mean + row;
    memory.fill(mean, 0, 2 * row);
    const last = min(rows, (group + 1) * groupRows);
    let seen: f32 = 0;
    for (let first = group * groupRows; first < last; first += blockRows) {
      const count = min(blockRows, last - first);
      const from = x + <usize> first * row;
      const size = <f32> count;
      const total = seen + size;
      // Chan et al., equations 2.1: the weights of a block beside what was seen before it.
      const share = size / total, cross = seen * size / total;
      let c: usize = 0;
      for (; c + 16 <= row; c += 16) {
        // Four chains of sums, which do not wait for one another.
        let s0 = f32x4.splat(0), s1 = s0, s2 = s0, s3 = s0;
        let r = 0, p = from + c;
        for (; r + 4 <= count; r += 4, p += 4 * row) {
          s0 = f32x4.add(s0, v128.load(p));
          s1 = f32x4.add(s1, v128.load(p + row));
          s2 = f32x4.add(s2, v128.load(p + 2 * row));
          s3 = f32x4.add(s3, v128.load(p + 3 * row));
        }
        for (; r < count; r++, p += row) s0 = f32x4.add(s0, v128.load(p));
        const sum = f32x4.add(f32x4.add(s0, s1), f32x4.add(s2, s3));
        const m = f32x4.div(sum, f32x4.splat(size));
        s0 = f32x4.splat(0);
        s1 = s0;
        s2 = s0;
        s3 = s0;
        r = 0;
        p = from + c;
        for (; r + 4 <= count; r += 4, p += 4 * row) {
          const d0 = f32x4.sub(v128.load(p), m), d1 = f32x4.sub(v128.load(p + row), m);
          const d2 = f32x4.sub(v128.load(p + 2 * row), m),
            d3 = f32x4.sub(v128.load(p + 3 * row), m);
          s0 = f32x4.relaxed_madd(d0, d0, s0);
          s1 = f32x4.relaxed_madd(d1, d1, s1);
          s2 = f32x4.relaxed_madd(d2, d2, s2);
          s3 = f32x4.relaxed_madd(d3, d3, s3);
        }
        for (; r < count; r++, p += row) {
          const d = f32x4.sub(v128.load(p), m);
          s0 = f32x4.relaxed_madd(d, d, s0);
        }
        const q = f32x4.add(f32x4.add(s0, s1), f32x4.add(s2, s3));
        const before = v128.load(mean + c), delta = f32x4.sub(m, before);
        v128.store(mean + c, f32x4.add(before, f32x4.mul(delta, f32x4.splat(share))));
        v128.store(
          squares + c,
          f32x4.add(
            f32x4.add(v128.load(squares + c), q),
            f32x4.mul(f32x4.mul(delta, delta), f32x4.splat(cross)),
          ),
        );
      }
      for (; c < row; c += 4) {
        let s: f32 = 0;
        for (let r = 0, p = from + c; r < count; r++, p += row) s += load<f32>(p);
        const m = s / size;
        let q: f32 = 0;
        for (let r = 0, p = from + c; r < count; r++, p += row) {
          const d = load<f32>(p) - m;
          q += d * d;
        }
        const before = load<f32>(mean + c), delta = m - before;
        store<f32>(mean + c, before + delta * share);
        store<f32>(squares + c, load<f32>(squares + c) + q + delta * delta * cross);
      }
      seen = total;
    }
  }
}

/**
 * Puts the groups' moments together: mean and (biased) variance of each column.
 * ints: partial, mean, variance, rows, columns, rows of a group; one task
 */
export function finishMoments(args: usize, _begin: i32, _end: i32, _scratch: usize): void {
  const partial = load<usize>(args), mean = load<usize>(args, 4), variance = load<usize>(args, 8);
  const rows = load<i32>(args, 12), columns = load<i32>(args, 16), groupRows = load<i32>(args, 20);
  const row = (<usize> columns) << 2;
  for (let c: usize = 0; c < row; c += 4) {
    let m: f64 = 0, q: f64 = 0, seen: f64 = 0;
    let from = partial + c;
    for (let first = 0; first < rows; first += groupRows, from += 2 * row) {
      const size = <f64> min(groupRows, rows - first);
      const total = seen + size;
      const delta = <f64> load<f32>(from) - m;
      m += delta * size / total;
      q += <f64> load<f32>(from + row) + delta * delta * (seen * size / total);
      seen = total;
    }
    store<f32>(mean + c, <f32> m);
    store<f32>(variance + c, <f32> (q / <f64> rows));
  }
}

/**
 * y = (x − mean) · factor + offset, and what is added, row by row, with an activation.
 * ints: x, y, mean, factor, offset, added (0: none), activation (0 none, 1 ReLU, 2 ReLU6), rows, columns, rows
 *   of a task
 */
export function normalizeRows(args: usize, begin: i32, end: i32, _scratch: usize): void {
  const x = load<usize>(args), y = load<usize>(args, 4);
  const mean = load<usize>(args, 8), factor = load<usize>(args, 12), offset = load<usize>(args, 16);
  const added = load<usize>(args, 20), activation = load<i32>(args, 24);
  const rows = load<i32>(args, 28), columns = load<i32>(args, 32), taskRows = load<i32>(args, 36);
  const row = (<usize> columns) << 2;
  const last = min(rows, end * taskRows);
  for (let r = begin * taskRows; r < last; r++) {
    const at = <usize> r * row, from = x + at, to = y + at;
    let c: usize = 0;
    for (; c + 16 <= row; c += 16) {
      const m = v128.load(mean + c), f = v128.load(factor + c), o = v128.load(offset + c);
      let value = normalized4(v128.load(from + c), m, f, o);
      if (added != 0) value = f32x4.add(value, v128.load(added + at + c));
      v128.store(to + c, fuse(value, activation));
    }
    for (; c < row; c += 4) {
      const m = v128.load32_splat(mean + c), f = v128.load32_splat(factor + c);
      let value = normalized4(v128.load32_splat(from + c), m, f, v128.load32_splat(offset + c));
      if (added != 0) value = f32x4.add(value, v128.load32_splat(added + at + c));
      v128.store32_lane(to + c, fuse(value, activation), 0);
    }
  }
}

@inline
function normalized4(x: v128, mean: v128, factor: v128, offset: v128): v128 {
  return f32x4.add(f32x4.mul(f32x4.sub(x, mean), factor), offset);
}

/** dy where the normalized value is above zero, 0 where it is not, NaN where it is: as ReLU's own gradient. */

@inline
function maskedBy(value: v128, dy: v128): v128 {
  const one = f32x4.splat(1);
  const step = v128.bitselect(
    v128.and(one, f32x4.gt(value, f32x4.splat(0))),
    value,
    f32x4.eq(value, value),
  );
  return f32x4.mul(dy, step);
}

/**
 * Sums of a gradient by groups of rows: of dy, and of dy · (x − mean), for each column.
 * ints: dy, x, mean, sums [groups][2][columns], factor and offset of the normalization if dy counts only
 *   where its result is above zero (0: everywhere), rows, columns, rows of a group
 */
export function normalizationSums(args: usize, begin: i32, end: i32, _scratch: usize): void {
  const maskFactor = load<usize>(args, 16);
  if (maskFactor == 0) groupSums(args, begin, end, false);
  else groupSums(args, begin, end, true);
}

@inline
function groupSums(args: usize, begin: i32, end: i32, masked: bool): void {
  const dy = load<usize>(args), x = load<usize>(args, 4), mean = load<usize>(args, 8);
  const sums = load<usize>(args, 12);
  const maskFactor = load<usize>(args, 16), maskOffset = load<usize>(args, 20);
  const rows = load<i32>(args, 24), columns = load<i32>(args, 28), groupRows = load<i32>(args, 32);
  const row = (<usize> columns) << 2;
  // Columns go by in blocks of rows, so that a block's lines are read once into the first-level cache.
  const blockRows = max(1, BLOCK_BYTES / (2 * <i32> row));
  for (let group = begin; group < end; group++) {
    const plain = sums + <usize> group * 2 * row, crossed = plain + row;
    memory.fill(plain, 0, 2 * row);
    const last = min(rows, (group + 1) * groupRows);
    for (let first = group * groupRows; first < last; first += blockRows) {
      const count = min(blockRows, last - first);
      const g = dy + <usize> first * row, v = x + <usize> first * row;
      let c: usize = 0;
      for (; c + 16 <= row; c += 16) {
        const m = v128.load(mean + c);
        let f = m, o = m;
        if (masked) {
          f = v128.load(maskFactor + c);
          o = v128.load(maskOffset + c);
        }
        let s = v128.load(plain + c), t = v128.load(crossed + c);
        let s1 = f32x4.splat(0), t1 = s1;
        let r = 0, at = c;
        for (; r + 2 <= count; r += 2, at += 2 * row) {
          let d = v128.load(g + at), d1 = v128.load(g + at + row);
          const z = f32x4.sub(v128.load(v + at), m), z1 = f32x4.sub(v128.load(v + at + row), m);
          if (masked) {
            d = maskedBy(f32x4.add(f32x4.mul(z, f), o), d);
            d1 = maskedBy(f32x4.add(f32x4.mul(z1, f), o), d1);
          }
          s = f32x4.add(s, d);
          s1 = f32x4.add(s1, d1);
          t = f32x4.relaxed_madd(d, z, t);
          t1 = f32x4.relaxed_madd(d1, z1, t1);
        }
        for (; r < count; r++, at += row) {
          let d = v128.load(g + at);
          const z = f32x4.sub(v128.load(v + at), m);
          if (masked) d = maskedBy(f32x4.add(f32x4.mul(z, f), o), d);
          s = f32x4.add(s, d);
          t = f32x4.relaxed_madd(d, z, t);
        }
        v128.store(plain + c, f32x4.add(s, s1));
        v128.store(crossed + c, f32x4.add(t, t1));
      }
      for (; c < row; c += 4) {
        const m = v128.load32_splat(mean + c);
        let s = v128.load32_splat(plain + c), t = v128.load32_splat(crossed + c);
        for (let r = 0, at = c; r < count; r++, at += row) {
          let d = v128.load32_splat(g + at);
          const z = f32x4.sub(v128.load32_splat(v + at), m);
          if (masked) {
            const f = v128.load32_splat(maskFactor + c), o = v128.load32_splat(maskOffset + c);
            d = maskedBy(f32x4.add(f32x4.mul(z, f), o), d);
          }
          s = f32x4.add(s, d);
          t = f32x4.add(t, f32x4.mul(d, z));
        }
        v128.store32_lane(plain + c, s, 0);
        v128.store32_lane(crossed + c, t, 0);
      }
    }
  }
}

/**
 * dx = dy · factor + (x − mean) · slope + shift, a value of each of the four for a column.
 * ints: dy, x, dx, mean, factor, slope, shift, factor and offset of a mask as for the sums (0: none), rows,
 *   columns, rows of a task
 */
export function normalizationGradient(args: usize, begin: i32, end: i32, _scratch: usize): void {
  const maskFactor = load<usize>(args, 28);
  if (maskFactor == 0) gradientRows(args, begin, end, false);
  else gradientRows(args, begin, end, true);
}

@inline
function gradientRows(args: usize, begin: i32, end: i32, masked: bool): void {
  const dy = load<usize>(args), x = load<usize>(args, 4), dx = load<usize>(args, 8);
  const mean = load<usize>(args, 12), factor = load<usize>(args, 16);
  const slope = load<usize>(args, 20), shift = load<usize>(args, 24);
  const maskFactor = load<usize>(args, 28), maskOffset = load<usize>(args, 32);
  const rows = load<i32>(args, 36), columns = load<i32>(args, 40), taskRows = load<i32>(args, 44);
  const row = (<usize> columns) << 2;
  const last = min(rows, end * taskRows);
  for (let r = begin * taskRows; r < last; r++) {
    const at = <usize> r * row;
    const g = dy + at, v = x + at, to = dx + at;
    let c: usize = 0;
    for (; c + 16 <= row; c += 16) {
      const z = f32x4.sub(v128.load(v + c), v128.load(mean + c));
      let given = v128.load(g + c);
      if (masked) {
        const value = f32x4.add(f32x4.mul(z, v128.load(maskFactor + c)), v128.load(maskOffset + c));
        given = maskedBy(value, given);
      }
      const d = f32x4.mul(given, v128.load(factor + c)), e = f32x4.mul(z, v128.load(slope + c));
      v128.store(to + c, f32x4.add(f32x4.add(d, e), v128.load(shift + c)));
    }
    for (; c < row; c += 4) {
      const z = f32x4.sub(v128.load32_splat(v + c), v128.load32_splat(mean + c));
      let given = v128.load32_splat(g + c);
      if (masked) {
        const f = v128.load32_splat(maskFactor + c), o = v128.load32_splat(maskOffset + c);
        given = maskedBy(f32x4.add(f32x4.mul(z, f), o), given);
      }
      const d = f32x4.mul(given, v128.load32_splat(factor + c));
      const e = f32x4.mul(z, v128.load32_splat(slope + c));
      v128.store32_lane(to + c, f32x4.add(f32x4.add(d, e), v128.load32_splat(shift + c)), 0);
    }
  }
}
