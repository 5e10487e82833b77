import type * as tf from "@tensorflow/tfjs";
import {
  checkOptions,
  describe,
  flag,
  record,
  type Rule,
  type Rules,
  whole,
} from "../../base/check.ts";
import { assignWeights, copiesOf } from "./weight_copies.ts";

/** When a training ends before its last epoch. */
export interface EarlyStopping {
  /** How many epochs may go by without a lower validation loss; the training stops after them. */
  readonly patience: number;
  /** Whether the network is given the weights of its best epoch at the end; default false, as in Keras. */
  readonly restoreBest?: boolean | undefined;
}

const RULES: Rules<EarlyStopping> = { patience: whole(0), restoreBest: flag };

/** What the option `earlyStopping` may be. */
export const earlyStoppingRule: Rule = record(
  "an object with patience, as in { patience: 3, restoreBest: true }",
);

/** Holds `earlyStopping` to its own rules. */
export function checkEarlyStopping(owner: string, options: EarlyStopping): void {
  checkOptions(`${owner}: earlyStopping`, options, RULES);
  if (options.patience === undefined) {
    throw new TypeError(`${owner}: earlyStopping needs patience, got ${describe(options)}`);
  }
}

/** What a stopper knows after some epochs. */
export interface StopperState {
  /** The lowest validation loss. */
  readonly best: number;
  /** The epoch that it is of, from 0; −1 before any. */
  readonly bestEpoch: number;
  /** Epochs since then. */
  readonly waited: number;
  /** Whether the training is to end. */
  readonly stopped: boolean;
}

/** Keras's `EarlyStopping` on the validation loss, with its defaults otherwise (`min_delta` 0). */
export class Stopper {
  state: StopperState = { best: Infinity, bestEpoch: -1, waited: 0, stopped: false };
  /** Copies of the best epoch's weights, if they are to be restored. */
  bestWeights: readonly Float32Array[] | undefined;

  constructor(readonly options: EarlyStopping) {}

  /** Takes an epoch's validation loss. */
  async see(epoch: number, valLoss: number, model: tf.LayersModel): Promise<void> {
    const waited = this.state.waited + 1;
    const isBest = valLoss < this.state.best;
    // As in Keras, the first epoch's weights count as best until there are others, even if its loss is NaN.
    if (this.options.restoreBest && (isBest || !this.bestWeights)) {
      this.bestWeights = await copiesOf(model);
    }
    this.state = isBest
      ? { best: valLoss, bestEpoch: epoch, waited: 0, stopped: false }
      : { ...this.state, waited, stopped: waited >= this.options.patience && epoch > 0 };
  }

  /** Goes on from what a checkpoint holds. */
  resume(state: StopperState, bestWeights: readonly Float32Array[] | undefined): void {
    this.state = state;
    this.bestWeights = bestWeights;
  }

  /** Gives the model its best weights, if that was asked for. */
  restore(model: tf.LayersModel): void {
    if (this.bestWeights) assignWeights(model, this.bestWeights);
  }
}
