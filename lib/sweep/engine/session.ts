import { Queue, QueueEvents } from "bullmq";
import type { Redis } from "ioredis";
import type { OnProgress, Progress } from "../../base/run_options.ts";
import { checkJob, type Job } from "../job.ts";
import type { Board } from "./board.ts";
import { closeAll, connect, plainAddress, PREFIX } from "./connection.ts";
import { differences, type Needs, queueName } from "./queue_name.ts";
import { announce, present, type WorkerPresence } from "./presence.ts";
import { type JobResult, receiveResult, writeMark } from "./results.ts";
import { serveCache } from "./serve_cache.ts";

/** How often all jobs are looked after, in milliseconds: what a server lost is handed over again. */
const LOOK_EVERY_MS = 3000;
/** How often a job is tried that failed for a reason that may pass, and the first pause between. */
const ATTEMPTS = 3, BACK_OFF_MS = 1000;
/** How long what is known of a job stays in the server, in seconds. */
const KEPT_SECONDS = 7 * 24 * 3600;
/** Events that the server keeps: those that are missed are found by looking after the jobs. */
const MOST_EVENTS = 10_000;
/** Host and port under which workers reach this machine, where that is not the address it reaches the server by. */
const ADDRESS_VARIABLE = "SWEEP_ADDRESS";

/** A job without what a session adds. */
export type NewJob = Omit<Job, "cacheMark">;

interface Pending {
  readonly job: Job;
  readonly board: Board;
  readonly onProgress: OnProgress | undefined;
  readonly promise: Promise<void>;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
  isRunning: boolean;
}

/** What a job's key holds of its end. */
type Ending = [returned: string | null, failed: string | null, finished: string | null];

/** Hands jobs to a queue, and puts what comes of them into this process's cache. */
export class Session implements AsyncDisposable {
  readonly #redis: Redis;
  readonly #queue: Queue;
  readonly #events: QueueEvents;
  readonly #needs: Needs;
  readonly #name: string;
  readonly #stack: AsyncDisposableStack;
  readonly #cacheMark = crypto.randomUUID();
  readonly #pending = new Map<string, Pending>();
  #batch: Job[] = [];
  #said = new Set<string>();

  private constructor(address: string, needs: Needs, redis: Redis, eventsRedis: Redis) {
    const name = queueName(needs);
    this.#name = plainAddress(address);
    this.#needs = needs;
    this.#redis = redis;
    this.#queue = new Queue(name, {
      connection: redis,
      prefix: PREFIX,
      streams: { events: { maxLen: MOST_EVENTS } },
    });
    this.#events = new QueueEvents(name, { connection: eventsRedis, prefix: PREFIX });
    this.#stack = new AsyncDisposableStack();
  }

  /**
   * Connects to a queue.
   *
   * @throws {RangeError} If the address is none
   * @throws {Error} If the server cannot be reached, or refuses the user or the password
   */
  static async open(address: string, needs: Needs): Promise<Session> {
    const redis = await connect(address), eventsRedis = await connect(address, () => {});
    const session = new Session(address, needs, redis, eventsRedis);
    const stack = session.#stack;
    stack.defer(() =>
      closeAll(
        [redis, eventsRedis],
        () => Promise.all([session.#events.close(), session.#queue.close()]),
      )
    );
    try {
      await session.#start();
      return session;
    } catch (error) {
      await stack.disposeAsync();
      throw error;
    }
  }

  async #start(): Promise<void> {
    const stack = this.#stack, events = this.#events;
    // Both tell of what breaks on their connections, which is told already.
    this.#queue.on("error", () => {});
    events.on("error", () => {});
    const mark = await writeMark(this.#cacheMark);
    stack.defer(() => Deno.remove(mark).catch(() => {}));
    const server = serveCache(ownHost(this.#redis), Deno.env.get(ADDRESS_VARIABLE) || undefined);
    stack.use(server);
    stack.use(await announce(this.#redis, "source", server.source));
    events.on("active", ({ jobId }) => this.#setRunning(jobId, true));
    events.on("waiting", ({ jobId }) => this.#setRunning(jobId, false));
    events.on("delayed", ({ jobId }) => this.#setRunning(jobId, false));
    events.on("progress", ({ jobId, data }) => {
      this.#pending.get(jobId)?.onProgress?.(data as Progress);
    });
    events.on("completed", ({ jobId, returnvalue }) => void this.#gather(jobId, returnvalue));
    events.on("failed", ({ jobId, failedReason }) => this.#fail(jobId, failedReason));
    await events.waitUntilReady();
    const timer = setInterval(() => void this.#lookAfter().catch(() => {}), LOOK_EVERY_MS);
    stack.defer(() => clearInterval(timer));
  }

  /**
   * Hands a job over, or joins it where it is in the queue already; resolves when the cache holds what came of it.
   *
   * @throws {Error} If it failed, with the reason
   * @throws {DOMException} If the signal aborts: then it is not begun any more
   */
  async hand(
    newJob: NewJob,
    { board, signal, onProgress }: {
      readonly board: Board;
      readonly signal: AbortSignal | undefined;
      readonly onProgress?: OnProgress | undefined;
    },
  ): Promise<void> {
    signal?.throwIfAborted();
    const job = checkJob({ ...newJob, cacheMark: this.#cacheMark });
    const { name } = job;
    const earlier = this.#pending.get(name);
    if (earlier) {
      await earlier.promise;
      board.count("done");
      return;
    }
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    this.#pending.set(name, { job, board, onProgress, promise, resolve, reject, isRunning: false });
    this.#add(job);
    const cancel = () => void this.#cancel(name, signal!.reason);
    signal?.addEventListener("abort", cancel, { once: true });
    try {
      await promise;
    } finally {
      signal?.removeEventListener("abort", cancel);
    }
  }

  /** Hands over together what is given at one time. */
  #add(job: Job): void {
    this.#batch.push(job);
    if (this.#batch.length > 1) return;
    setTimeout(() => {
      const jobs = this.#batch;
      this.#batch = [];
      this.#bring(jobs).catch((error) => {
        for (const { name } of jobs) this.#end(name, "failed")?.reject(error);
      });
    }, 0);
  }

  /** Adds the jobs that the queue lacks, and takes what the others have come to. */
  async #bring(jobs: readonly Job[]): Promise<void> {
    const endings = await this.#endingsOf(jobs);
    const lacking = jobs.filter(({ name }, i) =>
      endings[i] === undefined && this.#pending.has(name)
    );
    // One that failed for somebody else is tried again.
    const failed = jobs.filter((_, i) => endings[i]?.[1] != null);
    for (const { name } of failed) await this.#queue.remove(name);
    await this.#queue.addBulk([...lacking, ...failed].map((job) => ({
      name: job.kind,
      data: job,
      opts: {
        jobId: job.name,
        attempts: ATTEMPTS,
        backoff: { type: "exponential", delay: BACK_OFF_MS },
        removeOnComplete: { age: KEPT_SECONDS },
        removeOnFail: { age: KEPT_SECONDS },
      },
    })));
    await this.#take(jobs, endings);
    if (lacking.length + failed.length > 0) await this.#tellOfWorkers();
  }

  /** Takes what jobs have come to. */
  async #take(jobs: readonly Job[], endings: readonly (Ending | undefined)[]): Promise<void> {
    await Promise.all(jobs.map(async ({ name }, i) => {
      const returned = endings[i]?.[0];
      if (returned != null) await this.#gather(name, JSON.parse(returned));
    }));
  }

  /** What the server has of each job's end; undefined of one that it does not have. */
  async #endingsOf(jobs: readonly Job[]): Promise<(Ending | undefined)[]> {
    const pipeline = this.#redis.pipeline();
    for (const { name } of jobs) {
      const key = this.#queue.toKey(name);
      pipeline.exists(key);
      pipeline.hmget(key, "returnvalue", "failedReason", "finishedOn");
    }
    const answers = await pipeline.exec() ?? [];
    return jobs.map((_, i) => {
      const [, isThere] = answers[2 * i]!, [, fields] = answers[2 * i + 1]!;
      if (isThere === 0) return undefined;
      const [returned, failed, finished] = fields as Ending;
      return finished === null ? [null, null, null] : [returned, failed, finished];
    });
  }

  /** Finds what was missed: ends that no event told of, and jobs that the server has lost. */
  async #lookAfter(): Promise<void> {
    if (this.#pending.size === 0 || this.#redis.status !== "ready") return;
    const jobs = [...this.#pending.values()].map(({ job }) => job);
    const endings = await this.#endingsOf(jobs);
    const lost = jobs.filter((_, i) => endings[i] === undefined);
    await this.#take(jobs, endings);
    for (const [i, { name }] of jobs.entries()) {
      const reason = endings[i]?.[1];
      if (reason != null) this.#fail(name, reason);
    }
    if (lost.length > 0) {
      this.#say(`The queue at ${this.#name} has lost ${count(lost.length)}: handed over again`);
      await this.#bring(lost);
    }
    await this.#tellOfWorkers();
  }

  /** Puts what came of a job into the cache. */
  async #gather(name: string, returned: unknown): Promise<void> {
    const pending = this.#pending.get(name);
    if (!pending) return;
    this.#setRunning(name, false);
    try {
      // Two may tell of one end.
      if (await receiveResult(this.#redis, returned as JobResult)) {
        this.#end(name, "done")?.resolve();
      } else {
        await this.#queue.remove(name);
        if (this.#pending.has(name)) this.#add(pending.job);
      }
    } catch (error) {
      this.#end(name, "failed")?.reject(error);
    }
  }

  #fail(name: string, reason: string): void {
    const pending = this.#end(name, "failed");
    pending?.reject(new Error(`The job to ${pending.job.kind} ${name} failed: ${reason}`));
  }

  /** Takes a job that waits out of the queue; one that runs goes on, and its result is kept. */
  async #cancel(name: string, reason: unknown): Promise<void> {
    const pending = this.#end(name, "cancelled");
    pending?.reject(reason);
    await this.#queue.remove(name).catch(() => {});
  }

  #end(name: string, how: "done" | "failed" | "cancelled"): Pending | undefined {
    const pending = this.#pending.get(name);
    if (!pending) return undefined;
    this.#setRunning(name, false);
    this.#pending.delete(name);
    pending.board.count(how);
    return pending;
  }

  #setRunning(name: string, isRunning: boolean): void {
    const pending = this.#pending.get(name);
    if (!pending || pending.isRunning === isRunning) return;
    pending.isRunning = isRunning;
    pending.board.run(isRunning ? 1 : -1);
  }

  /** Says why nothing happens, where nothing can. */
  async #tellOfWorkers(): Promise<void> {
    const workers = await present<WorkerPresence>(this.#redis, "worker");
    if (workers.some(({ queue }) => queue === queueName(this.#needs))) return;
    const others = new Set(
      workers.map(({ needs }) => differences(this.#needs, needs as Needs)),
    );
    this.#say(
      workers.length === 0
        ? `No worker takes jobs from the queue at ${this.#name} yet: start one by deno task worker`
        : `No worker takes these jobs, as results would differ: ${workers.length} ${
          workers.length === 1 ? "is" : "are"
        } there, with ${[...others].join("; ")}`,
    );
  }

  /** Says something once. */
  #say(text: string): void {
    if (this.#said.has(text)) return;
    this.#said.add(text);
    console.warn(text);
  }

  /** Ends the session; jobs that run go on. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#stack.disposeAsync();
  }
}

/** So many jobs, in words. */
export function count(jobs: number): string {
  return jobs === 1 ? "a job" : `${jobs} jobs`;
}

/** The address by which this machine reaches the server, by which workers reach it then, too. */
function ownHost(redis: Redis): string {
  const address = (redis.stream as { localAddress?: string } | undefined)?.localAddress;
  return address?.replace(/^::ffff:/, "") ?? "127.0.0.1";
}
