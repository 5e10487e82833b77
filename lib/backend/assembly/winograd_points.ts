// @ts-nocheck AssemblyScript, compiled by lib/compute/kernels/build.ts
// deno-fmt-ignore-file It would leave out the decorators, which AssemblyScript needs.
// The transforms of winograd.ts in one dimension. `side` is the number of points, a constant: 6 for filters of
// 3 × 3 (0, ±1, ±2, ∞), 5 for filters of 2 × 2 (0, ±1, 2, ∞). With M(p) the product of p − q over all other
// points q, the images' transform Bᵀ has the coefficients of these products, the filters' G the powers of p by
// M(p), and the results' Aᵀ the powers of p (Lavin & Gray 2016, arXiv 1509.09308; Toom and Cook).

/** Of the images, Bᵀ: as many results as points, of which the first is kept as number `first`. */

@inline
function inputOfSix(
  d0: v128, d1: v128, d2: v128, d3: v128, d4: v128, d5: v128, first: i32, to: usize, toStep: usize,
): void {
  const four = f32x4.splat(4), minusFour = f32x4.splat(-4), minusFive = f32x4.splat(-5);
  const even = f32x4.relaxed_madd(minusFour, d2, d4), odd = f32x4.relaxed_madd(minusFour, d1, d3);
  const near = f32x4.sub(d4, d2), far = f32x4.sub(d3, d1);
  const twice = f32x4.add(far, far);
  put(first, to, f32x4.relaxed_madd(four, d0, f32x4.relaxed_madd(minusFive, d2, d4)));
  put(first + 6, to + toStep, f32x4.add(even, odd));
  put(first + 12, to + 2 * toStep, f32x4.sub(even, odd));
  put(first + 18, to + 3 * toStep, f32x4.add(near, twice));
  put(first + 24, to + 4 * toStep, f32x4.sub(near, twice));
  put(first + 30, to + 5 * toStep, f32x4.relaxed_madd(four, d1, f32x4.relaxed_madd(minusFive, d3, d5)));
}

@inline
function inputOfFive(
  d0: v128, d1: v128, d2: v128, d3: v128, d4: v128, first: i32, to: usize, toStep: usize,
): void {
  const two = f32x4.splat(2), minusTwo = f32x4.splat(-2);
  const far = f32x4.sub(d3, d1), near = f32x4.sub(d3, d2);
  put(first, to, f32x4.relaxed_madd(two, f32x4.sub(d0, d2), far));
  put(first + 5, to + toStep, f32x4.relaxed_madd(minusTwo, d1, near));
  put(first + 10, to + 2 * toStep, f32x4.relaxed_madd(two, f32x4.sub(d1, d2), near));
  put(first + 15, to + 3 * toStep, far);
  put(first + 20, to + 4 * toStep, f32x4.relaxed_madd(minusTwo, far, f32x4.sub(d4, d2)));
}

/** Column x of a patch. */
@global @inline
function columnOfInput(side: i32, x: i32, from: usize, row: usize): void {
  if (side == 6) {
    inputOfSix(
      v128.load(from), v128.load(from + row), v128.load(from + 2 * row), v128.load(from + 3 * row),
      v128.load(from + 4 * row), v128.load(from + 5 * row), x, 0, 0,
    );
  } else {
    inputOfFive(
      v128.load(from), v128.load(from + row), v128.load(from + 2 * row), v128.load(from + 3 * row),
      v128.load(from + 4 * row), x, 0, 0,
    );
  }
}

/** Row y of the columns that are kept. */
@global @inline
function rowOfInput(side: i32, y: i32, to: usize, toStep: usize): void {
  const at = side * y;
  if (side == 6) {
    inputOfSix(kept(at), kept(at + 1), kept(at + 2), kept(at + 3), kept(at + 4), kept(at + 5), 0, to, toStep);
  } else inputOfFive(kept(at), kept(at + 1), kept(at + 2), kept(at + 3), kept(at + 4), 0, to, toStep);
}

/** Of the results, Aᵀ: four values, which are kept if there is no place for them; returns their sum. */

@inline
function putResults(
  side: i32, y0: v128, y1: v128, y2: v128, y3: v128, first: i32, to: usize, toStep: usize, bias: v128,
  activation: i32,
): v128 {
  if (to == 0) {
    keep(first, y0);
    keep(first + side, y1);
    keep(first + 2 * side, y2);
    keep(first + 3 * side, y3);
    return y0;
  }
  v128.store(to, fuse(f32x4.add(y0, bias), activation));
  v128.store(to + toStep, fuse(f32x4.add(y1, bias), activation));
  v128.store(to + 2 * toStep, fuse(f32x4.add(y2, bias), activation));
  v128.store(to + 3 * toStep, fuse(f32x4.add(y3, bias), activation));
  return f32x4.add(f32x4.add(y0, y1), f32x4.add(y2, y3));
}

@inline
function outputOfSix(
  m0: v128, m1: v128, m2: v128, m3: v128, m4: v128, m5: v128, first: i32, to: usize, toStep: usize,
  bias: v128, activation: i32,
): v128 {
  const sum = f32x4.add(m1, m2), difference = f32x4.sub(m1, m2);
  const sum2 = f32x4.add(m3, m4), difference2 = f32x4.sub(m3, m4);
  const y0 = f32x4.add(f32x4.add(m0, sum), sum2);
  const y1 = f32x4.relaxed_madd(f32x4.splat(2), difference2, difference);
  const y2 = f32x4.relaxed_madd(f32x4.splat(4), sum2, sum);
  const y3 = f32x4.add(f32x4.relaxed_madd(f32x4.splat(8), difference2, difference), m5);
  return putResults(6, y0, y1, y2, y3, first, to, toStep, bias, activation);
}

@inline
function outputOfFive(
  m0: v128, m1: v128, m2: v128, m3: v128, m4: v128, first: i32, to: usize, toStep: usize, bias: v128,
  activation: i32,
): v128 {
  const sum = f32x4.add(m1, m2), difference = f32x4.sub(m1, m2);
  const y0 = f32x4.add(f32x4.add(m0, sum), m3);
  const y1 = f32x4.relaxed_madd(f32x4.splat(2), m3, difference);
  const y2 = f32x4.relaxed_madd(f32x4.splat(4), m3, sum);
  const y3 = f32x4.add(f32x4.relaxed_madd(f32x4.splat(8), m3, difference), m4);
  return putResults(5, y0, y1, y2, y3, first, to, toStep, bias, activation);
}

/** Column x of the points of a tile. */
@global @inline
function columnOfOutput(side: i32, x: i32, from: usize, row: usize): void {
  const none = f32x4.splat(0);
  if (side == 6) {
    outputOfSix(
      v128.load(from), v128.load(from + row), v128.load(from + 2 * row), v128.load(from + 3 * row),
      v128.load(from + 4 * row), v128.load(from + 5 * row), x, 0, 0, none, 0,
    );
  } else {
    outputOfFive(
      v128.load(from), v128.load(from + row), v128.load(from + 2 * row), v128.load(from + 3 * row),
      v128.load(from + 4 * row), x, 0, 0, none, 0,
    );
  }
}

/** Row y of the columns that are kept; returns the sum of its values. */
@global @inline
function rowOfOutput(
  side: i32, y: i32, to: usize, toStep: usize, bias: v128, activation: i32,
): v128 {
  const at = side * y;
  if (side == 6) {
    return outputOfSix(
      kept(at), kept(at + 1), kept(at + 2), kept(at + 3), kept(at + 4), kept(at + 5), 0, to, toStep, bias,
      activation,
    );
  }
  return outputOfFive(
    kept(at), kept(at + 1), kept(at + 2), kept(at + 3), kept(at + 4), 0, to, toStep, bias, activation,
  );
}

/** Of a filter with `side` − 3 taps, G, that lie `tapStep` bytes apart. */
@global @inline
function transformTaps(side: i32, from: usize, tapStep: usize, to: usize, step: usize): void {
  const g0 = v128.load(from), g1 = v128.load(from + tapStep);
  const sixth = f32x4.splat(-1.0 / 6.0);
  if (side == 6) {
    const g2 = v128.load(from + 2 * tapStep), small = f32x4.splat(1.0 / 24.0);
    const outer = f32x4.add(g0, g2);
    const four = f32x4.add(g0, f32x4.mul(f32x4.splat(4), g2)), two = f32x4.add(g1, g1);
    v128.store(to, f32x4.mul(f32x4.splat(0.25), g0));
    v128.store(to + step, f32x4.mul(sixth, f32x4.add(outer, g1)));
    v128.store(to + 2 * step, f32x4.mul(sixth, f32x4.sub(outer, g1)));
    v128.store(to + 3 * step, f32x4.mul(small, f32x4.add(four, two)));
    v128.store(to + 4 * step, f32x4.mul(small, f32x4.sub(four, two)));
    v128.store(to + 5 * step, g2);
  } else {
    v128.store(to, f32x4.mul(f32x4.splat(0.5), g0));
    v128.store(to + step, f32x4.mul(f32x4.splat(-0.5), f32x4.add(g0, g1)));
    v128.store(to + 2 * step, f32x4.mul(sixth, f32x4.sub(g0, g1)));
    v128.store(to + 3 * step, f32x4.mul(f32x4.splat(1.0 / 6.0), f32x4.add(g0, f32x4.add(g1, g1))));
    v128.store(to + 4 * step, g1);
  }
}

/** Of the gradients of four results: kept four apart. */

@inline
function transformGradient(
  side: i32, d0: v128, d1: v128, d2: v128, d3: v128, first: i32, to: usize, step: usize,
): void {
  const sixth = f32x4.splat(-1.0 / 6.0);
  const even = f32x4.add(d0, d2), odd = f32x4.add(d1, d3);
  const four = f32x4.add(d0, f32x4.mul(f32x4.splat(4), d2));
  const eight = f32x4.add(f32x4.add(d1, d1), f32x4.mul(f32x4.splat(8), d3));
  if (side == 6) {
    const small = f32x4.splat(1.0 / 24.0);
    put(first, to, f32x4.mul(f32x4.splat(0.25), d0));
    put(first + 4, to + step, f32x4.mul(sixth, f32x4.add(even, odd)));
    put(first + 8, to + 2 * step, f32x4.mul(sixth, f32x4.sub(even, odd)));
    put(first + 12, to + 3 * step, f32x4.mul(small, f32x4.add(four, eight)));
    put(first + 16, to + 4 * step, f32x4.mul(small, f32x4.sub(four, eight)));
    put(first + 20, to + 5 * step, d3);
  } else {
    put(first, to, f32x4.mul(f32x4.splat(0.5), d0));
    put(first + 4, to + step, f32x4.mul(f32x4.splat(-0.5), f32x4.add(even, odd)));
    put(first + 8, to + 2 * step, f32x4.mul(sixth, f32x4.sub(even, odd)));
    put(first + 12, to + 3 * step, f32x4.mul(f32x4.splat(1.0 / 6.0), f32x4.add(four, eight)));
    put(first + 16, to + 4 * step, d3);
  }
}

/** Column x of a tile of which `rows` × `columns` values are inside; the others count as zeros. */
@global @inline
function columnOfGradient(
  side: i32, x: i32, from: usize, row: usize, rows: i32, columns: i32,
): void {
  const zero = f32x4.splat(0), count = x < columns ? rows : 0;
  transformGradient(
    side,
    count > 0 ? v128.load(from) : zero,
    count > 1 ? v128.load(from + row) : zero,
    count > 2 ? v128.load(from + 2 * row) : zero,
    count > 3 ? v128.load(from + 3 * row) : zero,
    x, 0, 0,
  );
}

/** Row y of the columns that are kept. */
@global @inline
function rowOfGradient(side: i32, y: i32, to: usize, step: usize): void {
  transformGradient(side, kept(4 * y), kept(4 * y + 1), kept(4 * y + 2), kept(4 * y + 3), 0, to, step);
}

/** Of the sums for a filter's gradient: as many values as the filter has taps; returns their sum. */
@global @inline
function transformSums(side: i32, from: usize, step: usize, to: usize, toStep: usize): v128 {
  const m0 = v128.load(from), m1 = v128.load(from + step), m2 = v128.load(from + 2 * step);
  const m3 = v128.load(from + 3 * step), m4 = v128.load(from + 4 * step);
  const sum = f32x4.add(m1, m2), difference = f32x4.sub(m1, m2);
  if (side == 6) {
    const m5 = v128.load(from + 5 * step), sum2 = f32x4.add(m3, m4);
    const y0 = f32x4.add(f32x4.add(m0, sum), sum2);
    const y1 = f32x4.relaxed_madd(f32x4.splat(2), f32x4.sub(m3, m4), difference);
    const y2 = f32x4.add(f32x4.relaxed_madd(f32x4.splat(4), sum2, sum), m5);
    v128.store(to, y0);
    v128.store(to + toStep, y1);
    v128.store(to + 2 * toStep, y2);
    return f32x4.add(f32x4.add(y0, y1), y2);
  }
  const y0 = f32x4.add(f32x4.add(m0, sum), m3);
  const y1 = f32x4.add(f32x4.relaxed_madd(f32x4.splat(2), m3, difference), m4);
  v128.store(to, y0);
  v128.store(to + toStep, y1);
  return f32x4.add(y0, y1);
}
