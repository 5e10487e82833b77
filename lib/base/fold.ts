/** One way to part rows into those to learn from and those to test on. */
export interface Fold {
  /** Row numbers; one that stands twice counts twice. */
  readonly train: Int32Array;
  /** Row numbers, none of which are in `train`. */
  readonly test: Int32Array;
}

/** What one of several classifiers predicts for the test rows of a fold. */
export interface FoldPrediction {
  /** Which of the classifiers. */
  readonly peer: number;
  /** Which of the folds. */
  readonly fold: number;
  /** The class of each of the fold's test rows, in their order. */
  readonly predicted: Int32Array;
  /** Seconds since the prediction before it, or since the beginning. */
  readonly seconds: number;
}
