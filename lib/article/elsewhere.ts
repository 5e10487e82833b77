import type { Dataset } from "../dataset/load_cifar10.ts";
import type { SeedComparison } from "./comparison_parts.ts";
import type { TrainedCnnOptions } from "./trained_cnn.ts";

/** What trains and compares in place of this process: afterwards the cache holds what came of it. */
export interface ArticleElsewhere {
  /**
   * Lets a network be trained.
   *
   * @returns Whether it was: with a word if not, as when it cannot be sent
   */
  train(data: Dataset, options: TrainedCnnOptions): Promise<boolean>;
  /** Lets all outcomes be made that are not in the cache yet, and the networks that they need. */
  compare(
    data: Dataset,
    comparisons: readonly SeedComparison[],
    signal: AbortSignal | undefined,
  ): Promise<void>;
}
