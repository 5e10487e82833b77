import assert from "node:assert/strict";
import * as tf from "@tensorflow/tfjs";
import { buildCnn, setUpCompute } from "deep-features";
import { seededRandom } from "deep-features/base";
import { createForwardPass } from "../../lib/cnn/engine/forward.ts";
import { appendOnes } from "../../lib/cnn/engine/fold_convolutions.ts";

const SHAPE = [7, 6, 3] as const;

/** The article's network for small images, with biases that are not zero. */
async function smallModel(): Promise<tf.LayersModel> {
  await setUpCompute({ backend: "cpu", quiet: true });
  const model = buildCnn({ seed: 3, inputShape: SHAPE, classes: 4 });
  const random = seededRandom(4);
  for (const weight of model.weights) {
    if (weight.shape.length !== 1) continue;
    weight.write(tf.tensor1d(Array.from({ length: weight.shape[0]! }, () => random() - 0.5)));
  }
  return model;
}

function images(n: number): tf.Tensor4D {
  const random = seededRandom(5);
  return tf.tensor4d(Float32Array.from({ length: n * 7 * 6 * 3 }, () => random()), [n, ...SHAPE]);
}

function assertClose(actual: tf.Tensor, expected: tf.Tensor, tolerance: number): void {
  assert.deepEqual(actual.shape, expected.shape);
  const difference = tf.max(tf.abs(tf.sub(actual, expected))).dataSync()[0]!;
  const size = tf.max(tf.abs(expected)).dataSync()[0]!;
  assert.ok(difference <= tolerance * size, `${difference} apart, at values up to ${size}`);
}

Deno.test("createForwardPass() gives every layer's outputs, borders included", async () => {
  const model = await smallModel();
  const x = images(3);
  for (const layer of model.layers.slice(1).map((layer) => layer.name)) {
    const part = tf.model({ inputs: model.inputs, outputs: model.getLayer(layer).output });
    const pass = createForwardPass(model, { until: layer });
    const input = pass.onesChannel ? appendOnes(x) : x;
    assertClose(pass.apply(input), part.predict(x) as tf.Tensor, 2e-6);
  }
});

Deno.test("createForwardPass() folds the first block, and leaves the second, where it would not pay", async () => {
  const model = await smallModel();
  assert.equal(createForwardPass(model).onesChannel, true);
  assert.equal(createForwardPass(model, { until: "conv2D_1" }).onesChannel, false);
});

Deno.test("createForwardPass() has the gradients of the plain layers for every weight", async () => {
  const model = await smallModel();
  const x = images(2);
  const oneHot = tf.oneHot(tf.tensor1d([1, 3], "int32"), 4).toFloat();
  const weights = model.trainableWeights.map((weight) => weight.read() as tf.Variable);
  const plain = tf.variableGrads(() => {
    let y: tf.Tensor = x;
    for (const layer of model.layers.slice(1)) y = layer.apply(y) as tf.Tensor;
    return tf.neg(tf.mean(tf.sum(tf.mul(oneHot, tf.log(y)), 1))) as tf.Scalar;
  }, weights);
  const pass = createForwardPass(model, { logits: true });
  const fast = tf.variableGrads(
    () => tf.losses.softmaxCrossEntropy(oneHot, pass.apply(appendOnes(x))) as tf.Scalar,
    weights,
  );
  assertClose(fast.value, plain.value, 1e-5);
  assert.equal(Object.keys(fast.grads).length, 12);
  for (const [name, gradient] of Object.entries(plain.grads)) {
    assertClose(fast.grads[name]!, gradient, 1e-5);
  }
});

Deno.test("createForwardPass() draws dropout from the seed alone", async () => {
  const model = await smallModel();
  const pass = createForwardPass(model);
  const x = appendOnes(images(2));
  const outputs = [1, 1, 2, undefined].map((seed) =>
    pass.apply(x, seed === undefined ? {} : { seed }).dataSync()
      .join()
  );
  assert.equal(outputs[0], outputs[1]);
  assert.notEqual(outputs[0], outputs[2]);
  assert.notEqual(outputs[0], outputs[3]);
});

Deno.test("createForwardPass() refuses what is no single path from images to scores, and names what there is", async () => {
  await setUpCompute({ backend: "cpu", quiet: true });
  const [first, second] = [tf.input({ shape: [4] }), tf.input({ shape: [4] })];
  const a = tf.layers.dense({ units: 2 }).apply(first) as tf.SymbolicTensor;
  const sum = tf.layers.add().apply([first, second]) as tf.SymbolicTensor;
  assert.throws(
    () => createForwardPass(tf.model({ inputs: [first, second], outputs: sum })),
    /2 inputs/,
  );
  assert.throws(
    () => createForwardPass(tf.model({ inputs: first, outputs: [a, first] })),
    /2 outputs/,
  );
  const masked = tf.layers.masking().apply(tf.input({ shape: [4, 2] })) as tf.SymbolicTensor;
  assert.throws(
    () => createForwardPass(tf.model({ inputs: masked.inputs[0]!, outputs: masked })),
    /makes a mask/,
  );
  const model = await smallModel();
  assert.throws(
    () => createForwardPass(model, { until: "hiden" }),
    /no layer named "hiden": did you mean "hidden"\? It knows .*hidden/,
  );
  const twice = tf.layers.dense({ units: 4, name: "twice" });
  const once = twice.apply(first) as tf.SymbolicTensor;
  assert.throws(
    () =>
      createForwardPass(
        tf.model({ inputs: first, outputs: twice.apply(once) as tf.SymbolicTensor }),
        { until: "twice" },
      ),
    /"twice" is used 2 times/,
  );
});
