// trainCnn() against tfjs's own fit() and predict(): the same weights, batches and losses, network by network.
import assert from "node:assert/strict";
import * as tf from "@tensorflow/tfjs";
import { hiddenFeatures, predictClasses, setUpCompute, trainCnn } from "deep-features";
import { seededRandom } from "deep-features/base";
import { createForwardPass } from "../../lib/cnn/engine/forward.ts";
import { seededLayer } from "../../lib/cnn/engine/random_layers.ts";
import {
  apply,
  assertClose,
  assertLikeFit,
  behind,
  build,
  chain,
  CHANNELS,
  CLASSES,
  conv,
  data,
  dense,
  flat,
  init,
  L,
  l2,
  N,
  type Network,
  oneUnit,
  onSequence,
  plain,
  recurrent,
  restartSeeds,
  sequence,
  SIDE,
  softmaxHead,
  STEPS,
  targets,
  type Tensor,
  twins,
} from "../helpers/like_fit.ts";

const NETWORKS: Record<string, () => Network> = {
  "convolution, ReLU, pooling": () => behind(L.reLU(), L.maxPooling2d({ poolSize: 2 })),
  "two convolutions of 2 × 2 that are folded": () => ({
    body: (x) => chain(x, conv(8, { kernelSize: 2 }), conv(8, { kernelSize: 2 }), L.reLU()),
  }),
  "1 × 1 behind 2 × 2, both linear": () => ({
    body: (x) => chain(x, conv(8, { kernelSize: 2 }), conv(8, { kernelSize: 1 })),
  }),
  "2 × 2 behind 1 × 1, both linear": () => ({
    body: (x) => chain(x, conv(8, { kernelSize: 1 }), conv(8, { kernelSize: 2 })),
  }),
  "a folded pair in the middle, and images used twice": () => ({
    body: (x) =>
      apply(
        L.concatenate(),
        chain(x, conv(8, { kernelSize: 2 }), conv(8, { kernelSize: 2 })),
        chain(x, conv(3)),
      ),
  }),
  "ReLU with maxValue 6 before pooling": () =>
    behind(L.reLU({ maxValue: 0.2 }), L.maxPooling2d({ poolSize: 2, padding: "same" })),
  "activation relu6 before pooling": () =>
    behind(L.activation({ activation: "relu6" }), L.maxPooling2d({ poolSize: 3, strides: 2 })),
  "ReLU before average pooling": () => behind(L.reLU(), L.averagePooling2d({ poolSize: 2 })),
  "batch normalization": () => behind(L.batchNormalization({ momentum: 0.5 }), L.reLU()),
  "batch normalization of the images": () => ({
    body: (x) => chain(x, L.batchNormalization(), conv(3)),
  }),
  "frozen batch normalization": () => behind(L.batchNormalization({ trainable: false })),
  "layer normalization": () => behind(L.layerNormalization()),
  "L2 and L1 penalties": () => ({
    body: (x) =>
      chain(
        x,
        conv(4, { kernelRegularizer: l2(), biasRegularizer: tf.regularizers.l1({ l1: 0.1 }) }),
        dense(3, { kernelRegularizer: tf.regularizers.l1l2({ l1: 0.02, l2: 0.02 }) }),
      ),
  }),
  "a frozen layer": () => ({ body: (x) => chain(x, conv(4, { trainable: false }), L.reLU()) }),
  "a residual branch": () => ({
    body: (x) => {
      const y = chain(x, conv(4));
      return apply(L.add(), y, chain(y, conv(4, { activation: "relu" }), L.batchNormalization()));
    },
  }),
  "all merges": () => ({
    body: (x) => {
      const [a, b] = [chain(x, conv(3)), chain(x, conv(3))];
      const merges = [L.add(), L.average(), L.maximum(), L.minimum(), L.multiply()];
      return apply(L.concatenate({ axis: -1 }), ...merges.map((merge) => apply(merge, a, b)));
    },
  }),
  "dot of two vectors": () => ({
    body: (x) => {
      const [a, b] = [chain(flat(x), dense(4)), chain(flat(x), dense(4))];
      return apply(L.concatenate(), apply(L.dot({ axes: 1 }), a, b), a);
    },
  }),
  "one layer used twice": () => ({
    body: (x) => {
      const shared = conv(CHANNELS, { activation: "tanh" });
      return chain(x, shared, shared);
    },
  }),
  "a model inside, used twice": () => ({
    body: (x) => {
      const input = tf.input({ shape: [SIDE, SIDE, CHANNELS] });
      const inner = tf.model({
        inputs: input,
        outputs: chain(input, conv(CHANNELS), L.batchNormalization(), L.reLU()),
      });
      return apply(L.add(), apply(inner, x), apply(inner, apply(inner, x)));
    },
  }),
  "a sequential model inside": () => ({
    body: (x) =>
      apply(
        tf.sequential({
          layers: [
            conv(4, { inputShape: [SIDE, SIDE, CHANNELS] }),
            L.maxPooling2d({ poolSize: 2 }),
          ],
        }),
        x,
      ),
  }),
  "soft-max as an activation layer": () => ({
    body: plain,
    head: (x) => chain(flat(x), dense(CLASSES), L.activation({ activation: "softmax" })),
  }),
  "soft-max as a layer of its own": () => ({
    body: plain,
    head: (x) => chain(flat(x), dense(CLASSES), L.softmax()),
  }),
  "soft-max without bias": () => ({
    body: plain,
    head: (x) => chain(flat(x), dense(CLASSES, { activation: "softmax", useBias: false })),
  }),
  "cross-entropy of scores that are no soft-max": () => ({
    body: plain,
    head: (x) => chain(flat(x), dense(CLASSES, { activation: "sigmoid" })),
  }),
  "sparse cross-entropy": () => ({ body: plain, loss: "sparseCategoricalCrossentropy" }),
  "binary cross-entropy of one unit": () => ({
    body: plain,
    head: oneUnit("sigmoid"),
    loss: "binaryCrossentropy",
  }),
  "binary cross-entropy of several units": () => ({
    body: plain,
    head: (x) => chain(flat(x), dense(CLASSES, { activation: "sigmoid" })),
    loss: "binaryCrossentropy",
  }),
  "hinge of one unit": () => ({ body: plain, head: oneUnit("tanh"), loss: "hinge" }),
  "squared hinge of one unit": () => ({
    body: plain,
    head: oneUnit("linear"),
    loss: "squaredHinge",
  }),
  "categorical hinge": () => ({ body: plain, loss: "categoricalHinge" }),
  "mean squared error": () => ({ body: plain, loss: "meanSquaredError" }),
  "mean absolute error": () => ({ body: plain, loss: "meanAbsoluteError" }),
  "Kullback–Leibler": () => ({ body: plain, loss: "kullbackLeiblerDivergence" }),
  "further metrics": () => ({
    body: plain,
    metrics: ["accuracy", "mse", "precision", "categoricalCrossentropy"],
  }),
  "leaky and parametric ReLU": () => behind(L.leakyReLU({ alpha: 0.2 }), L.prelu()),
  "ELU": () => behind(L.elu()),
  "activations": () => {
    const names = ["selu", "softplus", "softsign", "hardSigmoid", "swish", "mish", "gelu", "tanh"];
    return behind(...names.map((activation) => L.activation({ activation: activation as "selu" })));
  },
  "depthwise convolution": () =>
    behind(L.depthwiseConv2d({ kernelSize: 3, depthMultiplier: 2, depthwiseInitializer: init() })),
  "separable convolution": () =>
    behind(
      L.separableConv2d({
        filters: 3,
        kernelSize: 3,
        depthwiseInitializer: init(),
        pointwiseInitializer: init(),
      }),
    ),
  "transposed convolution": () =>
    behind(L.conv2dTranspose({ filters: 3, kernelSize: 3, strides: 2, kernelInitializer: init() })),
  "strides": () => ({
    body: (x) => chain(x, conv(4, { strides: 2 }), conv(3, { strides: [1, 2] })),
  }),
  "padding": () => behind(L.zeroPadding2d({ padding: 1 })),
  "cropping": () => behind(L.cropping2D({ cropping: [[1, 0], [0, 1]] })),
  "enlarging": () => behind(L.upSampling2d({ size: [2, 2] })),
  "global average pooling": () => behind(L.globalAveragePooling2d({})),
  "global max pooling": () => behind(L.globalMaxPooling2d({})),
  "permute, reshape, repeat": () => ({
    body: (x) =>
      chain(x, L.permute({ dims: [2, 3, 1] }), L.flatten(), dense(4), L.repeatVector({ n: 2 })),
  }),
  "one-dimensional convolution and pooling": () =>
    onSequence(
      L.conv1d({ filters: 4, kernelSize: 3, kernelInitializer: init() }),
      L.maxPooling1d({ poolSize: 2 }),
      L.averagePooling1d({ poolSize: 2, padding: "same" }),
    ),
  "one-dimensional global pooling": () => onSequence(L.globalMaxPooling1d()),
  "one-dimensional global average": () => onSequence(L.globalAveragePooling1d()),
  "LSTM": () => onSequence(L.lstm(recurrent(4))),
  "GRU": () => onSequence(L.gru(recurrent(4))),
  "simple recurrent layer": () => onSequence(L.simpleRNN(recurrent(4))),
  "time-distributed dense layer, bidirectional": () =>
    onSequence(
      L.timeDistributed({ layer: dense(3) }),
      L.bidirectional({
        layer: L.simpleRNN(recurrent()) as tf.RNN,
        mergeMode: "concat",
      }),
    ),
  "rescaling": () => ({ body: (x) => chain(x, L.rescaling({ scale: 2, offset: -1 }), conv(3)) }),
  "Adam": () => ({ body: plain, optimizer: () => tf.train.adam(0.01) }),
  "momentum": () => ({ body: plain, optimizer: () => tf.train.momentum(0.05, 0.9) }),
  "RMSProp": () => ({ body: plain, optimizer: () => tf.train.rmsprop(0.01) }),
  "Adagrad": () => ({ body: plain, optimizer: () => tf.train.adagrad(0.05) }),
};

Deno.test("trainCnn() trains what tfjs's fit() trains, and predicts what its predict() predicts", async (t) => {
  for (const backend of ["cpu", "simd"] as const) {
    await setUpCompute({ backend, quiet: true });
    for (const [name, make] of Object.entries(NETWORKS)) {
      await t.step(`${name}, on ${backend}`, () => assertLikeFit(make));
    }
  }
});

Deno.test("trainCnn() holds constraints after each step, where tfjs's fit() alone forgets them", async () => {
  await setUpCompute({ backend: "cpu", quiet: true });
  const constraint = tf.constraints.maxNorm({ maxValue: 0.4, axis: 0 });
  const make = () => ({
    body: flat,
    head: (x: Tensor) =>
      chain(x, dense(CLASSES, { activation: "softmax", kernelConstraint: constraint })),
  });
  const [ours, theirs] = twins(make);
  ours.setWeights(theirs.getWeights());
  const set = data(CLASSES);
  const x = tf.tensor4d(set.images, [N, SIDE, SIDE, CHANNELS]);
  for (let step = 0; step < STEPS; step++) {
    await theirs.fit(x, targets(theirs, set.labels), { epochs: 1, batchSize: N, verbose: 0 });
    const [kernel, bias] = theirs.getWeights() as [tf.Tensor, tf.Tensor];
    const norms = tf.sqrt(tf.sum(tf.square(kernel), 0, true));
    theirs.setWeights([tf.mul(kernel, tf.div(tf.clipByValue(norms, 0, 0.4), norms)), bias]);
  }
  await trainCnn(ours, set, { epochs: STEPS, batchSize: N, validationSplit: 0 });
  ours.getWeights().forEach((weight, i) =>
    assertClose(`weight ${i}`, weight.dataSync(), theirs.getWeights()[i]!.dataSync())
  );
});

Deno.test("trainCnn() counts soft labels as such", async () => {
  await setUpCompute({ backend: "simd", quiet: true });
  const [ours, theirs] = twins(() => ({ body: plain }));
  const set = data(CLASSES);
  const random = seededRandom(8);
  const rows = Array.from({ length: N }, () => {
    const row = [random(), random(), random()];
    const sum = row.reduce((a, b) => a + b);
    return row.map((share) => share / sum);
  });
  const { history } = await theirs.fit(
    tf.tensor4d(set.images, [N, SIDE, SIDE, CHANNELS]),
    tf.tensor2d(rows),
    { epochs: STEPS, batchSize: N, verbose: 0 },
  );
  const own = await trainCnn(ours, { ...set, labels: rows.flat() }, {
    epochs: STEPS,
    batchSize: N,
    validationSplit: 0,
  });
  assertClose("loss", own.loss, history["loss"] as number[]);
  assertClose("accuracy", own.accuracy, history["acc"] as number[]);
});

Deno.test("Layers that draw random numbers draw them from the seed, with the moments they promise", async () => {
  await setUpCompute({ backend: "simd", quiet: true });
  const x = tf.ones([20_000, 2, 1]);
  const moments = (values: tf.Tensor) => {
    const { mean, variance } = tf.moments(values);
    return [mean.dataSync()[0]!, Math.sqrt(variance.dataSync()[0]!)] as const;
  };
  const cases: [tf.layers.Layer, number, number][] = [
    [L.dropout({ rate: 0.3 }), 1, Math.sqrt(0.3 / 0.7)],
    [L.gaussianNoise({ stddev: 0.5 }), 1, 0.5],
    [L.gaussianDropout({ rate: 0.2 }), 1, Math.sqrt(0.2 / 0.8)],
    [L.spatialDropout1d({ rate: 0.3 }), 1, Math.sqrt(0.3 / 0.7)],
  ];
  for (const [layer, mean, sd] of cases) {
    layer.build(x.shape);
    const seeded = seededLayer(layer)!;
    const drawn = moments(seeded(x, 5));
    assert.ok(Math.abs(drawn[0] - mean) < 0.02, `${layer.getClassName()}: mean ${drawn[0]}`);
    assert.ok(Math.abs(drawn[1] - sd) < 0.02, `${layer.getClassName()}: sd ${drawn[1]}`);
    assert.deepEqual([...seeded(x, 5).dataSync()], [...seeded(x, 5).dataSync()]);
    assert.notDeepEqual([...seeded(x, 5).dataSync()], [...seeded(x, 6).dataSync()]);
    const own = tf.randomNormal([400, 6, 5], 2, 3, "float32", 1);
    assert.deepEqual(
      [...(layer.apply(own) as tf.Tensor).dataSync()],
      [...own.dataSync()],
      "prediction draws nothing",
    );
  }
  // Alpha dropout keeps mean 0 and standard deviation 1 of standard normal numbers.
  const normal = tf.randomNormal([40_000], 0, 1, "float32", 3);
  const alpha = L.alphaDropout({ rate: 0.2 });
  const [mean, sd] = moments(seededLayer(alpha)!(normal, 4));
  assert.ok(Math.abs(mean) < 0.03 && Math.abs(sd - 1) < 0.03, `mean ${mean}, sd ${sd}`);
  // Spatial dropout drops whole columns of a sequence.
  const mask = seededLayer(L.spatialDropout1d({ rate: 0.5 }))!(tf.ones([50, 7, 4]), 1);
  const columns = (tf.sum(mask, 1).arraySync() as number[][]).flat();
  assert.deepEqual([...new Set(columns)].sort((a, b) => a - b), [0, 14]);
});

Deno.test("trainCnn() refuses by name what it cannot train right, before any work", async () => {
  await setUpCompute({ backend: "cpu", quiet: true });
  const set = data(CLASSES);
  const refused: [RegExp, () => Network][] = [
    [/thresholded_re_lu.*no gradient/, () => behind(L.thresholdedReLU({ theta: 0.1 }))],
    [/dilation rate of 2 × 2/, () => behind(conv(3, { dilationRate: 2 }))],
    [/lstm.*the dropout of LSTM/, () => onSequence(L.lstm({ ...recurrent(), dropout: 0.1 }))],
    [
      /gru.*the recurrentDropout of GRU/,
      () => onSequence(L.gru({ ...recurrent(), recurrentDropout: 0.1 })),
    ],
    [
      /time_distributed.*the Dropout in TimeDistributed/,
      () => onSequence(L.timeDistributed({ layer: L.dropout({ rate: 0.5 }) })),
    ],
    [/masking.*makes a mask/, () => onSequence(L.masking({ maskValue: 0 }), L.lstm(recurrent()))],
    [
      /shape \[n, 6, 6, 4\]: a classifier's is \[n, classes\]/,
      () => ({ body: plain, head: (x) => x }),
    ],
    [
      /centered RMSProp.*deep-features\/backend/,
      () => ({ body: plain, optimizer: () => tf.train.rmsprop(0.01, 0.9, 0, 1e-7, true) }),
    ],
    [
      /one output unit with categoricalCrossentropy/,
      () => ({ body: plain, head: oneUnit("sigmoid") }),
    ],
    [
      /none of its weights is trainable/,
      () => ({
        body: flat,
        head: (x) => chain(x, dense(CLASSES, { trainable: false, activation: "softmax" })),
      }),
    ],
  ];
  for (const [message, make] of refused) {
    await assert.rejects(trainCnn(build(make()), set, { epochs: 1 }), {
      name: "RangeError",
      message,
    });
  }
});

Deno.test("A network that takes rows of numbers gets each image as one", async () => {
  for (const backend of ["cpu", "simd"] as const) {
    await setUpCompute({ backend, quiet: true });
    const set = data(CLASSES);
    const size = SIDE * SIDE * CHANNELS;
    const make = () => {
      restartSeeds(200);
      const input = tf.input({ shape: [size] });
      const model = tf.model({ inputs: input, outputs: softmaxHead(chain(input, dense(5))) });
      model.compile({ optimizer: tf.train.sgd(0.1), loss: "categoricalCrossentropy" });
      return model;
    };
    const ours = make(), theirs = make();
    theirs.setWeights(ours.getWeights());
    const rows = tf.tensor2d(set.images, [N, size]);
    const { history } = await theirs.fit(rows, targets(theirs, set.labels), {
      epochs: STEPS,
      batchSize: N,
      verbose: 0,
    });
    const own = await trainCnn(ours, set, { epochs: STEPS, batchSize: N, validationSplit: 0 });
    assertClose("loss", own.loss, history["loss"] as number[]);
    const scores = (theirs.predict(rows) as tf.Tensor).dataSync();
    const layer = ours.layers.at(-1)!.name;
    assertClose("scores", (await hiddenFeatures(ours, set, { layer })).data, scores);
    const odd = { ...set, images: set.images.subarray(N), shape: [N, 1, 1, size - 1] as const };
    await assert.rejects(
      hiddenFeatures(ours, odd, { layer }),
      /are 1 × 1 × 71, but the model takes 72/,
    );
  }
});

Deno.test("Layers without a gradient train nothing behind them, and are let be before frozen ones", async () => {
  await setUpCompute({ backend: "simd", quiet: true });
  await assertLikeFit(() => ({
    body: (x) =>
      chain(x, conv(3, { dilationRate: 2, trainable: false }), L.thresholdedReLU({ theta: 0.05 })),
  }));
});

Deno.test("Layers of whole numbers take floats as they are, and refuse bytes that would become fractions", async () => {
  await setUpCompute({ backend: "simd", quiet: true });
  const model = build({
    body: (x) => chain(flat(x), L.embedding({ inputDim: 256, outputDim: 3 })),
  });
  const { images: floats, ...rest } = data(CLASSES);
  const bytes = Uint8Array.from(floats, (_, i) => i % 256);
  const refused = { name: "RangeError", message: /"embedding_.*whole numbers.*Float32Array/ };
  await assert.rejects(trainCnn(model, { ...rest, images: bytes }), refused);
  await assert.rejects(predictClasses(model, { ...rest, images: bytes }), refused);
  const layer = model.layers.at(-1)!.name;
  const preprocessing = { scale: "0..255" } as const;
  const whole = await hiddenFeatures(model, { ...rest, images: bytes }, { layer, preprocessing });
  const images = Float32Array.from(bytes);
  assert.deepEqual((await hiddenFeatures(model, { ...rest, images }, { layer })).data, whole.data);
  await trainCnn(model, { ...rest, images }, { epochs: 1 });
});

Deno.test("A dropout layer that is used twice drops other values each time, its own seed or not", async () => {
  await setUpCompute({ backend: "simd", quiet: true });
  const input = tf.input({ shape: [50] });
  const layer = L.dropout({ rate: 0.5, seed: 3 });
  const model = tf.model({
    inputs: input,
    outputs: apply(L.concatenate(), apply(layer, input), apply(layer, input)),
  });
  const pass = createForwardPass(model, { training: true });
  const drawn = (seed: number) => {
    const values = pass.apply(tf.ones([1, 50]), { seed }).dataSync();
    return [values.slice(0, 50), values.slice(50)] as const;
  };
  const [first, second] = drawn(1);
  assert.notDeepEqual(first, second);
  assert.deepEqual(drawn(1), [first, second]);
  assert.notDeepEqual(drawn(2)[0], first);
});

Deno.test("Recurrent layers begin with the states that they are given, where tfjs's own predict() fails", async () => {
  await setUpCompute({ backend: "simd", quiet: true });
  const first = L.lstm({ ...recurrent(), returnState: true }), second = L.lstm(recurrent());
  const model = build({
    body: (x) => {
      const [, ...states] = first.apply(sequence(x)) as Tensor[];
      return second.apply(sequence(x), { initialState: states }) as Tensor;
    },
  });
  const set = data(CLASSES);
  const x = tf.tensor(set.images, [N, SIDE, SIDE * CHANNELS]);
  const { loss } = await trainCnn(model, set, { epochs: 6, validationSplit: 0 });
  assert.ok(loss.at(-1)! < loss[0]!);
  const [, ...states] = first.apply(x) as tf.Tensor[];
  const expected = second.apply(x, { initialState: states }) as tf.Tensor;
  const read = await hiddenFeatures(model, set, { layer: second.name });
  assertClose("outputs", read.data, expected.dataSync());
});
