import * as tf from "@tensorflow/tfjs";
import type { ForwardPass } from "./forward.ts";
import type { Targets } from "./targets.ts";

type LossFunction = (yTrue: tf.Tensor, yPred: tf.Tensor) => tf.Tensor;

/** The parts of a compiled model that tfjs's declarations hide. */
interface Compiled {
  readonly lossFunctions?: LossFunction[];
  readonly metricsTensors?: [LossFunction, number][];
  readonly metricsNames?: string[];
  /** What a sequential model keeps its losses in. */
  readonly model?: Compiled;
}

/** What training minimizes and counts, for a batch. */
export interface Objective {
  /** Number of classes. */
  readonly classes: number;
  /** Names of the metrics that the model was compiled with, accuracy apart. */
  readonly metricNames: readonly string[];
  /** What the network should put out for the images at `rows`. */
  target(rows: ArrayLike<number>): tf.Tensor;
  /**
   * Mean loss of a batch, without penalties. Given the images' `rows`, as in training, each counts as much as
   * its class.
   */
  loss(target: tf.Tensor, output: tf.Tensor, rows?: ArrayLike<number>): tf.Scalar;
  /** Sum of the penalties of the model's regularizers; `undefined` if it has none. */
  penalties(): tf.Scalar | undefined;
  /** How many of the images at `rows` the network takes for what they are. */
  hits(rows: ArrayLike<number>, output: tf.Tensor): tf.Scalar;
  /** The metrics of the images at `rows`, in the order of `metricNames`. */
  metrics(rows: ArrayLike<number>, output: tf.Tensor): tf.Scalar[];
}

/** Losses of one output that expect −1 and 1, and whose border is at 0. */
const HINGES = ["hinge", "squaredHinge"];
const CROSS_ENTROPIES = ["categoricalCrossentropy", "sparseCategoricalCrossentropy"];
/** Losses whose targets can be smoothed, as in Keras. */
const SMOOTHABLE = ["categoricalCrossentropy", "binaryCrossentropy"];

/** Metrics of tfjs that compare scores with one-hot rows, whatever the loss takes. */
const OF_SCORES = [
  "binaryAccuracy",
  "binaryCrossentropy",
  "categoricalAccuracy",
  "categoricalCrossentropy",
  "cosine",
  "cosineProximity",
  "mae",
  "MAE",
  "mape",
  "MAPE",
  "meanAbsoluteError",
  "meanAbsolutePercentageError",
  "meanSquaredError",
  "mse",
  "MSE",
  "precision",
  "recall",
];

/** What changes a loss. */
export interface ObjectiveOptions {
  /** Share of each target that goes to all classes alike. */
  readonly labelSmoothing?: number | undefined;
  /** What each class counts in training. */
  readonly classWeights?: Float32Array | undefined;
}

/**
 * The loss, penalties and metrics that a classifier was compiled with, as tfjs's `fit` computes them. The
 * cross-entropy of a soft-max is computed from its logits, which rounds less.
 *
 * @throws {TypeError} If the model is not compiled
 * @throws {RangeError} If its output is no row of class scores, or its loss makes no sense for it or for
 *   smoothed targets
 */
export function createObjective(
  model: tf.LayersModel,
  pass: ForwardPass,
  targets: Targets,
  { labelSmoothing = 0, classWeights }: ObjectiveOptions = {},
): Objective {
  const { metricsTensors = [], metricsNames = [] } = model as unknown as Compiled;
  const units = outputUnits(model);
  const classes = classesOf(model);
  const name = lossName(model);
  const lossFunction = lossFunctions(model)![0]!;
  const isSparse = name === "sparseCategoricalCrossentropy";
  const fromLogits = usesLogits(model) && pass.givesLogits;
  if (isSparse && targets.soft) {
    throw new RangeError(
      "sparseCategoricalCrossentropy takes classes, not probabilities: compile the model with categoricalCrossentropy for soft labels",
    );
  }
  if (labelSmoothing > 0 && !SMOOTHABLE.includes(name)) {
    throw new RangeError(
      `labelSmoothing has no meaning for ${name}: compile the model with ${
        SMOOTHABLE.join(" or ")
      }`,
    );
  }
  const extra = metricsTensors.map(([metric], i) => ({ metric, name: metricsNames[i + 1]! }))
    .filter(({ name }) => name !== "acc" && name !== "accuracy");

  const isHinge = HINGES.includes(name);
  /** Class indices, [n, 1]. */
  const labelColumn = (rows: ArrayLike<number>): tf.Tensor =>
    tf.tensor2d(Array.from(rows, (row) => targets.classes[row]!), [rows.length, 1]);
  /** What scores should be: a row of probabilities, or the one unit's value. */
  const scoreRows = (rows: ArrayLike<number>): tf.Tensor => {
    const { classes: labels, soft } = targets;
    if (units === 1) {
      const values = Array.from(rows, (row) => {
        const label = soft ? soft[2 * row + 1]! : labels[row]!;
        return isHinge ? 2 * label - 1 : label;
      });
      return tf.tensor2d(values, [rows.length, 1]);
    }
    return soft
      ? tf.tensor2d(
        Array.from(rows, (row) => [...soft.subarray(row * classes, (row + 1) * classes)]),
      )
      : tf.oneHot(tf.tensor1d(Array.from(rows, (row) => labels[row]!), "int32"), classes).toFloat();
  };
  const target = isSparse && !fromLogits ? labelColumn : scoreRows;
  // A metric that tfjs does not know gets what its fit would hand it.
  const wantsLabels = (metric: string) =>
    units > 1 && (metric.startsWith("sparse") || (isSparse && !OF_SCORES.includes(metric)));

  // Szegedy et al. 2016, section 7: a share of each target is spread evenly, for sigmoid units over yes and no.
  const evenly = labelSmoothing / (name === "binaryCrossentropy" ? 2 : classes);
  const smooth = (target: tf.Tensor) =>
    labelSmoothing > 0 ? tf.add(tf.mul(target, 1 - labelSmoothing), evenly) : target;
  const weightedLoss = (target: tf.Tensor, output: tf.Tensor, rows: ArrayLike<number>) => {
    const losses = fromLogits
      ? tf.losses.softmaxCrossEntropy(target, output, undefined, 0, tf.Reduction.NONE)
      : lossFunction(target, output);
    if (losses.shape.length !== 1 || losses.shape[0] !== rows.length) {
      throw new RangeError(
        `classWeight needs a loss for each image, but ${name} gives [${losses.shape}] for ${rows.length}`,
      );
    }
    const weights = Array.from(rows, (row) => classWeights![targets.classes[row]!]!);
    // As in Keras, the mean is over all images, whatever they weigh.
    return tf.mean(tf.mul(losses, tf.tensor1d(weights))) as tf.Scalar;
  };

  return {
    classes,
    metricNames: extra.map(({ name }) => name),
    target,
    loss: (target, output, rows) => {
      const wanted = smooth(target);
      if (classWeights && rows) return weightedLoss(wanted, output, rows);
      return fromLogits
        ? tf.losses.softmaxCrossEntropy(wanted, output) as tf.Scalar
        : tf.mean(lossFunction(wanted, output));
    },
    penalties: () => {
      const penalties = model.calculateLosses();
      return penalties.length === 0 ? undefined : tf.addN(penalties.map((p) => p.asScalar()));
    },
    hits: (rows, output) => {
      const labels = tf.tensor1d(Array.from(rows, (row) => targets.classes[row]!), "int32");
      return tf.sum(tf.cast(tf.equal(predictedClass(model, output, name), labels), "float32"));
    },
    metrics: (rows, output) => {
      if (extra.length === 0) return [];
      const scores = fromLogits ? tf.softmax(output as tf.Tensor2D) : output;
      const rowsOfScores = scoreRows(rows), labels = labelColumn(rows);
      return extra.map(({ metric, name }) =>
        tf.mean(metric(wantsLabels(name) ? labels : rowsOfScores, scores)) as tf.Scalar
      );
    },
  };
}

/** The class of each row of a network's output: the largest score, or for one unit the side of the border. */
export function predictedClass(
  model: tf.LayersModel,
  output: tf.Tensor,
  loss: string = lossName(model),
): tf.Tensor1D {
  if (outputUnits(model) > 1) return tf.argMax(output, 1);
  const border = HINGES.includes(loss) ? 0 : 0.5;
  return tf.cast(tf.greater(tf.reshape(output, [-1]), border), "int32");
}

/** How many classes a classifier tells apart: one unit tells two. */
export function classesOf(model: tf.LayersModel): number {
  return Math.max(2, outputUnits(model));
}

/** Whether the loss is a cross-entropy, which is better computed from logits. */
export function usesLogits(model: tf.LayersModel): boolean {
  return CROSS_ENTROPIES.includes(lossName(model));
}

/**
 * Checks that a model is a compiled classifier.
 *
 * @throws {TypeError} If it is not compiled
 * @throws {RangeError} If its output or loss does not fit a classifier
 */
export function checkClassifier(model: tf.LayersModel): void {
  if (!model.optimizer || !lossFunctions(model)) {
    throw new TypeError("Cannot train a model that is not compiled: call compileCnn(model) first");
  }
  const units = outputUnits(model);
  if (units === 1 && CROSS_ENTROPIES.includes(lossName(model))) {
    throw new RangeError(
      `Cannot train one output unit with ${lossName(model)}, which would always be 0: use ` +
        "binaryCrossentropy with a sigmoid unit, or as many units as classes with soft-max",
    );
  }
}

function lossFunctions(model: tf.LayersModel): LossFunction[] | undefined {
  const compiled = model as unknown as Compiled;
  return compiled.lossFunctions ?? compiled.model?.lossFunctions;
}

function outputUnits(model: tf.LayersModel): number {
  if (model.outputs.length !== 1) {
    throw new RangeError(
      `The model has ${model.outputs.length} outputs (${
        model.outputNames.join(", ")
      }): only models with one output are supported`,
    );
  }
  const shape = model.outputs[0]!.shape;
  const units = shape.at(-1);
  if (shape.length !== 2 || !units) {
    throw new RangeError(
      `The model's output has the shape [${
        shape.map((size) => size ?? "n").join(", ")
      }]: a classifier's is [n, classes]`,
    );
  }
  return units;
}

/** Name of the loss; of a function its own, without the mark of tfjs's operations. */
function lossName(model: tf.LayersModel): string {
  const loss: unknown = model.loss;
  const first = typeof loss === "object" && loss !== null ? Object.values(loss)[0] : loss;
  return typeof first === "function" ? first.name.replace(/__op$/, "") : String(first ?? "");
}
