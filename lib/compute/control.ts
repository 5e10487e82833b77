/**
 * The control block at the bottom of the shared memory, through which the main thread tells the workers
 * what to do (see `pool.ts`), as indices of int32 words.
 *
 * @module
 */

/** Number of the current dispatch; workers sleep on it. */
export const GENERATION = 256;
/**
 * Tasks claimed so far: the low 16 bits of the generation above, the next task below, so that a worker
 * that wakes late can never claim a task of another dispatch.
 */
export const CLAIM = 272;
/** Tasks finished; the main thread sleeps on it. */
export const FINISHED = 288;
/** Set to 1 + the worker's number when a kernel throws in it. */
export const FAILED = 304;
/** The dispatch: index of the kernel, number of tasks, tasks to claim at once. */
export const KERNEL = 320;
export const TASKS = 321;
export const GRAIN = 322;
/** Byte address of the kernel's arguments: int32 words first, float32 from {@linkcode FLOAT_ARGS} on. */
export const ARGS_ADDRESS = 2048;
/** Byte offset of the float32 arguments. */
export const FLOAT_ARGS = 128;

/** Most tasks of a dispatch, as the claim word has 16 bits for them. */
export const MAX_TASKS = 0xffff;
const TASK_MASK = 0xffff;

/** A kernel as it is called: tasks `begin` … `end - 1`. */
export type Kernel = (
  args: number,
  begin: number,
  end: number,
  scratch: number,
) => void;

/** The claim word of a generation with `next` as the next task. */
export function claimWord(generation: number, next: number): number {
  return (generation << 16) | next;
}

/**
 * Claims and does tasks of a generation until none is left; main thread and workers alike.
 *
 * @returns Whether any task was done
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
    const begin = claim & TASK_MASK;
    if ((claim >>> 16) !== (generation & TASK_MASK) || begin >= tasks) return;
    const end = Math.min(tasks, begin + grain);
    if (
      Atomics.compareExchange(
        control,
        CLAIM,
        claim,
        claimWord(generation, end),
      ) !== claim
    ) {
      continue;
    }
    kernel(ARGS_ADDRESS, begin, end, scratch);
    if (Atomics.add(control, FINISHED, end - begin) + end - begin === tasks) {
      Atomics.notify(control, FINISHED);
    }
  }
}
