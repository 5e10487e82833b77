/**
 * What a worker does for each kind of job: it calls what the coordinator would call without a queue, and so
 * leaves the same in the cache.
 *
 * @module
 */
import { basename } from "@std/path";
import { cached, cachePath } from "../../article/cache.ts";
import { type ComparedFeatures, comparisonParts } from "../../article/comparison_parts.ts";
import type { MethodKey } from "../../article/methods.ts";
import { readPreset } from "../../article/preset.ts";
import {
  type BuildNetwork,
  trainedCnn,
  type TrainedCnnOptions,
  untrainedCnn,
} from "../../article/trained_cnn.ts";
import { Matrix } from "../../base/matrix.ts";
import type { OnProgress } from "../../base/run_options.ts";
import { cosine, oneCycle, type Schedule, stepDecay } from "../../cnn/learning_rate.ts";
import { loadModel } from "../../cnn/load_model.ts";
import type { Network } from "../../cnn/network_text.ts";
import type { Dataset } from "../../dataset/load_cifar10.ts";
import type { Split } from "../../dataset/split.ts";
import { crossValidate, validateOneByOne } from "../../model_selection/cross_validation.ts";
import type {
  CompareParameters,
  Job,
  ScoreParameters,
  SentDataset,
  SentSplit,
  SentTraining,
  TrainParameters,
} from "../job.ts";
import { makeClassifier } from "./classifier_classes.ts";
import { type KeptScores, scoreName, scoreSettings } from "./describe_scores.ts";
import { pathOf, readInput } from "./kept_files.ts";

/** Does a job: afterwards the cache holds what comes of it, under the job's name. */
export type Perform = (job: Job, onProgress: OnProgress) => Promise<void>;

/** What is done for each kind of job, on this process's backend. */
export const PERFORM: Readonly<Record<string, Perform>> = { train, compare, score };

async function train(job: Job, onProgress: OnProgress): Promise<void> {
  const { data: sent, training } = job.parameters as TrainParameters;
  const data = await readDataset(sent);
  await withTraining(training, async (options) => {
    const { model, settings } = untrainedCnn(data, options);
    model.dispose();
    checkName(job, basename(cachePath("cnn", settings)));
    const trained = await trainedCnn(data, { ...options, onProgress });
    trained.model.dispose();
  });
}

/** The features of the network that was compared last: the next job is mostly of the same. */
let kept: { readonly key: string; readonly features: ComparedFeatures } | undefined;

async function compare(job: Job): Promise<void> {
  const parameters = job.parameters as CompareParameters;
  const { training, sharing, tuned, forestRows } = parameters;
  const data = await readDataset(parameters.data), method = parameters.method as MethodKey;
  await withTraining(training, async ({ build, seed, validationSplit: _, ...trained }) => {
    let isLoaded = method === "softmax";
    const plan = comparisonParts(
      data,
      // Of a preset only this counts here.
      { ...readPreset("quick"), forestRows },
      seed,
      {
        build,
        training: trained,
        methods: [method],
        sharing: sharing as "article" | "same" | "all",
        tunings: tuned ? [{ method, parameters: tuned }] : [],
      },
      async (key, make) => {
        if (kept?.key !== key) {
          kept = undefined;
          isLoaded = true;
          kept = { key, features: await make() };
        }
        return kept.features;
      },
    );
    const [part] = plan.parts;
    if (!part) throw new RangeError(`There is no method ${method}`);
    checkName(job, basename(part.path, ".json"));
    await part.outcome();
    if (isLoaded) (await plan.network.trained()).model.dispose();
  });
}

async function score(job: Job, onProgress: OnProgress): Promise<void> {
  const parameters = job.parameters as ScoreParameters;
  const { classifier, options, isShared } = parameters;
  checkName(job, scoreName(parameters));
  await cached("score", scoreSettings(parameters), async (): Promise<KeptScores> => {
    const rows = await readRows(parameters);
    const make = (peer: number) => makeClassifier(classifier, { ...options[peer] });
    const predicted = isShared
      ? crossValidate(options.map((_, peer) => make(peer)), make, rows, {})
      : validateOneByOne(options.length, make, rows, undefined);
    const predictions = [], total = options.length * rows.folds.length;
    for await (const each of predicted) {
      predictions.push({ ...each, predicted: [...each.predicted] });
      onProgress({ done: predictions.length, total });
    }
    return { predictions };
  });
}

/** What is not what the coordinator asked for would never be found by it. */
function checkName(job: Job, name: string): void {
  if (name === job.name) return;
  throw new RangeError(
    `What this worker would make has the name ${name}, and ${job.name} was asked for: ` +
      "it has another version of the library, or was sent something else",
  );
}

async function readRows({ X, y, folds }: ScoreParameters) {
  const values = new Float32Array((await readInput(X.sha256)).buffer);
  const labels = new Int32Array((await readInput(y)).buffer);
  const places = new Int32Array((await readInput(folds.sha256)).buffer);
  let at = 0;
  const take = (count: number) => places.slice(at, at += count);
  return {
    X: new Matrix(values, X.rows, X.cols),
    y: labels,
    folds: folds.counts.map(([train, test]) => ({ train: take(train), test: take(test) })),
  };
}

/** The data set that was read last. */
let read: { readonly key: string; readonly data: Dataset } | undefined;

async function readDataset({ train, test, classNames }: SentDataset): Promise<Dataset> {
  const key = JSON.stringify([train, test, classNames]);
  if (read?.key !== key) {
    read = undefined;
    const trainSplit = await readSplit(train);
    const data = {
      train: trainSplit,
      // Nobody asks for it where none was sent.
      test: test ? await readSplit(test) : trainSplit,
      classNames,
      source: "a sweep",
      official: false,
    };
    read = { key, data };
  }
  return read.data;
}

async function readSplit({ sha256, shape }: SentSplit): Promise<Split> {
  const bytes = await readInput(sha256);
  const size = shape.reduce((a, b) => a * b, 1);
  return { images: bytes.subarray(0, size), labels: bytes.subarray(size), shape };
}

/** Works with the options of a training that a job names. */
async function withTraining(
  { network, learning, ...others }: SentTraining,
  work: (options: TrainedCnnOptions) => Promise<void>,
): Promise<void> {
  const { learningRate, ...more } = learning;
  const rate = learningRate === undefined ? {} : { learningRate: readRate(learningRate) };
  const options = { ...others, ...more, ...rate };
  if (network === "article") return await work(options);
  // Built whenever the training's settings are asked for, and that cannot wait for files.
  const copies: Network[] = [];
  for (let i = 0; i < COPIES; i++) copies.push(await loadModel(pathOf(network)));
  const build: BuildNetwork = () => {
    const copy = copies.pop();
    if (!copy) throw new Error(`${network} is built more than ${COPIES} times for a job`);
    return copy;
  };
  try {
    await work({ ...options, build });
  } finally {
    for (const copy of copies) copy.dispose();
  }
}

/** How often a network is built for one job, at most. */
const COPIES = 3;

const SCHEDULES: Readonly<Record<string, (options: never) => Schedule>> = {
  cosine,
  oneCycle,
  stepDecay,
};

function readRate(rate: unknown): number | Schedule {
  if (typeof rate === "number") return rate;
  const { name, ...parameters } = Object(rate) as { name: string };
  const make = Object.hasOwn(SCHEDULES, name) ? SCHEDULES[name] : undefined;
  if (!make) throw new RangeError(`There is no schedule ${name}`);
  return make(parameters as never);
}
