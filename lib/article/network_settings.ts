import { callable, checkOptions, record, type Rules, whole, withDefaults } from "../base/check.ts";
import { RUN_RULES, type RunOptions } from "../base/run_options.ts";
import {
  checkLearningOptions,
  LEARNING_RULES,
  type LearningOptions,
} from "../cnn/learning_options.ts";
import type { Dataset } from "../dataset/load_cifar10.ts";
import { VALIDATION_SPLIT } from "../dataset/split.ts";
import { progressLine } from "../notebook/progress.ts";
import { fingerprint, type Settings } from "./cache.ts";
import { once } from "./outcome.ts";
import type { Preset } from "./preset.ts";
import {
  type BuildNetwork,
  type TrainedCnn,
  trainedCnn,
  type TrainedCnnOptions,
  untrainedCnn,
} from "./trained_cnn.ts";

/** How a network is trained where it isn't as the article's is, which a preset says. */
export interface NetworkTraining extends LearningOptions {
  /** Default: the preset's. */
  readonly epochs?: number | undefined;
  /** Default: the preset's. */
  readonly batchSize?: number | undefined;
}

const TRAINING_RULES: Rules<NetworkTraining> = {
  epochs: whole(1),
  batchSize: whole(1),
  ...LEARNING_RULES,
};

/** What a comparison can be told. */
export interface ComparisonOptions {
  /** Builds and compiles the network; default `buildCnn`, the article's. */
  readonly build?: BuildNetwork | undefined;
  /** How the network is trained; default: as the article's, for the preset's epochs. */
  readonly training?: NetworkTraining | undefined;
  /** Stops the comparison; what is done by then is kept. */
  readonly signal?: RunOptions["signal"];
}

/** What the options of a comparison may be. */
export const COMPARISON_RULES: Rules<ComparisonOptions> = {
  build: callable,
  training: record("an object, as in { epochs: 30, augment: { flip: true } }"),
  signal: RUN_RULES.signal,
};

/**
 * Holds the options of a comparison to their rules, and what is inside of them to its own.
 *
 * @throws {TypeError} If an option is unknown or of the wrong kind
 * @throws {RangeError} If an option is out of its range
 */
export function checkComparison<T extends ComparisonOptions>(
  owner: string,
  options: T,
  rules: Rules<T>,
): void {
  checkOptions(owner, options, rules);
  const { training } = options;
  if (!training) return;
  checkOptions(`${owner}: training`, training, TRAINING_RULES);
  checkLearningOptions(`${owner}: training`, training);
}

/** How a network is trained: as the preset says, but for what the options say. */
export function trainingOf(
  { epochs, batchSize }: Pick<Preset, "epochs" | "batchSize">,
  training: NetworkTraining = {},
): LearningOptions & Pick<Preset, "epochs" | "batchSize"> {
  return withDefaults({ epochs, batchSize }, training);
}

/** All that a result on a network's features of the test images depends on. */
export function networkSettings(data: Dataset, options: TrainedCnnOptions): Settings {
  const { model, settings } = untrainedCnn(data, options);
  model.dispose();
  return { ...settings, tests: fingerprint(data.test) };
}

/** A network whose features are compared. */
export interface ComparedNetwork {
  /** All that results on its features of the test images depend on. */
  readonly settings: Settings;
  /** How it is trained. */
  readonly training: TrainedCnnOptions;
  /** The network itself, trained or read from `data/` when it is first asked for. */
  readonly trained: () => Promise<TrainedCnn>;
}

/** The network of a comparison, from one seed. */
export function comparedNetwork(
  data: Dataset,
  preset: Preset,
  seed: number,
  { build, training: asked, signal }: ComparisonOptions,
  validationSplit = VALIDATION_SPLIT,
): ComparedNetwork {
  const training = { ...trainingOf(preset, asked), seed, build, validationSplit };
  return {
    settings: networkSettings(data, training),
    training,
    trained: once(() =>
      trainedCnn(data, { ...training, onProgress: progressLine(`Training, seed ${seed}`), signal })
    ),
  };
}
