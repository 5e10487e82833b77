// A training that is killed and goes on: started by checkpoint_kill_test.ts with a folder, or without one.
import * as tf from "@tensorflow/tfjs";
import { setUpCompute, trainCnn } from "deep-features";
import { seededRandom } from "deep-features/base";
import { Adam } from "deep-features/backend";
import { oneCycle } from "deep-features/cnn";
import { digest } from "../../../lib/base/digest.ts";

const [folder] = Deno.args;
const L = tf.layers, N = 60;
const random = seededRandom(6);
const data = {
  images: Uint8Array.from({ length: N * 64 }, () => 256 * random()),
  labels: Uint8Array.from({ length: N }, () => 3 * random()),
  shape: [N, 8, 8, 1] as const,
};

await setUpCompute({ backend: "simd", quiet: true });
let seed = 10;
const init = () => tf.initializers.glorotUniform({ seed: ++seed });
const model = tf.sequential({
  layers: [
    L.conv2d({ inputShape: [8, 8, 1], filters: 8, kernelSize: 3, kernelInitializer: init() }),
    L.batchNormalization(),
    L.dropout({ rate: 0.3 }),
    L.flatten(),
    // Wide enough that writing the checkpoint takes a share of the time.
    L.dense({ units: 500, activation: "relu", kernelInitializer: init() }),
    L.dense({ units: 3, activation: "softmax", kernelInitializer: init() }),
  ],
});
model.compile({ optimizer: new Adam(), loss: "categoricalCrossentropy" });
const { seconds: _, ...history } = await trainCnn(model, data, {
  epochs: 60,
  batchSize: 8,
  seed: 5,
  learningRate: oneCycle({ max: 0.01 }),
  weightDecay: 0.01,
  augment: { flip: true, shift: 1, cutout: 2, brightness: 0.2 },
  earlyStopping: { patience: 60, restoreBest: true },
  checkpoint: folder,
  onBatch: ({ epoch, batch }) => console.log(`at ${epoch} ${batch}`),
});
const weights = model.weights.map((weight) => weight.read().dataSync() as Float32Array);
console.log(`end ${digest(...weights.map((w) => new Uint8Array(w.slice().buffer)))}`);
console.log(`history ${JSON.stringify(history)}`);
