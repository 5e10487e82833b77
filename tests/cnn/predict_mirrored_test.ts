import assert from "node:assert/strict";
import * as tf from "@tensorflow/tfjs";
import { hiddenFeatures, predictClasses, setUpCompute } from "deep-features";
import { seededRandom } from "deep-features/base";

const N = 60, SHAPE = [N, 6, 5, 3] as const;
await setUpCompute({ backend: "simd", quiet: true });
const random = seededRandom(1);
const images = Uint8Array.from({ length: N * 6 * 5 * 3 }, () => 256 * random());
const data = { images, shape: SHAPE };

/** A network whose answer depends on what is left and what is right. */
function network(units: number, activation: "softmax" | "sigmoid"): tf.LayersModel {
  const kernelInitializer = (seed: number) => tf.initializers.randomNormal({ stddev: 1, seed });
  return tf.sequential({
    layers: [
      tf.layers.conv2d({
        inputShape: [6, 5, 3],
        filters: 4,
        kernelSize: 3,
        activation: "relu",
        kernelInitializer: kernelInitializer(2),
      }),
      tf.layers.flatten({ name: "hidden" }),
      tf.layers.dense({ units, activation, kernelInitializer: kernelInitializer(3) }),
    ],
  });
}

/** What tfjs predicts for the images, or for their mirror images. */
function scores(model: tf.LayersModel, isMirrored: boolean): tf.Tensor {
  const x = tf.div(tf.tensor4d(Float32Array.from(data.images), [...SHAPE]), 255);
  return model.predict(isMirrored ? tf.reverse(x, 2) : x) as tf.Tensor;
}

Deno.test("predictClasses({ mirrored }) takes the class of the mean logits of an image and its mirror image", async () => {
  const model = network(5, "softmax");
  const expected = tf.tidy(() => {
    const [once, mirror] = [false, true].map((isMirrored) => tf.log(scores(model, isMirrored)));
    return tf.argMax(tf.add(once!, mirror!), 1).dataSync();
  });
  const twice = await predictClasses(model, data, { mirrored: true, batchSize: 7 });
  assert.deepEqual([...twice], [...expected]);
  const once = await predictClasses(model, data, { mirrored: false });
  assert.deepEqual([...once], [...await predictClasses(model, data)]);
  assert.notDeepEqual([...twice], [...once], "the mirror images decide nothing here");
});

Deno.test("predictClasses({ mirrored }) takes the mean of one unit's scores", async () => {
  const model = network(1, "sigmoid");
  const expected = tf.tidy(() => {
    const mean = tf.div(tf.add(scores(model, false), scores(model, true)), 2);
    return tf.cast(tf.greater(tf.reshape(mean, [-1]), 0.5), "int32").dataSync();
  });
  const twice = [...await predictClasses(model, data, { mirrored: true })];
  assert.deepEqual(twice, [...expected]);
  assert.notDeepEqual(twice, [...await predictClasses(model, data)]);
});

Deno.test("predictClasses({ mirrored }) leaves no tensors behind, and refuses what is no flag", async () => {
  const model = network(3, "softmax"), before = tf.memory().numTensors;
  await predictClasses(model, data, { mirrored: true });
  assert.equal(tf.memory().numTensors, before);
  await assert.rejects(
    predictClasses(model, data, { mirrored: 1 as unknown as boolean }),
    /predictClasses: mirrored must be true or false/,
  );
  await assert.rejects(
    hiddenFeatures(model, data, { mirrored: true } as never),
    /has no option "mirrored"/,
  );
});
