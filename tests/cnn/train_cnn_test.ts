import assert from "node:assert/strict";
import * as tf from "@tensorflow/tfjs";
import {
  buildCnn,
  hiddenFeatures,
  loadModel,
  predictClasses,
  saveModel,
  setUpCompute,
  type Split,
  trainCnn,
} from "deep-features";
import { RmsProp, Sgd } from "deep-features/backend";
import { seededRandom } from "deep-features/base";
import { compileCnn, type EpochLog, type LabeledImages } from "deep-features/cnn";
import { join } from "@std/path";

const SHAPE = [8, 8, 3] as const;
const SIZE = 8 * 8 * 3;

/** Noise, in which class 1 is brighter on the left and class 0 on the right. */
function halves(n: number): Split {
  const random = seededRandom(9);
  const labels = Uint8Array.from({ length: n }, () => random() < 0.5 ? 0 : 1);
  const images = Uint8Array.from({ length: n * SIZE }, (_, k) => {
    const left = Math.floor(k / 3) % 8 < 4;
    const bright = left === (labels[Math.floor(k / SIZE)] === 1);
    return 128 * random() + (bright ? 100 : 0);
  });
  return { images, labels, shape: [n, ...SHAPE] };
}

async function train(
  seed: number,
  options: Parameters<typeof trainCnn>[2] = {},
  data = halves(100),
) {
  await setUpCompute({ backend: "simd", quiet: true });
  const model = buildCnn({ seed, inputShape: SHAPE, classes: 2 });
  const history = await trainCnn(model, data, { epochs: 4, batchSize: 20, seed, ...options });
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

  const predicted = await predictClasses(model, data, { batchSize: 33 });
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
    const history = await trainCnn(model, data, {
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

Deno.test("trainCnn() repeats itself for a seed, with bytes and floats, indices and one-hot rows alike", async () => {
  const { images, labels } = halves(40);
  const floats = Float32Array.from(images, (byte) => Math.fround(byte * (1 / 255)));
  const oneHot = Float32Array.from({ length: 80 }, (_, k) => labels[k >> 1] === k % 2 ? 1 : 0);
  const weights = async (seed: number, x: Uint8Array | Float32Array, y: ArrayLike<number>) => {
    await setUpCompute({ backend: "simd", quiet: true });
    const model = buildCnn({ seed: 3, inputShape: SHAPE, classes: 2 });
    const data: LabeledImages = { images: x, labels: y, shape: [40, ...SHAPE] };
    await trainCnn(model, data, { epochs: 1, batchSize: 16, seed });
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
  const data = halves(20);
  const floats = Float32Array.from(data.images, (byte) => byte * 1e36);
  await setUpCompute({ backend: "simd", quiet: true });
  const model = buildCnn({ seed: 1, inputShape: SHAPE, classes: 2 });
  await assert.rejects(
    trainCnn(model, { ...data, images: floats }, { epochs: 1, batchSize: 16, validationSplit: 0 }),
    /loss became (NaN|Infinity) in epoch 1, batch 1 of 2.*learning rate/,
  );
});

Deno.test("trainCnn() says when the validation loss stopped being a number", async () => {
  await setUpCompute({ backend: "simd", quiet: true });
  const model = buildCnn({ seed: 1, inputShape: SHAPE, classes: 2 });
  await assert.rejects(
    trainCnn(model, halves(20), {
      epochs: 3,
      batchSize: 16,
      onBatch: () => model.weights[0]!.write(tf.fill(model.weights[0]!.shape as number[], NaN)),
    }),
    /validation loss became NaN after epoch 1: lower the learning rate/,
  );
});

Deno.test("trainCnn() refuses bad input before it does any work", async () => {
  const data = halves(10);
  const { images, labels, shape } = data;
  await setUpCompute({ backend: "simd", quiet: true });
  const model = buildCnn({ seed: 1, inputShape: SHAPE, classes: 2 });
  const floats = (at: number, value: number) => Float32Array.from(images).with(at, value);
  const rows = (...row: number[]) => Array.from({ length: 10 }, () => row).flat();
  const calls: [LabeledImages, Parameters<typeof trainCnn>[2], RegExp][] = [
    [{ ...data, images: images.subarray(1) }, {}, /1919 values do not make 10 images of 8 × 8 × 3/],
    [{ images: new Uint8Array(0), labels: [], shape: [0, 8, 8, 3] }, {}, /no images/],
    [{ ...data, labels: labels.subarray(1) }, {}, /10 images have 9 labels/],
    [{ ...data, labels: labels.with(3, 7) }, {}, /Label 7 of image 3/],
    [data, { epochs: 0 }, /epochs must be .* got 0/],
    [data, { validationSplit: 1 }, /got 1/],
    [data, { epoch: 3 } as never, /no option "epoch": did you mean "epochs"/],
    [{ ...data, images: [1, 2] as unknown as Uint8Array }, {}, /must be a Float32Array/],
    [images as never, {}, /must come with their shape/],
    [
      { images, labels, shape: [10, 8, 24, 1] },
      {},
      /images are 8 × 24 × 1, but the model takes 8 × 8 × 3/,
    ],
    [
      { images, labels, shape: [10, 4, 16, 3] },
      {},
      /are 4 × 16 × 3, but the model takes 8 × 8 × 3/,
    ],
    [{ ...data, images: floats(192 * 3 + 5, NaN) }, {}, /Image 3 holds NaN at 5/],
    [{ ...data, images: floats(1919, Infinity) }, {}, /Image 9 holds Infinity at 191/],
    [{ ...data, labels: rows(0, 0) }, {}, /row of image 0 sums to 0/],
    [{ ...data, labels: rows(0, NaN) }, {}, /row of image 0 holds NaN/],
    [{ ...data, labels: rows(-1, 2) }, {}, /row of image 0 holds -1/],
    [{ ...data, labels: undefined as never }, {}, /Labels must be an array/],
  ];
  const before = [...model.getWeights()[0]!.dataSync()];
  for (const [set, options, message] of calls) {
    await assert.rejects(trainCnn(model, set, options), (error: Error) => {
      assert.match(error.message, message);
      return error instanceof TypeError || error instanceof RangeError;
    });
  }
  assert.deepEqual([...model.getWeights()[0]!.dataSync()], before);
  const wrong = { images: floats(0, NaN), shape };
  await assert.rejects(hiddenFeatures(model, wrong), /Image 0 holds NaN/);
  await assert.rejects(predictClasses(model, wrong), /Image 0 holds NaN/);
  const large = { images: new Uint8Array(2 * 16 * 16 * 3), shape: [2, 16, 16, 3] as const };
  await assert.rejects(
    hiddenFeatures(model, large),
    /are 16 × 16 × 3, but the model takes 8 × 8 × 3/,
  );
  await assert.rejects(
    predictClasses(model, large),
    /are 16 × 16 × 3, but the model takes 8 × 8 × 3/,
  );
});

Deno.test("trainCnn() warns where the validation part has a class that the training part lacks", async () => {
  const warnings: string[] = [];
  const warn = console.warn;
  console.warn = (text: string) => warnings.push(text);
  const data = halves(20);
  try {
    await train(1, { epochs: 1 }, { ...data, labels: data.labels.map((_, i) => i < 16 ? 0 : 1) });
    await train(1, { epochs: 1 }, { ...data, labels: data.labels.map((_, i) => i % 2) });
  } finally {
    console.warn = warn;
  }
  assert.equal(warnings.length, 1);
  assert.match(warnings[0]!, /images of class 1, of which the training part has none.*[Ss]huffle/);
});

Deno.test("trainCnn() warns of images in order of class, of which validation shows some classes alone", async () => {
  const warnings: string[] = [];
  const warn = console.warn;
  console.warn = (text: string) => warnings.push(text);
  const data = halves(20);
  const ordered = data.labels.map((_, i) => i < 10 ? 0 : 1);
  try {
    await train(1, { epochs: 1 }, { ...data, labels: ordered });
    await train(1, { epochs: 1 }, { ...data, labels: ordered.toReversed() });
    // No validation, one class alone, or one image out of order: nothing to warn of.
    await train(1, { epochs: 1, validationSplit: 0 }, { ...data, labels: ordered });
    await train(1, { epochs: 1 }, { ...data, labels: ordered.fill(1) });
    await train(1, { epochs: 1 }, { ...data, labels: data.labels.map((_, i) => i % 2) });
  } finally {
    console.warn = warn;
  }
  assert.equal(warnings.length, 2, warnings.join("\n"));
  assert.match(warnings[0]!, /ordered by class.*holds class 1 alone.*Shuffle.*validationSplit: 0/);
  assert.match(warnings[1]!, /holds class 0 alone/);
});

Deno.test("hiddenFeatures() gives the layer's own outputs, whatever the batch", async () => {
  const { model, data } = await train(1, { epochs: 1 });
  const features = await hiddenFeatures(model, data, { batchSize: 7 });
  assert.deepEqual([features.rows, features.cols], [100, 512]);
  const other = await hiddenFeatures(model, data, { batchSize: 100 });
  const part = tf.model({ inputs: model.inputs, outputs: model.getLayer("hidden").output });
  const x = tf.div(tf.tensor4d(data.images, [100, ...SHAPE], "float32"), 255);
  const expected = (part.predict(x) as tf.Tensor).dataSync();
  features.data.forEach((value, k) => {
    assert.ok(Math.abs(value - expected[k]!) < 1e-5);
    assert.ok(Math.abs(value - other.data[k]!) < 1e-6);
  });
  assert.ok(features.data.some((value) => value < 0), "the outputs come before the ReLU");
  assert.equal((await hiddenFeatures(model, data, { layer: "flat1" })).cols, 128);
  await assert.rejects(hiddenFeatures(model, data, { layer: "hiden" }), /no layer named "hiden"/);
});

Deno.test("saveModel() and loadModel() keep the predictions, and replace a model as a whole", async () => {
  const folder = await Deno.makeTempDir();
  try {
    const { model, data } = await train(1, { epochs: 1 });
    await saveModel(buildCnn({ seed: 8, inputShape: SHAPE, classes: 2 }), join(folder, "model"));
    await saveModel(model, join(folder, "model"));
    const loaded = await loadModel(join(folder, "model"));
    const before = await hiddenFeatures(model, data);
    const after = await hiddenFeatures(loaded, data);
    assert.deepEqual(after.data, before.data);
    assert.deepEqual([...Deno.readDirSync(folder)].map((entry) => entry.name), ["model"]);
    await trainCnn(loaded, data, { epochs: 1, batchSize: 50 });

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
  const output = tf.layers.dense({ units: 2, activation: "softmax" }).apply(flat);
  const model = tf.model({ inputs: input, outputs: output as tf.SymbolicTensor });
  const data = halves(20);
  await assert.rejects(trainCnn(model, data), /not compiled/);
  compileCnn(model);
  const history = await trainCnn(model, data, { epochs: 1, validationSplit: 0 });
  assert.ok(Number.isNaN(history.valLoss[0]));
});

Deno.test("loadModel() reads shards and quantized weights as tfjs's converter writes them", async () => {
  await setUpCompute({ quiet: true });
  const folder = await Deno.makeTempDir();
  try {
    // By hand: value = scale · stored + min; halves 0x3c00 = 1, 0xc000 = −2, 0x3800 = 0.5.
    const kernel = Uint8Array.of(0, 1, 2, 255), bias = Uint8Array.of(0x00, 0x3c, 0x00, 0xc0);
    const second = new Uint8Array(Uint16Array.of(0, 65535, 10, 20).buffer);
    const last = new Uint8Array(Float32Array.of(0.25, -0.75).buffer);
    const model = tf.sequential({
      layers: [
        tf.layers.dense({ name: "a", units: 2, inputShape: [2] }),
        tf.layers.dense({ name: "b", units: 2, activation: "softmax" }),
      ],
    });
    const modelTopology = model.toJSON(null, false);
    const quantization = { dtype: "uint8", scale: 0.5, min: -1, original_dtype: "float32" };
    const weight = (name: string, shape: number[], quantization?: unknown) => ({
      name,
      shape,
      dtype: "float32",
      ...(quantization ? { quantization } : {}),
    });
    const weightsManifest = [
      {
        paths: ["group1-shard1of2.bin", "group1-shard2of2.bin"],
        weights: [
          weight("a/kernel", [2, 2], quantization),
          weight("a/bias", [2], { dtype: "float16", original_dtype: "float32" }),
        ],
      },
      {
        paths: ["group2-shard1of1.bin"],
        weights: [
          weight("b/kernel", [2, 2], { ...quantization, dtype: "uint16", scale: 0.001, min: 2 }),
          weight("b/bias", [2]),
        ],
      },
    ];
    const write = async (manifest: unknown, more = {}, biasBytes = bias) => {
      const json = { format: "layers-model", modelTopology, weightsManifest: manifest, ...more };
      await Deno.writeTextFile(join(folder, "model.json"), JSON.stringify(json));
      const group = Uint8Array.of(...kernel, ...biasBytes);
      // The cut is inside the kernel, as the converter cuts by size alone.
      await Deno.writeFile(join(folder, "group1-shard1of2.bin"), group.subarray(0, 3));
      await Deno.writeFile(join(folder, "group1-shard2of2.bin"), group.subarray(3));
      await Deno.writeFile(join(folder, "group2-shard1of1.bin"), Uint8Array.of(...second, ...last));
    };
    await write(weightsManifest);
    const weights = (await loadModel(folder)).getWeights().map((w) => [...w.dataSync()]);
    const expected = [[-1, -0.5, 0, 126.5], [1, -2], [2, 67.535, 2.01, 2.02], [0.25, -0.75]];
    weights.forEach((values, i) =>
      values.forEach((value, j) => assert.ok(Math.abs(value - expected[i]![j]!) < 1e-5))
    );

    await write(weightsManifest, {}, Uint8Array.of(0x00, 0x3c, 0x00, 0x7c));
    await assert.rejects(loadModel(folder), /a\/bias holds NaN or infinity/);
    await write(weightsManifest, { format: "graph-model" });
    await assert.rejects(loadModel(folder), /neither a graph of nodes nor a model of layers/);
    await write([{ ...weightsManifest[0], paths: ["../weights.bin"] }, weightsManifest[1]]);
    await assert.rejects(loadModel(folder), /"\.\.\/weights\.bin" is no plain file name/);
    await write(weightsManifest);
    await Deno.writeFile(join(folder, "group1-shard2of2.bin"), new Uint8Array(4));
    await assert.rejects(loadModel(folder), /holds 7 bytes, but its manifest says 8/);
    await Deno.remove(join(folder, "group1-shard2of2.bin"));
    await assert.rejects(loadModel(folder), Deno.errors.NotFound);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("trainCnn() refuses to train other weights with moments that are kept by position", async () => {
  await setUpCompute({ quiet: true });
  const data = {
    images: Uint8Array.from({ length: 8 * 192 }, (_, i) => (i * 31) % 256),
    labels: Uint8Array.from({ length: 8 }, (_, i) => i % 2),
    shape: [8, ...SHAPE] as const,
  };
  const options = { epochs: 1, validationSplit: 0 };
  const model = buildCnn({ seed: 1, inputShape: [...SHAPE], classes: 2 });
  const frozen = model.layers.find((layer) => layer.weights.length > 0)!;
  const compile = () =>
    model.compile({ loss: "categoricalCrossentropy", optimizer: tf.train.rmsprop(0.001) });
  await trainCnn(model, data, options);
  frozen.trainable = false;
  // Adam of buildCnn keeps moments by variable.
  await trainCnn(model, data, options);
  compile();
  await trainCnn(model, data, options);
  await trainCnn(model, data, options);
  frozen.trainable = true;
  await assert.rejects(trainCnn(model, data, options), /same RMSProp optimizer.*compile/);
  compile();
  await trainCnn(model, data, options);
});

Deno.test("A sequential model trains as the same layers in a graph", async () => {
  await setUpCompute({ backend: "simd", quiet: true });
  const images = new Float32Array(12 * 6 * 6).map((_, i) => (i % 31) / 31);
  const data = {
    images,
    shape: [12, 6, 6, 1] as const,
    labels: Uint8Array.from(images.subarray(0, 12), (_, i) => i % 2),
  };
  const losses = [];
  for (const isSequential of [true, false]) {
    const layers = [
      tf.layers.inputLayer({ inputShape: [6, 6, 1] }),
      tf.layers.conv2d({ filters: 3, kernelSize: 3, kernelInitializer: "ones" }),
      tf.layers.flatten(),
      tf.layers.dense({ units: 2, activation: "softmax", kernelInitializer: "ones" }),
    ];
    const sequential = tf.sequential({ layers });
    const model = isSequential
      ? sequential
      : tf.model({ inputs: sequential.inputs, outputs: sequential.outputs });
    model.compile({ optimizer: "sgd", loss: "categoricalCrossentropy", metrics: ["accuracy"] });
    losses.push((await trainCnn(model, data, { epochs: 2 })).loss);
  }
  assert.deepEqual(losses[0], losses[1]);
});

Deno.test("A second training of other layers is right with Sgd and RmsProp, whose moments belong to weights", async () => {
  await setUpCompute({ backend: "simd", quiet: true });
  const data = halves(16), { images, labels } = data;
  const x = tf.div(tf.tensor4d(images, [16, ...SHAPE], "float32"), 255);
  const y = tf.oneHot([...labels], 2).toFloat();
  const pairs: [tf.Optimizer, () => tf.Optimizer][] = [
    [new Sgd(0.05, 0.9, true), () => tf.train.momentum(0.05, 0.9, true)],
    [new RmsProp(0.01), () => tf.train.rmsprop(0.01)],
  ];
  for (const [optimizer, theirs] of pairs) {
    const layers = () => [
      tf.layers.flatten({ inputShape: [...SHAPE] }),
      tf.layers.dense({ units: 4, kernelInitializer: tf.initializers.glorotUniform({ seed: 1 }) }),
      tf.layers.dense({
        units: 2,
        activation: "softmax",
        kernelInitializer: tf.initializers.glorotUniform({ seed: 2 }),
      }),
    ];
    const [ours, other] = [
      tf.sequential({ layers: layers() }),
      tf.sequential({ layers: layers() }),
    ];
    const loss = "categoricalCrossentropy";
    ours.compile({ optimizer, loss });
    // Of tfjs one optimizer for each layer, which sees that layer alone.
    const own = [1, 2].map(theirs);
    const options = { epochs: 2, batchSize: 16, validationSplit: 0 };
    for (const trained of [[2], [1], [1, 2], [2]]) {
      ours.layers.forEach((layer, i) => layer.trainable = i === 0 || trained.includes(i));
      await trainCnn(ours, data, options);
      for (let step = 0; step < 2; step++) {
        const weights = other.layers.flatMap(({ weights }) => weights.map((w) => w.read()));
        const { grads } = tf.variableGrads(
          () => tf.losses.softmaxCrossEntropy(y, logits(other, x)) as tf.Scalar,
          weights as tf.Variable[],
        );
        for (const i of trained) {
          const names = other.layers[i]!.weights.map((w) => (w.read() as tf.Variable).name);
          own[i - 1]!.applyGradients(names.map((name) => ({ name, tensor: grads[name]! })));
        }
      }
    }
    // Not getWeights(), which puts frozen ones last.
    const valuesOf = (model: tf.Sequential) =>
      model.layers.flatMap(({ weights }) => weights.map((w) => w.read().dataSync()));
    const expected = valuesOf(other);
    valuesOf(ours).forEach((values, i) =>
      values.forEach((value, k) =>
        assert.ok(Math.abs(value - expected[i]![k]!) < 1e-4, `${i}: ${value}, ${expected[i]![k]}`)
      )
    );
  }
});

/** A dense network's outputs before its soft-max. */
function logits(model: tf.Sequential, x: tf.Tensor): tf.Tensor {
  const [kernel, bias] = model.layers[2]!.weights.map((w) => w.read());
  const hidden = model.layers[1]!.apply(model.layers[0]!.apply(x)) as tf.Tensor;
  return tf.add(tf.matMul(hidden as tf.Tensor2D, kernel as tf.Tensor2D), bias!);
}

Deno.test("A network whose weights are no numbers gives no features and no classes without a word", async () => {
  await setUpCompute({ backend: "simd", quiet: true });
  const data = halves(6);
  for (const value of [NaN, Infinity]) {
    const model = buildCnn({ seed: 1, inputShape: SHAPE, classes: 2 });
    const hidden = model.getLayer("hidden").weights[0]!;
    const kernel = hidden.read().dataSync().fill(value, 0, 7);
    hidden.write(tf.tensor(kernel, hidden.shape as number[]));
    // Infinity alone is no NaN yet; infinite values that cancel each other are.
    if (value !== value) {
      await assert.rejects(hiddenFeatures(model, data), /Layer "hidden" gives NaN for image 0/);
    }
    await assert.rejects(predictClasses(model, data, { batchSize: 4 }), {
      name: "RangeError",
      message: /The network gives NaN for image 0: its weights are no numbers/,
    });
  }
});

Deno.test("What is no network is refused as such, and a graph model where one is to be trained", async () => {
  await setUpCompute({ backend: "simd", quiet: true });
  const data = halves(6), graph = new tf.GraphModel("nowhere");
  const kinds = [[undefined, "undefined"], [{}, "a plain object"], ["a path", '"a path"']] as const;
  for (const [odd, got] of kinds) {
    const message = (title: string, more = "") => ({
      name: "TypeError",
      message: `${title}: model must be a layers model${more}, got ${got}`,
    });
    const graphs = " or a graph model of tfjs";
    await assert.rejects(hiddenFeatures(odd as never, data), message("hiddenFeatures", graphs));
    await assert.rejects(predictClasses(odd as never, data), message("predictClasses", graphs));
    const cannot = " of tfjs (a graph model predicts, but cannot be trained)";
    await assert.rejects(trainCnn(odd as never, data), message("trainCnn", cannot));
  }
  await assert.rejects(trainCnn(graph as never, data), /a graph model predicts, but cannot be tr/);
});

Deno.test("A layer of one's own without a gradient is told by its operation, before a weight has changed", async () => {
  await setUpCompute({ backend: "simd", quiet: true });
  class Positive extends tf.layers.Layer {
    static className = "Positive";
    override call(inputs: tf.Tensor | tf.Tensor[]): tf.Tensor {
      return tf.cast(tf.greater([inputs].flat()[0]!, 0), "float32");
    }
  }
  const layers = [
    tf.layers.flatten({ inputShape: [...SHAPE] }),
    tf.layers.dense({ units: 3 }),
    new Positive({}),
    tf.layers.dense({ units: 2, activation: "softmax" }),
  ];
  const model = tf.sequential({ layers });
  model.compile({ optimizer: "sgd", loss: "categoricalCrossentropy" });
  const before = model.getWeights().map((weight) => [...weight.dataSync()]);
  const tensors = tf.memory().numTensors;
  await assert.rejects(trainCnn(model, halves(20)), {
    name: "RangeError",
    message: /cannot be trained: tfjs has no gradient of Greater, which a layer/,
  });
  assert.equal(tf.memory().numTensors, tensors);
  assert.deepEqual(model.getWeights().map((weight) => [...weight.dataSync()]), before);
});
