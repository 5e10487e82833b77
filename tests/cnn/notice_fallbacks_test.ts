import assert from "node:assert/strict";
import * as tf from "@tensorflow/tfjs";
import { hiddenFeatures, setUpCompute, trainCnn } from "deep-features";
import { Adam } from "deep-features/backend";
import { noticeFallbacks } from "../../lib/cnn/engine/notice_fallbacks.ts";
import { warnings } from "../helpers/console_lines.ts";

/** What is warned of when the work is made larger until something is: of little nothing is said, however fast a machine is. */
async function warningsOfMuch(run: (times: number) => Promise<unknown>): Promise<string[]> {
  for (let times = 1; times < 100; times *= 3) {
    const said = await warnings(() => run(times));
    if (said.length > 0) return said;
  }
  return [];
}

const N = 24, SIDE = 48;
const data = {
  images: new Float32Array(N * SIDE * SIDE * 4).map((_, i) => (i % 97) / 97),
  shape: [N, SIDE, SIDE, 4] as const,
  labels: Uint8Array.from({ length: N }, (_, i) => i % 2),
};

/** A network for these images, with something in its middle. */
function network(...middle: tf.layers.Layer[]): tf.LayersModel {
  const model = tf.sequential({
    layers: [
      tf.layers.inputLayer({ inputShape: [SIDE, SIDE, 4] }),
      ...middle,
      tf.layers.globalAveragePooling2d({ name: "hidden" }),
      tf.layers.dense({ units: 2, activation: "softmax" }),
    ],
  });
  model.compile({ optimizer: new Adam(), loss: "categoricalCrossentropy" });
  return model;
}

/** A layer that tfjs alone computes: convolution in three dimensions, of images as volumes. */
function inThreeDimensions(): tf.layers.Layer[] {
  return [
    tf.layers.reshape({ targetShape: [SIDE, SIDE, 4, 1] }),
    tf.layers.conv3d({ filters: 4, kernelSize: 3 }),
    tf.layers.reshape({ targetShape: [SIDE - 2, SIDE - 2, 8] }),
  ];
}

Deno.test("A training and features say in one line which operations were slow for want of a kernel", async () => {
  await setUpCompute({ backend: "simd", quiet: true });
  const model = network(...inThreeDimensions());
  const training = await warningsOfMuch((epochs) => trainCnn(model, data, { epochs }));
  assert.equal(training.length, 1);
  assert.match(
    training[0]!,
    /^trainCnn: \d+ % of the time went to operations that have no fast kernel .*: .*Conv3DBackprop\S+ \(\d+ %\)/,
  );
  const features = await warningsOfMuch((times) => {
    const images = new Float32Array(times * data.images.length);
    for (let i = 0; i < times; i++) images.set(data.images, i * data.images.length);
    return hiddenFeatures(model, { images, shape: [times * N, SIDE, SIDE, 4] });
  });
  assert.match(features.join(), /^hiddenFeatures: .*JavaScript: Conv3D \(\d+ %\)$/);
});

Deno.test("Nothing is said where the kernels did the work", async () => {
  await setUpCompute({ backend: "simd", quiet: true });
  const model = network(tf.layers.conv2d({ filters: 16, kernelSize: 3, activation: "relu" }));
  assert.deepEqual(await warnings(() => trainCnn(model, data, { epochs: 1 })), []);
  // Tiny tensors run on the CPU backend on purpose.
  const tiny = async () => {
    for (let i = 0; i < 5; i++) await tf.topk(tf.tensor1d([1, 3, 2]), 2).values.data();
  };
  assert.deepEqual(await warnings(() => noticeFallbacks("tiny", tiny)), []);
});
