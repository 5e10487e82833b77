// trainCnn() against tfjs's own fit() and predict(): the same weights, batches and losses, network by network.
import assert from "node:assert/strict";
import * as tf from "@tensorflow/tfjs";
import { hiddenFeatures, predictClasses, setUpCompute, trainCnn } from "deep-features";
import { seededRandom } from "deep-features/base";
import { classesOf } from "../../lib/cnn/engine/objective.ts";
import { seededLayer } from "../../lib/cnn/engine/random_layers.ts";

const [N, SIDE, CHANNELS, CLASSES] = [16, 6, 2, 3];
const STEPS = 3;
const VALIDATION = 0.25;
const TOLERANCE = 1e-4;

type Tensor = tf.SymbolicTensor;
const L = tf.layers;

let seed = 0;
const init = () => tf.initializers.glorotUniform({ seed: ++seed });
const conv = (filters: number, more: object = {}) =>
  L.conv2d({ filters, kernelSize: 3, padding: "same", kernelInitializer: init(), ...more });
const dense = (units: number, more: object = {}) =>
  L.dense({ units, kernelInitializer: init(), ...more });
const apply = (layer: tf.layers.Layer, ...x: Tensor[]) =>
  layer.apply(x.length === 1 ? x[0]! : x) as Tensor;
const chain = (x: Tensor, ...layers: tf.layers.Layer[]) =>
  layers.reduce((y, layer) => apply(layer, y), x);
const l2 = () => tf.regularizers.l2({ l2: 0.05 });

/** A network between the images and its scores. */
interface Network {
  /** The layers under test; they put out anything. */
  readonly body: (x: Tensor) => Tensor;
  /** The last layers; default: flatten, dense, soft-max. */
  readonly head?: (x: Tensor) => Tensor;
  readonly loss?: string;
  readonly optimizer?: () => tf.Optimizer;
  readonly metrics?: string[];
}

const flat = (x: Tensor) => x.shape.length > 2 ? apply(L.flatten(), x) : x;
const softmaxHead = (x: Tensor) => chain(flat(x), dense(CLASSES, { activation: "softmax" }));
const oneUnit = (activation: string) => (x: Tensor) => chain(flat(x), dense(1, { activation }));
const plain = (x: Tensor) => chain(x, conv(4, { activation: "relu" }));
const sequence = (x: Tensor) => apply(L.reshape({ targetShape: [SIDE, SIDE * CHANNELS] }), x);
/** A class of layers on its own, behind a convolution. */
const behind = (...layers: tf.layers.Layer[]): Network => ({
  body: (x) => chain(x, conv(4), ...layers),
});
const onSequence = (...layers: tf.layers.Layer[]): Network => ({
  body: (x) => chain(sequence(x), ...layers),
});

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
  "LSTM": () =>
    onSequence(L.lstm({ units: 4, kernelInitializer: init(), recurrentInitializer: init() })),
  "GRU": () =>
    onSequence(L.gru({ units: 4, kernelInitializer: init(), recurrentInitializer: init() })),
  "simple recurrent layer": () =>
    onSequence(L.simpleRNN({ units: 4, kernelInitializer: init(), recurrentInitializer: init() })),
  "time-distributed dense layer, bidirectional": () =>
    onSequence(
      L.timeDistributed({ layer: dense(3) }),
      L.bidirectional({
        layer: L.simpleRNN({
          units: 3,
          kernelInitializer: init(),
          recurrentInitializer: init(),
        }) as tf.RNN,
        mergeMode: "concat",
      }),
    ),
  "rescaling": () => ({ body: (x) => chain(x, L.rescaling({ scale: 2, offset: -1 }), conv(3)) }),
  "Adam": () => ({ body: plain, optimizer: () => tf.train.adam(0.01) }),
  "momentum": () => ({ body: plain, optimizer: () => tf.train.momentum(0.05, 0.9) }),
  "RMSProp": () => ({ body: plain, optimizer: () => tf.train.rmsprop(0.01) }),
  "Adagrad": () => ({ body: plain, optimizer: () => tf.train.adagrad(0.05) }),
};

function build({ body, head = softmaxHead, loss, optimizer, metrics }: Network): tf.LayersModel {
  const input = tf.input({ shape: [SIDE, SIDE, CHANNELS] });
  const model = tf.model({ inputs: input, outputs: head(body(input)) });
  model.compile({
    optimizer: optimizer?.() ?? tf.train.sgd(0.1),
    loss: loss ?? "categoricalCrossentropy",
    metrics: metrics ?? ["accuracy"],
  });
  return model;
}

/** The same network twice, with the same weights. */
function twins(make: () => Network): [tf.LayersModel, tf.LayersModel] {
  const models = [0, 1].map(() => {
    seed = 100;
    return build(make());
  }) as [tf.LayersModel, tf.LayersModel];
  models[1].setWeights(models[0].getWeights());
  return models;
}

function data(classes: number) {
  const random = seededRandom(3);
  return {
    images: Float32Array.from({ length: N * SIDE * SIDE * CHANNELS }, () => random() - 0.3),
    labels: Int32Array.from({ length: N }, (_, i) => i % classes),
    shape: [N, SIDE, SIDE, CHANNELS] as const,
  };
}

/** The targets as tfjs's own fit wants them. */
function targets(model: tf.LayersModel, labels: Int32Array): tf.Tensor {
  const loss = String(model.loss);
  if (loss === "sparseCategoricalCrossentropy") return tf.tensor2d([...labels], [N, 1]);
  if (model.outputs[0]!.shape[1] === 1) {
    const isHinge = loss.toLowerCase().includes("hinge");
    return tf.tensor2d([...labels].map((label) => isHinge ? 2 * label - 1 : label), [N, 1]);
  }
  return tf.oneHot(tf.tensor1d(labels, "int32"), CLASSES).toFloat();
}

function assertClose(name: string, actual: ArrayLike<number>, expected: ArrayLike<number>): void {
  assert.equal(actual.length, expected.length, name);
  for (let i = 0; i < actual.length; i++) {
    const [a, b] = [actual[i]!, expected[i]!];
    const isClose = Math.abs(a - b) <= TOLERANCE * Math.max(1, Math.abs(b));
    assert.ok(isClose, `${name}: ${a} at ${i}, where tfjs has ${b}`);
  }
}

Deno.test("trainCnn() trains what tfjs's fit() trains, and predicts what its predict() predicts", async (t) => {
  for (const backend of ["cpu", "simd"] as const) {
    await setUpCompute({ backend, quiet: true });
    for (const [name, make] of Object.entries(NETWORKS)) {
      await t.step(`${name}, on ${backend}`, async () => {
        const [ours, theirs] = twins(make);
        const set = data(classesOf(ours));
        const x = tf.tensor4d(set.images, [N, SIDE, SIDE, CHANNELS]);
        const before = theirs.getWeights().map((weight) => weight.dataSync().slice());
        const { history } = await theirs.fit(x, targets(theirs, set.labels), {
          epochs: STEPS,
          batchSize: N,
          validationSplit: VALIDATION,
          shuffle: false,
          verbose: 0,
        });
        const own = await trainCnn(ours, set, {
          epochs: STEPS,
          batchSize: N,
          validationSplit: VALIDATION,
        });
        const series: Record<string, ArrayLike<number>> = {
          loss: own.loss,
          val_loss: own.valLoss,
          ...own.metrics,
        };
        // tfjs's accuracy of binary cross-entropy counts units, not images.
        const countsImages = !(theirs.loss === "binaryCrossentropy" && classesOf(ours) > 2) &&
          !String(theirs.loss).startsWith("hinge") && theirs.loss !== "squaredHinge";
        if (countsImages) Object.assign(series, { acc: own.accuracy, val_acc: own.valAccuracy });
        for (const [key, values] of Object.entries(history)) {
          if (key in series || countsImages) {
            assertClose(key, series[key]!, values as number[]);
          }
        }
        const weights = ours.getWeights().map((weight) => weight.dataSync());
        theirs.getWeights().forEach((weight, i) =>
          assertClose(ours.weights[i]!.name, weights[i]!, weight.dataSync())
        );
        assert.ok(weights.some((values, i) => values.some((value, k) => value !== before[i]![k])));

        const scores = theirs.predict(x) as tf.Tensor;
        const features = await hiddenFeatures(ours, set, { layer: ours.layers.at(-1)!.name });
        assertClose("scores", features.data, scores.dataSync());
        if (scores.shape[1]! > 1) {
          const largest = tf.argMax(scores, 1).dataSync();
          assert.deepEqual([...await predictClasses(ours, set)], [...largest]);
        }
        for (const layer of theirs.layers.slice(1)) {
          if (layer.inboundNodes.length !== 1) continue;
          const at = theirs.layers.indexOf(layer);
          const part = tf.model({ inputs: theirs.inputs, outputs: layer.output as Tensor });
          const values = (part.predict(x) as tf.Tensor).dataSync();
          const read = await hiddenFeatures(ours, set, { layer: ours.layers[at]!.name });
          assertClose(`output of ${layer.name}`, read.data, values);
        }
        for (const model of [ours, theirs]) model.dispose();
      });
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
  assert.throws(
    () => seededLayer(L.randomWidth({ factor: 0.2 })),
    /RandomWidth draws random numbers/,
  );
  const recurrent = { units: 3, kernelInitializer: init(), recurrentInitializer: init() };
  const refused: [RegExp, () => Network][] = [
    [/thresholded_re_lu.*no gradient/, () => behind(L.thresholdedReLU({ theta: 0.1 }))],
    [/dilation rate of 2 × 2/, () => behind(conv(3, { dilationRate: 2 }))],
    [/lstm.*the dropout of LSTM/, () => onSequence(L.lstm({ ...recurrent, dropout: 0.1 }))],
    [
      /gru.*the recurrentDropout of GRU/,
      () => onSequence(L.gru({ ...recurrent, recurrentDropout: 0.1 })),
    ],
    [
      /time_distributed.*the Dropout in TimeDistributed/,
      () => onSequence(L.timeDistributed({ layer: L.dropout({ rate: 0.5 }) })),
    ],
    [/masking.*makes a mask/, () => onSequence(L.masking({ maskValue: 0 }), L.lstm(recurrent))],
    [
      /shape \[n, 6, 6, 4\]: a classifier's is \[n, classes\]/,
      () => ({ body: plain, head: (x) => x }),
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
      seed = 200;
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
