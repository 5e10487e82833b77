// @ts-nocheck AssemblyScript, compiled by lib/compute/kernels/build.ts
// deno-fmt-ignore-file It would leave out the decorators, which AssemblyScript needs.
// Dropout and the optimizers' steps, each in one pass over its values.

/** Values of a task, as for the element-wise kernels. */
const CHUNK: i32 = 16384;

/**
 * A random word for a counter: the "lowbias32" integer hash of C. Wellons applied to the counter mixed
 * with the seed, twice. Lanes are independent, so the mask of an element depends on its index alone.
 */
@inline
function hash(counter: v128, seed: i32): v128 {
  return lowbias32(v128.xor(lowbias32(counter), i32x4.splat(seed)));
}

/** Where the hash of (seed, counter), cut to 31 bits, is at least the threshold. */
@inline
function keeps(counter: v128, seed: i32, threshold: v128): v128 {
  return i32x4.ge_s(i32x4.shr_u(hash(counter, seed), 1), threshold);
}

@inline
function lowbias32(x: v128): v128 {
  x = v128.xor(x, i32x4.shr_u(x, 16));
  x = i32x4.mul(x, i32x4.splat(0x7feb352d));
  x = v128.xor(x, i32x4.shr_u(x, 15));
  x = i32x4.mul(x, i32x4.splat(<i32> 0x846ca68b));
  return v128.xor(x, i32x4.shr_u(x, 16));
}

/**
 * y = x · scale where the hash of (seed, index) is at least the threshold, else 0.
 * ints: x, y, n, seed, threshold (of 2³¹); floats: scale
 */
export function dropout(
  args: usize,
  begin: i32,
  end: i32,
  _scratch: usize,
): void {
  const x = load<usize>(args), y = load<usize>(args, 4);
  const n = load<i32>(args, 8);
  const seed = load<i32>(args, 12);
  const threshold = i32x4.splat(load<i32>(args, 16));
  const scale = f32x4.splat(load<f32>(args, 128));
  const last = min(n, end * CHUNK);
  let i = begin * CHUNK;
  let counter = i32x4.add(i32x4.splat(i), i32x4(0, 1, 2, 3));
  const eight = i32x4.splat(8);
  // Two hashes at a time, neither of which waits for the other.
  for (; i + 8 <= last; i += 8, counter = i32x4.add(counter, eight)) {
    const keep0 = keeps(counter, seed, threshold);
    const keep1 = keeps(i32x4.add(counter, i32x4.splat(4)), seed, threshold);
    const at = (<usize> i) << 2;
    v128.store(y + at, v128.and(keep0, f32x4.mul(v128.load(x + at), scale)));
    v128.store(y + at, v128.and(keep1, f32x4.mul(v128.load(x + at, 16), scale)), 16);
  }
  for (; i < last; i++) {
    const keep = keeps(i32x4.splat(i), seed, threshold);
    const at = (<usize> i) << 2;
    const value = v128.and(keep, f32x4.mul(v128.load32_splat(x + at), scale));
    v128.store32_lane(y + at, value, 0);
  }
}

/** Four values, or one of which only the first counts (`lanes` = 1). */
@inline
function take(from: usize, lanes: i32): v128 {
  return lanes == 4 ? v128.load(from) : v128.load32_splat(from);
}

@inline
function give4(to: usize, value: v128, lanes: i32): void {
  if (lanes == 4) v128.store(to, value);
  else v128.store32_lane(to, value, 0);
}

/** A moving mean: decay · kept + (1 − decay) · value, which is kept. */
@inline
function keepMean(kept: usize, value: v128, decay: f32, lanes: i32): v128 {
  const moved = f32x4.add(
    f32x4.mul(f32x4.splat(decay), take(kept, lanes)),
    f32x4.mul(f32x4.splat(1 - decay), value),
  );
  give4(kept, moved, lanes);
  return moved;
}

/** What is subtracted from four weights; the moments are updated. The kinds are those of `optimizerStep`. */
@inline
function stepOf(
  kind: i32,
  g: v128,
  first: usize,
  second: usize,
  third: usize,
  at: usize,
  nesterov: bool,
  rate: f32,
  p: f32,
  q: f32,
  correction: f32,
  epsilon: f32,
  lanes: i32,
): v128 {
  const r = f32x4.splat(rate), e = f32x4.splat(epsilon);
  if (kind == 0) { // Adam (Kingma & Ba 2015, algorithm 1)
    const m = keepMean(first + at, g, p, lanes);
    const v = keepMean(second + at, f32x4.mul(g, g), q, lanes);
    const scale = f32x4.add(f32x4.mul(f32x4.sqrt(v), f32x4.splat(correction)), e);
    return f32x4.div(f32x4.mul(r, m), scale);
  }
  if (kind == 1) { // gradient descent, with momentum (Sutskever et al. 2013)
    if (first == 0) return f32x4.mul(r, g);
    const mu = f32x4.splat(p), v = f32x4.add(f32x4.mul(mu, take(first + at, lanes)), g);
    give4(first + at, v, lanes);
    return f32x4.mul(r, nesterov ? f32x4.add(g, f32x4.mul(mu, v)) : v);
  }
  // RMSProp (Tieleman & Hinton 2012), centered (Graves 2013, equations 38 to 41) with a third moment
  let spread = keepMean(first + at, f32x4.mul(g, g), p, lanes);
  if (third != 0) {
    const mean = keepMean(third + at, g, p, lanes);
    spread = f32x4.max(f32x4.sub(spread, f32x4.mul(mean, mean)), f32x4.splat(0));
  }
  const step = f32x4.div(f32x4.mul(r, g), f32x4.sqrt(f32x4.add(spread, e)));
  if (second == 0) return step;
  const v = f32x4.add(f32x4.mul(f32x4.splat(q), take(second + at, lanes)), step);
  give4(second + at, v, lanes);
  return v;
}

@inline
function stepRun(kind: i32, args: usize, begin: i32, end: i32): void {
  const w = load<usize>(args, 4), g = load<usize>(args, 8);
  const first = load<usize>(args, 12),
    second = load<usize>(args, 16),
    third = load<usize>(args, 20);
  const updated = load<usize>(args, 24), n = load<i32>(args, 28);
  const nesterov = load<i32>(args, 32) != 0;
  const rate = load<f32>(args, 128), p = load<f32>(args, 132), q = load<f32>(args, 136);
  const correction = load<f32>(args, 140), epsilon = load<f32>(args, 144);
  const last = (<usize> min(n, end * CHUNK)) << 2;
  let i = (<usize> begin * CHUNK) << 2;
  for (; i + 16 <= last; i += 16) {
    const step = stepOf(
      kind,
      v128.load(g + i),
      first,
      second,
      third,
      i,
      nesterov,
      rate,
      p,
      q,
      correction,
      epsilon,
      4,
    );
    v128.store(updated + i, f32x4.sub(v128.load(w + i), step));
  }
  for (; i < last; i += 4) {
    const step = stepOf(
      kind,
      v128.load32_splat(g + i),
      first,
      second,
      third,
      i,
      nesterov,
      rate,
      p,
      q,
      correction,
      epsilon,
      1,
    );
    v128.store32_lane(updated + i, f32x4.sub(v128.load32_splat(w + i), step), 0);
  }
}

/**
 * One step of an optimizer: updates its moments, writes the new weights.
 * ints: kind, weights, gradient, up to three moments (0: none), new weights, n, Nesterov's momentum (0 or 1);
 *   floats: learning rate, p, q, correction, ε. By kind
 *   0: Adam, moments m and v, rate / (1 − β₁ᵗ), β₁, β₂, 1 / √(1 − β₂ᵗ);
 *   1: gradient descent, momentum or none, rate, μ;
 *   2: RMSProp, mean square, momentum or none, mean gradient or none, rate, ρ, μ
 */
export function optimizerStep(args: usize, begin: i32, end: i32, _scratch: usize): void {
  const kind = load<i32>(args);
  if (kind == 0) stepRun(0, args, begin, end);
  else if (kind == 1) stepRun(1, args, begin, end);
  else stepRun(2, args, begin, end);
}
