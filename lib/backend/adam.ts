import * as tf from "@tensorflow/tfjs-core";
import { between, checkValue, positive } from "../base/check.ts";
import { hasOptimizerStep, stepInOnePass } from "./optimizer_step.ts";
import { type NamedTensors, VariableMoments, variablesOf } from "./variable_moments.ts";

/** Keras's default ε, which is tfjs's in float32 too. */
const EPSILON = 1e-7;

/** Moving means of a variable's gradient and of its square. */
type Moments = Readonly<Record<"m" | "v", tf.Variable>>;

/**
 * Adam (Kingma & Ba 2015) with Keras's defaults. On the simd backend a step is one pass over each
 * variable; on others it is a dozen operations each. The results agree but for rounding.
 *
 * Moments belong to their variable, in whatever order and company it is trained, and go with it: disposing
 * of a model frees them. The number of steps is the optimizer's, as in Keras.
 *
 * @throws {TypeError} If an argument is no number
 * @throws {RangeError} If one is out of its range
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import * as tf from "@tensorflow/tfjs";
 * import { setUpCompute } from "deep-features";
 * import { Adam } from "deep-features/backend";
 *
 * await setUpCompute({ quiet: true });
 * const w = tf.variable(tf.scalar(1));
 * new Adam(0.1).minimize(() => tf.square(w) as tf.Scalar);
 * assert(Math.abs(w.dataSync()[0]! - 0.9) < 1e-5);
 * ```
 */
export class Adam extends tf.AdamOptimizer {
  readonly #moments = new VariableMoments(["m", "v"]);
  /** β₁ᵗ and β₂ᵗ of the coming step t, in float32. */
  #powers: [number, number];

  constructor(learningRate = 0.001, beta1 = 0.9, beta2 = 0.999, epsilon = EPSILON) {
    checkValue("Adam: learningRate", learningRate, between(0, Infinity));
    checkValue("Adam: beta1", beta1, between(0, 1));
    checkValue("Adam: beta2", beta2, between(0, 1));
    checkValue("Adam: epsilon", epsilon, positive);
    super(learningRate, beta1, beta2, epsilon);
    // tfjs keeps these powers in two tensors, which would outlive the model.
    const { accBeta1, accBeta2 } = this as unknown as Record<string, tf.Variable>;
    tf.dispose([accBeta1!, accBeta2!]);
    this.#powers = [Math.fround(beta1), Math.fround(beta2)];
  }

  override applyGradients(gradients: Parameters<tf.AdamOptimizer["applyGradients"]>[0]): void {
    const step = hasOptimizerStep() ? this.#fused : this.#composed;
    for (const [variable, gradient] of variablesOf(gradients)) {
      step.call(this, variable, gradient, this.#moments.of(variable));
    }
    this.#advance();
    this.incrementIterations();
  }

  override dispose(): void {
    this.#moments.dispose();
  }

  /** Steps made, then the first moments, then the second ones, each by its variable's name. */
  override async getWeights(): Promise<NamedTensors> {
    return [await this.saveIterations(), ...this.#moments.named()];
  }

  /**
   * Takes what {@linkcode getWeights} gave.
   *
   * @throws {RangeError} If a moment's variable is not there or has another shape; nothing is taken then
   */
  override async setWeights(weights: NamedTensors): Promise<void> {
    const take = this.#moments.plan(weights.slice(1));
    await this.extractIterations(weights);
    this.#powers = [Math.fround(this.beta1), Math.fround(this.beta2)];
    for (let step = 0; step < this.iterations; step++) this.#advance();
    take();
  }

  #fused(variable: tf.Variable, gradient: tf.Tensor, { m, v }: Moments): void {
    stepInOnePass(variable, gradient, {
      kind: "adam",
      moments: { first: m, second: v },
      rate: this.learningRate / (1 - this.#powers[0]),
      p: this.beta1,
      q: this.beta2,
      correction: 1 / Math.sqrt(1 - this.#powers[1]),
      epsilon: this.epsilon ?? EPSILON,
    });
  }

  #composed(variable: tf.Variable, gradient: tf.Tensor, { m, v }: Moments): void {
    tf.tidy(() => {
      const { beta1, beta2 } = this;
      m.assign(tf.add(tf.mul(m, beta1), tf.mul(gradient, 1 - beta1)));
      v.assign(tf.add(tf.mul(v, beta2), tf.mul(tf.square(gradient), 1 - beta2)));
      const mean = tf.div(m, 1 - this.#powers[0]);
      const scale = tf.add(tf.sqrt(tf.div(v, 1 - this.#powers[1])), this.epsilon ?? EPSILON);
      variable.assign(tf.add(tf.mul(tf.div(mean, scale), -this.learningRate), variable));
    });
  }

  #advance(): void {
    const [power1, power2] = this.#powers;
    this.#powers = [
      Math.fround(power1 * Math.fround(this.beta1)),
      Math.fround(power2 * Math.fround(this.beta2)),
    ];
  }
}
