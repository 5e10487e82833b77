import type { Classifier } from "../base/classifier.ts";
import { KNeighborsClassifier } from "../classifiers/k_neighbors.ts";
import { LinearSvc } from "../classifiers/linear_svc.ts";
import { LogisticRegression } from "../classifiers/logistic_regression.ts";
import { RandomForestClassifier } from "../classifiers/random_forest.ts";
import { hiddenFeatures, predictClasses } from "../cnn/hidden_features.ts";
import type { Dataset } from "../dataset/load_cifar10.ts";
import { progressLine } from "../notebook/progress.ts";
import { Svc } from "../svm/svc.ts";
import { cached } from "./cache.ts";
import { fittedOutcome, once, type Outcome } from "./outcome.ts";
import type { Preset } from "./preset.ts";
import { type ComparisonOptions, networkSettings } from "./network_settings.ts";
import { trainedCnn } from "./trained_cnn.ts";

/** Penalty that the grid search of notebook 04 finds on all of CIFAR-10. */
const TUNED_C = 10;
const TREES = 100;

/** What each method made of the network of one seed. */
export interface Comparison {
  readonly seed: number;
  /** By the keys of {@linkcode METHOD_NAMES}. */
  readonly outcomes: Readonly<Record<string, Outcome>>;
}

/** What the methods of a comparison are called, by their key, in the order of the tables. */
export const METHOD_NAMES = {
  softmax: "softmax",
  svm: "SVM (RBF)",
  tunedSvm: `SVM (RBF, C = ${TUNED_C})`,
  linearSvm: "SVM (linear)",
  logisticRegression: "logistic regression",
  kNeighbors: "5 nearest neighbours",
  randomForest: "random forest",
} as const;

/** A key of {@linkcode METHOD_NAMES}. */
export type MethodKey = keyof typeof METHOD_NAMES;

/** A classifier of the comparison. */
interface Method {
  readonly key: MethodKey;
  /** What its outcome depends on, beside the features. */
  readonly settings: Readonly<Record<string, unknown>>;
  readonly create: (seed: number) => Classifier;
  /** Most rows that it learns from. */
  readonly rows?: (preset: Preset) => number;
}

const METHODS: readonly Method[] = [
  { key: "svm", settings: { svc: {} }, create: () => new Svc() },
  { key: "tunedSvm", settings: { svc: { C: TUNED_C } }, create: () => new Svc({ C: TUNED_C }) },
  { key: "linearSvm", settings: { linearSvc: {} }, create: () => new LinearSvc() },
  {
    key: "logisticRegression",
    settings: { logisticRegression: {} },
    create: () => new LogisticRegression(),
  },
  { key: "kNeighbors", settings: { kNeighbors: {} }, create: () => new KNeighborsClassifier() },
  {
    key: "randomForest",
    settings: { randomForest: { nEstimators: TREES } },
    create: (seed) => new RandomForestClassifier({ nEstimators: TREES, seed }),
    rows: ({ forestRows }) => forestRows,
  },
];

/**
 * The softmax and other classifiers on the hidden layer of a network trained from one seed: support vector
 * machines (RBF with the defaults and with the tuned C, linear), logistic regression, nearest neighbours,
 * a random forest.
 *
 * The outcome of each is kept in `data/` by itself, with its seconds: an interrupted comparison goes on
 * where it was, and a further classifier leaves the others as they are. The softmax's seconds of fitting
 * are those of training the whole network.
 *
 * @throws {DOMException} If the signal aborts
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { compareClassifiers, readPreset, setUpCompute } from "deep-features";
 *
 * await setUpCompute({ quiet: true });
 * Deno.env.set("ARTICLE_CACHE", await Deno.makeTempDir());
 * const labels = Uint8Array.from({ length: 40 }, (_, i) => i % 2);
 * const images = Uint8Array.from({ length: 40 * 3072 }, (_, i) => 200 * labels[Math.floor(i / 3072)]!);
 * const split = { images, labels, shape: [40, 32, 32, 3] as const };
 * const classNames = ["dark", "bright"];
 * const data = { train: split, test: split, classNames, source: "stand-in", official: false } as const;
 * const preset = { ...readPreset("quick"), epochs: 1, batchSize: 10 };
 * const { outcomes } = await compareClassifiers(data, preset, 1);
 * assert.equal(outcomes["svm"]!.predicted.length, 40);
 * ```
 */
export async function compareClassifiers(
  data: Dataset,
  preset: Preset,
  seed: number,
  options: ComparisonOptions = {},
): Promise<Comparison> {
  const { signal, build } = options;
  const { epochs, batchSize } = preset;
  const network = networkSettings(data, { epochs, batchSize, seed, build });
  const trained = once(() =>
    trainedCnn(data, {
      epochs,
      batchSize,
      seed,
      build,
      onProgress: progressLine(`Training, seed ${seed}`),
      signal,
    })
  );
  const features = once(async () => {
    const { model } = await trained();
    const X = await hiddenFeatures(model, data.train, { signal });
    const Xt = await hiddenFeatures(model, data.test, { signal });
    return { X, y: data.train.labels, Xt };
  });

  const outcomes: Record<string, Outcome> = {
    softmax: await cached("outcome", { ...network, softmax: {} }, async () => {
      const { model, history } = await trained();
      const start = performance.now();
      const predicted = await predictClasses(model, data.test, { signal });
      return {
        predicted: [...predicted],
        fitSeconds: history.seconds.reduce((a, b) => a + b, 0),
        predictSeconds: (performance.now() - start) / 1000,
      };
    }),
  };
  for (const { key, settings, create, rows } of METHODS) {
    signal?.throwIfAborted();
    const count = Math.min(rows?.(preset) ?? Infinity, data.train.labels.length);
    outcomes[key] = await fittedOutcome({
      settings: { ...network, ...settings, rows: count },
      classifier: create(seed),
      label: `${METHOD_NAMES[key]}, seed ${seed}`,
      features: async () => {
        const { X, y, Xt } = await features();
        return { X: X.slice(0, count), y: y.subarray(0, count), Xt };
      },
      signal,
    });
  }
  return { seed, outcomes };
}
