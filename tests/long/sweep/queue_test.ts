// What may go wrong between a coordinator, a real server and workers, with jobs that only sleep.
import assert from "node:assert/strict";
import { Queue } from "bullmq";
import { join } from "@std/path";
import { setUpCompute } from "deep-features";
import { readEntry } from "../../../lib/article/cache.ts";
import { Board } from "../../../lib/sweep/engine/board.ts";
import { connect, PREFIX } from "../../../lib/sweep/engine/connection.ts";
import { pathOf } from "../../../lib/sweep/engine/kept_files.ts";
import { needsHere } from "../../../lib/sweep/engine/needs.ts";
import { queueName } from "../../../lib/sweep/engine/queue_name.ts";
import { type NewJob, Session } from "../../../lib/sweep/engine/session.ts";
import { PROGRAM, RedisServer } from "../../helpers/redis_server.ts";
import { sleepingJob } from "../../helpers/sleeping_jobs.ts";
import { SweepWorker, type WorkerSettings } from "../../helpers/sweep_workers.ts";

const jobs = (count: number, options: { ms: number }) =>
  Array.from({ length: count }, (_, i) => sleepingJob(`job ${i}`, options));

/** What a test works with. */
class Bench {
  readonly warnings: string[] = [];
  readonly log: string;
  readonly server: RedisServer;
  readonly #stack: AsyncDisposableStack;

  constructor(server: RedisServer, stack: AsyncDisposableStack, folder: string) {
    this.server = server;
    this.log = join(folder, "log.txt");
    this.#stack = stack;
  }

  async worker(settings: Partial<WorkerSettings> = {}): Promise<SweepWorker> {
    return this.#stack.use(
      await SweepWorker.start({
        address: this.server.address,
        sleeps: true,
        lock: 1,
        ...settings,
        env: { SLEEP_LOG: this.log, ...settings.env },
      }),
    );
  }

  async session(): Promise<Session> {
    return await Session.open(this.server.address, needsHere());
  }

  /** Names of the jobs that were begun, once for each time. */
  async begun(): Promise<string[]> {
    const text = await Deno.readTextFile(this.log).catch(() => "");
    return text.split("\n").filter((line) => line !== "");
  }

  async untilBegun(count: number): Promise<void> {
    while ((await this.begun()).length < count) await pause(20);
  }
}

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

function hand(session: Session, all: readonly NewJob[], signal?: AbortSignal): Promise<void>[] {
  const board = new Board(all.length, undefined);
  return all.map((job) => session.hand(job, { board, signal }));
}

async function allKept(all: readonly NewJob[]): Promise<void> {
  for (const { name } of all) assert.ok(await readEntry(`${pathOf(name)}.json`), name);
}

/** A test with a server, and a cache of its own for the coordinator, that is this process. */
function test(name: string, work: (bench: Bench) => Promise<void>): void {
  Deno.test({
    name,
    ignore: !PROGRAM || Deno.build.os === "windows",
    async fn() {
      const before = Deno.env.get("ARTICLE_CACHE"), { warn } = console;
      await using stack = new AsyncDisposableStack();
      const folder = await Deno.makeTempDir();
      stack.defer(() => Deno.remove(folder, { recursive: true }));
      Deno.env.set("ARTICLE_CACHE", join(folder, "cache"));
      stack.defer(() => {
        console.warn = warn;
        if (before === undefined) Deno.env.delete("ARTICLE_CACHE");
        else Deno.env.set("ARTICLE_CACHE", before);
      });
      const bench = new Bench(stack.use(await RedisServer.start()), stack, folder);
      console.warn = (text: string) => void bench.warnings.push(text);
      await setUpCompute({ backend: "simd", quiet: true });
      await work(bench);
    },
  });
}

test("A worker that is killed in mid-job loses nothing: another does the job", async (bench) => {
  const first = await bench.worker();
  await using session = await bench.session();
  const all = jobs(4, { ms: 400 });
  const handed = hand(session, all);
  await bench.untilBegun(2);
  await first.end("SIGKILL");
  const second = await bench.worker();
  await Promise.all(handed);
  await allKept(all);
  // The one that was done is not done again; the one that was killed is.
  assert.equal((await bench.begun()).length, 5);
  assert.ok(second.lines.some((line) => /its worker is gone, so it waits again/.test(line)));
});

test("A server that is killed and started again loses nothing", async (bench) => {
  await bench.worker();
  await bench.worker();
  await using session = await bench.session();
  const all = jobs(10, { ms: 200 });
  const handed = hand(session, all);
  await bench.untilBegun(4);
  await bench.server.kill();
  await pause(300);
  await bench.server.begin();
  await Promise.all(handed);
  await allKept(all);
  const begun = await bench.begun();
  assert.equal(new Set(begun).size, 10);
  // What ran in that moment may be done twice, by another worker.
  assert.ok(begun.length <= 12, `${begun.length}`);
  assert.match(bench.warnings.join("\n"), /is away .*waiting for it\n(.*\n)*.*is there again/);
});

test("Jobs that a server lost with all its memory are handed over again", async (bench) => {
  await using session = await bench.session();
  const all = jobs(3, { ms: 0 });
  const handed = hand(session, all);
  await pause(100);
  await bench.server.clear();
  await bench.worker();
  await Promise.all(handed);
  await allKept(all);
  assert.match(bench.warnings.join("\n"), /^The queue at \S+ has lost 3 jobs: handed over again$/m);
  assert.match(bench.warnings.join("\n"), /^No worker takes jobs from the queue at \S+ yet/m);
});

test("A job that two workers do has one result, and the late one is told", async (bench) => {
  const first = await bench.worker();
  await using session = await bench.session();
  const all = jobs(1, { ms: 1500 });
  const handed = hand(session, all);
  await bench.untilBegun(1);
  first.process.kill("SIGSTOP");
  const second = await bench.worker();
  await bench.untilBegun(2);
  first.process.kill("SIGCONT");
  await Promise.all(handed);
  await allKept(all);
  await second.says(/done in/);
  await first.says(/done by another worker meanwhile/);
  assert.equal((await bench.begun()).length, 2);
});

test("A poisoned job fails alone: nonsense, what always throws, and what ends its process", async (bench) => {
  const worker = await bench.worker();
  await using redis = disposable(await connect(bench.server.address));
  const queue = new Queue(queueName(needsHere()), { connection: redis.value, prefix: PREFIX });
  await queue.add("score", { code: "Deno.exit()" }, { jobId: "nonsense" });
  await queue.close();
  await worker.says(/score nonsense: failed: This is no job: data must have/);

  await using session = await bench.session();
  const good = jobs(3, { ms: 0 });
  const handed = hand(session, [
    sleepingJob("throws", { wrong: "throws" }),
    sleepingJob("ends", { wrong: "ends" }),
    ...good,
  ]);
  const [throws, ends, ...others] = await Promise.allSettled(handed);
  const reason = (settled: PromiseSettledResult<void> | undefined) =>
    settled?.status === "rejected" ? (settled.reason as Error).message : settled?.status;
  assert.match(
    reason(throws)!,
    /^The job to score score-[0-9a-f]{16} failed: gamma must be positive, got -1$/,
  );
  assert.match(reason(ends)!, /failed: The process that computes ended \(code 9\)/);
  assert.deepEqual(others.map(({ status }) => status), ["fulfilled", "fulfilled", "fulfilled"]);
  // What is wrong stays wrong; what ended the process was tried three times.
  assert.equal((await bench.begun()).length, 1 + 3 + 3);
  // Whoever asks again has it tried again.
  await assert.rejects(hand(session, [sleepingJob("throws", { wrong: "throws" })])[0]!, /got -1/);
  assert.equal((await bench.begun()).length, 8);
});

test("A wrong password is told before any work, and is not repeated", async ({ server }) => {
  for (const address of [server.addressWith("guess"), `redis://127.0.0.1:${server.port}`]) {
    await assert.rejects(
      Session.open(address, needsHere()),
      (error: Error) =>
        /^The queue at redis:\/\/127.0.0.1:\d+ refuses the user or the password/.test(
          error.message,
        ) && !error.message.includes("guess"),
    );
    await assert.rejects(SweepWorker.start({ address, sleeps: true }), /It ended/);
  }
});

test("A coordinator that ends and comes back finds what was done meanwhile", async (bench) => {
  await bench.worker();
  const all = jobs(6, { ms: 200 });
  const first = await bench.session();
  const left = Promise.allSettled(hand(first, all));
  await bench.untilBegun(2);
  await first[Symbol.asyncDispose]();
  await bench.untilBegun(6);
  await using second = await bench.session();
  await Promise.all(hand(second, all));
  await allKept(all);
  assert.equal((await bench.begun()).length, 6);
  void left;
});

test("An interrupt cancels what waits, and what runs is kept", async (bench) => {
  const worker = await bench.worker();
  await using session = await bench.session();
  const all = jobs(5, { ms: 300 }), stop = new AbortController();
  const handed = Promise.allSettled(hand(session, all, stop.signal));
  await bench.untilBegun(1);
  stop.abort(new DOMException("Interrupted", "AbortError"));
  for (const settled of await handed) {
    assert.ok(settled.status === "rejected" && settled.reason.name === "AbortError");
  }
  await worker.says(/done in/);
  await pause(300);
  assert.equal((await bench.begun()).length, 1);
  // Asked for again, it is there.
  await Promise.all(hand(session, all.slice(0, 1)));
  assert.equal((await bench.begun()).length, 1);
});

test("A worker that is told to end gives back what does not end in time", async (bench) => {
  const first = await bench.worker({ grace: 0.2 });
  await using session = await bench.session();
  const all = jobs(2, { ms: 800 });
  const handed = hand(session, all);
  await bench.untilBegun(1);
  await first.end("SIGTERM");
  assert.ok(first.lines.some((line) => /given back, as this worker ends/.test(line)));
  const second = await bench.worker();
  await bench.untilBegun(2);
  await second.end("SIGTERM");
  assert.ok(second.lines.some((line) => /done in/.test(line)));
  await bench.worker();
  await Promise.all(handed);
  await allKept(all);
});

test("A server that is away keeps neither a worker nor a coordinator from ending", async (bench) => {
  const busy = await bench.worker({ grace: 0.2 }), idle = await bench.worker();
  const session = await bench.session(), stop = new AbortController();
  const handed = Promise.allSettled(hand(session, jobs(1, { ms: 60_000 }), stop.signal));
  await bench.untilBegun(1);
  await bench.server.kill();
  await Promise.all([busy.end("SIGTERM"), idle.end("SIGTERM")]);
  stop.abort();
  await handed;
  await session[Symbol.asyncDispose]();
});

test("A worker does as many jobs at a time as it is told, if there is memory for them", async (bench) => {
  const worker = await bench.worker({ jobs: 2, memory: 1 });
  await using session = await bench.session();
  const small = jobs(2, { ms: 3000 }), stop = new AbortController();
  const handed = Promise.allSettled(hand(session, small, stop.signal));
  await bench.untilBegun(2);
  assert.ok(!worker.lines.some((line) => /done in/.test(line)));
  stop.abort();
  await handed;
  await worker.says(/done in/);

  const large = ["a", "b"].map((label) => ({ ...sleepingJob(label, { ms: 500 }), memory: 6e8 }));
  const waiting = hand(session, large);
  await bench.untilBegun(3);
  await pause(200);
  assert.equal((await bench.begun()).length, 3);
  await Promise.all(waiting);
  assert.equal((await bench.begun()).length, 4);
});

test("A worker with another backend does not take the jobs, and that is said", async (bench) => {
  await bench.worker({ env: { COMPUTE: "cpu" } });
  await using session = await bench.session();
  const stop = new AbortController();
  const handed = Promise.allSettled(hand(session, jobs(1, { ms: 0 }), stop.signal));
  while (bench.warnings.length === 0) await pause(20);
  assert.match(
    bench.warnings[0]!,
    /^No worker takes these jobs, as results would differ: 1 is there, with backend cpu and not simd \(which setUpCompute and COMPUTE choose\)$/,
  );
  stop.abort();
  await handed;
  assert.deepEqual(await bench.begun(), []);
});

function disposable<T extends { disconnect(): void }>(value: T) {
  return { value, [Symbol.asyncDispose]: () => Promise.resolve(value.disconnect()) };
}
