// Networks as tfjs's examples and well-known papers have them, made small: trained and read as by tfjs, or refused by name.
import assert from "node:assert/strict";
import * as tf from "@tensorflow/tfjs";
import { hiddenFeatures, predictClasses, setUpCompute, trainCnn } from "deep-features";
import {
  apply,
  assertClose,
  assertLikeFit,
  build,
  chain,
  conv,
  data,
  dense,
  flat,
  init,
  L,
  type Network,
  recurrent,
  type Tensor,
} from "../helpers/like_fit.ts";

const relu = { activation: "relu" } as const;
const soft = (units: number) => (x: Tensor) =>
  chain(flat(x), dense(units, { activation: "softmax" }));
const sigmoid = (x: Tensor) => chain(flat(x), dense(1, { activation: "sigmoid" }));
/** Convolution, batch normalization, ReLU. */
const block = (x: Tensor, filters: number, more: object = {}) =>
  chain(x, conv(filters, { useBias: false, ...more }), L.batchNormalization(), L.reLU());
const depthwise = (more: object = {}) =>
  L.depthwiseConv2d({ kernelSize: 3, padding: "same", depthwiseInitializer: init(), ...more });

/** MobileNetV2's: expansion, depthwise, projection, a shortcut where shapes agree. */
function inverted(x: Tensor, filters: number, strides: number): Tensor {
  const channels = x.shape.at(-1)!, relu6 = () => L.reLU({ maxValue: 6 });
  const y = chain(
    x,
    conv(2 * channels, { kernelSize: 1, useBias: false }),
    L.batchNormalization(),
    relu6(),
    depthwise({ strides, useBias: false }),
    L.batchNormalization(),
    relu6(),
    conv(filters, { kernelSize: 1, useBias: false }),
    L.batchNormalization(),
  );
  return strides === 1 && channels === filters ? apply(L.add(), x, y) : y;
}

/** Hu et al. 2018: channels weighted by what they hold on average. */
function squeezeAndExcite(x: Tensor): Tensor {
  const channels = x.shape.at(-1)!;
  const weights = chain(
    x,
    L.globalAveragePooling2d({}),
    dense(2, relu),
    dense(channels, { activation: "sigmoid" }),
    L.reshape({ targetShape: [1, 1, channels] }),
  );
  return apply(L.multiply(), x, weights);
}

const EXAMPLES: Record<string, () => Network> = {
  "mnist: two convolutions of 5 × 5": () => ({
    input: [12, 12, 1],
    body: (x) =>
      chain(
        x,
        conv(4, { kernelSize: 5, padding: "valid", ...relu }),
        L.maxPooling2d({ poolSize: 2, strides: 2 }),
        conv(6, { kernelSize: 3, padding: "valid", ...relu }),
        L.maxPooling2d({ poolSize: 2, strides: 2 }),
      ),
    head: soft(10),
  }),
  "mnist: dense": () => ({ input: [49], body: (x) => chain(x, dense(8, relu)), head: soft(10) }),
  "mnist, line by line: LSTM": () => ({
    input: [7, 7],
    body: (x) => chain(x, L.lstm(recurrent(5))),
    head: soft(10),
  }),
  "cifar-10: VGG-like with batch normalization": () => ({
    input: [8, 8, 3],
    body: (x) =>
      chain(block(block(x, 4), 4), L.maxPooling2d({ poolSize: 2 }), L.dropout({ rate: 0 })),
    head: soft(10),
  }),
  "iris: rows of four values": () => ({
    input: [4],
    body: (x) => chain(x, dense(10, { activation: "sigmoid" })),
    head: soft(3),
    optimizer: () => tf.train.adam(0.01),
  }),
  "website-phishing: one sigmoid unit": () => ({
    input: [30],
    body: (x) =>
      chain(x, dense(20, { activation: "sigmoid" }), dense(10, { activation: "sigmoid" })),
    head: sigmoid,
    loss: "binaryCrossentropy",
    metrics: ["accuracy"],
  }),
  "sentiment: embedding, one-dimensional convolution": () => ({
    input: [12],
    below: 20,
    body: (x) =>
      chain(
        x,
        L.embedding({ inputDim: 20, outputDim: 6, embeddingsInitializer: init() as never }),
        L.conv1d({ filters: 5, kernelSize: 3, kernelInitializer: init(), ...relu }),
        L.globalMaxPool1d(),
        dense(4, relu),
      ),
    head: sigmoid,
    loss: "binaryCrossentropy",
  }),
  "sentiment: bidirectional LSTM": () => ({
    input: [9],
    below: 20,
    body: (x) =>
      chain(
        x,
        L.embedding({ inputDim: 20, outputDim: 4, embeddingsInitializer: init() as never }),
        L.bidirectional({ layer: L.lstm(recurrent(3)) as tf.RNN, mergeMode: "concat" }),
      ),
    head: sigmoid,
    loss: "binaryCrossentropy",
  }),
  "speech-commands: convolutions of spectrograms": () => ({
    input: [16, 20, 1],
    body: (x) =>
      chain(
        x,
        conv(3, { kernelSize: [2, 8], padding: "valid", ...relu }),
        L.maxPooling2d({ poolSize: [2, 2], strides: [2, 2] }),
        conv(4, { kernelSize: [2, 4], padding: "valid", ...relu }),
        L.maxPooling2d({ poolSize: [2, 2], strides: [1, 2] }),
        L.flatten(),
        L.dropout({ rate: 0 }),
        dense(9, relu),
      ),
    head: soft(5),
  }),
  "activity recognition: GRU of sensor values": () => ({
    input: [10, 6],
    body: (x) => chain(x, L.gru({ ...recurrent(6), returnSequences: true }), L.gru(recurrent(4))),
    head: soft(4),
  }),
  "webcam transfer learning: a head on a frozen MobileNet": () => ({
    body: (x) => {
      const input = tf.input({ shape: [6, 6, 2] });
      const base = tf.model({ inputs: input, outputs: inverted(block(input, 4), 4, 1) });
      base.trainable = false;
      return chain(apply(base, x), L.flatten(), dense(6, relu));
    },
    optimizer: () => tf.train.adam(0.001),
  }),
  "MobileNetV2": () => ({
    input: [8, 8, 3],
    body: (x) =>
      chain(
        inverted(inverted(block(x, 4, { strides: 2 }), 4, 1), 6, 2),
        L.globalAveragePooling2d({}),
      ),
    head: soft(5),
  }),
  "MobileNet: padded, depthwise, ReLU6": () => ({
    input: [8, 8, 3],
    body: (x) =>
      chain(
        x,
        L.zeroPadding2d({ padding: [[0, 1], [0, 1]] }),
        conv(4, { strides: 2, padding: "valid", useBias: false }),
        L.batchNormalization(),
        L.reLU({ maxValue: 6 }),
        depthwise(),
        L.batchNormalization(),
        L.reLU({ maxValue: 6 }),
        conv(6, { kernelSize: 1 }),
        L.globalAveragePooling2d({}),
        L.reshape({ targetShape: [1, 1, 6] }),
        L.dropout({ rate: 0 }),
        conv(3, { kernelSize: 1 }),
        L.reshape({ targetShape: [3] }),
      ),
    head: (x) => chain(x, L.activation({ activation: "softmax" })),
  }),
  "ResNet with a projection": () => ({
    body: (x) => {
      const y = block(x, 4);
      const z = chain(
        block(y, 6, { strides: 2 }),
        conv(6, { useBias: false }),
        L.batchNormalization(),
      );
      const shortcut = chain(y, conv(6, { kernelSize: 1, strides: 2 }), L.batchNormalization());
      return chain(apply(L.add(), z, shortcut), L.reLU(), L.globalAveragePooling2d({}));
    },
  }),
  "Inception: branches, normalization without scale": () => ({
    body: (x) => {
      const part = (y: Tensor, filters: number, kernelSize: number | number[]) =>
        chain(
          y,
          conv(filters, { kernelSize, useBias: false }),
          L.batchNormalization({ scale: false }),
          L.activation({ activation: "relu" }),
        );
      const pooled = chain(x, L.averagePooling2d({ poolSize: 3, strides: 1, padding: "same" }));
      return apply(
        L.concatenate({ axis: 3 }),
        part(x, 2, 1),
        part(part(x, 2, 1), 3, [1, 3]),
        part(part(x, 2, 1), 3, [3, 1]),
        part(pooled, 2, 1),
      );
    },
  }),
  "DenseNet": () => ({
    body: (x) => {
      let y = chain(x, conv(3));
      for (let i = 0; i < 2; i++) {
        const next = chain(y, L.batchNormalization(), L.reLU(), conv(3, { useBias: false }));
        y = apply(L.concatenate(), y, next);
      }
      return chain(y, L.batchNormalization(), L.reLU(), L.averagePooling2d({ poolSize: 2 }));
    },
  }),
  "Xception: separable convolutions": () => ({
    body: (x) => {
      const separable = (filters: number) =>
        L.separableConv2d({
          filters,
          kernelSize: 3,
          padding: "same",
          useBias: false,
          depthwiseInitializer: init(),
          pointwiseInitializer: init(),
        });
      const y = chain(
        x,
        separable(4),
        L.batchNormalization(),
        L.reLU(),
        separable(4),
        L.batchNormalization(),
      );
      return apply(L.add(), y, chain(x, conv(4, { kernelSize: 1 }), L.batchNormalization()));
    },
  }),
  "SqueezeNet: fire modules": () => ({
    body: (x) => {
      const squeezed = chain(x, conv(2, { kernelSize: 1, ...relu }));
      const wide = apply(
        L.concatenate(),
        chain(squeezed, conv(3, { kernelSize: 1, ...relu })),
        chain(squeezed, conv(3, relu)),
      );
      return chain(wide, L.dropout({ rate: 0 }), conv(3, { kernelSize: 1, ...relu }));
    },
    head: (x) => chain(x, L.globalAveragePooling2d({}), L.softmax()),
  }),
  "EfficientNet: swish, squeeze and excitation, rescaling": () => ({
    body: (x) => {
      const y = chain(
        x,
        L.rescaling({ scale: 2, offset: 0.1 }),
        conv(4, { useBias: false }),
        L.batchNormalization(),
        L.activation({ activation: "swish" }),
        depthwise({ activation: "swish" }),
      );
      return chain(squeezeAndExcite(y), conv(4, { kernelSize: 1 }));
    },
  }),
  "a U-Net's encoder and decoder, pooled": () => ({
    body: (x) => {
      const down = chain(x, conv(3, relu)),
        low = chain(down, L.maxPooling2d({ poolSize: 2 }), conv(4, relu));
      const up = chain(
        low,
        L.conv2dTranspose({ filters: 3, kernelSize: 2, strides: 2, kernelInitializer: init() }),
      );
      return chain(apply(L.concatenate(), up, down), conv(3, relu), L.globalMaxPooling2d({}));
    },
  }),
  "a Siamese pair of halves": () => ({
    body: (x) => {
      const input = tf.input({ shape: [6, 3, 2] });
      const twin = tf.model({
        inputs: input,
        outputs: chain(input, conv(3, relu), L.flatten(), dense(4)),
      });
      const [left, right] = [[[0, 0], [0, 3]], [[0, 0], [3, 0]]].map((cropping) =>
        apply(
          twin,
          chain(x, L.cropping2D({ cropping: cropping as [[number, number], [number, number]] })),
        )
      );
      return apply(L.multiply(), left!, right!);
    },
  }),
  "snake: convolutions without padding, mean squared error": () => ({
    input: [9, 9, 2],
    body: (x) =>
      chain(
        x,
        conv(4, { padding: "valid", ...relu }),
        L.batchNormalization(),
        conv(4, { padding: "valid", ...relu }),
        L.batchNormalization(),
        L.flatten(),
        dense(6, relu),
        L.dropout({ rate: 0 }),
      ),
    head: (x) => chain(x, dense(3)),
    loss: "meanSquaredError",
  }),
};

/** What is no classifier of single images, and what it says. */
const REFUSED: Record<string, [() => tf.LayersModel, RegExp]> = {
  "addition: sequences to sequences": [
    () =>
      build({
        input: [6, 6],
        body: (x) =>
          chain(
            x,
            L.simpleRNN(recurrent(4)),
            L.repeatVector({ n: 3 }),
            L.simpleRNN({ ...recurrent(4), returnSequences: true }),
            L.timeDistributed({ layer: L.dense({ units: 5, activation: "softmax" }) }),
          ),
        head: (x) => x,
      }),
    /output has the shape \[n, 3, 5\]: a classifier's is \[n, classes\]/,
  ],
  "segmentation": [
    () => build({ body: (x) => chain(x, conv(3, { activation: "softmax" })), head: (x) => x }),
    /output has the shape \[n, 6, 6, 3\]/,
  ],
  "acgan's discriminator: two outputs": [
    () => {
      const input = tf.input({ shape: [6, 6, 2] }), features = chain(input, conv(3), L.flatten());
      const model = tf.model({
        inputs: input,
        outputs: [sigmoid(features), soft(3)(features)],
      });
      model.compile({
        optimizer: "adam",
        loss: ["binaryCrossentropy", "sparseCategoricalCrossentropy"],
      });
      return model;
    },
    /has 2 outputs \(.*\): only models with one output are supported/,
  ],
  "translation: two inputs": [
    () => {
      const inputs = [tf.input({ shape: [6, 6, 2] }), tf.input({ shape: [6, 6, 2] })] as const;
      const model = tf.model({ inputs: [...inputs], outputs: soft(3)(apply(L.add(), ...inputs)) });
      model.compile({ optimizer: "adam", loss: "categoricalCrossentropy" });
      return model;
    },
    /has 2 inputs \(.*\): only models with one input are supported/,
  ],
};

Deno.test("Networks as examples and papers have them train and predict as by tfjs", async (t) => {
  await setUpCompute({ backend: "simd", quiet: true });
  for (const [name, make] of Object.entries(EXAMPLES)) {
    await t.step(name, () => assertLikeFit(make));
  }
});

Deno.test("Networks that are no classifiers of single images are refused by name", async () => {
  await setUpCompute({ backend: "simd", quiet: true });
  for (const [name, [make, message]] of Object.entries(REFUSED)) {
    await assert.rejects(
      trainCnn(make(), data(3), { epochs: 1 }),
      { name: "RangeError", message },
      name,
    );
  }
});

/** A graph model of one matrix product, of rows of 12 numbers. */
function product(type: string, batch: number, weights: Float32Array): Promise<tf.GraphModel> {
  const shape = { dim: [batch, 12].map((size) => ({ size: String(size) })) };
  const [dtype, float] = [{ type }, { type: "DT_FLOAT" }];
  const node = [
    { name: "row", op: "Placeholder", attr: { dtype, shape: { shape } } },
    { name: "numbers", op: "Cast", input: ["row"], attr: { SrcT: dtype, DstT: float } },
    { name: "weights", op: "Const", attr: { dtype: float } },
    { name: "scores", op: "MatMul", input: ["numbers", "weights"], attr: { T: float } },
  ];
  return tf.loadGraphModel(tf.io.fromMemory({
    modelTopology: { node, library: {}, versions: {} },
    weightSpecs: [{ name: "weights", shape: [12, 3], dtype: "float32" }],
    weightData: weights.slice().buffer,
  }));
}

Deno.test("Graph models of whole numbers and of batches of one size are given these, or refuse by name", async () => {
  await setUpCompute({ backend: "simd", quiet: true });
  const weights = Float32Array.from({ length: 36 }, (_, i) => i % 5 - 2);
  const images = Uint8Array.from({ length: 72 }, (_, i) => i * 3);
  const set = { images, shape: [6, 2, 2, 3] as const };
  const rows = tf.tensor2d(Float32Array.from(images), [6, 12]);
  const expected = tf.matMul(rows, tf.tensor2d(weights, [12, 3])).dataSync();
  const whole = { layer: "scores", preprocessing: { scale: "0..255" } } as const;
  for (const [type, batch] of [["DT_INT32", -1], ["DT_INT32", 1], ["DT_FLOAT", 3]] as const) {
    const graph = await product(type, batch, weights);
    assertClose(`${type} ${batch}`, (await hiddenFeatures(graph, set, whole)).data, expected);
    if (type === "DT_INT32") {
      await assert.rejects(
        hiddenFeatures(graph, set, { layer: "scores" }),
        /Layer "row" takes whole numbers, but bytes become fractions \(0\.\.1\).*scale: "0\.\.255"/,
      );
    }
    if (batch === 3) {
      const four = { images: images.subarray(0, 48), shape: [4, 2, 2, 3] as const };
      await assert.rejects(
        hiddenFeatures(graph, four, whole),
        /3 images at once, which 4 images do/,
      );
      await assert.rejects(
        hiddenFeatures(graph, set, { ...whole, batchSize: 2 }),
        /3 images at once, but batchSize is 2: leave it out/,
      );
      await hiddenFeatures(graph, set, { ...whole, batchSize: 3 });
    }
    graph.dispose();
  }
});

Deno.test("A table of whole numbers is found inside of another layer, too", async () => {
  await setUpCompute({ backend: "simd", quiet: true });
  const images = Uint8Array.from({ length: 72 }, (_, i) => i * 3 % 20);
  const set = { images, shape: [6, 2, 2, 3] as const };
  const table = tf.layers.embedding({ inputDim: 20, outputDim: 4 });
  const model = tf.sequential({
    layers: [
      tf.layers.reshape({ inputShape: [2, 2, 3], targetShape: [4, 3] }),
      tf.layers.timeDistributed({ layer: table, name: "each" }),
      tf.layers.flatten({ name: "hidden" }),
    ],
  });
  const rows = tf.tensor(Float32Array.from(images), [6, 2, 2, 3]);
  const expected = (model.predict(rows) as tf.Tensor).dataSync();
  const preprocessing = { scale: "0..255" } as const;
  const { data } = await hiddenFeatures(model, set, { preprocessing });
  assertClose("in TimeDistributed", data, expected);
  await assert.rejects(hiddenFeatures(model, set), /Layer "each" takes whole numbers/);
});

Deno.test("Images are rows or sequences to networks that take these, graph models included", async () => {
  await setUpCompute({ backend: "simd", quiet: true });
  const weights = Float32Array.from({ length: 36 }, (_, i) => i % 7 - 3);
  const graph = await product("DT_FLOAT", -1, weights);
  const images = Float32Array.from({ length: 24 }, (_, i) => i / 24);
  const set = { images, shape: [2, 2, 3, 2] as const };
  const before = tf.memory().numTensors;
  const { data: scores } = await hiddenFeatures(graph, set, { layer: "scores" });
  assert.equal(tf.memory().numTensors, before);
  const expected = tf.matMul(tf.tensor2d(images, [2, 12]), tf.tensor2d(weights, [12, 3]));
  assertClose("scores", scores, expected.dataSync());
  graph.dispose();

  const lines = build(EXAMPLES["mnist, line by line: LSTM"]!());
  const wrong = [[2, 7, 7, 3], [2, 7, 6, 1], [2, 49, 1, 1]] as const;
  for (const shape of wrong) {
    const images = new Uint8Array(tf.util.sizeFromShape([...shape]));
    const message = new RegExp(`are ${shape.slice(1).join(" × ")}, but the model takes 7 × 7`);
    await assert.rejects(predictClasses(lines, { images, shape }), { name: "RangeError", message });
  }
});
