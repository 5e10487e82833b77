import * as tf from "@tensorflow/tfjs";

/** The part of tfjs's variables that its declarations hide. */
interface Constrained {
  readonly constraint: { apply(w: tf.Tensor): tf.Tensor } | null;
}

/**
 * Puts the trainable weights back to where their constraints allow, as Keras does after each step. (tfjs's
 * optimizers write past the constraints, so that its own `fit` never applies them.)
 */
export function applyConstraints(model: tf.LayersModel): void {
  for (const weight of model.trainableWeights) {
    const { constraint } = weight as unknown as Constrained;
    if (!constraint) continue;
    const variable = weight.read() as tf.Variable;
    tf.tidy(() => variable.assign(constraint.apply(variable)));
  }
}
