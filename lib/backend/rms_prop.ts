import * as tf from "@tensorflow/tfjs-core";
import { between, checkValue, flag, positive } from "../base/check.ts";
import type { OptimizerStep } from "./optimizer_step.ts";
import { VariableOptimizer } from "./variable_optimizer.ts";

/** What is kept of a variable: the mean of squared gradients, the momentum, the mean gradient. */
type Moment = "rms" | "momentum" | "mg";

/**
 * RMSProp (Tieleman & Hinton 2012), as tfjs and Keras have it: r ← ρ r + (1 − ρ) g², then v ← μ v + η g / √(r + ε),
 * and w ← w − v. Centered (Graves 2013, eqs. 38–41), the variance stands in place of r: r − m², with
 * m ← ρ m + (1 − ρ) g. (tfjs subtracts ε there, and takes roots of negative numbers where gradients stay the same.)
 * Moments belong to their variable, not to a position, so that other layers can be trained with the same optimizer
 * afterwards.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import * as tf from "@tensorflow/tfjs";
 * import { setUpCompute } from "deep-features";
 * import { RmsProp } from "deep-features/backend";
 *
 * await setUpCompute({ quiet: true });
 * const w = tf.variable(tf.scalar(1));
 * // The first step is η / √(1 − ρ), whatever the gradient.
 * new RmsProp(0.1, 0.75).minimize(() => tf.square(w) as tf.Scalar);
 * assert(Math.abs(w.dataSync()[0]! - 0.8) < 1e-5);
 * ```
 */
export class RmsProp extends VariableOptimizer<Moment> {
  /** As tfjs and Keras call it. */
  static get className(): string {
    return "RMSProp";
  }

  /**
   * @param learningRate η
   * @param decay ρ, from 0 to 1
   * @param momentum μ, from 0 (none) to 1
   * @param epsilon ε
   * @param centered Whether the gradient's variance counts, not its mean square
   * @throws {TypeError} If one is of the wrong kind
   * @throws {RangeError} If one is no such number
   */
  constructor(
    public learningRate = 0.001,
    readonly decay = 0.9,
    readonly momentum = 0,
    readonly epsilon = 1e-7,
    readonly centered = false,
  ) {
    super([
      "rms",
      ...momentum > 0 ? ["momentum"] as const : [],
      ...centered ? ["mg"] as const : [],
    ]);
    checkValue("RmsProp: learningRate", learningRate, between(0, Infinity));
    checkValue("RmsProp: decay", decay, between(0, 1));
    checkValue("RmsProp: momentum", momentum, between(0, 1));
    checkValue("RmsProp: epsilon", epsilon, positive);
    checkValue("RmsProp: centered", centered, flag);
  }

  override getConfig(): tf.serialization.ConfigDict {
    const { learningRate, decay, momentum, epsilon, centered } = this;
    return { learningRate, decay, momentum, epsilon, centered };
  }

  protected override inOnePass({ rms, momentum, mg }: Record<Moment, tf.Variable>): OptimizerStep {
    return {
      kind: "rmsProp",
      moments: {
        first: rms,
        ...this.momentum > 0 ? { second: momentum } : {},
        ...this.centered ? { third: mg } : {},
      },
      rate: this.learningRate,
      p: this.decay,
      q: this.momentum,
      epsilon: this.epsilon,
    };
  }

  protected override stepped(
    variable: tf.Variable,
    gradient: tf.Tensor,
    moments: Record<Moment, tf.Variable>,
  ): tf.Tensor {
    const { learningRate, decay, momentum, epsilon, centered } = this;
    const mean = (kept: tf.Variable, value: tf.Tensor): tf.Tensor => {
      const moved: tf.Tensor = tf.add(tf.mul(kept as tf.Tensor, decay), tf.mul(value, 1 - decay));
      kept.assign(moved);
      return moved;
    };
    let spread = mean(moments.rms, tf.square(gradient));
    if (centered) spread = tf.relu(tf.sub(spread, tf.square(mean(moments.mg, gradient))));
    let step: tf.Tensor = tf.div(tf.mul(gradient, learningRate), tf.sqrt(tf.add(spread, epsilon)));
    if (momentum > 0) {
      step = tf.add(tf.mul(moments.momentum as tf.Tensor, momentum), step);
      moments.momentum.assign(step);
    }
    return tf.sub(variable as tf.Tensor, step);
  }
}
