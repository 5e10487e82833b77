// @ts-nocheck AssemblyScript, compiled by lib/compute/kernels/build.ts
// An epoch of UMAP's layout in two dimensions.
//
// The reference (McInnes et al. 2018, algorithm 5) goes through the edges and moves both ends at once,
// which gives another result for every order of the threads. Here a task is a block of vertices: each
// vertex is moved by its own edges, against the other vertices' places of the epoch before, so the result
// is the same for any number of threads. An edge (i, j) stands in the graph twice; the reference would
// attract i as head of the one and as tail of the other, so i is moved twice as far here.
//
// Powers are computed on four lanes as exp(b · ln x), the four first of an edge's five negative samples
// at once. With 50,000 points an epoch takes some 20 ms on two threads.

/** Vertices of a task. */
const BLOCK: i32 = 256;

function log4(x: v128): v128 {
  // x = m · 2ᵉ with m in [√½, √2), then Cephes' logf polynomial.
  const bits = i32x4.sub(x, i32x4.splat(0x3f3504f3));
  const e = f32x4.convert_i32x4_s(i32x4.shr_s(bits, 23));
  const m = i32x4.add(v128.and(bits, i32x4.splat(0x7fffff)), i32x4.splat(0x3f3504f3));
  const r = f32x4.sub(m, f32x4.splat(1));
  const z = f32x4.mul(r, r);
  let p = f32x4.splat(7.0376836292e-2);
  p = f32x4.add(f32x4.mul(p, r), f32x4.splat(-1.1514610310e-1));
  p = f32x4.add(f32x4.mul(p, r), f32x4.splat(1.1676998740e-1));
  p = f32x4.add(f32x4.mul(p, r), f32x4.splat(-1.2420140846e-1));
  p = f32x4.add(f32x4.mul(p, r), f32x4.splat(1.4249322787e-1));
  p = f32x4.add(f32x4.mul(p, r), f32x4.splat(-1.6668057665e-1));
  p = f32x4.add(f32x4.mul(p, r), f32x4.splat(2.0000714765e-1));
  p = f32x4.add(f32x4.mul(p, r), f32x4.splat(-2.4999993993e-1));
  p = f32x4.add(f32x4.mul(p, r), f32x4.splat(3.3333331174e-1));
  const y = f32x4.sub(f32x4.mul(f32x4.mul(p, r), z), f32x4.mul(z, f32x4.splat(0.5)));
  return f32x4.add(f32x4.add(r, y), f32x4.mul(e, f32x4.splat(0.69314718056)));
}

function expOf(x: v128): v128 {
  x = f32x4.min(f32x4.max(x, f32x4.splat(-87)), f32x4.splat(88));
  const n = f32x4.nearest(f32x4.mul(x, f32x4.splat(1.44269504088896341)));
  let r = f32x4.sub(x, f32x4.mul(n, f32x4.splat(0.693359375)));
  r = f32x4.sub(r, f32x4.mul(n, f32x4.splat(-2.12194440e-4)));
  let p = f32x4.splat(8.3334519073e-3);
  p = f32x4.add(f32x4.mul(p, r), f32x4.splat(4.1665795894e-2));
  p = f32x4.add(f32x4.mul(p, r), f32x4.splat(1.6666665459e-1));
  p = f32x4.add(f32x4.mul(p, r), f32x4.splat(5.0000001201e-1));
  p = f32x4.add(f32x4.add(f32x4.mul(f32x4.mul(r, r), p), r), f32x4.splat(1));
  return f32x4.mul(p, i32x4.shl(i32x4.add(i32x4.trunc_sat_f32x4_s(n), i32x4.splat(127)), 23));
}

function clip(x: v128): v128 {
  return f32x4.min(f32x4.max(x, f32x4.splat(-4)), f32x4.splat(4));
}

function mix(x: u32): u32 {
  x = (x ^ (x >> 16)) * 0x7feb352d;
  x = (x ^ (x >> 15)) * 0x846ca68b;
  return x ^ (x >> 16);
}

/**
 * ints: places before [n][2], places after [n][2], n, starts of the vertices' edges [n + 1], other ends,
 *   epochs between an edge's samples (f32), epoch of its next sample (f32, updated), epoch, seed,
 *   negative samples of an edge, vertices from here on move (fixed ones before it keep their place),
 *   number of points that negative samples are drawn from, attractions of an edge (2 where each edge
 *   stands in the graph twice, 1 where only moving points have edges)
 * floats: a, b, learning rate of the epoch
 */
export function layoutEpoch(args: usize, begin: i32, end: i32, _scratch: usize): void {
  const before = load<usize>(args), after = load<usize>(args, 4);
  const n = load<i32>(args, 8);
  const starts = load<usize>(args, 12), ends = load<usize>(args, 16);
  const every = load<usize>(args, 20), next = load<usize>(args, 24);
  const epoch = load<i32>(args, 28);
  const seed = load<u32>(args, 32);
  const negatives = load<i32>(args, 36);
  const firstMoving = load<i32>(args, 40);
  const drawn = <u32> load<i32>(args, 44);
  const attractions = load<i32>(args, 48);
  const a = load<f32>(args, 128), b = load<f32>(args, 132), rate = load<f32>(args, 136);
  const now = <f32> epoch;
  const pull = rate * <f32> attractions;
  const a4 = f32x4.splat(a), b4 = f32x4.splat(b), one = f32x4.splat(1);
  const tiny = f32x4.splat(1e-12);
  const last = min(n, end * BLOCK);
  for (let i = begin * BLOCK; i < last; i++) {
    const place = (<usize> i) << 3;
    let x = load<f32>(before + place), y = load<f32>(before + place, 4);
    if (i >= firstMoving) {
      const lastEdge = load<i32>(starts + ((<usize> i) << 2), 4);
      for (let edge = load<i32>(starts + ((<usize> i) << 2)); edge < lastEdge; edge++) {
        const at = (<usize> edge) << 2;
        const due = load<f32>(next + at);
        if (due > now) continue;
        const period = load<f32>(every + at);
        store<f32>(next + at, due + period);
        const other = before + ((<usize> load<i32>(ends + at)) << 3);
        const ox = load<f32>(other), oy = load<f32>(other, 4);
        const dx = x - ox, dy = y - oy;
        const squared = dx * dx + dy * dy;
        if (squared > 0) {
          // −2ab d^(2b−2) / (1 + a d^(2b))
          const s4 = f32x4.splat(squared);
          const power = expOf(f32x4.mul(b4, log4(s4)));
          const coefficient = f32x4.extract_lane(
            f32x4.div(
              f32x4.mul(f32x4.splat(-2 * a * b), f32x4.div(power, s4)),
              f32x4.add(one, f32x4.mul(a4, power)),
            ),
            0,
          );
          x += pull * min<f32>(max<f32>(coefficient * dx, -4), 4);
          y += pull * min<f32>(max<f32>(coefficient * dy, -4), 4);
        }
        let counter = mix(seed ^ mix(<u32> epoch * 0x9e3779b1 + <u32> edge));
        for (let sample = 0; sample < negatives; sample += 4) {
          const count = min(4, negatives - sample);
          let px = f32x4.splat(x), py = f32x4.splat(y);
          let known = i32x4.splat(0);
          for (let lane = 0; lane < count; lane++) {
            counter = mix(counter + 0x9e3779b9);
            const k = <i32> ((<u64> counter * <u64> drawn) >> 32);
            if (k == i) continue;
            const point = before + ((<usize> k) << 3);
            const kx = load<f32>(point), ky = load<f32>(point, 4);
            if (lane == 0) {
              px = f32x4.replace_lane(px, 0, kx);
              py = f32x4.replace_lane(py, 0, ky);
              known = i32x4.replace_lane(known, 0, -1);
            } else if (lane == 1) {
              px = f32x4.replace_lane(px, 1, kx);
              py = f32x4.replace_lane(py, 1, ky);
              known = i32x4.replace_lane(known, 1, -1);
            } else if (lane == 2) {
              px = f32x4.replace_lane(px, 2, kx);
              py = f32x4.replace_lane(py, 2, ky);
              known = i32x4.replace_lane(known, 2, -1);
            } else {
              px = f32x4.replace_lane(px, 3, kx);
              py = f32x4.replace_lane(py, 3, ky);
              known = i32x4.replace_lane(known, 3, -1);
            }
          }
          const dx = f32x4.sub(f32x4.splat(x), px), dy = f32x4.sub(f32x4.splat(y), py);
          const squared = f32x4.add(f32x4.mul(dx, dx), f32x4.mul(dy, dy));
          // 2b / ((0.001 + d²)(1 + a d^(2b)))
          const power = expOf(f32x4.mul(b4, log4(f32x4.max(squared, tiny))));
          const coefficient = f32x4.div(
            f32x4.splat(2 * b),
            f32x4.mul(
              f32x4.add(f32x4.splat(0.001), squared),
              f32x4.add(one, f32x4.mul(a4, power)),
            ),
          );
          // Two points in one place are pushed apart with full force, as in the reference.
          const apart = f32x4.gt(squared, f32x4.splat(0));
          const full = f32x4.splat(4);
          const gx = v128.and(
            known,
            v128.bitselect(clip(f32x4.mul(coefficient, dx)), full, apart),
          );
          const gy = v128.and(
            known,
            v128.bitselect(clip(f32x4.mul(coefficient, dy)), full, apart),
          );
          x += rate * (f32x4.extract_lane(gx, 0) + f32x4.extract_lane(gx, 1) +
            f32x4.extract_lane(gx, 2) + f32x4.extract_lane(gx, 3));
          y += rate * (f32x4.extract_lane(gy, 0) + f32x4.extract_lane(gy, 1) +
            f32x4.extract_lane(gy, 2) + f32x4.extract_lane(gy, 3));
        }
      }
    }
    store<f32>(after + place, x);
    store<f32>(after + place, y, 4);
  }
}
