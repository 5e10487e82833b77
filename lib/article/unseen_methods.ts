import type { Classifier } from "../base/classifier.ts";
import { KNeighborsClassifier } from "../classifiers/k_neighbors.ts";
import { LogisticRegression } from "../classifiers/logistic_regression.ts";
import { Svc } from "../svm/svc.ts";

/** What learns classes that a network has never seen, by its key, in the order of the tables; from features if it doesn't say. */
export const UNSEEN_METHOD_NAMES = {
  svm: "SVM on features",
  logisticRegression: "logistic regression",
  kNeighbors: "nearest neighbours",
  svmOnPixels: "SVM on pixels",
  scratch: "network from scratch",
} as const;

/** A key of {@linkcode UNSEEN_METHOD_NAMES}. */
export type UnseenMethod = keyof typeof UNSEEN_METHOD_NAMES;

/** A classifier with scikit-learn's defaults, and what it learns from. */
interface UnseenLearner {
  readonly rows: "features" | "pixels";
  /** @param count Images of each of the two classes */
  readonly create: (count: number) => Classifier;
}

/** Features of a network whose columns are far apart in size take more steps than the hundred of the default. */
const MAX_ITERATIONS = 1000;

/** Neighbors that vote where there are as many. */
const NEIGHBORS = 5;

/** The methods that are no network. */
export const UNSEEN_LEARNERS: Readonly<Record<Exclude<UnseenMethod, "scratch">, UnseenLearner>> = {
  svm: { rows: "features", create: () => new Svc() },
  logisticRegression: {
    rows: "features",
    create: () => new LogisticRegression({ maxIter: MAX_ITERATIONS }),
  },
  kNeighbors: {
    rows: "features",
    create: (count) => new KNeighborsClassifier({ nNeighbors: Math.min(NEIGHBORS, count) }),
  },
  svmOnPixels: { rows: "pixels", create: () => new Svc() },
};

/** What a network trained from scratch is given at least, however few its images are. */
const LEAST_EPOCHS = 40, LEAST_STEPS = 150;
const LARGEST_BATCH = 32;

/** Epochs and batches of a network that is trained from scratch on so many images. */
export function scratchSizes(images: number): { epochs: number; batchSize: number } {
  const batchSize = Math.min(LARGEST_BATCH, images);
  const steps = Math.ceil(images / batchSize);
  return { epochs: Math.max(LEAST_EPOCHS, Math.ceil(LEAST_STEPS / steps)), batchSize };
}
