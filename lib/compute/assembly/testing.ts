// @ts-nocheck AssemblyScript, compiled by lib/compute/kernels/build.ts
// Kernels for the tests of this room.

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

/** Values of a task of the kernels below. */
const TEST_CHUNK: i32 = 16384;

/** y = a + b. ints: a, b, y, n */
export function addSame(args: usize, begin: i32, end: i32, _scratch: usize): void {
  const a = load<usize>(args), b = load<usize>(args, 4), y = load<usize>(args, 8);
  const n = load<i32>(args, 12);
  for (let i = begin * TEST_CHUNK, last = min(n, end * TEST_CHUNK); i < last; i++) {
    const at = (<usize> i) << 2;
    store<f32>(y + at, load<f32>(a + at) + load<f32>(b + at));
  }
}

/** y = 1 where x is above zero, else alpha. ints: x, y, n; floats: alpha */
export function step(args: usize, begin: i32, end: i32, _scratch: usize): void {
  const x = load<usize>(args), y = load<usize>(args, 4);
  const n = load<i32>(args, 8);
  const alpha = load<f32>(args, 128);
  for (let i = begin * TEST_CHUNK, last = min(n, end * TEST_CHUNK); i < last; i++) {
    const at = (<usize> i) << 2;
    store<f32>(y + at, load<f32>(x + at) > 0 ? 1 : alpha);
  }
}

/** y = x². ints: x, y, n */
export function square(args: usize, begin: i32, end: i32, _scratch: usize): void {
  const x = load<usize>(args), y = load<usize>(args, 4);
  const n = load<i32>(args, 8);
  for (let i = begin * TEST_CHUNK, last = min(n, end * TEST_CHUNK); i < last; i++) {
    const at = (<usize> i) << 2;
    store<f32>(y + at, load<f32>(x + at) * load<f32>(x + at));
  }
}

/** Counts the tasks. ints: counter */
export function countTasks(args: usize, begin: i32, end: i32, _scratch: usize): void {
  const counter = load<usize>(args);
  atomic.add<i32>(counter, end - begin);
}
