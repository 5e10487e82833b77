import {
  DelayedError,
  type Job as QueuedJob,
  UnrecoverableError,
  WaitingError,
  Worker,
} from "bullmq";
import type { Redis } from "ioredis";
import { readEntry } from "../../article/cache.ts";
import { isTrained } from "../../article/kept_training.ts";
import { formatSeconds } from "../../notebook/progress.ts";
import { checkJob, type Job } from "../job.ts";
import type { WorkerOptions } from "../worker.ts";
import { closeAll, PREFIX } from "./connection.ts";
import { fetchInputs } from "./fetch_inputs.ts";
import { FinalFailure, Hand } from "./hand.ts";
import { filesOf, pathOf } from "./kept_files.ts";
import { machineMemory, MemoryBudget } from "./memory_budget.ts";
import { announce } from "./presence.ts";
import { type Needs, queueName } from "./queue_name.ts";
import { type JobResult, sendResult } from "./results.ts";

const GRACE_SECONDS = 20, LOCK_SECONDS = 20, MEMORY_SHARE = 0.75;
const GIB = 2 ** 30;
/** When a job is looked at again whose files nobody has who is there, in milliseconds. */
const NO_FILES_MS = 5000;
/** How often a job may lose its worker before it counts as what ended them. */
const MOST_STALLS = 3;
/** What computes. */
const COMPUTE = new URL("compute_main.ts", import.meta.url);

type TakerOptions = WorkerOptions & { readonly log: (line: string) => void };

/** Takes jobs until it is disposed of. */
export class JobTaker implements AsyncDisposable {
  readonly #redis: Redis;
  readonly #options: TakerOptions;
  readonly #budget: MemoryBudget;
  readonly #threads: number;
  readonly #needs: Needs;
  readonly #free: Hand[];
  readonly #busy = new Set<Hand>();
  readonly #worker: Worker;
  readonly #presence: AsyncDisposable;
  /** What it is, for people. */
  readonly inWords: string;
  readonly #running = new Set<Promise<unknown>>();
  #givesBack = false;

  private constructor(
    redis: Redis,
    options: TakerOptions,
    { hand, threads, presence }: { hand: Hand; threads: number; presence: AsyncDisposable },
  ) {
    const { jobs = 1, lockSeconds = LOCK_SECONDS, memoryGiB } = options;
    const memory = memoryGiB === undefined ? MEMORY_SHARE * machineMemory() : memoryGiB * GIB;
    this.#redis = redis;
    this.#options = options;
    this.#budget = new MemoryBudget(memory);
    this.#threads = threads;
    this.#free = [hand];
    this.#presence = presence;
    this.#needs = hand.needs;
    const { backend, kernels } = hand.needs;
    this.inWords = `(${jobs} at a time, ${threads} thread${threads === 1 ? "" : "s"} each, ` +
      `${(memory / GIB).toFixed(1)} GiB; ${backend}, kernels ${kernels})`;
    this.#worker = new Worker(
      queueName(hand.needs),
      (job, token) => this.#note(this.#process(job, token)),
      {
        connection: redis,
        prefix: PREFIX,
        concurrency: jobs,
        lockDuration: lockSeconds * 1000,
        stalledInterval: lockSeconds * 500,
        maxStalledCount: MOST_STALLS,
      },
    );
    this.#worker.on("error", (error) => this.#tellError(error));
    this.#worker.on(
      "stalled",
      (name) => options.log(`${name}: its worker is gone, so it waits again`),
    );
  }

  /**
   * Starts a process that computes, and takes jobs for what that has.
   *
   * @param redis Is closed at its end, or if it cannot be started
   * @throws {Error} If the process ends at once
   */
  static async start(redis: Redis, options: TakerOptions): Promise<JobTaker> {
    const { jobs = 1, script = COMPUTE } = options;
    const threads = options.threads ??
      Math.max(1, Math.floor(navigator.hardwareConcurrency / jobs));
    try {
      const hand = await Hand.start(script, threads);
      const { needs } = hand;
      const presence = await announce(redis, "worker", { queue: queueName(needs), needs });
      return new JobTaker(redis, options, { hand, threads, presence });
    } catch (error) {
      redis.disconnect();
      throw error;
    }
  }

  /** Finishes what runs, or gives it back. */
  async [Symbol.asyncDispose](): Promise<void> {
    const { graceSeconds = GRACE_SECONDS } = this.#options;
    const isThere = () => this.#redis.status === "ready";
    const { promise: given, resolve: giveUp } = Promise.withResolvers<void>();
    const timer = setTimeout(() => {
      this.#givesBack = true;
      for (const hand of this.#busy) void hand.end();
      // Nobody can be told: whoever finds the locks expired does these jobs.
      if (!isThere()) giveUp();
    }, graceSeconds * 1000);
    // It takes no more. A server that is away can be told nothing, and is not waited for.
    const closed = isThere() ? this.#worker.close() : this.#worker.pause(true);
    closed.catch(() => {});
    await Promise.race([Promise.allSettled(this.#running), given]);
    clearTimeout(timer);
    await this.#presence[Symbol.asyncDispose]();
    await closeAll([this.#redis], () => isThere() ? closed : this.#worker.close(true));
    await Promise.all(this.#free.map((hand) => hand.end()));
  }

  /** Remembers what runs until it has ended. */
  async #note<T>(work: Promise<T>): Promise<T> {
    this.#running.add(work);
    try {
      return await work;
    } finally {
      this.#running.delete(work);
    }
  }

  /** Does what the queue gives, and says one line of it. */
  async #process(queued: QueuedJob, token: string | undefined): Promise<JobResult> {
    const start = performance.now();
    const say = (what: string) =>
      this.#options.log(`${new Date().toISOString()} ${queued.name} ${queued.id}: ${what}`);
    try {
      const { result, wasKept } = await this.#do(queued);
      say(
        `${wasKept ? "was kept" : "done"} in ${formatSeconds((performance.now() - start) / 1000)}`,
      );
      return result;
    } catch (error) {
      const { message } = error as Error;
      if (this.#givesBack) {
        say("given back, as this worker ends");
        await queued.moveToWait(token);
        throw new WaitingError();
      }
      if (error instanceof NoFiles) {
        say("waits, as no coordinator is there that has its files");
        await queued.moveToDelayed(Date.now() + NO_FILES_MS, token);
        throw new DelayedError();
      }
      say(`failed: ${message}`);
      const isFinal = error instanceof FinalFailure || error instanceof TypeError ||
        error instanceof RangeError;
      throw isFinal ? new UnrecoverableError(message) : error;
    }
  }

  async #do(queued: QueuedJob): Promise<{ result: JobResult; wasKept: boolean }> {
    const job = checkJob(queued.data), { name, cacheMark } = job;
    if (name !== queued.id) throw new TypeError(`The job ${queued.id} calls itself ${name}`);
    const wasKept = await isDone(name);
    if (!wasKept) await this.#compute(job, queued);
    const files = await filesOf(name);
    if (files.length === 0) throw new FinalFailure(`Nothing was made under the name ${name}`);
    return { result: await sendResult(this.#redis, files, cacheMark), wasKept };
  }

  async #compute(job: Job, queued: QueuedJob): Promise<void> {
    const { log: warn } = this.#options;
    if (!await fetchInputs(this.#redis, job.inputs, { warn })) throw new NoFiles();
    if (!this.#budget.hasRoomFor(job.memory)) {
      warn(
        `${job.name} needs some ${(job.memory / GIB).toFixed(1)} GiB, more than this worker may ` +
          "take: it runs alone",
      );
    }
    using _room = await this.#budget.take(job.memory);
    if (this.#givesBack) throw new Error("The worker ends");
    const hand = this.#free.pop() ??
      await Hand.start(this.#options.script ?? COMPUTE, this.#threads, this.#needs);
    this.#busy.add(hand);
    try {
      await hand.perform(
        job,
        (progress) => void queued.updateProgress({ ...progress }).catch(() => {}),
      );
      this.#free.push(hand);
    } catch (error) {
      if (error instanceof FinalFailure) this.#free.push(hand);
      else await hand.end();
      throw error;
    } finally {
      this.#busy.delete(hand);
    }
  }

  #tellError(error: Error): void {
    if (/Missing lock|Lock mismatch|could not renew lock/i.test(error.message)) {
      this.#options.log(`A job was done by another worker meanwhile (${error.message}): no harm`);
    } else if (!/ECONNREFUSED|Connection is closed|ECONNRESET/.test(error.message)) {
      this.#options.log(`The queue: ${error.message}`);
    }
  }
}

/** No coordinator that is there has the files. */
class NoFiles extends Error {}

/** Whether this cache holds what comes of a job, whole. */
async function isDone(name: string): Promise<boolean> {
  return name.startsWith("cnn-")
    ? await isTrained(pathOf(name))
    : await readEntry(`${pathOf(name)}.json`) !== undefined;
}
