import { LogisticRegression } from "../classifiers/logistic_regression.ts";
import { hiddenFeatures } from "../cnn/hidden_features.ts";
import type { Network } from "../cnn/network_text.ts";
import { matmul } from "../compute/matmul.ts";
import type { Dataset } from "../dataset/load_cifar10.ts";
import { normalize, sliceSplit, type Split } from "../dataset/split.ts";
import { Matrix } from "../base/matrix.ts";
import { accuracyScore } from "../metrics/accuracy.ts";
import { Svc } from "../svm/svc.ts";
import {
  checkComparison,
  comparedNetwork,
  COMPARISON_RULES,
  type ComparisonOptions,
} from "./network_settings.ts";
import { fittedOutcome, once } from "./outcome.ts";
import type { Preset } from "./preset.ts";
import { networkRows } from "./rows.ts";

/** A line of the comparison of layers. */
export interface LayerScores {
  readonly features: string;
  readonly columns: number;
  /** Test accuracies. */
  readonly svm: number;
  readonly logisticRegression: number;
}

/** Features of images, from the pixels to the softmax. */
interface Layer {
  readonly features: string;
  readonly of: (model: Network, split: Split) => Promise<Matrix>;
}

const output = (layer: string, features: string): Layer => ({
  features,
  of: (model, split) => hiddenFeatures(model, split, { layer }),
});

const LAYERS: readonly Layer[] = [
  {
    features: "raw pixels",
    of: (_, { images, shape: [n, height, width, channels] }) =>
      Promise.resolve(new Matrix(normalize(images), n, height * width * channels)),
  },
  output("flat1", "flat1 (input of hidden)"),
  output("hidden", "hidden"),
  output("acti3", "acti3 (hidden, ReLU)"),
  { features: "logits (inputs of the softmax)", of: logits },
  output("end", "probabilities of the softmax"),
];

/**
 * How well an RBF SVM and logistic regression, with their defaults, do on different layers of one network,
 * and on the pixels as the control. They learn from the first `layerRows` of the network's validation images,
 * which it has never learned from, and are asked all test rows. Each outcome is kept in `data/`.
 *
 * @throws {DOMException} If the signal aborts
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { compareLayers, readPreset, setUpCompute } from "deep-features";
 *
 * await setUpCompute({ quiet: true });
 * Deno.env.set("ARTICLE_CACHE", await Deno.makeTempDir());
 * const labels = Uint8Array.from({ length: 40 }, (_, i) => i % 2);
 * const images = Uint8Array.from({ length: 40 * 3072 }, (_, i) => 200 * labels[Math.floor(i / 3072)]!);
 * const split = { images, labels, shape: [40, 32, 32, 3] as const };
 * const classNames = ["dark", "bright"];
 * const data = { train: split, test: split, classNames, source: "stand-in", official: false } as const;
 * const preset = { ...readPreset("quick"), epochs: 1, batchSize: 10 };
 * const [pixels] = await compareLayers(data, preset, 1);
 * assert.equal(pixels!.columns, 3072);
 * ```
 */
export async function compareLayers(
  data: Dataset,
  preset: Preset,
  seed: number,
  options: ComparisonOptions = {},
): Promise<LayerScores[]> {
  checkComparison("compareLayers", options, COMPARISON_RULES);
  const { signal } = options;
  const { begin, end } = networkRows(data.train.labels.length).validation;
  const rows = Math.min(preset.layerRows, end - begin);
  const train = sliceSplit(data.train, begin, begin + rows), { test } = data;
  const compared = comparedNetwork(data, preset, seed, options);
  const { model } = await compared.trained();
  const network = { ...compared.settings, rows, begin };
  const scores: LayerScores[] = [];
  for (const { features: name, of } of LAYERS) {
    const features = once(async () => ({
      X: await of(model, train),
      y: train.labels,
      Xt: await of(model, test),
    }));
    const score = async (method: string, classifier: Svc | LogisticRegression) => {
      signal?.throwIfAborted();
      const label = `${method} on ${name}`;
      const settings = { ...network, layer: name, method };
      const { predicted } = await fittedOutcome({
        settings,
        classifier: () => Promise.resolve(classifier),
        label,
        features,
        signal,
      });
      return accuracyScore(test.labels, predicted);
    };
    scores.push({
      features: name,
      columns: (await of(model, sliceSplit(test, 0, 1))).cols,
      svm: await score("SVM (RBF)", new Svc()),
      logisticRegression: await score("logistic regression", new LogisticRegression()),
    });
  }
  return scores;
}

/** What enters the softmax of the layer `end`. */
async function logits(model: Network, split: Split): Promise<Matrix> {
  const X = await hiddenFeatures(model, split, { layer: "acti3" });
  const [kernel, bias] = await Promise.all(
    model.getLayer("end").getWeights().map((weight) => weight.data<"float32">()),
  ) as [Float32Array, Float32Array];
  const outputs = matmul(X, new Matrix(kernel, X.cols, bias.length));
  outputs.data.forEach((value, i) => outputs.data[i] = value + bias[i % bias.length]!);
  return outputs;
}
