import { KNeighborsClassifier } from "../classifiers/k_neighbors.ts";
import { RandomForestClassifier } from "../classifiers/random_forest.ts";
import { hiddenFeatures, predictClasses } from "../cnn/layer_outputs.ts";
import type { Dataset } from "../dataset/load_cifar10.ts";
import { Matrix } from "../matrix.ts";
import { progressLine } from "../progress.ts";
import { Svc } from "../svm/svc.ts";
import { cached, fingerprint } from "./cache.ts";
import type { Preset } from "./preset.ts";
import { trainedCnn } from "./trained_cnn.ts";

/** Trees of the random forest. */
const TREES = 100;

/** What each classifier predicts for the test set, by its name. */
export type Predictions = Record<string, number[]>;

/**
 * Predictions of the softmax, the SVM, nearest neighbours and a random forest on the hidden layer of a
 * network trained from one seed. Kept in `data/`, so that an interrupted comparison goes on where it was.
 */
export async function compareClassifiers(
  data: Dataset,
  preset: Preset,
  seed: number,
): Promise<Predictions> {
  const { epochs, batchSize, forestRows } = preset;
  const settings = {
    images: fingerprint(data),
    tests: data.test.labels.length,
    epochs,
    batchSize,
    forestRows,
    seed,
  };
  return await cached("comparison", settings, async () => {
    const { model } = await trainedCnn(data, {
      epochs,
      batchSize,
      seed,
      onProgress: progressLine(`Training, seed ${seed}`),
    });
    const X = await hiddenFeatures(model, data.train.images);
    const Xt = await hiddenFeatures(model, data.test.images);
    const predictions: Predictions = {
      softmax: [...await predictClasses(model, data.test.images)],
    };
    const classifiers = {
      "SVM (RBF)": new Svc(),
      "5 nearest neighbours": new KNeighborsClassifier(),
      "random forest": new RandomForestClassifier({ nEstimators: TREES, seed }),
    };
    for (const [name, classifier] of Object.entries(classifiers)) {
      const rows = name === "random forest" ? Math.min(forestRows, X.rows) : X.rows;
      const part = new Matrix(X.data.subarray(0, rows * X.cols), rows, X.cols);
      await classifier.fit(part, data.train.labels.subarray(0, rows), {
        onProgress: progressLine(`${name}, seed ${seed}`),
      });
      predictions[name] = [...await classifier.predict(Xt)];
    }
    return predictions;
  });
}
