import * as tf from "@tensorflow/tfjs";
import { type Case, Draw, tensorOf, type Values } from "./against_cpu.ts";

/** A convolution of some kind. */
export type Apply = (x: tf.Tensor4D, filter: tf.Tensor4D) => tf.Tensor;

/** The case of the result and of both gradients. */
export function withGradients(
  what: string,
  x: Values,
  filter: Values,
  apply: Apply,
  draw: Draw,
): Case {
  const seed = draw.whole(0, 1e6);
  return {
    what,
    tolerance: 1e-5,
    run: () => {
      const inputs = [tensorOf<tf.Tensor4D>(x), tensorOf<tf.Tensor4D>(filter)];
      const y = apply(inputs[0]!, inputs[1]!);
      const dy = tensorOf(new Draw(seed).tensor(y.shape));
      const all = apply as (...inputs: tf.Tensor[]) => tf.Tensor;
      return [y, ...tf.grads(all)(inputs, dy)];
    },
  };
}
