import { setUpCompute } from "deep-features";
import { Board } from "../lib/sweep/engine/board.ts";
import { pathOf } from "../lib/sweep/engine/kept_files.ts";
import { needsHere } from "../lib/sweep/engine/needs.ts";
import { type NewJob, Session } from "../lib/sweep/engine/session.ts";
import { PROGRAM, RedisServer } from "../tests/helpers/redis_server.ts";
import { SweepWorker } from "../tests/helpers/sweep_workers.ts";
import { sleepingJob } from "../tests/helpers/sleeping_jobs.ts";

const SLEEP_MS = 250, JOBS = 80, EMPTY_JOBS = 400, GATHERED = 1000, ROUNDS = 5;

/**
 * What a sweep costs beside its work: jobs that sleep on 1, 2 and 4 workers beside the model, jobs that do nothing,
 * and 1,000 results that lie in the queue already.
 */
export async function benchSweep(): Promise<void> {
  if (!PROGRAM) return;
  await setUpCompute({ backend: "simd", quiet: true });
  const folder = await Deno.makeTempDir();
  Deno.env.set("ARTICLE_CACHE", folder);
  try {
    const overhead = await measure(1, EMPTY_JOBS, 0) / EMPTY_JOBS;
    console.log(
      `\nOverhead: ${(1000 * overhead).toFixed(1)} ms a job (${EMPTY_JOBS} jobs that do nothing)`,
    );
    console.log("\n| workers | seconds | model | seconds / model |\n|---|---|---|---|");
    for (const workers of [1, 2, 4]) {
      const took = await measure(workers, JOBS, SLEEP_MS);
      const model = Math.ceil(JOBS / workers) * (SLEEP_MS / 1000 + overhead);
      console.log(
        `| ${workers} | ${took.toFixed(2)} | ${model.toFixed(2)} | ${(took / model).toFixed(3)} |`,
      );
    }
    const { queue, cache } = await gather();
    console.log(
      `\n${GATHERED} results that were there: ${
        seconds(queue)
      } where workers have the same cache, ` +
        `${seconds(cache)} where each is written to this one`,
    );
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** Seconds from handing jobs over to having all results. */
async function measure(workers: number, count: number, ms: number): Promise<number> {
  await using server = await RedisServer.start("everysec");
  await using stack = new AsyncDisposableStack();
  for (let i = 0; i < workers; i++) {
    stack.use(await SweepWorker.start({ address: server.address, sleeps: true }));
  }
  await using session = await Session.open(server.address, needsHere());
  // The first job of each starts its script.
  await handAll(session, sleepingJobs(workers * 2, 0, "warm"));
  const jobs = sleepingJobs(count, ms, `${workers}`);
  const start = performance.now();
  await handAll(session, jobs);
  return (performance.now() - start) / 1000;
}

/**
 * Seconds in which a coordinator has the results of jobs that were done while it was away, the best of some
 * rounds: where workers have its cache, so that only the queue is asked, and where the cache lacks all of them.
 */
async function gather(): Promise<{ queue: number; cache: number }> {
  await using server = await RedisServer.start("everysec");
  const own = await Deno.makeTempDir(), jobs = sleepingJobs(GATHERED, 0, "gathered");
  const best = async (cache: string, clear: boolean) => {
    await using _worker = await SweepWorker.start({
      address: server.address,
      sleeps: true,
      cache,
    });
    const taken: number[] = [];
    for (let round = 0; round <= ROUNDS; round++) {
      await using session = await Session.open(server.address, needsHere());
      const start = performance.now();
      await handAll(session, jobs);
      if (round > 0) taken.push((performance.now() - start) / 1000);
      for (const { name } of clear ? jobs : []) await Deno.remove(`${pathOf(name)}.json`);
    }
    return Math.min(...taken);
  };
  try {
    const cache = await best(own, true);
    await server.clear();
    return { cache, queue: await best(Deno.env.get("ARTICLE_CACHE")!, false) };
  } finally {
    await Deno.remove(own, { recursive: true });
  }
}

const seconds = (value: number) => `${value.toFixed(3)} s`;

function sleepingJobs(count: number, ms: number, label: string): NewJob[] {
  return Array.from({ length: count }, (_, i) => sleepingJob(`${label} ${i}`, { ms }));
}

async function handAll(session: Session, jobs: readonly NewJob[]): Promise<void> {
  const board = new Board(jobs.length, undefined);
  await Promise.all(jobs.map((job) => session.hand(job, { board, signal: undefined })));
}

if (import.meta.main) await benchSweep();
