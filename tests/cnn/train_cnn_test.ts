import assert from "node:assert/strict";
import * as tf from "@tensorflow/tfjs";
import {
  buildCnn,
  compileCnn,
  type EpochLog,
  hiddenFeatures,
  loadModel,
  predictClasses,
  saveModel,
  seededRandom,
  setUpCompute,
  trainCnn,
} from "deep-features";
import { join } from "@std/path";
import { allocatedBytes, sharedMemory } from "../../lib/compute/memory.ts";

const SHAPE = [8, 8, 3] as const;
const SIZE = 8 * 8 * 3;

/** Noise, in which class 1 is brighter on the left and class 0 on the right. */
function halves(n: number): { images: Uint8Array; labels: Uint8Array } {
  const random = seededRandom(9);
  const labels = Uint8Array.from({ length: n }, () => random() < 0.5 ? 0 : 1);
  const images = Uint8Array.from({ length: n * SIZE }, (_, k) => {
    const left = Math.floor(k / 3) % 8 < 4;
    const bright = left === (labels[Math.floor(k / SIZE)] === 1);
    return 128 * random() + (bright ? 100 : 0);
  });
  return { images, labels };
}

async function train(
  seed: number,
  options: Parameters<typeof trainCnn>[3] = {},
  data = halves(100),
) {
  await setUpCompute({ backend: "simd", quiet: true });
  const model = buildCnn({ seed, inputShape: SHAPE, classes: 2 });
  const history = await trainCnn(model, data.images, data.labels, {
    epochs: 4,
    batchSize: 20,
    seed,
    ...options,
  });
  return { model, history, data };
}

Deno.test("trainCnn() learns two halves, and reports what it did", async () => {
  const epochs: EpochLog[] = [];
  const batches: number[] = [];
  const { model, history, data } = await train(1, {
    onEpoch: (log) => epochs.push(log),
    onBatch: ({ batch }) => batches.push(batch),
  });
  assert.deepEqual(batches, [0, 1, 2, 3, 0, 1, 2, 3, 0, 1, 2, 3, 0, 1, 2, 3]);
  assert.deepEqual(history.valAccuracy, epochs.map((log) => log.valAccuracy));
  assert.ok(history.loss.at(-1)! < history.loss[0]! / 2);
  assert.equal(history.valAccuracy.at(-1), 1);
  assert.ok(history.seconds.every((seconds) => seconds > 0));

  const predicted = await predictClasses(model, data.images, { batchSize: 33 });
  const validation = [...predicted].slice(80);
  assert.deepEqual(validation, [...data.labels.slice(80)]);
});

Deno.test("trainCnn() learns the same on every CPU backend, and keeps no tensor", async () => {
  const data = halves(30);
  const histories: number[][] = [];
  for (const backend of ["cpu", "wasm", "simd"] as const) {
    await setUpCompute({ backend, quiet: true });
    const model = buildCnn({ seed: 3, inputShape: SHAPE, classes: 2 });
    const tensors: number[] = [];
    const history = await trainCnn(model, data.images, data.labels, {
      epochs: 3,
      batchSize: 8,
      seed: 3,
      onEpoch: () => tensors.push(tf.memory().numTensors),
    });
    histories.push([...history.loss, ...history.valLoss]);
    assert.equal(tensors[2], tensors[1], backend);
    model.dispose();
  }
  const [cpu, ...others] = histories;
  for (const other of others) {
    other.forEach((loss, i) =>
      assert.ok(Math.abs(loss - cpu![i]!) < 1e-4, `${loss}, not ${cpu![i]}`)
    );
  }
});

Deno.test("trainCnn() does not grow the memory over 2,000 steps", async () => {
  const { images, labels } = halves(8);
  await setUpCompute({ backend: "simd", quiet: true });
  const model = buildCnn({ seed: 1, inputShape: SHAPE, classes: 2 });
  const states: number[][] = [];
  await trainCnn(model, images, labels, {
    epochs: 1000,
    batchSize: 4,
    validationSplit: 0,
    onEpoch: () =>
      states.push([
        tf.memory().numTensors,
        allocatedBytes(),
        sharedMemory().buffer.byteLength,
        Deno.memoryUsage().rss,
      ]),
  });
  const [early, late] = [states[200]!, states[999]!];
  assert.deepEqual(late.slice(0, 3), early.slice(0, 3));
  const growth = (late[3]! - early[3]!) / 2 ** 20;
  assert.ok(growth < 100, `1,600 steps made the process ${growth.toFixed(0)} MiB larger`);
  model.dispose();
});

Deno.test("trainCnn() repeats itself for a seed, with bytes and floats, indices and one-hot rows alike", async () => {
  const { images, labels } = halves(40);
  const floats = Float32Array.from(
    images,
    (byte) => Math.fround(byte * (1 / 255)),
  );
  const oneHot = Float32Array.from(
    { length: 80 },
    (_, k) => labels[k >> 1] === k % 2 ? 1 : 0,
  );
  const weights = async (
    seed: number,
    x: Uint8Array | Float32Array,
    y: ArrayLike<number>,
  ) => {
    await setUpCompute({ backend: "simd", quiet: true });
    const model = buildCnn({ seed: 3, inputShape: SHAPE, classes: 2 });
    await trainCnn(model, x, y, { epochs: 1, batchSize: 16, seed });
    return [...model.getWeights()[0]!.dataSync()];
  };
  const reference = await weights(1, images, labels);
  assert.deepEqual(await weights(1, images, labels), reference);
  assert.deepEqual(await weights(1, floats, oneHot), reference);
  assert.notDeepEqual(await weights(2, images, labels), reference);
});

Deno.test("trainCnn() validates on the last part of the images, which training never sees", async () => {
  // The last images carry the other label: if they were trained on, the training loss could not fall.
  const data = halves(60);
  data.labels.subarray(48).forEach((label, i, labels) => labels[i] = 1 - label);
  const { history } = await train(2, { epochs: 6, batchSize: 12 }, data);
  assert.ok(history.accuracy.at(-1)! > 0.9);
  assert.ok(history.valAccuracy.at(-1)! < 0.1);
});

Deno.test("trainCnn() stops between two batches when the signal aborts", async () => {
  const controller = new AbortController();
  let batches = 0;
  await assert.rejects(
    train(1, {
      signal: controller.signal,
      onBatch: () => {
        if (++batches === 2) controller.abort();
      },
    }),
    { name: "AbortError" },
  );
  assert.equal(batches, 2);
});

Deno.test("trainCnn() lets timers run", async () => {
  let ticks = 0;
  const timer = setInterval(() => ticks++, 10);
  await train(1, { epochs: 6 }, halves(1000));
  clearInterval(timer);
  assert.ok(ticks > 0);
});

Deno.test("trainCnn() says where the loss stopped being a number", async () => {
  const { images, labels } = halves(20);
  const floats = Float32Array.from(images, (byte) => byte * 1e36);
  await setUpCompute({ backend: "simd", quiet: true });
  const model = buildCnn({ seed: 1, inputShape: SHAPE, classes: 2 });
  await assert.rejects(
    trainCnn(model, floats, labels, {
      epochs: 1,
      batchSize: 16,
      validationSplit: 0,
    }),
    /loss became (NaN|Infinity) in epoch 1, batch 1 of 2.*learning rate/,
  );
});

Deno.test("trainCnn() refuses bad input before it does any work", async () => {
  const { images, labels } = halves(10);
  await setUpCompute({ backend: "simd", quiet: true });
  const model = buildCnn({ seed: 1, inputShape: SHAPE, classes: 2 });
  const rejects = (promise: Promise<unknown>, message: RegExp) => assert.rejects(promise, message);
  await rejects(
    trainCnn(model, images.subarray(1), labels),
    /1919 values into images of 8 × 8 × 3/,
  );
  await rejects(trainCnn(model, new Uint8Array(0), []), /no images/);
  await rejects(
    trainCnn(model, images, labels.subarray(1)),
    /10 images have 9 labels/,
  );
  await rejects(
    trainCnn(model, images, labels.with(3, 7)),
    /Label 7 of image 3/,
  );
  await rejects(
    trainCnn(model, images, labels, { epochs: 0 }),
    /epochs must be .* got 0/,
  );
  await rejects(
    trainCnn(model, images, labels, { validationSplit: 1 }),
    /got 1/,
  );
  await rejects(
    trainCnn(model, [1, 2] as unknown as Uint8Array, labels),
    /must be a Float32Array/,
  );
});

Deno.test("hiddenFeatures() gives the layer's own outputs, whatever the batch", async () => {
  const { model, data } = await train(1, { epochs: 1 });
  const features = await hiddenFeatures(model, data.images, { batchSize: 7 });
  assert.deepEqual([features.rows, features.cols], [100, 512]);
  const other = await hiddenFeatures(model, data.images, { batchSize: 100 });
  const part = tf.model({
    inputs: model.inputs,
    outputs: model.getLayer("hidden").output,
  });
  const x = tf.div(tf.tensor4d(data.images, [100, ...SHAPE], "float32"), 255);
  const expected = (part.predict(x) as tf.Tensor).dataSync();
  features.data.forEach((value, k) => {
    assert.ok(Math.abs(value - expected[k]!) < 1e-5);
    assert.ok(Math.abs(value - other.data[k]!) < 1e-6);
  });
  assert.ok(
    features.data.some((value) => value < 0),
    "the outputs come before the ReLU",
  );
  assert.equal(
    (await hiddenFeatures(model, data.images, { layer: "flat1" })).cols,
    128,
  );
  await assert.rejects(
    hiddenFeatures(model, data.images, { layer: "hiden" }),
    /no layer named "hiden"/,
  );
});

Deno.test("saveModel() and loadModel() keep the predictions, and replace a model as a whole", async () => {
  const folder = await Deno.makeTempDir();
  try {
    const { model, data } = await train(1, { epochs: 1 });
    await saveModel(
      buildCnn({ seed: 8, inputShape: SHAPE, classes: 2 }),
      join(folder, "model"),
    );
    await saveModel(model, join(folder, "model"));
    const loaded = await loadModel(join(folder, "model"));
    const before = await hiddenFeatures(model, data.images);
    const after = await hiddenFeatures(loaded, data.images);
    assert.deepEqual(after.data, before.data);
    assert.deepEqual([...Deno.readDirSync(folder)].map((entry) => entry.name), [
      "model",
    ]);
    await trainCnn(loaded, data.images, data.labels, {
      epochs: 1,
      batchSize: 50,
    });

    await Deno.truncate(join(folder, "model", "weights.bin"), 100);
    await assert.rejects(loadModel(join(folder, "model")), /holds 100 bytes/);
    await assert.rejects(loadModel(join(folder, "none")), Deno.errors.NotFound);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("compileCnn() makes a model trainable", async () => {
  await setUpCompute({ backend: "simd", quiet: true });
  const input = tf.input({ shape: [...SHAPE] });
  const flat = tf.layers.flatten().apply(input) as tf.SymbolicTensor;
  const output = tf.layers.dense({ units: 2, activation: "softmax" }).apply(
    flat,
  );
  const model = tf.model({
    inputs: input,
    outputs: output as tf.SymbolicTensor,
  });
  const { images, labels } = halves(20);
  await assert.rejects(trainCnn(model, images, labels), /not compiled/);
  compileCnn(model);
  const history = await trainCnn(model, images, labels, {
    epochs: 1,
    validationSplit: 0,
  });
  assert.ok(Number.isNaN(history.valLoss[0]));
});
