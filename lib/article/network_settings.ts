import { callable, type Rules } from "../base/check.ts";
import { RUN_RULES, type RunOptions } from "../base/run_options.ts";
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

/** What a comparison can be told. */
export interface ComparisonOptions {
  /** Builds and compiles the network; default `buildCnn`, the article's. */
  readonly build?: BuildNetwork | undefined;
  /** Stops the comparison; what is done by then is kept. */
  readonly signal?: RunOptions["signal"];
}

/** What the options of a comparison may be. */
export const COMPARISON_RULES: Rules<ComparisonOptions> = {
  build: callable,
  signal: RUN_RULES.signal,
};

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
  { epochs, batchSize }: Preset,
  seed: number,
  { build, signal }: ComparisonOptions,
  validationSplit = VALIDATION_SPLIT,
): ComparedNetwork {
  const training = { epochs, batchSize, seed, build, validationSplit };
  return {
    settings: networkSettings(data, training),
    training,
    trained: once(() =>
      trainedCnn(data, { ...training, onProgress: progressLine(`Training, seed ${seed}`), signal })
    ),
  };
}
