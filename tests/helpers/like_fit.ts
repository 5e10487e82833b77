/** Networks that are trained here and by tfjs's own `fit`, from the same weights on the same batches. */
import assert from "node:assert/strict";
import * as tf from "@tensorflow/tfjs";
import { hiddenFeatures, predictClasses, trainCnn } from "deep-features";
import { seededRandom } from "deep-features/base";
import { classesOf } from "../../lib/cnn/engine/objective.ts";

export const [N, SIDE, CHANNELS, CLASSES] = [16, 6, 2, 3];
const INPUT = [SIDE, SIDE, CHANNELS];
export const STEPS = 3;
const VALIDATION = 0.25;
const TOLERANCE = 1e-4;

export type Tensor = tf.SymbolicTensor;
export const L = tf.layers;

let seed = 0;
/** Lets initializers draw as those of another network made from here on. */
export function restartSeeds(from = 100): void {
  seed = from;
}
export const init = () => tf.initializers.glorotUniform({ seed: ++seed });
export const conv = (filters: number, more: object = {}) =>
  L.conv2d({ filters, kernelSize: 3, padding: "same", kernelInitializer: init(), ...more });
export const dense = (units: number, more: object = {}) =>
  L.dense({ units, kernelInitializer: init(), ...more });
/** Options of recurrent layers and cells. */
export const recurrent = (units = 3) => ({
  units,
  kernelInitializer: init(),
  recurrentInitializer: init(),
});
export const apply = (layer: tf.layers.Layer, ...x: Tensor[]) =>
  layer.apply(x.length === 1 ? x[0]! : x) as Tensor;
export const chain = (x: Tensor, ...layers: tf.layers.Layer[]) =>
  layers.reduce((y, layer) => apply(layer, y), x);
export const l2 = () => tf.regularizers.l2({ l2: 0.05 });

/** A network between the images and its scores. */
export interface Network {
  /** The layers under test; they put out anything. */
  readonly body: (x: Tensor) => Tensor;
  /** The last layers; default: flatten, dense, soft-max. */
  readonly head?: (x: Tensor) => Tensor;
  readonly loss?: string;
  readonly optimizer?: () => tf.Optimizer;
  readonly metrics?: string[];
  /** What goes in; default: images of `SIDE`, `SIDE`, `CHANNELS`. */
  readonly input?: readonly number[];
  /** Whole numbers below this in place of fractions. */
  readonly below?: number;
}

export const flat = (x: Tensor) => x.shape.length > 2 ? apply(L.flatten(), x) : x;
export const softmaxHead = (x: Tensor) => chain(flat(x), dense(CLASSES, { activation: "softmax" }));
export const oneUnit = (activation: string) => (x: Tensor) =>
  chain(flat(x), dense(1, { activation }));
export const plain = (x: Tensor) => chain(x, conv(4, { activation: "relu" }));
export const sequence = (x: Tensor) =>
  apply(L.reshape({ targetShape: [SIDE, SIDE * CHANNELS] }), x);
/** A class of layers on its own, behind a convolution. */
export const behind = (...layers: tf.layers.Layer[]): Network => ({
  body: (x) => chain(x, conv(4), ...layers),
});
export const onSequence = (...layers: tf.layers.Layer[]): Network => ({
  body: (x) => chain(sequence(x), ...layers),
});

export function build(
  { body, head = softmaxHead, loss, optimizer, metrics, input: shape = INPUT }: Network,
): tf.LayersModel {
  const input = tf.input({ shape: [...shape] });
  const model = tf.model({ inputs: input, outputs: head(body(input)) });
  model.compile({
    optimizer: optimizer?.() ?? tf.train.sgd(0.1),
    loss: loss ?? "categoricalCrossentropy",
    metrics: metrics ?? ["accuracy"],
  });
  return model;
}

/** The same network twice, with the same weights. */
export function twins(make: () => Network): [tf.LayersModel, tf.LayersModel] {
  const models = [0, 1].map(() => {
    restartSeeds();
    return build(make());
  }) as [tf.LayersModel, tf.LayersModel];
  models[1].setWeights(models[0].getWeights());
  return models;
}

export function data(classes: number, { input = INPUT, below }: Partial<Network> = {}) {
  const random = seededRandom(3);
  const [height, width, channels] = input.length === 1 ? [1, input[0]!, 1] : [...input, 1];
  return {
    images: Float32Array.from(
      { length: N * tf.util.sizeFromShape([...input]) },
      () => below ? Math.floor(below * random()) : random() - 0.3,
    ),
    labels: Int32Array.from({ length: N }, (_, i) => i % classes),
    shape: [N, height!, width!, channels!] as const,
  };
}

/** The targets as tfjs's own fit wants them. */
export function targets(model: tf.LayersModel, labels: Int32Array): tf.Tensor {
  const loss = String(model.loss);
  if (loss === "sparseCategoricalCrossentropy") return tf.tensor2d([...labels], [N, 1]);
  if (model.outputs[0]!.shape[1] === 1) {
    const isHinge = loss.toLowerCase().includes("hinge");
    return tf.tensor2d([...labels].map((label) => isHinge ? 2 * label - 1 : label), [N, 1]);
  }
  return tf.oneHot(tf.tensor1d(labels, "int32"), classesOf(model)).toFloat();
}

export function assertClose(
  name: string,
  actual: ArrayLike<number>,
  expected: ArrayLike<number>,
): void {
  assert.equal(actual.length, expected.length, name);
  for (let i = 0; i < actual.length; i++) {
    const [a, b] = [actual[i]!, expected[i]!];
    const isClose = Math.abs(a - b) <= TOLERANCE * Math.max(1, Math.abs(b));
    assert.ok(isClose, `${name}: ${a} at ${i}, where tfjs has ${b}`);
  }
}

/** Trains a network three steps here and by tfjs, and compares weights, figures and the outputs of all layers. */
export async function assertLikeFit(make: () => Network): Promise<void> {
  const [ours, theirs] = twins(make), network = make();
  const set = data(classesOf(ours), network);
  const x = tf.tensor(set.images, [N, ...network.input ?? INPUT]);
  const before = theirs.getWeights().map((weight) => weight.dataSync().slice());
  const { history } = await theirs.fit(x, targets(theirs, set.labels), {
    epochs: STEPS,
    batchSize: N,
    validationSplit: VALIDATION,
    shuffle: false,
    verbose: 0,
  });
  const own = await trainCnn(ours, set, {
    epochs: STEPS,
    batchSize: N,
    validationSplit: VALIDATION,
  });
  const series: Record<string, ArrayLike<number>> = {
    loss: own.loss,
    val_loss: own.valLoss,
    ...own.metrics,
  };
  // tfjs's accuracy of binary cross-entropy counts units, not images.
  const countsImages = !(theirs.loss === "binaryCrossentropy" && classesOf(ours) > 2) &&
    !String(theirs.loss).startsWith("hinge") && theirs.loss !== "squaredHinge";
  if (countsImages) Object.assign(series, { acc: own.accuracy, val_acc: own.valAccuracy });
  for (const [key, values] of Object.entries(history)) {
    if (key in series || countsImages) {
      assertClose(key, series[key]!, values as number[]);
    }
  }
  const weights = ours.getWeights().map((weight) => weight.dataSync());
  theirs.getWeights().forEach((weight, i) =>
    assertClose(ours.weights[i]!.name, weights[i]!, weight.dataSync())
  );
  assert.ok(weights.some((values, i) => values.some((value, k) => value !== before[i]![k])));

  const scores = theirs.predict(x) as tf.Tensor;
  const features = await hiddenFeatures(ours, set, { layer: ours.layers.at(-1)!.name });
  assertClose("scores", features.data, scores.dataSync());
  if (scores.shape[1]! > 1) {
    const largest = tf.argMax(scores, 1).dataSync();
    assert.deepEqual([...await predictClasses(ours, set)], [...largest]);
  }
  for (const layer of theirs.layers.slice(1)) {
    if (layer.inboundNodes.length !== 1 || Array.isArray(layer.output)) continue;
    const at = theirs.layers.indexOf(layer);
    const part = tf.model({ inputs: theirs.inputs, outputs: layer.output });
    const values = (part.predict(x) as tf.Tensor).dataSync();
    const read = await hiddenFeatures(ours, set, { layer: ours.layers[at]!.name });
    assertClose(`output of ${layer.name}`, read.data, values);
  }
  for (const model of [ours, theirs]) model.dispose();
}
