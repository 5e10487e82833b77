import {
  between,
  callable,
  checkOptions,
  instance,
  positive,
  type Rules,
  whole,
} from "../base/check.ts";
import { connect, plainAddress } from "./engine/connection.ts";
import { JobTaker } from "./engine/job_taker.ts";

/** What {@linkcode runWorker} can be told. */
export interface WorkerOptions {
  /** Jobs at a time, each in a process of its own; default 1. */
  readonly jobs?: number | undefined;
  /** Threads that the kernels of each job run on; default: the cores, shared out. */
  readonly threads?: number | undefined;
  /** Memory that all jobs together may take, in GiB; default: three quarters of what the machine has. */
  readonly memoryGiB?: number | undefined;
  /** How long what runs may go on after the signal aborts, in seconds; then it is given back. Default 20. */
  readonly graceSeconds?: number | undefined;
  /** After how many seconds without a heartbeat a job counts as abandoned; default 20. */
  readonly lockSeconds?: number | undefined;
  /** Ends the worker. */
  readonly signal?: AbortSignal | undefined;
  /** Is given one line for each job, and what else there is to say; default `console.log`. */
  readonly log?: ((line: string) => void) | undefined;
  /** The script that computes; for tests. */
  readonly script?: URL | undefined;
}

const RULES: Rules<WorkerOptions> = {
  jobs: whole(1),
  threads: whole(1),
  memoryGiB: positive,
  graceSeconds: between(0, Infinity),
  lockSeconds: positive,
  signal: instance(AbortSignal),
  log: callable,
  script: instance(URL),
};

/**
 * Takes jobs from a queue until the signal aborts; then what runs is finished, or given back to the queue when the
 * time of grace is over. What results depend on (backend, kernels, versions) must be as the jobs need it: others
 * never reach this worker.
 *
 * @param address The server's, as `SWEEP_QUEUE` gives it
 * @throws {TypeError} If an option is unknown or of the wrong kind
 * @throws {RangeError} If an option is out of its range, or the address is none
 * @throws {Error} If the server cannot be reached, or refuses the user or the password
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { runWorker } from "deep-features/sweep";
 *
 * await assert.rejects(runWorker("redis://127.0.0.1:1"), /Cannot reach the queue at redis:\/\/127.0.0.1:1/);
 * ```
 */
export async function runWorker(address: string, options: WorkerOptions = {}): Promise<void> {
  checkOptions("runWorker", options, RULES);
  const { signal, log = console.log } = options;
  const redis = await connect(address, log);
  await using taker = await JobTaker.start(redis, { ...options, log });
  log(`Taking jobs from ${plainAddress(address)} ${taker.inWords}`);
  await aborted(signal);
  log("Taking no more jobs: what runs is finished, or given back");
}

async function aborted(signal: AbortSignal | undefined): Promise<void> {
  if (signal?.aborted) return;
  await new Promise((resolve) => signal?.addEventListener("abort", resolve, { once: true }));
}
