import type * as tf from "@tensorflow/tfjs";
import { trainingCount } from "../../dataset/split.ts";
import type { LearningOptions } from "../learning_options.ts";
import { ratesOf } from "../learning_rate.ts";
import { checkAugmentOf } from "./augment.ts";
import { readClassWeight } from "./class_weights.ts";
import { checkWholeNumbers } from "./check_network.ts";
import { createForwardPass } from "./forward.ts";
import { checkImages, type LabeledImages } from "./image_arrays.ts";
import { checkClassifier, classesOf, createObjective, usesLogits } from "./objective.ts";
import { checkOptimizer, kernelsOf, learningRateOf } from "./optimizer.ts";
import { readTargets } from "./targets.ts";
import type { Training } from "./training_step.ts";
import { warnOfOrder } from "./warn_of_order.ts";

/** What is asked of a training. */
export interface Asked extends LearningOptions {
  readonly epochs: number;
  readonly batchSize: number;
  readonly validationSplit: number;
}

/** All that a training is made of, checked before it begins. */
export interface TrainingPlan {
  readonly training: Training;
  /** Images; those from `trainCount` on are for validation. */
  readonly count: number;
  readonly trainCount: number;
  readonly batchSize: number;
  /** Batches of an epoch. */
  readonly batches: number;
  /** Progress of an epoch in batches; one that is only looked at costs a pass, one that is learned from three. */
  readonly unitsOfEpoch: number;
  /** The learning rate of each step, if it was asked for. */
  readonly rates: Float64Array | undefined;
  /** The optimizer's own learning rate, if the training changes it or needs to know it. */
  readonly ownRate: number | undefined;
  readonly weightDecay: number;
}

/**
 * Checks that a network can learn from images as it is asked to, and makes what its steps need.
 *
 * @throws {TypeError} If the model is not compiled
 * @throws {RangeError} If the model is no classifier that can be trained, or images, labels or options do not fit
 */
export function planTraining(
  model: tf.LayersModel,
  data: LabeledImages,
  { epochs, batchSize, validationSplit, ...options }: Asked,
): TrainingPlan {
  checkClassifier(model);
  const pass = createForwardPass(model, { logits: usesLogits(model), training: true });
  const count = checkImages(model, data);
  checkWholeNumbers(pass, data.images);
  const targets = readTargets(data.labels, count, classesOf(model));
  const trainCount = trainingCount(count, validationSplit);
  if (trainCount < 1) {
    throw new RangeError(
      `No training images are left of ${count} with a validationSplit of ${validationSplit}`,
    );
  }
  const { labelSmoothing, classWeight, augment, weightDecay = 0, learningRate } = options;
  const objective = createObjective(model, pass, targets, {
    labelSmoothing,
    classWeights: classWeight &&
      readClassWeight(classWeight, classesOf(model), targets.classes.subarray(0, trainCount)),
  });
  const weights = model.trainableWeights.map((weight) => weight.read() as tf.Variable);
  if (weights.length === 0) {
    throw new RangeError("Cannot train this model: none of its weights is trainable");
  }
  if (augment) checkAugmentOf(augment, data);
  checkOptimizer(model.optimizer, weights);
  if (options.earlyStopping && trainCount === count) {
    throw new RangeError(
      "earlyStopping looks at the validation loss, but validationSplit leaves no validation images",
    );
  }
  const batches = Math.ceil(trainCount / batchSize);
  const rates = learningRate === undefined ? undefined : ratesOf(learningRate, epochs * batches);
  const kernels = weightDecay > 0 ? kernelsOf(model) : [];
  const ownRate = rates || weightDecay > 0 ? learningRateOf(model.optimizer) : undefined;
  warnOfOrder(targets.classes, trainCount);
  return {
    training: { model, pass, objective, weights, kernels, data, augment },
    count,
    trainCount,
    batchSize,
    batches,
    unitsOfEpoch: batches + (count - trainCount) / batchSize / 3,
    rates,
    ownRate,
    weightDecay,
  };
}
