// @ts-nocheck AssemblyScript, compiled by lib/compute/kernels/build.ts
// deno-fmt-ignore-file It would leave out the decorators, which AssemblyScript needs.
// Radix sort.

/**
 * Sorts `count` whole numbers by their bits from `lowest` up, a byte at a time, the lowest first; bytes that all
 * have in common are passed over. Numbers that are alike there stay in their order.
 *
 * @param spare Room for as many numbers
 * @param starts Room for 256 counts
 * @returns Where they lie then: in `from` or in `spare`
 */
@global
function sortByDigits<T>(from: usize, spare: usize, starts: usize, count: i32, lowest: i32): usize {
  const size: usize = sizeof<T>();
  let differ: T = 0;
  const first = load<T>(from);
  for (let i: usize = 1; i < <usize> count; i++) differ |= first ^ load<T>(from + i * size);
  let source = from, target = spare;
  for (let shift = <T> lowest; shift < <T> (size << 3); shift += 8) {
    if (((differ >> shift) & 255) == 0) continue;
    // Bulk filling is a call out of the kernel.
    for (let at: usize = 0; at < 1024; at += 16) v128.store(starts + at, i32x4.splat(0));
    for (let i: usize = 0; i < <usize> count; i++) {
      const at = starts + (<usize> ((load<T>(source + i * size) >> shift) & 255) << 2);
      store<i32>(at, load<i32>(at) + 1);
    }
    let sum = 0;
    for (let digit: usize = 0; digit < 256; digit++) {
      const own = load<i32>(starts + (digit << 2));
      store<i32>(starts + (digit << 2), sum);
      sum += own;
    }
    for (let i: usize = 0; i < <usize> count; i++) {
      const own = load<T>(source + i * size);
      const at = starts + (<usize> ((own >> shift) & 255) << 2), to = load<i32>(at);
      store<i32>(at, to + 1);
      store<T>(target + <usize> to * size, own);
    }
    const swap = source;
    source = target;
    target = swap;
  }
  return source;
}
