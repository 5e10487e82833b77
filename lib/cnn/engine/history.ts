import type { Sums } from "./training_step.ts";

/** Figures of one epoch. */
export interface EpochLog {
  /** Epoch, from 0. */
  readonly epoch: number;
  /** Mean training loss with penalties, in training mode, while the weights were changing (as Keras has it). */
  readonly loss: number;
  /** Training accuracy, likewise: the share of images that are taken for what they are. */
  readonly accuracy: number;
  /** Loss on the validation images after the epoch, without penalties (as tfjs has it); NaN without any. */
  readonly valLoss: number;
  /** Accuracy on the validation images after the epoch; NaN without any. */
  readonly valAccuracy: number;
  /** Wall-clock seconds of the epoch, validation included. */
  readonly seconds: number;
}

/** The figures of all epochs: one array for each field of {@linkcode EpochLog}. */
export interface History {
  readonly loss: number[];
  readonly accuracy: number[];
  readonly valLoss: number[];
  readonly valAccuracy: number[];
  readonly seconds: number[];
  /**
   * Metrics that the model was compiled with, accuracy apart: those of training under their own names,
   * those of validation under `val_` and their names, as tfjs has it. Absent if there are none.
   */
  readonly metrics?: Record<string, number[]>;
  /** The epoch of the lowest validation loss, from 0, if `earlyStopping` was asked for. */
  readonly bestEpoch?: number;
}

/** The figures of no epoch. */
export function emptyHistory(metricNames: readonly string[]): History {
  return {
    loss: [],
    accuracy: [],
    valLoss: [],
    valAccuracy: [],
    seconds: [],
    ...(metricNames.length > 0 ? { metrics: {} } : {}),
  };
}

/** Adds the figures of an epoch. */
export function recordEpoch(
  history: History,
  log: EpochLog,
  training: Sums,
  validation: Sums,
): void {
  for (const key of ["loss", "accuracy", "valLoss", "valAccuracy", "seconds"] as const) {
    history[key].push(log[key]);
  }
  for (const [prefix, sums] of [["", training], ["val_", validation]] as const) {
    sums.metrics.forEach((value, i) =>
      (history.metrics![`${prefix}${sums.names[i]}`] ??= []).push(value)
    );
  }
}
