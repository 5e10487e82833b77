// @ts-nocheck AssemblyScript, compiled by lib/compute/kernels/build.ts
// An epoch of UMAP's layout in two dimensions.
//
// The reference (McInnes et al. 2018, algorithm 5) goes through the edges and moves both ends at once,
// which gives another result for every order of the threads. Here a task is a block of vertices: each
// vertex is moved by its own edges, against the other vertices' places of the epoch before, so the result
// is the same for any number of threads. An edge (i, j) stands in the graph twice; the reference would
// attract i as head of the one and as tail of the other, so i is moved twice as far here.
//
// How strongly two points attract or repel each other depends on their squared distance alone, by powers of it.
// Both are read from tables, with 64 entries between a number and its double, and interpolated between two
// entries: that is right to a ten-thousandth, and saves logarithms and exponentials, one waiting for the other.

/** Vertices of a task. */
const BLOCK: i32 = 256;

/** Bits of a float32 below those that tell its entry in a table. */
const FRACTION_BITS: i32 = 17;
/** What tables hold: squared distances from 2⁻⁴⁰ to 2⁴⁰. */
const LEAST: f32 = 9.094947017729282e-13, MOST: f32 = 1.0995115e12;
const FIRST_ENTRY: i32 = (127 - 40) << 6;

/** What a table says of a squared distance. */

function lookUp(table: usize, squared: f32): f32 {
  const bits = reinterpret<i32>(min<f32>(max<f32>(squared, LEAST), MOST));
  const at = table + ((<usize> ((bits >> FRACTION_BITS) - FIRST_ENTRY)) << 2);
  const share = <f32> (bits & ((1 << FRACTION_BITS) - 1)) *
    <f32> (1.0 / <f64> (1 << FRACTION_BITS));
  const low = load<f32>(at);
  return low + share * (load<f32>(at, 4) - low);
}

function clip(x: f32): f32 {
  return min<f32>(max<f32>(x, -4), 4);
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
 *   stands in the graph twice, 1 where only moving points have edges), tables of the attraction and of the
 *   repulsion (f32, see engine/forces.ts)
 * floats: learning rate of the epoch
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
  const attraction = load<usize>(args, 52), repulsion = load<usize>(args, 56);
  const rate = load<f32>(args, 128);
  const now = <f32> epoch;
  const pull = rate * <f32> attractions;
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
          const coefficient = lookUp(attraction, squared);
          x += pull * clip(coefficient * dx);
          y += pull * clip(coefficient * dy);
        }
        // All negative samples of an edge push from the same place.
        let counter = mix(seed ^ mix(<u32> epoch * 0x9e3779b1 + <u32> edge));
        let pushX: f32 = 0, pushY: f32 = 0;
        for (let sample = 0; sample < negatives; sample++) {
          counter = mix(counter + 0x9e3779b9);
          const k = <i32> ((<u64> counter * <u64> drawn) >> 32);
          if (k == i) continue;
          const point = before + ((<usize> k) << 3);
          const px = x - load<f32>(point), py = y - load<f32>(point, 4);
          const apart = px * px + py * py, coefficient = lookUp(repulsion, apart);
          // Two points in one place are pushed apart with full force, as in the reference.
          pushX += apart > 0 ? clip(coefficient * px) : 4;
          pushY += apart > 0 ? clip(coefficient * py) : 4;
        }
        x += rate * pushX;
        y += rate * pushY;
      }
    }
    store<f32>(after + place, x);
    store<f32>(after + place, y, 4);
  }
}
