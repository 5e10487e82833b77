import * as tf from "@tensorflow/tfjs-core";

/** What tfjs saves an optimizer as. */
export type NamedTensors = Awaited<ReturnType<tf.Optimizer["getWeights"]>>;

/** What an optimizer is given. */
type Gradients = Parameters<tf.Optimizer["applyGradients"]>[0];

/**
 * What an optimizer knows of each variable, by names such as `m` and `v`. Moments belong to their variable, in
 * whatever order and company it is trained, and go with it: disposing of a model frees them. They begin as zeros.
 */
export class VariableMoments<K extends string> {
  readonly #moments = new Map<tf.Variable, Record<K, tf.Variable>>();

  constructor(readonly keys: readonly K[]) {}

  /** The moments of a variable. */
  of(variable: tf.Variable): Record<K, tf.Variable> {
    const known = this.#moments.get(variable);
    if (known) return known;
    const zeros = () => tf.tidy(() => tf.variable(tf.zerosLike(variable), false));
    const moments = Object.fromEntries(this.keys.map((key) => [key, zeros()])) as Record<
      K,
      tf.Variable
    >;
    this.#moments.set(variable, moments);
    // A model disposes of its variables but knows nothing of an optimizer that was given to it.
    const dispose = variable.dispose.bind(variable);
    variable.dispose = () => {
      this.#forget(variable);
      dispose();
    };
    return moments;
  }

  /** All moments: those of the first name by their variables' names, then those of the next. */
  named(): NamedTensors {
    const all = [...this.#moments];
    return this.keys.flatMap((key) =>
      all.map(([{ name }, moments]) => ({ name: `${name}/${key}`, tensor: moments[key] }))
    );
  }

  /**
   * Finds the variables of what {@linkcode named} gave.
   *
   * @returns Takes the moments in place of all that are there
   * @throws {RangeError} If a moment's variable is not there or has another shape
   */
  plan(weights: NamedTensors): () => void {
    const targets = weights.map(({ name, tensor }) => {
      const at = name.lastIndexOf("/");
      const variable = tf.engine().registeredVariables[name.slice(0, Math.max(0, at))];
      const key = this.keys.find((known) => known === name.slice(at + 1));
      if (!variable || !key) {
        throw new RangeError(`Cannot restore ${name}: there is no such variable`);
      }
      if (String(variable.shape) !== String(tensor.shape)) {
        throw new RangeError(
          `Cannot restore ${name} of shape [${tensor.shape}]: its variable has [${variable.shape}]`,
        );
      }
      return { variable, key, tensor };
    });
    return () => {
      this.dispose();
      // Copies, as a step updates moments where they lie.
      for (const { variable, key, tensor } of targets) {
        const copy = tf.tensor(tensor.dataSync(), tensor.shape, tensor.dtype);
        this.of(variable)[key].assign(copy);
        copy.dispose();
      }
    };
  }

  dispose(): void {
    for (const variable of [...this.#moments.keys()]) this.#forget(variable);
  }

  #forget(variable: tf.Variable): void {
    const moments = this.#moments.get(variable);
    this.#moments.delete(variable);
    if (moments) tf.dispose(Object.values(moments) as tf.Variable[]);
  }
}

/**
 * The variables of gradients that there are.
 *
 * @throws {RangeError} If there is no such variable
 */
export function variablesOf(gradients: Gradients): [tf.Variable, tf.Tensor][] {
  const entries: [string, tf.Tensor | null][] = Array.isArray(gradients)
    ? gradients.map(({ name, tensor }) => [name, tensor])
    : Object.entries<tf.Tensor | null>(gradients);
  return entries.flatMap(([name, gradient]) => {
    if (!gradient) return [];
    const variable = tf.engine().registeredVariables[name];
    if (!variable) throw new RangeError(`Cannot train ${name}: there is no such variable`);
    return [[variable, gradient]];
  });
}
