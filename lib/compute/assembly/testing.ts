// @ts-nocheck AssemblyScript, compiled by lib/compute/kernels/build.ts
// A kernel for the test of the time-out.

/**
 * Two tasks for two threads: both wait until both have begun, then the main thread returns and the
 * worker never does. ints: address of a counter that holds 0, address of the main thread's scratch memory
 */
export function stall(
  args: usize,
  _begin: i32,
  _end: i32,
  scratch: usize,
): void {
  const counter = load<usize>(args), until = load<usize>(args, 4);
  atomic.add<i32>(counter, 1);
  while (atomic.load<i32>(counter) < 2) {}
  while (scratch != until) {}
}
