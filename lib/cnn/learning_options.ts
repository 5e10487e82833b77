import { between, type Rules, share } from "../base/check.ts";
import { type Augment, augmentRule, checkAugment } from "./engine/augment.ts";
import { type ClassWeight, classWeightRule } from "./engine/class_weights.ts";
import {
  checkEarlyStopping,
  type EarlyStopping,
  earlyStoppingRule,
} from "./engine/early_stopping.ts";
import { type LearningRate, learningRateRule, scheduleText } from "./learning_rate.ts";

/** How a network learns, beside what it was compiled with; by default as in the article. */
export interface LearningOptions {
  /**
   * Learning rate: a number, or a function of the step, from 0, and of all steps, such as `oneCycle`, `cosine`
   * and `stepDecay` give; default the optimizer's own, which it has again afterwards.
   */
  readonly learningRate?: LearningRate | undefined;
  /**
   * Decoupled weight decay: in each step kernels become smaller by this times the learning rate, biases and
   * normalization do not. With Adam that is AdamW (Loshchilov & Hutter 2019), as in PyTorch; default 0.
   */
  readonly weightDecay?: number | undefined;
  /**
   * Share of each target that is spread evenly over the classes, in training and in validation, as Keras's
   * cross-entropies have it; default 0.
   */
  readonly labelSmoothing?: number | undefined;
  /**
   * What the images of each class count in the training loss, as in Keras: a list, or an object by class index;
   * default 1.
   */
  readonly classWeight?: ClassWeight | undefined;
  /** Ends the training when the validation loss has not become lower for some epochs, as Keras's `EarlyStopping`. */
  readonly earlyStopping?: EarlyStopping | undefined;
  /**
   * Mirrors, moves, cuts or brightens the training images by chance, anew in each epoch; default not at all. What
   * happens to an image depends on the seed, the epoch and its number alone; validation images stay as they are.
   */
  readonly augment?: Augment | undefined;
}

/** What {@linkcode LearningOptions} may be. */
export const LEARNING_RULES: Rules<LearningOptions> = {
  learningRate: learningRateRule,
  weightDecay: between(0, Infinity),
  labelSmoothing: share,
  classWeight: classWeightRule,
  earlyStopping: earlyStoppingRule,
  augment: augmentRule,
};

/** Holds what is inside of options to its own rules. */
export function checkLearningOptions(owner: string, options: LearningOptions): void {
  const { earlyStopping, augment } = options;
  if (augment) checkAugment(owner, augment);
  if (earlyStopping) checkEarlyStopping(owner, earlyStopping);
}

/** The options that differ from their defaults, as JSON can hold them; of a caller's own function, nothing. */
export function learningText(options: LearningOptions): Record<string, unknown> {
  const { learningRate, weightDecay = 0, labelSmoothing = 0, classWeight, earlyStopping } = options;
  const rate = typeof learningRate === "function" ? scheduleText(learningRate) : learningRate;
  const augment = Object.entries(options.augment ?? {}).filter(([, value]) => value).sort();
  const { patience, restoreBest = false } = earlyStopping ?? {};
  return {
    ...(rate === undefined ? {} : { learningRate: rate }),
    ...(weightDecay === 0 ? {} : { weightDecay }),
    ...(labelSmoothing === 0 ? {} : { labelSmoothing }),
    ...(classWeight ? { classWeight: { ...classWeight } } : {}),
    ...(earlyStopping ? { earlyStopping: { patience, restoreBest } } : {}),
    ...(augment.length > 0 ? { augment: Object.fromEntries(augment) } : {}),
  };
}
