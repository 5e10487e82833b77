import assert from "node:assert/strict";
import * as tf from "@tensorflow/tfjs";
import { hiddenFeatures, setUpCompute, trainCnn } from "deep-features";
import { Adam } from "deep-features/backend";
import { onThreads } from "../helpers/on_threads.ts";

type Tensor = tf.SymbolicTensor;
const L = tf.layers;
const SIDE = 20, N = 24, BATCH = 8;

/** A network with every kind of layer that has kernels, wide enough for several tasks each. */
function network(): tf.LayersModel {
  let seed = 0;
  const kernelInitializer = () => tf.initializers.glorotUniform({ seed: ++seed });
  const conv = (filters: number, kernelSize: number, more: object = {}) =>
    L.conv2d({
      filters,
      kernelSize,
      padding: "same",
      kernelInitializer: kernelInitializer(),
      ...more,
    });
  const chain = (x: Tensor, ...layers: tf.layers.Layer[]) =>
    layers.reduce((y, layer) => layer.apply(y) as Tensor, x);
  const input = tf.input({ shape: [SIDE, SIDE, 3] });
  // Two convolutions of 2 × 2 in one, a normalization, Winograd's way, strides.
  const x = chain(
    input,
    conv(16, 2),
    conv(16, 2),
    L.batchNormalization(),
    L.reLU(),
    conv(24, 3),
    L.batchNormalization(),
    L.reLU({ maxValue: 6 }),
    conv(16, 3, { strides: 2, useBias: false }),
    L.dropout({ rate: 0.2 }),
  );
  const depthwise = chain(
    x,
    L.depthwiseConv2d({
      kernelSize: 3,
      padding: "same",
      depthwiseInitializer: kernelInitializer(),
    }),
    L.batchNormalization(),
    L.leakyReLU(),
    conv(16, 1),
    L.layerNormalization(),
  );
  const pooled = chain(
    x,
    L.maxPooling2d({ poolSize: 2 }),
    L.upSampling2d({ size: [2, 2], interpolation: "bilinear" }),
    L.averagePooling2d({ poolSize: 2 }),
    L.upSampling2d({ size: [2, 2] }),
    conv(16, 5, { activation: "tanh" }),
    L.prelu({ sharedAxes: [1, 2] }),
  );
  const sum = L.add().apply([x, depthwise]) as Tensor;
  const y = chain(
    L.concatenate().apply([sum, pooled]) as Tensor,
    L.conv2dTranspose({ filters: 8, kernelSize: 3, kernelInitializer: kernelInitializer() }),
    L.elu(),
    L.globalAveragePooling2d({ name: "hidden" }),
    L.dense({ units: 64, activation: "sigmoid", kernelInitializer: kernelInitializer() }),
    L.dropout({ rate: 0.5 }),
    L.dense({ units: 3, activation: "softmax", kernelInitializer: kernelInitializer() }),
  );
  const model = tf.model({ inputs: input, outputs: y });
  model.compile({ optimizer: new Adam(), loss: "categoricalCrossentropy" });
  return model;
}

Deno.test("Three steps of a network with all kinds of layers give the same bits for 1, 2 and 3 threads", async () => {
  await setUpCompute({ backend: "simd", quiet: true });
  const images = Uint8Array.from(
    { length: N * SIDE * SIDE * 3 },
    (_, i) => Math.imul(i, 2654435761) >>> 24,
  );
  const data = {
    images,
    shape: [N, SIDE, SIDE, 3] as const,
    labels: Uint8Array.from({ length: N }, (_, i) => i % 3),
  };
  const [one, ...others] = await onThreads([1, 2, 3], async () => {
    const model = network();
    const initial = model.getWeights().map((weight) => weight.dataSync());
    const history = await trainCnn(model, data, {
      epochs: 1,
      batchSize: BATCH,
      validationSplit: 0,
      seed: 5,
    });
    const weights = model.getWeights().map((weight) => weight.dataSync());
    const { data: features } = await hiddenFeatures(model, data);
    model.dispose();
    return { initial, loss: history.loss, weights, features };
  });
  // Every weight has moved (the moving averages, too), so that each kernel has had its part.
  one!.weights.forEach((values, i) => assert.notDeepEqual(values, one!.initial[i], `weight ${i}`));
  for (const other of others) assert.deepEqual(other, one);
});
