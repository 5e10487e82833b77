import { Matrix } from "../base/matrix.ts";
import type { Classifier } from "../base/classifier.ts";
import { KNeighborsClassifier } from "../classifiers/k_neighbors.ts";
import { LinearSvc } from "../classifiers/linear_svc.ts";
import { LogisticRegression } from "../classifiers/logistic_regression.ts";
import { RandomForestClassifier } from "../classifiers/random_forest.ts";
import { Svc } from "../svm/svc.ts";

/** What the methods of a comparison are called, by their key, in the order of the tables. */
export const METHOD_NAMES = {
  softmax: "softmax",
  earlyStopping: "softmax, best epoch",
  weightDecay: "softmax, weight penalty",
  svm: "SVM (RBF)",
  tunedSvm: "SVM (RBF), tuned",
  linearSvm: "SVM (linear)",
  tunedLinearSvm: "SVM (linear), tuned",
  logisticRegression: "logistic regression",
  tunedLogisticRegression: "logistic regression, tuned",
  tunedOnActi3: "logistic regression on acti3, tuned",
  kNeighbors: "5 nearest neighbours",
  tunedKNeighbors: "nearest neighbours, tuned",
  randomForest: "random forest",
  tunedRandomForest: "random forest, tuned",
} as const;

/** A key of {@linkcode METHOD_NAMES}. */
export type MethodKey = keyof typeof METHOD_NAMES;

/** Parameters of a classifier, by name; `gammaFactor` is gamma in multiples of `"scale"` on all training rows. */
export type Parameters = Readonly<Record<string, number>>;

/** A kind of classifier. */
type Learner = "rbf" | "linear" | "logistic" | "neighbors" | "forest";

/** A classifier on the features of a network. */
export interface Method {
  readonly key: MethodKey;
  /** What it is, tuned or not: outcomes are kept under this name. */
  readonly learner: Learner;
  /** Where its features come from: `hidden`, or `acti3`, which is `hidden` behind its ReLU. */
  readonly layer: "hidden" | "acti3";
  /** What is tried for it, if it is tuned. */
  readonly grid?: Readonly<Record<string, readonly number[]>>;
}

const TREES = 100;
const PENALTIES = [1e-5, 1e-4, 1e-3, 1e-2, 0.1, 1];

/** Makes a classifier of each kind; `scale` is what gamma is counted in, that of all training rows. */
export const CREATE: Record<
  Learner,
  (parameters: Parameters, scale: number, seed: number) => Classifier
> = {
  rbf: ({ gammaFactor, ...parameters }, scale) =>
    new Svc({
      ...parameters,
      ...(gammaFactor === undefined ? {} : { gamma: gammaFactor * scale }),
    }),
  linear: (parameters) => new LinearSvc(parameters),
  logistic: (parameters) => new LogisticRegression(parameters),
  neighbors: (parameters) => new KNeighborsClassifier(parameters),
  forest: (parameters, _, seed) =>
    new RandomForestClassifier({ nEstimators: TREES, ...parameters, seed }),
};

/** The classifiers that are compared, with their defaults and tuned. */
export const METHODS: readonly Method[] = [
  { key: "svm", layer: "hidden", learner: "rbf" },
  {
    key: "tunedSvm",
    layer: "hidden",
    grid: { C: [1, 3, 10, 30, 100], gammaFactor: [0.5, 1, 2, 4] },
    learner: "rbf",
  },
  { key: "linearSvm", layer: "hidden", learner: "linear" },
  { key: "tunedLinearSvm", layer: "hidden", grid: { C: PENALTIES }, learner: "linear" },
  { key: "logisticRegression", layer: "hidden", learner: "logistic" },
  { key: "tunedLogisticRegression", layer: "hidden", grid: { C: PENALTIES }, learner: "logistic" },
  { key: "tunedOnActi3", layer: "acti3", grid: { C: PENALTIES }, learner: "logistic" },
  { key: "kNeighbors", layer: "hidden", learner: "neighbors" },
  {
    key: "tunedKNeighbors",
    layer: "hidden",
    grid: { nNeighbors: [5, 10, 20, 40, 80] },
    learner: "neighbors",
  },
  { key: "randomForest", layer: "hidden", learner: "forest" },
  {
    key: "tunedRandomForest",
    layer: "hidden",
    grid: { minSamplesLeaf: [1, 3, 10] },
    learner: "forest",
  },
];

/** What `acti3` makes of what `hidden` gives. */
export function rectified(X: Matrix): Matrix {
  return new Matrix(X.data.map((value) => Math.max(0, value)), X.rows, X.cols);
}
