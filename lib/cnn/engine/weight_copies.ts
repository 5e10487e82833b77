import * as tf from "@tensorflow/tfjs";

/** Copies of all weights of a model. */
export async function copiesOf(model: tf.LayersModel): Promise<Float32Array[]> {
  const values = await Promise.all(model.getWeights().map((weight) => weight.data()));
  return values.map((each) => Float32Array.from(each));
}

/** Gives a model's weights these values, to the bit: tfjs's `setWeights` would apply constraints once more. */
export function assignWeights(model: tf.LayersModel, values: readonly Float32Array[]): void {
  model.weights.forEach((weight, i) => {
    const variable = weight.read() as tf.Variable;
    tf.tidy(() => variable.assign(tf.tensor(values[i]!, variable.shape)));
  });
}
