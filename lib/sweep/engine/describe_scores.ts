import { basename } from "@std/path";
import { cachePath, type Settings, withVersion } from "../../article/cache.ts";
import type { Classifier } from "../../base/classifier.ts";
import { type FoldedRows, planOf } from "../../model_selection/cross_validation.ts";
import type { ScoreParameters } from "../job.ts";
import { classNameOf, writeOptions } from "./classifier_classes.ts";
import { keepInput, type KeptFile } from "./kept_files.ts";
import { jobMemory } from "./job_memory.ts";
import type { NewJob } from "./session.ts";

/** A job for classifiers that stay together. */
export interface ScoreJob {
  readonly job: NewJob;
  /** Their numbers among all. */
  readonly peers: readonly number[];
}

/**
 * The jobs that score classifiers on folds.
 *
 * @returns Undefined, with a word, if one cannot be sent
 */
export async function describeScores(
  estimators: readonly Classifier[],
  rows: FoldedRows,
): Promise<ScoreJob[] | undefined> {
  const names = estimators.map(classNameOf);
  const options = estimators.map((estimator) => writeOptions(estimator.options));
  const odd = estimators.findIndex((_, i) => names[i] === undefined || options[i] === undefined);
  if (odd >= 0) {
    const { constructor } = estimators[odd]!;
    console.warn(
      `${constructor.name} cannot be sent to the workers (${
        names[odd] === undefined
          ? "it is no class of this library"
          : "an option of it is no plain value"
      }): the search runs here`,
    );
    return undefined;
  }
  const { isShared, groups } = planOf(estimators, rows);
  const { described, inputs } = await describeRows(rows);
  return groups.map((peers) => {
    const parameters: ScoreParameters = {
      classifier: names[peers[0]!]!,
      options: peers.map((peer) => options[peer]!),
      isShared,
      ...described,
    };
    const name = scoreName(parameters);
    const memory = jobMemory.score(rows.X, isShared);
    return { job: { kind: "score", name, parameters, inputs, memory }, peers };
  });
}

/** What the scores of these parameters are kept under. */
export function scoreSettings(parameters: ScoreParameters): Settings {
  return withVersion({ ...parameters });
}

/** The name that the cache has for them. */
export function scoreName(parameters: ScoreParameters): string {
  return basename(cachePath("score", scoreSettings(parameters)));
}

/** Rows, labels and folds as jobs name them, and the files that hold them. */
async function describeRows({ X, y, folds }: FoldedRows) {
  const values = await keepInput([X.data]);
  const labels = await keepInput([Int32Array.from(y)]);
  const places = await keepInput(
    folds.flatMap(({ train, test }) => [train, test].map((part) => Int32Array.from(part))),
  );
  const described = {
    X: { sha256: values.sha256, rows: X.rows, cols: X.cols },
    y: labels.sha256,
    folds: {
      sha256: places.sha256,
      counts: folds.map(({ train, test }): [number, number] => [train.length, test.length]),
    },
  };
  return { described, inputs: [values, labels, places] satisfies KeptFile[] };
}

/** What is kept of scores: the predictions of each classifier on each fold, and the seconds they took. */
export interface KeptScores {
  readonly predictions: readonly {
    readonly peer: number;
    readonly fold: number;
    readonly predicted: readonly number[];
    readonly seconds: number;
  }[];
}
