// Which of tfjs's layers leave work to the CPU backend, forward or in training.
import assert from "node:assert/strict";
import * as tf from "@tensorflow/tfjs";
import { setUpCompute } from "deep-features";
import { fallbacks, resetFallbacks } from "deep-features/backend";

const L = tf.layers;
const images = () => tf.randomNormal([8, 16, 16, 16]);
const sequence = () => tf.randomNormal([16, 32, 64]);
const volumes = () => tf.randomNormal([2, 8, 8, 8, 8]);
const words = () => tf.randomUniform([32, 20], 0, 50, "int32");

type Make = () => tf.layers.Layer;

const ON_IMAGES: Record<string, Make> = {
  conv2d: () => L.conv2d({ filters: 16, kernelSize: 3, activation: "relu" }),
  "conv2d, channels first": () =>
    L.conv2d({ filters: 16, kernelSize: 3, dataFormat: "channelsFirst" }),
  conv2dTranspose: () => L.conv2dTranspose({ filters: 16, kernelSize: 3, strides: 2 }),
  depthwiseConv2d: () => L.depthwiseConv2d({ kernelSize: 3 }),
  separableConv2d: () => L.separableConv2d({ filters: 16, kernelSize: 3 }),
  cropping2D: () => L.cropping2D({ cropping: [[1, 1], [1, 1]] }),
  zeroPadding2d: () => L.zeroPadding2d({ padding: 1 }),
  upSampling2d: () => L.upSampling2d({ size: [2, 2] }),
  "upSampling2d, bilinear": () => L.upSampling2d({ size: [2, 2], interpolation: "bilinear" }),
  resizing: () => L.resizing({ height: 9, width: 11 }),
  "resizing, nearest": () => L.resizing({ height: 9, width: 20, interpolation: "nearest" }),
  rescaling: () => L.rescaling({ scale: 2, offset: 1 }),
  averagePooling2d: () => L.averagePooling2d({ poolSize: 2 }),
  maxPooling2d: () => L.maxPooling2d({ poolSize: 2 }),
  globalAveragePooling2d: () => L.globalAveragePooling2d({}),
  globalMaxPooling2d: () => L.globalMaxPooling2d({}),
  batchNormalization: () => L.batchNormalization(),
  "batchNormalization, channels first": () => L.batchNormalization({ axis: 1 }),
  layerNormalization: () => L.layerNormalization(),
  reLU: () => L.reLU(),
  "reLU to 6": () => L.reLU({ maxValue: 6 }),
  leakyReLU: () => L.leakyReLU(),
  prelu: () => L.prelu(),
  "prelu, shared": () => L.prelu({ sharedAxes: [1, 2] }),
  elu: () => L.elu(),
  softmax: () => L.softmax({ axis: 3 }),
  dense: () => L.dense({ units: 16 }),
  permute: () => L.permute({ dims: [2, 1, 3] }),
  flatten: () => L.flatten(),
  reshape: () => L.reshape({ targetShape: [64, 64] }),
  dropout: () => L.dropout({ rate: 0.3 }),
};
for (
  const name of [
    "elu",
    "hardSigmoid",
    "linear",
    "relu",
    "relu6",
    "selu",
    "sigmoid",
    "softmax",
    "softplus",
    "softsign",
    "tanh",
    "swish",
    "mish",
    "gelu",
    "gelu_new",
  ]
) ON_IMAGES[`activation ${name}`] = () => L.activation({ activation: name as "relu" });

const ON_SEQUENCES: Record<string, Make> = {
  conv1d: () => L.conv1d({ filters: 16, kernelSize: 3 }),
  averagePooling1d: () => L.averagePooling1d({ poolSize: 2 }),
  maxPooling1d: () => L.maxPooling1d({ poolSize: 2 }),
  globalAveragePooling1d: () => L.globalAveragePooling1d(),
  globalMaxPooling1d: () => L.globalMaxPooling1d(),
  simpleRNN: () => L.simpleRNN({ units: 16, returnSequences: true }),
  lstm: () => L.lstm({ units: 16 }),
  gru: () => L.gru({ units: 16 }),
  bidirectional: () =>
    L.bidirectional({ layer: L.lstm({ units: 8 }) as tf.RNN, mergeMode: "concat" }),
  timeDistributed: () => L.timeDistributed({ layer: L.dense({ units: 8 }) }),
};

/** Work on a handful of values that the CPU backend does on purpose. */
const FEW_VALUES = [
  tf.Tanh,
  tf.Sigmoid,
  tf.ZerosLike,
  tf.OnesLike,
  tf.Fill,
  tf.Range,
  tf.Sum,
  tf.Exp,
  tf.Elu,
];

/** Layers of which a part has no kernel. */
const WITHOUT: Record<string, [Make, () => tf.Tensor, string[]]> = {
  conv3d: [
    () => L.conv3d({ filters: 4, kernelSize: 3 }),
    volumes,
    [tf.Conv3D, tf.Conv3DBackpropFilterV2, tf.Conv3DBackpropInputV2],
  ],
  maxPooling3d: [() => L.maxPooling3d({ poolSize: 2 }), volumes, [tf.MaxPool3D, tf.MaxPool3DGrad]],
  averagePooling3d: [
    () => L.averagePooling3d({ poolSize: 2 }),
    volumes,
    [tf.AvgPool3D, tf.AvgPool3DGrad],
  ],
};

/** The operations that a layer leaves to the CPU backend, forward and for all its gradients. */
function left(layer: tf.layers.Layer, x: tf.Tensor): string[] {
  layer.apply(x); // which makes its weights
  const weights = layer.trainableWeights.map((weight) => weight.read() as tf.Variable);
  const loss = (x: tf.Tensor) =>
    tf.sum(tf.square(layer.apply(x, { training: true }) as tf.Tensor)) as tf.Scalar;
  resetFallbacks();
  tf.tidy(() => {
    layer.apply(x);
    if (x.dtype === "float32") tf.grad(loss)(x);
    if (weights.length > 0) tf.variableGrads(() => loss(x), weights);
  });
  return fallbacks().map(({ operation }) => operation)
    .filter((operation) => !FEW_VALUES.includes(operation)).sort();
}

Deno.test("The layers of tfjs run on kernels, forward and in training, but for those that are named here", async () => {
  await setUpCompute({ backend: "simd", quiet: true });
  const all = [
    ...Object.entries(ON_IMAGES).map(([name, make]) => [name, make, images, []] as const),
    ...Object.entries(ON_SEQUENCES).map(([name, make]) => [name, make, sequence, []] as const),
    ["embedding", () => L.embedding({ inputDim: 50, outputDim: 32 }), words, []] as const,
    ...Object.entries(WITHOUT).map(([name, [make, x, expected]]) =>
      [name, make, x, expected] as const
    ),
  ];
  for (const [name, make, x, expected] of all) {
    tf.engine().startScope();
    assert.deepEqual(left(make(), x()), [...expected].sort(), name);
    tf.engine().endScope();
  }
});
