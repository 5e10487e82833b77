/**
 * The control block in the shared memory through which the main thread tells the workers of a pool what
 * to do (see `pool.ts`), as indices of int32 words. Words that different threads write lie in cache
 * lines of their own.
 *
 * @module
 */

/** Size of a control block. */
export const CONTROL_BYTES = 1024;

/** Number of the current dispatch; workers sleep on it. */
export const GENERATION = 0;
/**
 * Shares of tasks claimed so far: the low 16 bits of the generation above, the next share below, so that a
 * worker that wakes late can never claim a task of another dispatch.
 */
export const CLAIM = 16;
/** Tasks finished; the main thread sleeps on it. */
export const FINISHED = 32;
/** Set to 1 + the worker's number when a kernel throws in it. */
export const FAILED = 48;
/** Set to 1 when the workers are to end; how many of them have ended, and will touch nothing any more. */
export const STOP = 80;
export const ENDED = 96;
/** The dispatch: index of the kernel, number of tasks, tasks to claim at once. */
export const KERNEL = 64;
export const TASKS = 65;
export const GRAIN = 66;
/** Byte offset of the kernel's arguments in the control block: int32 words first. */
export const ARGS = 512;
/** Byte offset of the float32 arguments in the arguments. */
export const FLOAT_ARGS = 128;
/** How many arguments there is room for. */
export const MAX_INT_ARGS = FLOAT_ARGS / 4;
export const MAX_FLOAT_ARGS = (CONTROL_BYTES - ARGS - FLOAT_ARGS) / 4;

/** Most shares of a dispatch, as the claim word has 16 bits for them; a share is `GRAIN` tasks. */
export const MAX_SHARES = 0xffff;
const SHARE_MASK = 0xffff;

/** A kernel as it is called: tasks `begin` … `end - 1`. */
export type Kernel = (
  args: number,
  begin: number,
  end: number,
  scratch: number,
) => void;

/** The claim word of a generation with `next` as the next share. */
export function claimWord(generation: number, next: number): number {
  return (generation << 16) | next;
}

/**
 * Claims and does tasks of a generation until none is left; main thread and workers alike.
 */
export function work(
  control: Int32Array,
  kernels: readonly Kernel[],
  generation: number,
  scratch: number,
): void {
  const kernel = kernels[control[KERNEL]!]!;
  const tasks = control[TASKS]!, grain = control[GRAIN]!;
  while (true) {
    const claim = Atomics.load(control, CLAIM);
    const share = claim & SHARE_MASK, begin = share * grain;
    if ((claim >>> 16) !== (generation & SHARE_MASK) || begin >= tasks) return;
    const end = Math.min(tasks, begin + grain);
    if (
      Atomics.compareExchange(control, CLAIM, claim, claimWord(generation, share + 1)) !== claim
    ) {
      continue;
    }
    kernel(control.byteOffset + ARGS, begin, end, scratch);
    if (Atomics.add(control, FINISHED, end - begin) + end - begin === tasks) {
      Atomics.notify(control, FINISHED);
    }
  }
}
