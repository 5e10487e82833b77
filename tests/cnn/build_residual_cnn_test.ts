import assert from "node:assert/strict";
import * as tf from "@tensorflow/tfjs";
import {
  buildResidualCnn,
  hiddenFeatures,
  RESIDUAL_TRAINING,
  setUpCompute,
  trainCnn,
} from "deep-features";
import { seededRandom } from "deep-features/base";

Deno.test("buildResidualCnn() has the widths, places and weights that its docstring says", async () => {
  await setUpCompute({ backend: "simd", quiet: true });
  const model = buildResidualCnn();
  // Weights by hand: 3 × 3 kernels without bias, a scale and an offset a channel, the last layer.
  const kernels = 9 * (3 * 24 + 24 * 48 + 48 * 48 + 48 * 96 + 96 * 96 + 96 * 192 + 192 * 192);
  const channels = 24 + 2 * (48 + 96 + 192);
  const expected = kernels + 2 * channels + 193 * 10;
  const trainable = model.trainableWeights.reduce(
    (sum, { shape }) => sum + shape.reduce<number>((product, size) => product * size!, 1),
    0,
  );
  assert.equal(trainable, expected);
  assert.equal(trainable, 657_154);
  assert.equal(model.countParams() - trainable, 2 * channels); // moving means and variances
  const sums = model.layers.filter((layer) => layer.getClassName() === "Add");
  assert.deepEqual(sums.map(({ outputShape }) => outputShape), [
    [null, 16, 16, 48],
    [null, 8, 8, 96],
    [null, 4, 4, 192],
  ]);
  assert.deepEqual(model.getLayer("hidden").outputShape, [null, 192]);
  assert.equal(model.optimizer.getClassName(), "SGD");
  model.dispose();
});

Deno.test("buildResidualCnn() adds to each stage what it starts from", async () => {
  await setUpCompute({ backend: "simd", quiet: true });
  const model = buildResidualCnn({ inputShape: [8, 8, 3], classes: 3 });
  // Without its second convolution a stage is what it starts from.
  const convolutions = model.layers.filter((layer) => layer.getClassName() === "Conv2D");
  const norms = model.layers.filter((layer) => layer.getClassName() === "BatchNormalization");
  const last = convolutions.at(-1)!, zeros = tf.zeros(last.getWeights()[0]!.shape);
  last.setWeights([zeros]);
  const [sum] = model.layers.filter((layer) => layer.getClassName() === "Add").slice(-1);
  const both = tf.model({
    inputs: model.inputs,
    outputs: [sum!.output, norms.at(-2)!.output] as tf.SymbolicTensor[],
  });
  const [out, start] = both.predict(
    tf.randomUniform([4, 8, 8, 3], 0, 1, "float32", 1),
  ) as tf.Tensor[];
  const difference = tf.max(tf.abs(tf.sub(out!, tf.relu(start!)))).dataSync()[0]!;
  assert.equal(difference, 0);
  assert.ok(tf.max(out!).dataSync()[0]! > 0);
});

Deno.test("buildResidualCnn() draws its weights from the seed, no two layers alike", async () => {
  await setUpCompute({ backend: "simd", quiet: true });
  const kernels = (seed: number) => {
    const model = buildResidualCnn({ seed });
    const values = model.layers.filter((layer) =>
      ["Conv2D", "Dense"].includes(layer.getClassName())
    )
      .map((layer) => [...layer.getWeights()[0]!.dataSync().slice(0, 6)]);
    model.dispose();
    return values;
  };
  assert.deepEqual(kernels(3), kernels(3));
  assert.notDeepEqual(kernels(3), kernels(4));
  assert.equal(new Set(kernels(3).map(([first]) => first)).size, 8);
});

Deno.test("buildResidualCnn() refuses what it cannot be built for", () => {
  assert.throws(
    () => buildResidualCnn({ inputShape: [7, 32, 3] }),
    /7 × 32 × 3.*at least 8 × 8 × 1/,
  );
  assert.throws(() => buildResidualCnn({ classes: 1 }), /at least 2/);
  const widths = { widths: [8] } as Record<string, unknown>;
  assert.throws(() => buildResidualCnn(widths), /widths/);
});

Deno.test("RESIDUAL_TRAINING teaches the network of buildResidualCnn, the same from run to run", async () => {
  await setUpCompute({ backend: "simd", quiet: true });
  const random = seededRandom(5), count = 90, side = 12;
  const labels = Uint8Array.from({ length: count }, (_, i) => i % 3);
  // Stripes across, along and none, in noise.
  const images = Uint8Array.from({ length: count * side * side * 3 }, (_, i) => {
    const pixel = Math.floor(i / 3), label = labels[Math.floor(pixel / (side * side))]!;
    const x = pixel % side, y = Math.floor(pixel / side) % side;
    const on = label === 0 ? x % 4 < 2 : label === 1 ? y % 4 < 2 : true;
    return (on ? 150 : 50) + 60 * random();
  });
  const data = { images, labels, shape: [count, side, side, 3] as const };
  const run = async () => {
    const model = buildResidualCnn({ seed: 1, inputShape: [side, side, 3], classes: 3 });
    const history = await trainCnn(model, data, {
      ...RESIDUAL_TRAINING,
      epochs: 12,
      batchSize: 16,
    });
    const features = await hiddenFeatures(model, data);
    model.dispose();
    return { history, features };
  };
  const { history, features } = await run();
  assert.ok(history.valAccuracy.at(-1)! > 0.9, `${history.valAccuracy}`);
  assert.equal(features.cols, 192);
  assert.deepEqual((await run()).features.data, features.data);
});
