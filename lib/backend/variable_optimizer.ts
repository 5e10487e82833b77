import * as tf from "@tensorflow/tfjs-core";
import { hasOptimizerStep, type OptimizerStep, stepInOnePass } from "./optimizer_step.ts";
import { type NamedTensors, VariableMoments, variablesOf } from "./variable_moments.ts";

/**
 * An optimizer that computes a variable's next value from its gradient and its moments. These belong to their
 * variable, not to a position, so that other layers can be trained with the same optimizer afterwards.
 */
export abstract class VariableOptimizer<K extends string> extends tf.Optimizer {
  readonly #moments: VariableMoments<K>;

  constructor(keys: readonly K[]) {
    super();
    this.#moments = new VariableMoments(keys);
  }

  /** How the backend makes this optimizer's step in one pass, where it can. */
  protected abstract inOnePass(moments: Record<K, tf.Variable>): OptimizerStep;

  /** The next value of a variable, composed of tfjs's operations. */
  protected abstract stepped(
    variable: tf.Variable,
    gradient: tf.Tensor,
    moments: Record<K, tf.Variable>,
  ): tf.Tensor;

  override applyGradients(gradients: Parameters<tf.Optimizer["applyGradients"]>[0]): void {
    const isOnePass = hasOptimizerStep();
    for (const [variable, gradient] of variablesOf(gradients)) {
      const moments = this.#moments.of(variable);
      if (isOnePass) stepInOnePass(variable, gradient, this.inOnePass(moments));
      else tf.tidy(() => variable.assign(this.stepped(variable, gradient, moments)));
    }
    this.incrementIterations();
  }

  /** Steps made, then the moments, each by its variable's name. */
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
    take();
  }

  override dispose(): void {
    this.#moments.dispose();
  }
}
