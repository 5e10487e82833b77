import { callable, type Rules } from "../base/check.ts";
import { RUN_RULES, type RunOptions } from "../base/run_options.ts";
import type { Dataset } from "../dataset/load_cifar10.ts";
import { digest } from "../base/digest.ts";
import type { Settings } from "./cache.ts";
import { type BuildNetwork, type TrainedCnnOptions, untrainedCnn } from "./trained_cnn.ts";

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
  return { ...settings, tests: digest(data.test.images, data.test.labels) };
}
