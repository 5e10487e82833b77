// What changes a training: schedules, decay, smoothing, class weights, early stopping.
import assert from "node:assert/strict";
import * as tf from "@tensorflow/tfjs";
import { setUpCompute, trainCnn } from "deep-features";
import { seededRandom } from "deep-features/base";
import { Adam } from "deep-features/backend";
import { cosine, oneCycle, stepDecay } from "deep-features/cnn";
import FIXTURE from "../fixtures/cnn/training.json" with { type: "json" };

const [N, CLASSES] = [12, 3];
const SHAPE = [2, 2, 2] as const;

function close(actual: ArrayLike<number>, expected: ArrayLike<number>, tolerance = 1e-5): void {
  assert.equal(actual.length, expected.length);
  for (let i = 0; i < actual.length; i++) {
    const gap = Math.abs(actual[i]! - expected[i]!);
    assert.ok(
      gap <= tolerance * Math.max(1, Math.abs(expected[i]!)),
      `${i}: ${actual[i]}, ${expected[i]}`,
    );
  }
}

interface Head {
  readonly units?: number;
  readonly activation?: "softmax" | "sigmoid" | "tanh";
  readonly loss?: string;
  readonly optimizer?: tf.Optimizer;
  readonly metrics?: (string | ((yTrue: tf.Tensor, yPred: tf.Tensor) => tf.Tensor))[];
}

/** One dense layer; the soft-max head goes the way of logits, the others do not. */
function classifier(
  { units = CLASSES, activation = "softmax", loss, optimizer, metrics = ["accuracy"] }: Head = {},
) {
  const model = tf.sequential({
    layers: [
      tf.layers.flatten({ inputShape: [...SHAPE] }),
      tf.layers.dense({
        units,
        activation,
        kernelInitializer: tf.initializers.glorotUniform({ seed: 4 }),
      }),
    ],
  });
  model.compile({
    loss: loss ?? "categoricalCrossentropy",
    optimizer: optimizer ?? tf.train.sgd(0.1),
    metrics: metrics as string[],
  });
  return model;
}

function data(classes = CLASSES) {
  const random = seededRandom(5);
  return {
    images: Float32Array.from({ length: N * 8 }, () => random() - 0.5),
    labels: Uint8Array.of(0, 1, 2, 2, 1, 0, 1, 0, 2, 2, 1, 0).map((label) => label % classes),
    shape: [N, ...SHAPE] as const,
  };
}

const weightsOf = (model: tf.LayersModel) => model.getWeights().map((w) => [...w.dataSync()]);
const tensorOf = ({ images }: { images: Float32Array }) => tf.tensor4d(images, [N, ...SHAPE]);

Deno.test("oneCycle(), cosine() and stepDecay() give PyTorch's rates", () => {
  const { steps, schedules } = FIXTURE;
  const rates = {
    oneCycle: oneCycle({ max: 0.02 }),
    oneCycleOther: oneCycle({ max: 0.5, warmUp: 0.5, startFactor: 10, endFactor: 100 }),
    cosine: cosine({ from: 0.1, to: 0.003 }),
    stepDecay: stepDecay({ from: 0.1 }),
  };
  for (const [name, rate] of Object.entries(rates)) {
    const own = Array.from({ length: steps }, (_, step) => rate(step, steps));
    close(own, schedules[name as keyof typeof schedules], 1e-12);
  }
  // However few steps and however short the rise, each step has a rate.
  for (const warmUp of [0, 0.01, 0.5, 1]) {
    for (const count of [1, 2, 3]) {
      for (let step = 0; step < count; step++) {
        const rate = oneCycle({ max: 1, warmUp })(step, count);
        assert.ok(rate > 0 && rate <= 1, `${warmUp}, ${step} of ${count}: ${rate}`);
      }
    }
  }
  assert.throws(() => oneCycle({ maximum: 1 } as never), /no option "maximum": did you mean "max"/);
  assert.throws(() => oneCycle({} as never), /oneCycle needs the option "max"/);
  assert.throws(() => cosine({ from: -1 }), /from must be positive, got -1/);
  assert.throws(() => stepDecay({ from: 1, at: [0.5, 2] }), RangeError);
});

Deno.test("weightDecay with Adam, a schedule and smoothed labels gives PyTorch's AdamW", async () => {
  for (const backend of ["cpu", "simd"] as const) {
    await setUpCompute({ backend, quiet: true });
    const { adamw: { images, labels, kernel, bias, ...wanted } } = FIXTURE;
    const model = classifier({ optimizer: new Adam() });
    model.setWeights([tf.tensor2d(kernel, [8, 3]), tf.tensor1d(bias)]);
    const set = { images: Float32Array.from(images), labels, shape: [12, 2, 2, 2] as const };
    const history = await trainCnn(model, set, {
      epochs: FIXTURE.steps,
      validationSplit: 0,
      learningRate: oneCycle({ max: 0.5, warmUp: 0.5, startFactor: 10, endFactor: 100 }),
      weightDecay: wanted.weightDecay,
      labelSmoothing: wanted.labelSmoothing,
    });
    close(history.loss, wanted.losses, 1e-5);
    const [own, ownBias] = weightsOf(model);
    close(own!, wanted.trainedKernel, 1e-4);
    close(ownBias!, wanted.trainedBias, 1e-4);
  }
});

Deno.test("learningRate is the optimizer's for each step, and the old one again afterwards", async () => {
  await setUpCompute({ backend: "simd", quiet: true });
  const optimizers = [
    () => tf.train.sgd(1),
    () => tf.train.momentum(1, 0.9),
    () => tf.train.rmsprop(1),
    () => tf.train.adagrad(1),
    () => tf.train.adamax(1),
    () => new Adam(1),
  ];
  for (const make of optimizers) {
    const [ours, theirs] = [classifier({ optimizer: make() }), classifier({ optimizer: make() })];
    const set = data(), x = tensorOf(set), y = tf.oneHot([...set.labels], CLASSES).toFloat();
    const asked: [number, number][] = [];
    const learningRate = (step: number, steps: number) => {
      asked.push([step, steps]);
      return 0.05 / (step + 1);
    };
    await trainCnn(ours, set, { epochs: 3, batchSize: N, validationSplit: 0, learningRate });
    assert.deepEqual(asked, [[0, 3], [1, 3], [2, 3]]);
    for (let step = 0; step < 3; step++) {
      const optimizer = theirs.optimizer as unknown as tf.SGDOptimizer & { learningRate: number };
      if ("setLearningRate" in optimizer) optimizer.setLearningRate(0.05 / (step + 1));
      else (optimizer as { learningRate: number }).learningRate = 0.05 / (step + 1);
      await theirs.fit(x, y, { epochs: 1, batchSize: N, verbose: 0 });
    }
    weightsOf(ours).forEach((values, i) => close(values, weightsOf(theirs)[i]!));
    assert.equal((ours.optimizer as unknown as { learningRate: number }).learningRate, 1);
  }
  // A number is one for all steps.
  const [a, b] = [classifier({ optimizer: tf.train.sgd(0.2) }), classifier()];
  await trainCnn(a, data(), { epochs: 2 });
  await trainCnn(b, data(), { epochs: 2, learningRate: 0.2 });
  assert.deepEqual(weightsOf(a), weightsOf(b));
});

Deno.test("labelSmoothing is tfjs's loss on smoothed targets, accuracy and metrics on plain ones", async () => {
  await setUpCompute({ backend: "simd", quiet: true });
  const heads: [Head, number][] = [
    [{}, CLASSES],
    [{ activation: "sigmoid" }, CLASSES],
    [{ activation: "sigmoid", loss: "binaryCrossentropy" }, CLASSES],
    [{ activation: "sigmoid", loss: "binaryCrossentropy", units: 1 }, 2],
  ];
  for (const [head, classes] of heads) {
    const [ours, theirs] = [classifier(head), classifier(head)];
    const set = data(classes), isBinary = head.loss === "binaryCrossentropy";
    const plain = head.units === 1
      ? tf.tensor2d([...set.labels], [N, 1])
      : tf.oneHot([...set.labels], classes).toFloat();
    const y = tf.add(tf.mul(plain, 0.8), 0.2 / (isBinary ? 2 : classes));
    const options = { epochs: 4, batchSize: N, validationSplit: 0.25 };
    const { history } = await theirs.fit(tensorOf(set), y, {
      ...options,
      shuffle: false,
      verbose: 0,
    });
    const own = await trainCnn(ours, set, { ...options, labelSmoothing: 0.2 });
    close(own.loss, history["loss"] as number[]);
    close(own.valLoss, history["val_loss"] as number[]);
    weightsOf(ours).forEach((values, i) => close(values, weightsOf(theirs)[i]!));
    assert.ok(own.accuracy.every((share) => share >= 0 && share <= 1));
  }
  for (const loss of ["hinge", "meanSquaredError", "sparseCategoricalCrossentropy"]) {
    await assert.rejects(
      trainCnn(classifier({ loss }), data(), { labelSmoothing: 0.1 }),
      new RegExp(`labelSmoothing has no meaning for ${loss}`),
    );
  }
});

Deno.test("classWeight is that of tfjs's fit(): in training alone, and over all images", async () => {
  await setUpCompute({ backend: "simd", quiet: true });
  const heads: [Head, number][] = [
    [{}, CLASSES],
    [{ loss: "sparseCategoricalCrossentropy" }, CLASSES],
    [{ activation: "sigmoid" }, CLASSES],
    [{ loss: "meanSquaredError" }, CLASSES],
    [{ activation: "sigmoid", loss: "binaryCrossentropy", units: 1 }, 2],
  ];
  for (const [head, classes] of heads) {
    const [ours, theirs] = [classifier(head), classifier(head)];
    const set = data(classes);
    const y = head.units === 1 || head.loss === "sparseCategoricalCrossentropy"
      ? tf.tensor2d([...set.labels], [N, 1])
      : tf.oneHot([...set.labels], classes).toFloat();
    const classWeight = { 0: 0.5, 1: 3, ...(classes > 2 ? { 2: 0 } : {}) };
    const options = { epochs: 3, batchSize: N, validationSplit: 0.25 };
    const { history } = await theirs.fit(tensorOf(set), y, {
      ...options,
      classWeight,
      shuffle: false,
      verbose: 0,
    });
    const own = await trainCnn(ours, set, { ...options, classWeight });
    close(own.loss, history["loss"] as number[]);
    close(own.valLoss, history["val_loss"] as number[]);
    weightsOf(ours).forEach((values, i) => close(values, weightsOf(theirs)[i]!));
    const listed = classifier(head);
    await trainCnn(listed, set, { ...options, classWeight: [0.5, 3, 0].slice(0, classes) });
    assert.deepEqual(weightsOf(listed), weightsOf(ours));
  }
});

Deno.test("classWeight goes by the most probable class of soft labels, as in tfjs's fit()", async () => {
  await setUpCompute({ backend: "simd", quiet: true });
  const random = seededRandom(8), set = data();
  const rows = Array.from({ length: N }, () => {
    const row = [random(), random(), random()], sum = row.reduce((a, b) => a + b);
    return row.map((share) => share / sum);
  });
  const [ours, theirs] = [classifier(), classifier()];
  const classWeight = { 0: 0.5, 1: 3, 2: 1.5 };
  const options = { epochs: 3, batchSize: N };
  const y = tf.tensor2d(rows);
  await theirs.fit(tensorOf(set), y, { ...options, classWeight, verbose: 0 });
  const soft = { ...set, labels: rows.flat() };
  await trainCnn(ours, soft, { ...options, classWeight, validationSplit: 0 });
  weightsOf(ours).forEach((values, i) => close(values, weightsOf(theirs)[i]!));
});

Deno.test("Metrics are handed targets in their own form, whatever the loss takes", async () => {
  await setUpCompute({ backend: "simd", quiet: true });
  const seen: number[][] = [];
  const mine = (yTrue: tf.Tensor, yPred: tf.Tensor) => {
    seen.push(yTrue.shape);
    return tf.mean(tf.add(tf.mul(tf.sum(yTrue), 0), tf.sum(yPred)));
  };
  const metrics = ["sparseCategoricalCrossentropy", "mse", tf.metrics.meanAbsoluteError, mine];
  for (const activation of ["softmax", "sigmoid"] as const) {
    const byLoss: Record<string, number[]>[] = [];
    for (const loss of ["categoricalCrossentropy", "sparseCategoricalCrossentropy"]) {
      seen.length = 0;
      const history = await trainCnn(classifier({ activation, loss, metrics }), data(), {
        epochs: 2,
        batchSize: N,
        validationSplit: 0,
      });
      assert.deepEqual(seen[0], loss.startsWith("sparse") ? [N, 1] : [N, CLASSES]);
      byLoss.push(history.metrics!);
      // What tfjs's own fit gives where its targets are the metric's.
      const set = data(), isSparse = loss.startsWith("sparse");
      const known = isSparse ? metrics.slice(0, 1) : metrics.slice(1, 3);
      const theirs = classifier({ activation, loss, metrics: known });
      const y = isSparse
        ? tf.tensor2d([...set.labels], [N, 1])
        : tf.oneHot([...set.labels], CLASSES).toFloat();
      const own = await theirs.fit(tensorOf(set), y, { epochs: 2, batchSize: N, verbose: 0 });
      for (const [name, values] of Object.entries(own.history)) {
        if (name !== "loss") close(history.metrics![name]!, values as number[]);
      }
    }
    for (const name of ["sparseCategoricalCrossentropy", "mse", "meanAbsoluteError"]) {
      close(byLoss[1]![name]!, byLoss[0]![name]!);
    }
  }
});

/** What Keras's EarlyStopping does with these validation losses: epochs that run, and the best. */
function kerasStops(losses: readonly number[], patience: number): { ran: number; best: number } {
  let best = Infinity, bestEpoch = -1, wait = 0;
  for (const [epoch, loss] of losses.entries()) {
    wait++;
    if (loss < best) [best, bestEpoch, wait] = [loss, epoch, 0];
    else if (wait >= patience && epoch > 0) return { ran: epoch + 1, best: bestEpoch };
  }
  return { ran: losses.length, best: bestEpoch };
}

Deno.test("earlyStopping stops where Keras does, and gives the best epoch's weights back", async () => {
  await setUpCompute({ backend: "simd", quiet: true });
  // Validation labels that training contradicts: the validation loss falls, then rises.
  const set = data();
  const epochs = 12;
  const options = { epochs, batchSize: 4, validationSplit: 0.5, learningRate: 1 };
  const all: number[][][] = [];
  const free = classifier();
  const { valLoss } = await trainCnn(free, set, {
    ...options,
    onEpoch: () => all.push(weightsOf(free)),
  });
  const seen = new Set<number>();
  for (const patience of [0, 1, 2, 5]) {
    const wanted = kerasStops(valLoss, patience);
    seen.add(wanted.ran);
    for (const restoreBest of [false, true]) {
      const model = classifier();
      const history = await trainCnn(model, set, {
        ...options,
        earlyStopping: { patience, restoreBest },
      });
      assert.deepEqual(history.valLoss, valLoss.slice(0, wanted.ran));
      assert.equal(history.bestEpoch, wanted.best);
      assert.deepEqual(weightsOf(model), all[restoreBest ? wanted.best : wanted.ran - 1]);
    }
  }
  assert.ok(seen.size > 1 && Math.min(...seen) < epochs, `stops after ${[...seen]} of ${valLoss}`);
});

Deno.test("trainCnn() refuses settings that make no sense before it changes a weight", async () => {
  await setUpCompute({ backend: "simd", quiet: true });
  const model = classifier(), set = data(), before = weightsOf(model);
  const cases: [object, RegExp, string][] = [
    [{ learningRate: -1 }, /learningRate must be .* got -1/, "RangeError"],
    [{ learningRate: "fast" }, /learningRate must be .* got "fast"/, "TypeError"],
    [{ learningRate: (step: number) => 1 - step }, /gives -1 for step 2 of 20/, "RangeError"],
    [{ learningRate: () => "1" }, /gives 1 for step 0/, "RangeError"],
    [{ weightDecay: -0.1 }, /weightDecay must be .* got -0.1/, "RangeError"],
    [{ labelSmoothing: 1 }, /labelSmoothing must be .* got 1/, "RangeError"],
    [{ classWeight: { 0: 1, 1: 1 } }, /no weight for class 2/, "RangeError"],
    [{ classWeight: [1, 1, 1, 1] }, /weight for "3", which is not one of the 3/, "RangeError"],
    [{ classWeight: { 0: 1, 1: 1, cat: 1 } }, /weight for "cat"/, "RangeError"],
    [{ classWeight: [1, 1, -1] }, /classWeight must be/, "RangeError"],
    [{ classWeight: [0, 0, 0] }, /0 for all classes/, "RangeError"],
    [{ classWeight: "balanced" }, /classWeight must be/, "TypeError"],
    [{ earlyStopping: 3 }, /earlyStopping must be an object with patience/, "TypeError"],
    [{ earlyStopping: {} }, /earlyStopping needs patience/, "TypeError"],
    [{ earlyStopping: { patience: -1 } }, /patience must be .* got -1/, "RangeError"],
    [
      { earlyStopping: { patience: 1, restore: true } },
      /no option "restore": did you mean "restoreBest"/,
      "TypeError",
    ],
    [
      { earlyStopping: { patience: 1 }, validationSplit: 0 },
      /validationSplit leaves no validation images/,
      "RangeError",
    ],
  ];
  for (const [options, message, name] of cases) {
    await assert.rejects(trainCnn(model, set, options), { message, name });
  }
  assert.deepEqual(weightsOf(model), before);
});

Deno.test("weightDecay shrinks the kernels of all kinds of layers, and neither biases nor normalization", async () => {
  await setUpCompute({ backend: "simd", quiet: true });
  const L = tf.layers;
  const model = tf.sequential({
    layers: [
      L.separableConv2d({ inputShape: [...SHAPE], filters: 3, kernelSize: 1 }),
      L.batchNormalization(),
      L.conv2d({ filters: 2, kernelSize: 1 }),
      L.flatten(),
      L.prelu(),
      L.dense({ units: CLASSES, activation: "softmax", biasInitializer: "ones" }),
    ],
  });
  const optimizer = tf.train.sgd(0.1);
  // Without its gradients a step is the decay alone.
  optimizer.applyGradients = () => {};
  model.compile({ loss: "categoricalCrossentropy", optimizer });
  const before = model.weights.map((weight) => [...weight.read().dataSync()]);
  await trainCnn(model, data(), { epochs: 1, batchSize: N, validationSplit: 0, weightDecay: 0.5 });
  const shrunk: string[] = [];
  model.weights.forEach((weight, i) => {
    if (!weight.name.includes("moving")) {
      const after = [...weight.read().dataSync()];
      const isKernel = /kernel/.test(weight.name);
      close(after, before[i]!.map((value) => isKernel ? value * 0.95 : value), 1e-6);
      if (isKernel) shrunk.push(weight.name);
    }
  });
  assert.equal(shrunk.length, 4, String(shrunk));
  model.layers.forEach((layer) => layer.trainable = layer.name.startsWith("batch"));
  await assert.rejects(trainCnn(model, data(), { weightDecay: 0.1 }), /no kernels to train/);
});
