/**
 * A pool of threads that run WebAssembly kernels over one shared memory, dispatched synchronously, so
 * that tfjs's synchronous kernel functions can use every core.
 *
 * A dispatch is a kernel, its arguments and a number of tasks. The main thread writes it into the
 * control block, wakes the workers, does tasks itself, and waits until all are finished. Tasks are
 * claimed by compare-and-exchange, so threads that are late or asleep cost nothing. What a task computes
 * must not depend on who does it: then results are the same for any number of threads.
 *
 * @module
 */
import { Worker } from "node:worker_threads";
import { join } from "@std/path";
import {
  ARGS,
  CLAIM,
  claimWord,
  CONTROL_BYTES,
  ENDED,
  FAILED,
  FINISHED,
  FLOAT_ARGS,
  GENERATION,
  GRAIN,
  KERNEL,
  type Kernel,
  MAX_FLOAT_ARGS,
  MAX_INT_ARGS,
  MAX_SHARES,
  STOP,
  TASKS,
  work,
} from "./control.ts";
import { checkValue, whole } from "../base/check.ts";
import { noteRunFact } from "../base/run_facts.ts";
import { kernelFunctions } from "./kernel_functions.ts";
import { allocateLasting, release, sharedMemory } from "./memory.ts";
import type { WorkerData } from "./worker.ts";

/** Private memory of each thread for packed blocks and padded images. */
export const SCRATCH_BYTES = 4 << 20;

/** Turns of the loop in which the main thread waits for the last tasks before it sleeps. */
const SPINS = 100_000;

/**
 * How long a pool's end is waited for, in milliseconds: workers that sleep need a fraction of one, those
 * that are only starting some tens.
 */
const ENDING_MS = 500;

const CORES = navigator.hardwareConcurrency || 1;
/** Threads for each core, and threads on any machine, that are allowed. */
const THREADS_PER_CORE = 4, ALWAYS_ALLOWED = 16;
const THREADS_RULE = whole(1, Math.max(ALWAYS_ALLOWED, THREADS_PER_CORE * CORES));

/** How long no task may finish before the pool is given up, in milliseconds. */
const DEFAULT_TIMEOUT_MS = 60_000;

interface Pool {
  readonly threads: number;
  readonly workers: Worker[];
  readonly scratches: number[];
  /**
   * Each pool has a control block of its own, which is used again only when all its workers have ended:
   * one that has been told to end lives on for a moment, and must neither hear of later dispatches nor
   * find its memory taken.
   */
  readonly control: Int32Array;
  /** Where a kernel's arguments go: int32 words and addresses, and float32 values. */
  readonly words: Int32Array;
  readonly floats: Float32Array;
}

interface Kernels {
  readonly module: WebAssembly.Module;
  readonly names: readonly string[];
  readonly index: ReadonlyMap<string, number>;
  readonly functions: readonly Kernel[];
}

const KERNELS_FILE = join(import.meta.dirname!, "kernels", "kernels.wasm");

let kernels: Kernels | undefined;
let pool: Pool | undefined;
let wantedThreads: number | undefined;
/** Pools that have been told to end, and whose memory their workers may still use. */
const ending = new Set<Pool>();
let timeoutMs = DEFAULT_TIMEOUT_MS;
let running = false;
let blasPath = "";

/**
 * Runs a kernel over all threads and returns when all its tasks are done.
 *
 * @param kernel Name of an exported kernel
 * @param tasks Number of tasks
 * @param ints Its int32 arguments and addresses, at most 32
 * @param floats Its float32 arguments
 * @param grain Tasks that a thread claims at once
 * @throws {RangeError} If there is no such kernel
 * @throws {Error} If a kernel traps, a worker stops answering, or a kernel is already running
 */
export function runKernel(
  kernel: string,
  tasks: number,
  ints: readonly number[],
  floats: readonly number[] = [],
  grain = 1,
): void {
  const { words, floats: values } = argumentWords();
  words.set(ints);
  values.set(floats);
  runPrepared(kernelIndex(kernel), tasks, grain);
}

/** By which number the pool knows a kernel. */
export function kernelIndex(kernel: string): number {
  kernels ??= loadKernels();
  const index = kernels.index.get(kernel);
  if (index === undefined) throw new RangeError(`There is no kernel named ${kernel}`);
  return index;
}

/** Where to lay the arguments of the kernel that runs next. */
export function argumentWords(): Pick<Pool, "words" | "floats"> {
  if (running) throw new Error("Cannot run a kernel: another is already running");
  kernels ??= loadKernels();
  return pool ??= startPool(kernels, threads());
}

/**
 * Runs a kernel whose arguments lie in {@linkcode argumentWords}.
 *
 * @param index What {@linkcode kernelIndex} gives
 */
export function runPrepared(index: number, tasks: number, grain: number): void {
  if (tasks <= 0) return;
  const { control, scratches, threads } = pool!;
  const args = control.byteOffset + ARGS;
  const claimed = Math.max(grain, Math.ceil(tasks / MAX_SHARES));
  const scratch = scratches[0]!;
  running = true;
  try {
    if (threads === 1 || tasks <= claimed) {
      kernels!.functions[index]!(args, 0, tasks, scratch);
    } else {
      dispatch(control, index, tasks, claimed, scratch);
    }
  } catch (cause) {
    if (!(cause instanceof WebAssembly.RuntimeError)) throw cause;
    stopPool();
    throw new Error(`The kernel ${kernels!.names[index]} failed: ${cause.message}`, { cause });
  } finally {
    running = false;
  }
}

/** Whether this runtime has what the kernels need: shared memory, SIMD and relaxed SIMD. */
export function canRunKernels(): boolean {
  return typeof SharedArrayBuffer !== "undefined" &&
    WebAssembly.validate(Deno.readFileSync(KERNELS_FILE));
}

/**
 * Number of threads that kernels run on, the main thread included: what {@linkcode setThreads} set, else the
 * environment variable `COMPUTE_THREADS`, else the number of cores.
 *
 * @throws {RangeError} If `COMPUTE_THREADS` is not a number that {@linkcode setThreads} takes
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { threads } from "deep-features/compute";
 *
 * assert(threads() >= 1);
 * ```
 */
export function threads(): number {
  return wantedThreads ??= defaultThreads();
}

/**
 * Sets the number of threads, the main thread included; the workers end, and the pool starts anew at the
 * next kernel. More threads than cores gain nothing: at most four for each core are allowed (16 on any
 * machine).
 *
 * @throws {TypeError} If `count` is no number
 * @throws {RangeError} If it is not a whole number from 1 to four times the cores, or 16
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { setThreads, threads } from "deep-features/compute";
 *
 * const before = threads();
 * setThreads(1);
 * assert(threads() === 1);
 * setThreads(before);
 * ```
 */
export function setThreads(count: number): void {
  checkValue("The number of threads", count, THREADS_RULE);
  stopPool();
  wantedThreads = count;
}

/** Sets by what each thread opens the BLAS that kernels call; there is one in a process. */
export function setBlasPath(path: string): void {
  if (path === blasPath) return;
  stopPool();
  blasPath = path;
}

/** Sets how long no task may finish before a dispatch fails, in milliseconds. */
export function setKernelTimeout(milliseconds = DEFAULT_TIMEOUT_MS): void {
  timeoutMs = milliseconds;
}

/** The worker threads and the scratch memory of all threads, for tests that let one die. */
export function poolState(): Pick<Pool, "workers" | "scratches"> {
  return pool ?? { workers: [], scratches: [] };
}

/** Ends the workers, and waits a little for them; the next kernel starts new ones. */
export function stopPool(wait = ENDING_MS): void {
  if (!pool) return;
  const { control, workers } = pool;
  ending.add(pool);
  pool = undefined;
  Atomics.store(control, STOP, 1);
  // Workers sleep until the generation changes. One that hangs in a kernel never hears of it.
  Atomics.add(control, GENERATION, 1);
  Atomics.notify(control, GENERATION);
  const until = performance.now() + wait;
  for (
    let ended = Atomics.load(control, ENDED);
    ended < workers.length && performance.now() < until;
    ended = Atomics.load(control, ENDED)
  ) Atomics.wait(control, ENDED, ended, wait);
  takeBackEnded();
}

/** Gives back the memory of pools whose workers have all ended. */
function takeBackEnded(): void {
  for (const old of ending) {
    if (Atomics.load(old.control, ENDED) < old.workers.length) continue;
    ending.delete(old);
    for (const scratch of old.scratches) release(scratch);
    release(old.control.byteOffset);
  }
}

function dispatch(
  control: Int32Array,
  index: number,
  tasks: number,
  grain: number,
  scratch: number,
): void {
  const generation = (Atomics.load(control, GENERATION) + 1) | 0;
  // Close the claim word before the dispatch is rewritten: a late worker's exchange then fails.
  Atomics.store(control, CLAIM, claimWord(generation, MAX_SHARES));
  Atomics.store(control, FAILED, 0);
  Atomics.store(control, FINISHED, 0);
  control[KERNEL] = index;
  control[TASKS] = tasks;
  control[GRAIN] = grain;
  Atomics.store(control, CLAIM, claimWord(generation, 0));
  Atomics.store(control, GENERATION, generation);
  Atomics.notify(control, GENERATION);
  work(control, kernels!.functions, generation, scratch);
  let finished = Atomics.load(control, FINISHED);
  for (let spins = 0; finished < tasks && spins < SPINS; spins++) {
    finished = Atomics.load(control, FINISHED);
  }
  while (finished < tasks) {
    const outcome = Atomics.wait(control, FINISHED, finished, timeoutMs);
    finished = Atomics.load(control, FINISHED);
    if (outcome === "timed-out") {
      const { workers } = pool!;
      stopPool(0);
      for (const worker of workers) void worker.terminate();
      throw new Error(
        `A compute worker has not answered for ${
          timeoutMs / 1000
        } s, with ${finished} of ${tasks} tasks done: the pool is started anew at the next call`,
      );
    }
  }
  const failed = Atomics.load(control, FAILED);
  if (failed !== 0) {
    throw new WebAssembly.RuntimeError(`trapped in thread ${failed} of ${pool!.threads}`);
  }
}

function loadKernels(): Kernels {
  const module = new WebAssembly.Module(Deno.readFileSync(KERNELS_FILE));
  const byName = kernelFunctions(module, sharedMemory(), () => blasPath),
    names = [...byName.keys()];
  return {
    module,
    names,
    index: new Map(names.map((name, i) => [name, i])),
    functions: [...byName.values()],
  };
}

function startPool({ module }: Kernels, count: number): Pool {
  noteRunFact("threads", count);
  takeBackEnded();
  const blocks = allocateLasting([...Array(count).fill(SCRATCH_BYTES), CONTROL_BYTES]);
  const scratches = blocks.slice(0, count), address = blocks[count]!;
  const control = new Int32Array(sharedMemory().buffer, address, CONTROL_BYTES / 4).fill(0);
  const workers = scratches.slice(1).map((scratch, i) => {
    const workerData: WorkerData = {
      module,
      memory: sharedMemory(),
      scratch,
      thread: i + 2,
      control: address,
      blasPath,
    };
    const worker = new Worker(new URL("./worker.ts", import.meta.url), { workerData });
    worker.unref();
    return worker;
  });
  const words = control.subarray(ARGS / 4, ARGS / 4 + MAX_INT_ARGS);
  const floats = new Float32Array(control.buffer, address + ARGS + FLOAT_ARGS, MAX_FLOAT_ARGS);
  return { threads: count, workers, scratches, control, words, floats };
}

/** What `COMPUTE_THREADS` says; without it the number of cores. */
function defaultThreads(): number {
  const wanted = Deno.env.get("COMPUTE_THREADS")?.trim();
  if (!wanted) return CORES;
  const count = Number(wanted);
  if (!THREADS_RULE.allows(count)) {
    throw new RangeError(
      `The environment variable COMPUTE_THREADS must be ${THREADS_RULE.wanted}, got ${wanted}`,
    );
  }
  return count;
}
