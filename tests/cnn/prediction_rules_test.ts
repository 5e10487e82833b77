// Passes in prediction against tfjs's own predict() on its CPU backend, for networks that fold and that must not.
import assert from "node:assert/strict";
import * as tf from "@tensorflow/tfjs";
import { hiddenFeatures, predictClasses, setUpCompute } from "deep-features";
import { seededRandom } from "deep-features/base";
import { createForwardPass } from "../../lib/cnn/engine/forward.ts";
import { networkGraph } from "../../lib/cnn/engine/network_graph.ts";

type Tensor = tf.SymbolicTensor;
const L = tf.layers;
const [N, SIDE, CHANNELS] = [3, 9, 4];

const apply = (layer: tf.layers.Layer, ...x: Tensor[]) =>
  layer.apply(x.length === 1 ? x[0]! : x) as Tensor;
const chain = (x: Tensor, ...layers: tf.layers.Layer[]) =>
  layers.reduce((y, layer) => apply(layer, y), x);
const conv = (filters: number, more: object = {}) =>
  L.conv2d({ filters, kernelSize: 3, padding: "same", ...more });
const depthwise = (more: object = {}) =>
  L.depthwiseConv2d({ kernelSize: 3, padding: "same", ...more });
const norm = (more: object = {}) => L.batchNormalization(more);
const pad = (padding: [[number, number], [number, number]]) => L.zeroPadding2d({ padding });
const relu6 = () => L.reLU({ maxValue: 6 });

/** Networks with the number of layers that are computed apart: what is swallowed is not. */
const NETWORKS: Record<string, [apart: number, build: (x: Tensor) => Tensor]> = {
  "convolution, normalization, ReLU": [1, (x) => chain(x, conv(8), norm(), L.reLU())],
  "without bias, scale, center": [
    1,
    (x) => chain(x, conv(8, { useBias: false }), norm({ scale: false, center: false })),
  ],
  "the channels' axis by its number": [1, (x) => chain(x, conv(8), norm({ axis: 3 }), relu6())],
  "Winograd's way": [
    2,
    (x) =>
      chain(
        x,
        conv(16),
        conv(16, { useBias: false }),
        norm(),
        L.activation({ activation: "relu" }),
      ),
  ],
  "1 × 1 with strides": [
    1,
    (x) => chain(x, conv(8, { kernelSize: 1, strides: 2 }), norm(), relu6()),
  ],
  "dilated": [1, (x) => chain(x, conv(5, { dilationRate: 2 }), norm(), L.reLU())],
  "depthwise, ReLU6": [1, (x) => chain(x, depthwise({ useBias: false }), norm(), relu6())],
  "depthwise that multiplies channels": [
    1,
    (x) => chain(x, depthwise({ depthMultiplier: 3, strides: 2 }), norm(), L.reLU()),
  ],
  "depthwise of one channel": [
    2,
    (x) => chain(x, conv(1), depthwise({ depthMultiplier: 3 }), norm()),
  ],
  "separable": [
    1,
    (x) => chain(x, L.separableConv2d({ filters: 6, kernelSize: 3, strides: 2 }), norm(), relu6()),
  ],
  "padding as MobileNet's": [
    1,
    (x) =>
      chain(x, pad([[0, 1], [0, 1]]), depthwise({ strides: 2, padding: "valid" }), norm(), relu6()),
  ],
  "padding that differs on all sides": [
    1,
    (x) => chain(x, pad([[2, 0], [1, 3]]), conv(5, { strides: 2, padding: "valid" }), L.reLU()),
  ],
  "padding before a convolution with an activation of its own": [
    1,
    (x) => chain(x, pad([[1, 1], [1, 1]]), conv(16, { padding: "valid", activation: "relu" })),
  ],
  "padding alone": [
    1,
    (x) => chain(x, pad([[3, 3], [3, 3]]), L.separableConv2d({ filters: 3, kernelSize: 5 })),
  ],
  "two convolutions of 2 × 2 and a normalization": [
    1,
    (x) => chain(x, conv(8, { kernelSize: 2 }), conv(8, { kernelSize: 2 }), norm(), L.reLU()),
  ],
  "dense layers": [
    3,
    (x) => chain(x, L.flatten(), L.dense({ units: 7 }), norm(), L.reLU(), L.dense({ units: 5 })),
  ],
  "dense at each pixel": [
    1,
    (x) => chain(x, L.dense({ units: 7, useBias: false }), norm(), L.reLU()),
  ],
  // What must stay apart.
  "a branch between convolution and normalization": [
    3,
    (x) => {
      const y = apply(conv(8), x);
      return apply(L.add(), y, apply(norm(), y));
    },
  ],
  "a branch between normalization and ReLU": [
    3,
    (x) => {
      const y = chain(x, conv(8), norm());
      return apply(L.add(), y, apply(L.reLU(), y));
    },
  ],
  "a branch behind the padding": [
    4,
    (x) => {
      const y = apply(pad([[1, 1], [1, 1]]), x);
      return apply(L.add(), chain(y, conv(8), norm()), chain(y, conv(8, { activation: "tanh" })));
    },
  ],
  "another axis": [2, (x) => chain(x, conv(8), norm({ axis: 1 }))],
  "another axis of the same length": [2, (x) => chain(x, conv(SIDE), norm({ axis: 2 }))],
  "dense, another axis": [2, (x) => chain(x, L.dense({ units: SIDE }), norm({ axis: 1 }))],
  "an activation before the normalization": [
    2,
    (x) => chain(x, conv(8, { activation: "relu" }), norm()),
  ],
  "a ReLU layer before the normalization": [2, (x) => chain(x, conv(8), L.reLU(), norm())],
  "tanh before the normalization": [2, (x) => chain(x, conv(8, { activation: "tanh" }), norm())],
  "a ReLU behind a ReLU": [2, (x) => chain(x, conv(8), relu6(), L.reLU())],
  "a ReLU with another limit": [2, (x) => chain(x, conv(8), norm(), L.reLU({ maxValue: 0.3 }))],
  "a leaky ReLU": [2, (x) => chain(x, conv(8), norm(), L.leakyReLU({ alpha: 0.1 }))],
  "a dense layer with ReLU behind a convolution": [
    2,
    (x) => chain(x, conv(8), L.dense({ units: 3, activation: "relu" })),
  ],
  "padding before convolution that pads itself": [
    2,
    (x) => chain(x, pad([[1, 0], [0, 2]]), conv(5)),
  ],
  "pooling between": [3, (x) => chain(x, conv(8), L.averagePooling2d({ poolSize: 2 }), norm())],
  "two normalizations": [3, (x) => chain(x, conv(8), norm(), norm(), L.reLU())],
  "a normalization used twice": [
    3,
    (x) => {
      const shared = norm();
      return apply(L.add(), chain(x, conv(8), shared), chain(x, conv(8), shared, L.reLU()));
    },
  ],
  "a convolution used twice": [
    3,
    (x) => {
      const shared = conv(8);
      return apply(L.concatenate(), chain(x, shared, norm()), chain(x, shared, norm(), relu6()));
    },
  ],
};

/** A model with drawn weights: scales of either sign, means far from zero, variances that differ. */
function build(network: (x: Tensor) => Tensor): tf.LayersModel {
  const input = tf.input({ shape: [SIDE, SIDE, CHANNELS] });
  const model = tf.model({ inputs: input, outputs: network(input) });
  const random = seededRandom(7);
  for (const weight of model.weights) {
    const isVariance = weight.originalName.includes("variance");
    const values = Float32Array.from(
      { length: tf.util.sizeFromShape(weight.shape as number[]) },
      () => isVariance ? 0.05 + 3 * random() : 2 * random() - 1,
    );
    weight.write(tf.tensor(values, weight.shape as number[]));
  }
  return model;
}

const images = Float32Array.from(
  { length: N * SIDE * SIDE * CHANNELS },
  ((random) => () => 2 * random() - 1)(seededRandom(8)),
);
const data = { images, shape: [N, SIDE, SIDE, CHANNELS] as const };

function assertClose(name: string, actual: ArrayLike<number>, expected: ArrayLike<number>) {
  assert.equal(actual.length, expected.length, name);
  let largest = 0, apart = 0;
  for (let i = 0; i < expected.length; i++) {
    largest = Math.max(largest, Math.abs(expected[i]!));
    apart = Math.max(apart, Math.abs(actual[i]! - expected[i]!));
  }
  assert.ok(largest > 0 && apart <= 1e-5 * largest, `${name}: ${apart} apart, of ${largest}`);
}

Deno.test("Normalizations, ReLUs and padding are done by the convolution exactly where they may be", async () => {
  for (const [name, [apart, network]] of Object.entries(NETWORKS)) {
    await setUpCompute({ backend: "cpu", quiet: true });
    const model = build(network);
    const layer = model.layers.at(-1)!.name;
    const expected = tf.tidy(() =>
      (model.predict(tf.tensor4d(images, [N, SIDE, SIDE, CHANNELS])) as tf.Tensor).dataSync()
    );
    for (const backend of ["cpu", "simd"] as const) {
      await setUpCompute({ backend, quiet: true });
      const features = await hiddenFeatures(model, data, { layer });
      assertClose(`${name}, ${backend}`, features.data, expected);
    }
    const { steps } = createForwardPass(model);
    assert.equal(steps, apart, `${name}: ${networkGraph(model).calls.length} layers in steps`);
    model.dispose();
  }
});

Deno.test("What is folded follows the weights, and no tensor is left behind", async () => {
  await setUpCompute({ backend: "simd", quiet: true });
  const model = build(NETWORKS["convolution, normalization, ReLU"]![1]);
  const layer = model.layers.at(-1)!.name;
  await hiddenFeatures(model, data, { layer });
  const before = tf.memory().numTensors;
  for (const weight of model.weights) weight.write(tf.mul(weight.read(), 1.5));
  const features = await hiddenFeatures(model, data, { layer });
  await setUpCompute({ backend: "cpu", quiet: true });
  const expected = tf.tidy(() =>
    (model.predict(tf.tensor4d(images, [N, SIDE, SIDE, CHANNELS])) as tf.Tensor).dataSync()
  );
  assertClose("other weights", features.data, expected);
  await setUpCompute({ backend: "simd", quiet: true });
  await hiddenFeatures(model, data, { layer });
  assert.ok(tf.memory().numTensors <= before + model.weights.length);
});

Deno.test("Features of any layer of a network with inverted residuals, and its classes, are predict()'s", async () => {
  await setUpCompute({ backend: "cpu", quiet: true });
  const block = (x: Tensor, filters: number, strides: number) => {
    const expanded = chain(x, conv(16, { kernelSize: 1, useBias: false }), norm(), relu6());
    const padded = strides === 1 ? expanded : apply(pad([[0, 1], [0, 1]]), expanded);
    const deep = chain(
      padded,
      depthwise({ strides, padding: strides === 1 ? "same" : "valid", useBias: false }),
      norm(),
      relu6(),
    );
    const y = chain(deep, conv(filters, { kernelSize: 1, useBias: false }), norm());
    return strides === 1 && x.shape.at(-1) === filters ? apply(L.add(), x, y) : y;
  };
  const model = build((x) => {
    let y = chain(x, conv(8, { strides: 2, useBias: false }), norm(), relu6());
    for (const [filters, strides] of [[8, 1], [8, 1], [16, 2], [16, 1]] as const) {
      y = block(y, filters, strides);
    }
    return chain(y, L.globalAveragePooling2d({}), L.dense({ units: 5, activation: "softmax" }));
  });
  const x = tf.tensor4d(images, [N, SIDE, SIDE, CHANNELS]);
  const layers = model.layers.slice(1).map(({ name }) => name);
  const expected = layers.map((name) =>
    tf.tidy(() =>
      (tf.model({ inputs: model.inputs, outputs: model.getLayer(name).output })
        .predict(x) as tf.Tensor).dataSync()
    )
  );
  await setUpCompute({ backend: "simd", quiet: true });
  for (const [i, layer] of layers.entries()) {
    assertClose(layer, (await hiddenFeatures(model, data, { layer })).data, expected[i]!);
  }
  const scores = expected.at(-1)!;
  const classes = Array.from({ length: N }, (_, i) => {
    const row = [...scores.slice(5 * i, 5 * i + 5)];
    return row.indexOf(Math.max(...row));
  });
  assert.deepEqual([...await predictClasses(model, data)], classes);
});
