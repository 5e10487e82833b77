import { Ajv } from "ajv";
import type { KeptFile } from "./engine/kept_files.ts";

/** A split of images that travels: its file holds the images, then the labels. */
export interface SentSplit {
  /** SHA-256 of the file, which is the fingerprint that the cache knows the split by. */
  readonly sha256: string;
  readonly shape: readonly [number, number, number, number];
}

/** A data set that travels. */
export interface SentDataset {
  readonly train: SentSplit;
  /** Absent where nothing is tested. */
  readonly test?: SentSplit;
  readonly classNames: readonly string[];
}

/** How a network is trained, as JSON can hold it. */
export interface SentTraining {
  readonly epochs: number;
  readonly batchSize: number;
  readonly seed: number;
  readonly validationSplit: number;
  /** What differs from its default of the options of learning, a schedule by its name and parameters. */
  readonly learning: Readonly<Record<string, unknown>>;
  /** `"article"`, or the folder of the cache that holds the network as it was before any training. */
  readonly network: string;
}

/** Trains a network. */
export interface TrainParameters {
  readonly data: SentDataset;
  readonly training: SentTraining;
}

/** Fits a classifier on the features of a network that has been trained. */
export interface CompareParameters {
  readonly data: SentDataset;
  readonly training: SentTraining;
  readonly method: string;
  readonly sharing: string;
  /** What the search found for the method, if it is tuned. */
  readonly tuned?: Readonly<Record<string, number>>;
  /** Most rows that a forest learns from. */
  readonly forestRows: number;
}

/** Cross-validates classifiers that must stay together, each a point of a grid. */
export interface ScoreParameters {
  /** Name of their class. */
  readonly classifier: string;
  /** The options of each; `"Infinity"` stands for what JSON does not have. */
  readonly options: readonly Readonly<Record<string, unknown>>[];
  /** Whether they share their work. */
  readonly isShared: boolean;
  /** Rows and columns of the matrix, whose file holds its values. */
  readonly X: { readonly sha256: string; readonly rows: number; readonly cols: number };
  /** SHA-256 of the file that holds the labels. */
  readonly y: string;
  /** The file that holds the row numbers of each fold, those to learn from first, and how many these are. */
  readonly folds: { readonly sha256: string; readonly counts: readonly [number, number][] };
}

/** What is to be done, as the queue holds it: plain data, never code. */
export interface Job {
  readonly kind: string;
  /** Name of what comes of it in the cache: its identity. */
  readonly name: string;
  readonly parameters: unknown;
  /** Files that it reads. */
  readonly inputs: readonly KeptFile[];
  /** Memory that it will need, in bytes: an estimate. */
  readonly memory: number;
  /** A file in the coordinator's cache, by which a worker sees that it has the same one. */
  readonly cacheMark: string;
}

const DIGEST = { type: "string", pattern: "^[0-9a-f]{64}$" };
const COUNT = { type: "integer", minimum: 1 };
const PLACE = {
  type: "string",
  pattern: "^[a-z]+-[0-9a-f]{16}(\\.bin|\\.json|/[a-z]+\\.(json|bin))?$",
};

/** An object that has these properties and no others. */
function object(properties: Record<string, unknown>, optional: readonly string[] = []) {
  const required = Object.keys(properties).filter((name) => !optional.includes(name));
  return { type: "object", properties, required, additionalProperties: false };
}

const SPLIT = object({
  sha256: DIGEST,
  shape: { type: "array", items: COUNT, minItems: 4, maxItems: 4 },
});
const DATA = object({
  train: SPLIT,
  test: SPLIT,
  classNames: { type: "array", items: { type: "string" }, minItems: 2 },
}, ["test"]);
const TRAINING = object({
  epochs: COUNT,
  batchSize: COUNT,
  seed: { type: "integer" },
  validationSplit: { type: "number", minimum: 0, exclusiveMaximum: 1 },
  learning: { type: "object" },
  network: { type: "string", pattern: "^(article|network-[0-9a-f]{16})$" },
});

const PARAMETERS: Readonly<Record<string, object>> = {
  train: object({ data: DATA, training: TRAINING }),
  compare: object({
    data: DATA,
    training: TRAINING,
    method: { type: "string" },
    sharing: { enum: ["article", "same", "all"] },
    tuned: { type: "object", additionalProperties: { type: "number" } },
    forestRows: COUNT,
  }, ["tuned"]),
  score: object({
    classifier: { type: "string" },
    options: { type: "array", items: { type: "object" }, minItems: 1 },
    isShared: { type: "boolean" },
    X: object({ sha256: DIGEST, rows: COUNT, cols: COUNT }),
    y: DIGEST,
    folds: object({
      sha256: DIGEST,
      counts: {
        type: "array",
        minItems: 1,
        items: { type: "array", items: COUNT, minItems: 2, maxItems: 2 },
      },
    }),
  }),
};

const ajv = new Ajv();

const isJob = ajv.compile(object({
  kind: { type: "string" },
  name: { type: "string", pattern: "^[a-z]+-[0-9a-f]{16}$" },
  parameters: { type: "object" },
  inputs: {
    type: "array",
    items: object({ place: PLACE, sha256: DIGEST, bytes: { type: "integer", minimum: 0 } }),
  },
  memory: { type: "number", minimum: 0 },
  cacheMark: { type: "string", pattern: "^[0-9a-f-]{36}$" },
}));

const CHECKS = new Map(
  Object.entries(PARAMETERS).map(([kind, schema]) => [kind, ajv.compile(schema)]),
);

/** The kinds of jobs. */
export const KINDS: readonly string[] = [...CHECKS.keys()];

/**
 * Holds what came out of a queue to the schemas.
 *
 * @throws {TypeError} Naming what is wrong with it
 */
export function checkJob(value: unknown): Job {
  if (!isJob(value)) throw new TypeError(`This is no job: ${ajv.errorsText(isJob.errors)}`);
  const job = value as unknown as Job, check = CHECKS.get(job.kind);
  if (!check) {
    throw new TypeError(`There is no job of the kind "${job.kind}", only ${KINDS.join(", ")}`);
  }
  if (!check(job.parameters)) {
    throw new TypeError(`This is no job to ${job.kind}: ${ajv.errorsText(check.errors)}`);
  }
  return job;
}
