import * as tf from "@tensorflow/tfjs-core";
import { between, checkValue, flag } from "../base/check.ts";
import type { OptimizerStep } from "./optimizer_step.ts";
import { VariableOptimizer } from "./variable_optimizer.ts";

/**
 * Stochastic gradient descent with (Nesterov) momentum: v ← μ v + g, then w ← w − η v, or with Nesterov's
 * w ← w − η (g + μ v), as tfjs's `train.momentum` and PyTorch have it (Sutskever et al. 2013). Moments belong to
 * their variable, not to a position, so that other layers can be trained with the same optimizer afterwards.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import * as tf from "@tensorflow/tfjs";
 * import { setUpCompute } from "deep-features";
 * import { Sgd } from "deep-features/backend";
 *
 * await setUpCompute({ quiet: true });
 * const w = tf.variable(tf.scalar(1));
 * const sgd = new Sgd(0.1, 0.9);
 * // The gradient of w² is 2 w: 1 − 0.2, then 0.8 − 0.1 (0.9 · 2 + 1.6).
 * for (let step = 0; step < 2; step++) sgd.minimize(() => tf.square(w) as tf.Scalar);
 * assert(Math.abs(w.dataSync()[0]! - 0.46) < 1e-6);
 * ```
 */
export class Sgd extends VariableOptimizer<"momentum"> {
  /** As tfjs and Keras call it. */
  static get className(): string {
    return "SGD";
  }

  /**
   * @param learningRate η
   * @param momentum μ, from 0 (none) to 1
   * @param nesterov Whether the gradient counts where the momentum leads to
   * @throws {TypeError} If one is of the wrong kind
   * @throws {RangeError} If one is no such number
   */
  constructor(
    public learningRate = 0.01,
    readonly momentum = 0,
    readonly nesterov = false,
  ) {
    super(momentum > 0 ? ["momentum"] : []);
    checkValue("Sgd: learningRate", learningRate, between(0, Infinity));
    checkValue("Sgd: momentum", momentum, between(0, 1));
    checkValue("Sgd: nesterov", nesterov, flag);
  }

  override getConfig(): tf.serialization.ConfigDict {
    const { learningRate, momentum, nesterov } = this;
    return { learningRate, momentum, nesterov };
  }

  protected override inOnePass({ momentum }: Record<"momentum", tf.Variable>): OptimizerStep {
    return {
      kind: "sgd",
      moments: this.momentum > 0 ? { first: momentum } : {},
      rate: this.learningRate,
      p: this.momentum,
      nesterov: this.nesterov,
    };
  }

  protected override stepped(
    variable: tf.Variable,
    gradient: tf.Tensor,
    { momentum: kept }: Record<"momentum", tf.Variable>,
  ): tf.Tensor {
    const { learningRate, momentum, nesterov } = this;
    let direction = gradient;
    if (momentum > 0) {
      const moved: tf.Tensor = tf.add(tf.mul(kept as tf.Tensor, momentum), gradient);
      kept.assign(moved);
      direction = nesterov ? tf.add(gradient, tf.mul(moved, momentum)) : moved;
    }
    return tf.add(tf.mul(direction, -learningRate), variable);
  }
}
