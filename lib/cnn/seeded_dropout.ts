import * as tf from "@tensorflow/tfjs";
// Placeholder until lib/compute lands its kernel.
export function seededDropout(
  x: tf.Tensor,
  rate: number,
  seed: number,
): tf.Tensor {
  return tf.dropout(x, rate, undefined, seed);
}
