import { basename } from "@std/path";
import { readEntry } from "../article/cache.ts";
import type { SeedComparison } from "../article/comparison_parts.ts";
import type { ArticleElsewhere } from "../article/elsewhere.ts";
import { isTrained } from "../article/kept_training.ts";
import type { TrainedCnnOptions } from "../article/trained_cnn.ts";
import type { Classifier } from "../base/classifier.ts";
import type { FoldPrediction } from "../base/fold.ts";
import type { Dataset } from "../dataset/load_cifar10.ts";
import type { FoldedRows, ValidateElsewhere } from "../model_selection/cross_validation.ts";
import { interruptible } from "../notebook/interrupt.ts";
import { progressLine } from "../notebook/progress.ts";
import { Board } from "./engine/board.ts";
import { describeScores, type KeptScores, type ScoreJob } from "./engine/describe_scores.ts";
import { describeData, describeTraining } from "./engine/describe_training.ts";
import { jobMemory } from "./engine/job_memory.ts";
import { filesOf, pathOf } from "./engine/kept_files.ts";
import { needsHere } from "./engine/needs.ts";
import { count, type NewJob, Session } from "./engine/session.ts";

/** What an interrupt leaves. */
const KEPT = "what waited in the queue is cancelled; what runs is kept when it is done";

/** Lets the workers of a queue train, compare and score. */
export class QueueSweep implements ArticleElsewhere, ValidateElsewhere {
  readonly #address: string;
  #session: Promise<Session> | undefined;
  #users = 0;

  /** @param address The server's, as `SWEEP_QUEUE` gives it */
  constructor(address: string) {
    this.#address = address;
  }

  /** Connects to the server and leaves it again: an error now is better than one after hours. */
  async check(): Promise<void> {
    await this.#within(() => Promise.resolve());
  }

  async train(data: Dataset, options: TrainedCnnOptions): Promise<boolean> {
    return await this.#within((session) =>
      interruptible(options.signal, async (signal) => {
        const job = await trainJob(data, options);
        if (!job) return false;
        const { onProgress } = options;
        await session.hand(job, { board: new Board(1, undefined), signal, onProgress });
        return true;
      }, () => KEPT)
    );
  }

  async compare(
    data: Dataset,
    comparisons: readonly SeedComparison[],
    signal: AbortSignal | undefined,
  ): Promise<void> {
    const lacking: SeedComparison[] = [];
    for (const comparison of comparisons) {
      const there = await Promise.all(comparison.parts.map(({ path }) => readEntry(path)));
      const parts = comparison.parts.filter((_, i) => there[i] === undefined);
      if (parts.length > 0) lacking.push({ ...comparison, parts });
    }
    if (lacking.length === 0) return;
    await this.#within((session) =>
      interruptible(signal, (stop) => compareAll(session, data, lacking, stop), () => KEPT)
    );
  }

  async crossValidate(
    estimators: readonly Classifier[],
    rows: FoldedRows,
    signal: AbortSignal | undefined,
  ): Promise<AsyncIterable<FoldPrediction> | undefined> {
    const jobs = await describeScores(estimators, rows);
    return jobs && this.#score(jobs, signal);
  }

  /** Hands all groups over, and gives the predictions of each as they come. */
  async *#score(
    jobs: readonly ScoreJob[],
    signal: AbortSignal | undefined,
  ): AsyncGenerator<FoldPrediction> {
    const stop = new AbortController();
    const both = signal ? AbortSignal.any([signal, stop.signal]) : stop.signal;
    const { promise, resolve } = Promise.withResolvers<void>();
    const opened = Promise.withResolvers<Session>();
    opened.promise.catch(() => {});
    // The session stays open as long as somebody takes predictions.
    const held = this.#within((session) => {
      opened.resolve(session);
      return promise;
    });
    held.catch(opened.reject);
    try {
      const session = await opened.promise, board = new Board(jobs.length, undefined);
      const open = new Map(jobs.map(({ job, peers }, i) => [
        i,
        scoresOf(session, job, board, both).then((scores) => ({ i, peers, scores })),
      ]));
      for (const each of open.values()) each.catch(() => {});
      while (open.size > 0) {
        const { i, peers, scores } = await Promise.race(open.values());
        open.delete(i);
        for (const { peer, fold, predicted, seconds } of scores.predictions) {
          yield { peer: peers[peer]!, fold, predicted: Int32Array.from(predicted), seconds };
        }
      }
    } finally {
      stop.abort();
      resolve();
      await held;
    }
  }

  /** Works in the session that others use at the time, or in a new one: between them no connection is open. */
  async #within<T>(work: (session: Session) => Promise<T>): Promise<T> {
    this.#users++;
    try {
      return await work(await (this.#session ??= Session.open(this.#address, needsHere())));
    } finally {
      if (--this.#users === 0) {
        const session = this.#session;
        this.#session = undefined;
        await session?.then((open) => open[Symbol.asyncDispose](), () => {});
      }
    }
  }
}

/** The job that trains a network; undefined, with a word, if it cannot be sent. */
async function trainJob(data: Dataset, options: TrainedCnnOptions): Promise<NewJob | undefined> {
  const described = await describeTraining(data, options);
  if (!described) return undefined;
  const { training, name } = described;
  const sent = await describeData({ train: data.train, classNames: data.classNames });
  return {
    kind: "train",
    name,
    parameters: { data: sent.data, training },
    inputs: [...sent.inputs, ...described.inputs],
    memory: jobMemory.train(data),
  };
}

/** Hands over the networks that lack, and behind each of them its classifiers. */
async function compareAll(
  session: Session,
  data: Dataset,
  comparisons: readonly SeedComparison[],
  signal: AbortSignal | undefined,
): Promise<void> {
  const plans = [];
  for (const comparison of comparisons) {
    const { training } = comparison.network;
    const train = await trainJob(data, training);
    // What cannot be sent is computed by whoever asks for it.
    if (!train) continue;
    plans.push({ comparison, train, isTrained: await isTrained(pathOf(train.name)) });
  }
  const networks = new Set(plans.flatMap(({ train, isTrained }) => isTrained ? [] : train.name));
  const total = plans.reduce((sum, { comparison }) => sum + comparison.parts.length, networks.size);
  if (total === 0) return;
  const board = new Board(total, progressLine("Sweep"));
  const results = await Promise.allSettled(
    plans.map(async ({ comparison, train, isTrained }) => {
      if (!isTrained) await session.hand(train, { board, signal });
      const jobs = await compareJobs(data, comparison, train);
      const settled = await Promise.allSettled(
        jobs.map((job) => session.hand(job, { board, signal })),
      );
      throwFailures(settled, signal);
    }),
  );
  throwFailures(results, signal);
}

function throwFailures(
  results: readonly PromiseSettledResult<unknown>[],
  signal: AbortSignal | undefined,
): void {
  signal?.throwIfAborted();
  const reasons = results.flatMap((result) =>
    result.status === "rejected"
      ? result.reason instanceof AggregateError ? result.reason.errors : [result.reason as Error]
      : []
  );
  if (reasons.length === 0) return;
  throw new AggregateError(
    reasons,
    `The sweep failed for ${count(reasons.length)}, all others are kept: ${
      reasons.map(({ message }) => message).join("; ")
    }`,
  );
}

/** The jobs that compare classifiers on a network that is in the cache. */
async function compareJobs(
  data: Dataset,
  { parts, preset, options }: SeedComparison,
  train: NewJob,
): Promise<NewJob[]> {
  const sent = await describeData(data);
  const network = await filesOf(train.name);
  const { training } = train.parameters as { training: unknown };
  const untrained = train.inputs.filter(({ place }) => place.startsWith("network-"));
  return parts.map(({ method, path }) => {
    const tuned = options.tunings?.find((tuning) => tuning.method === method)?.parameters;
    return {
      kind: "compare",
      name: basename(path, ".json"),
      parameters: {
        data: sent.data,
        training,
        method,
        sharing: options.sharing ?? "same",
        ...(tuned ? { tuned } : {}),
        forestRows: preset.forestRows,
      },
      inputs: [...sent.inputs, ...untrained, ...network],
      memory: jobMemory.compare(data),
    };
  });
}

/** Scores that are in the cache, by now or already. */
async function scoresOf(
  session: Session,
  job: NewJob,
  board: Board,
  signal: AbortSignal,
): Promise<KeptScores> {
  const path = `${pathOf(job.name)}.json`;
  const kept = await readEntry(path);
  if (kept !== undefined) return kept as KeptScores;
  await session.hand(job, { board, signal });
  return await readEntry(path) as KeptScores;
}
