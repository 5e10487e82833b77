import { workerData } from "node:worker_threads";
import {
  CLAIM,
  claimWord,
  CONTROL_BYTES,
  ENDED,
  FAILED,
  FINISHED,
  GENERATION,
  MAX_SHARES,
  STOP,
  TASKS,
  work,
} from "./control.ts";
import { kernelFunctions } from "./kernel_functions.ts";

/** What the pool hands to a worker. */
export interface WorkerData {
  readonly module: WebAssembly.Module;
  readonly memory: WebAssembly.Memory;
  readonly scratch: number;
  /** Number of the worker, from 1. */
  readonly thread: number;
  /** Address of the pool's control block. */
  readonly control: number;
  /** By what the BLAS is opened, if kernels call one. */
  readonly blasPath: string;
}

/**
 * Turns of the loop in which a worker looks for the next dispatch before it sleeps: some tens of
 * microseconds, as long as the main thread takes from one operation of a training step to the next.
 */
const SPINS = 20_000;

const { module, memory, scratch, thread, control: address, blasPath } = workerData as WorkerData;
const kernels = [...kernelFunctions(module, memory, () => blasPath).values()];
const control = new Int32Array(memory.buffer, address, CONTROL_BYTES / 4);

let seen = 0;
while (Atomics.load(control, STOP) === 0) {
  let current = Atomics.load(control, GENERATION);
  for (let spins = 0; current === seen && spins < SPINS; spins++) {
    current = Atomics.load(control, GENERATION);
  }
  if (current === seen) {
    Atomics.wait(control, GENERATION, seen);
    continue;
  }
  seen = current;
  try {
    work(control, kernels, seen, scratch);
  } catch {
    // Let the main thread go on: it looks at FAILED before it trusts the result.
    Atomics.store(control, FAILED, thread);
    Atomics.store(control, CLAIM, claimWord(seen, MAX_SHARES));
    Atomics.store(control, FINISHED, control[TASKS]!);
    Atomics.notify(control, FINISHED);
  }
}
// The last that is done with the memory, which the main thread then takes back.
Atomics.add(control, ENDED, 1);
Atomics.notify(control, ENDED);
