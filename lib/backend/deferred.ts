import type * as tf from "@tensorflow/tfjs-core";

/**
 * Values that are computed when somebody needs them. A kernel that knows what they are may compute them
 * together with what it makes of them, so that they are never written.
 */
export interface Deferred {
  /** The tensors that they are computed of, which are kept as long as they wait. */
  readonly sources: readonly tf.TensorInfo[];
  /** Writes the values. */
  compute(y: Float32Array): void;
}
