// @ts-nocheck AssemblyScript, compiled by lib/compute/kernels/build.ts
// Dropout and the Adam step, each in one pass over its values.

/** Values of a task, as for the element-wise kernels. */
const CHUNK: i32 = 16384;

/**
 * A random word for a counter: the "lowbias32" integer hash of C. Wellons applied to the counter mixed
 * with the seed, twice. Lanes are independent, so the mask of an element depends on its index alone.
 */

function hash(counter: v128, seed: i32): v128 {
  return lowbias32(v128.xor(lowbias32(counter), i32x4.splat(seed)));
}

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
  for (let i = begin * CHUNK; i < last; i += 4) {
    const counter = i32x4.add(i32x4.splat(i), i32x4(0, 1, 2, 3));
    const keep = i32x4.ge_s(i32x4.shr_u(hash(counter, seed), 1), threshold);
    const at = (<usize> i) << 2;
    if (i + 4 <= last) {
      v128.store(y + at, v128.and(keep, f32x4.mul(v128.load(x + at), scale)));
    } else {
      const kept = v128.and(keep, scale);
      for (let lane = 0; lane < last - i; lane++) {
        const factor = lane == 0
          ? f32x4.extract_lane(kept, 0)
          : lane == 1
          ? f32x4.extract_lane(kept, 1)
          : f32x4.extract_lane(kept, 2);
        const to = at + ((<usize> lane) << 2);
        store<f32>(y + to, load<f32>(x + to) * factor);
      }
    }
  }
}

/**
 * One step of Adam (Kingma & Ba 2015, algorithm 1): updates both moments, writes the new weights.
 * ints: weights, gradient, first moment, second moment, n, new weights; floats: β₁, β₂, learning rate / (1 − β₁ᵗ),
 *   1 / √(1 − β₂ᵗ), ε
 */
export function adam(args: usize, begin: i32, end: i32, _scratch: usize): void {
  const w = load<usize>(args), g = load<usize>(args, 4);
  const m = load<usize>(args, 8), v = load<usize>(args, 12);
  const n = load<i32>(args, 16);
  const updated = load<usize>(args, 20);
  const beta1 = load<f32>(args, 128), beta2 = load<f32>(args, 132);
  const rate = load<f32>(args, 136),
    correction = load<f32>(args, 140),
    epsilon = load<f32>(args, 144);
  const b1 = f32x4.splat(beta1), a1 = f32x4.splat(1 - beta1);
  const b2 = f32x4.splat(beta2), a2 = f32x4.splat(1 - beta2);
  const r = f32x4.splat(rate),
    s = f32x4.splat(correction),
    e = f32x4.splat(epsilon);
  const last = (<usize> min(n, end * CHUNK)) << 2;
  let i = (<usize> begin * CHUNK) << 2;
  for (; i + 16 <= last; i += 16) {
    const gradient = v128.load(g + i);
    const first = f32x4.add(
      f32x4.mul(b1, v128.load(m + i)),
      f32x4.mul(a1, gradient),
    );
    const second = f32x4.add(
      f32x4.mul(b2, v128.load(v + i)),
      f32x4.mul(a2, f32x4.mul(gradient, gradient)),
    );
    v128.store(m + i, first);
    v128.store(v + i, second);
    const step = f32x4.div(
      f32x4.mul(r, first),
      f32x4.add(f32x4.mul(f32x4.sqrt(second), s), e),
    );
    v128.store(updated + i, f32x4.sub(v128.load(w + i), step));
  }
  for (; i < last; i += 4) {
    const gradient = load<f32>(g + i);
    const first = beta1 * load<f32>(m + i) + (1 - beta1) * gradient;
    const second = beta2 * load<f32>(v + i) +
      (1 - beta2) * (gradient * gradient);
    store<f32>(m + i, first);
    store<f32>(v + i, second);
    store<f32>(
      updated + i,
      load<f32>(w + i) -
        rate * first / (sqrt<f32>(second) * correction + epsilon),
    );
  }
}
