// What a normalization puts out in training is computed when somebody needs it: whoever does gets the same.
import assert from "node:assert/strict";
import * as tf from "@tensorflow/tfjs";
import { setUpCompute } from "deep-features";
import { allocatedBytes } from "../../lib/compute/memory.ts";
import { compareWithCpu, Draw, tensorOf } from "./ops/against_cpu.ts";

/** What is made of a normalization, and of another tensor of its shape. */
const USES: Record<string, (y: tf.Tensor, other: tf.Tensor) => tf.Tensor> = {
  "as it is": (y) => y,
  relu: (y) => tf.relu(y),
  relu6: (y) => tf.relu6(tf.mul(y, 4)),
  "relu, doubled": (y) => tf.mul(tf.relu(y), 2),
  "added, relu": (y, other) => tf.relu(tf.add(other, y)),
  "added, not rectified": (y, other) => tf.tanh(tf.add(y, other)),
  "added to itself": (y) => tf.relu(tf.add(y, y)),
  "added twice": (y, other) => tf.relu(tf.add(tf.add(y, other), other)),
  "relu and itself": (y) => tf.add(tf.relu(y), tf.square(y)),
  "relu twice": (y, other) => tf.add(tf.relu(y), tf.mul(tf.relu(y), other)),
  reshaped: (y) => tf.relu(tf.reshape(y, [-1])),
  pooled: (y) => tf.relu(tf.max(y, 0)),
};

Deno.test("Whatever is made of a normalization in training, it and its gradients are the cpu backend's", async () => {
  const names = Object.keys(USES);
  await compareWithCpu(240, (draw, i) => {
    const columns = draw.pick(1, 3, 4, 7, 16, 33), rows = draw.whole(2, 200);
    const shape = [rows, columns], low = draw.pick(-1, 5);
    const [x, other] = [draw.tensor(shape, { low, high: low + 3 }), draw.tensor(shape)];
    const name = names[i % names.length]!, use = USES[name]!;
    const seed = draw.whole(0, 1e6), isTwice = draw.random() < 0.3;
    return {
      what: `${name}, ${shape}`,
      tolerance: 5e-5,
      run: () => {
        const layers = [tf.layers.batchNormalization(), tf.layers.batchNormalization()];
        const weights = new Draw(seed);
        for (const layer of layers) {
          layer.build(shape);
          layer.setWeights([
            ...[0, 1].map(() => tensorOf(weights.tensor([columns], { low: 0.5 }))),
            ...layer.getWeights().slice(2),
          ]);
        }
        const apply = (x: tf.Tensor, other: tf.Tensor) => {
          const [y, z] = layers.map((layer, k) =>
            k === 0 || isTwice
              ? layer.apply([x, other][k]!, { training: true }) as tf.Tensor
              : other
          );
          // All depend on both.
          return tf.add(use(y!, z!), tf.mean(tf.square(other)));
        };
        const inputs = [tensorOf(x), tensorOf(other)] as [tf.Tensor, tf.Tensor];
        const y = apply(...inputs), dy = tensorOf(new Draw(seed).tensor(y.shape)) as tf.Tensor;
        return [y, ...tf.grads(apply as (...all: tf.Tensor[]) => tf.Tensor)(inputs, dy)];
      },
    };
  }, { seed: 23, mayFall: ["Tanh"] });
});

Deno.test("A normalization that nobody has needed lives on without what it is computed of, and leaves nothing", async () => {
  await setUpCompute({ backend: "simd", quiet: true });
  const layer = tf.layers.batchNormalization({ center: false, scale: false });
  layer.build([4, 8]);
  const made = () => {
    const x = tf.randomNormal([4, 8], 3, 2, "float32", 1);
    const y = tf.tidy(() => layer.apply(tf.add(x, 1), { training: true }) as tf.Tensor);
    const rectified = tf.relu(y), sum = tf.add(y, x);
    x.dispose();
    return { y, rectified, sum };
  };
  const { y, rectified, sum } = made();
  const [late, expected] = [y, rectified].map((each) => Array.from(each.dataSync())) as [
    number[],
    number[],
  ];
  assert.deepEqual(late.map((value) => Math.max(0, value)), expected);
  assert.ok(Math.abs(late.reduce((a, b) => a + b)) < 1e-4);
  tf.dispose([y, rectified, sum]);
  const before = [tf.memory().numTensors, tf.memory().numDataBuffers, allocatedBytes()];
  // Disposed of in any order, read or not.
  for (const order of [["y", "sum"], ["sum", "y"]] as const) {
    for (const read of [[], ["y"], ["sum"], ["sum", "y"]] as const) {
      const all = made();
      for (const name of read) all[name].dataSync();
      for (const name of order) all[name].dispose();
      all.rectified.dispose();
      assert.deepEqual(
        [tf.memory().numTensors, tf.memory().numDataBuffers, allocatedBytes()],
        before,
        `${order}, read ${read}`,
      );
    }
  }
});
