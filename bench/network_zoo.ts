/** The networks that `networks.ts` measures, with random weights. */
import * as tf from "@tensorflow/tfjs";

/** Keras's `cifar10_cnn.py`. */
export function kerasExample(): tf.LayersModel {
  const { conv2d, maxPooling2d, dropout, flatten, dense } = tf.layers;
  const convolution = (filters: number, padding: "same" | "valid") =>
    conv2d({ filters, kernelSize: 3, padding, activation: "relu" });
  return tf.sequential({
    layers: [
      tf.layers.inputLayer({ inputShape: [32, 32, 3] }),
      convolution(32, "same"),
      convolution(32, "valid"),
      maxPooling2d({ poolSize: 2 }),
      dropout({ rate: 0.25 }),
      convolution(64, "same"),
      convolution(64, "valid"),
      maxPooling2d({ poolSize: 2 }),
      dropout({ rate: 0.25 }),
      flatten(),
      dense({ units: 512, activation: "relu" }),
      dropout({ rate: 0.5 }),
      dense({ units: 10, activation: "softmax" }),
    ],
  });
}

/** Three dense layers on rows of a CIFAR-10 image. */
export function perceptron(): tf.LayersModel {
  return tf.sequential({
    layers: [
      tf.layers.inputLayer({ inputShape: [3072] }),
      tf.layers.dense({ units: 1024, activation: "relu" }),
      tf.layers.dense({ units: 512, activation: "relu" }),
      tf.layers.dense({ units: 10, activation: "softmax" }),
    ],
  });
}

/** tfjs-examples' `mnist` (two convolutions of 5 × 5). */
export function mnist(): tf.LayersModel {
  const convolution = (filters: number) =>
    tf.layers.conv2d({ filters, kernelSize: 5, activation: "relu" });
  return tf.sequential({
    layers: [
      tf.layers.inputLayer({ inputShape: [28, 28, 1] }),
      convolution(8),
      tf.layers.maxPooling2d({ poolSize: 2, strides: 2 }),
      convolution(16),
      tf.layers.maxPooling2d({ poolSize: 2, strides: 2 }),
      tf.layers.flatten(),
      tf.layers.dense({ units: 10, activation: "softmax" }),
    ],
  });
}

interface Block {
  readonly filters: number;
  readonly kernelSize?: number;
  readonly strides?: number;
  readonly activation?: "relu" | "relu6" | "linear";
  readonly depthwise?: boolean;
}

/** A convolution without bias, batch normalization, an activation. */
function block(x: tf.SymbolicTensor, { filters, ...options }: Block): tf.SymbolicTensor {
  const { kernelSize = 3, strides = 1, activation = "relu", depthwise = false } = options;
  const common = { kernelSize, strides, padding: "same", useBias: false } as const;
  let y = (depthwise ? tf.layers.depthwiseConv2d(common) : tf.layers.conv2d({ ...common, filters }))
    .apply(x) as tf.SymbolicTensor;
  y = tf.layers.batchNormalization().apply(y) as tf.SymbolicTensor;
  if (activation === "linear") return y;
  const layer = activation === "relu" ? tf.layers.reLU() : tf.layers.reLU({ maxValue: 6 });
  return layer.apply(y) as tf.SymbolicTensor;
}

/** Four convolutions of 3 × 3 with batch normalization, after Simonyan and Zisserman 2014. */
export function vggLike(): tf.LayersModel {
  const input = tf.input({ shape: [32, 32, 3] });
  let x = input;
  for (const filters of [64, 128]) {
    x = block(block(x, { filters }), { filters });
    x = tf.layers.maxPooling2d({ poolSize: 2 }).apply(x) as tf.SymbolicTensor;
  }
  x = tf.layers.flatten().apply(x) as tf.SymbolicTensor;
  return classifier(input, x);
}

function classifier(input: tf.SymbolicTensor, x: tf.SymbolicTensor, units = 10): tf.LayersModel {
  const outputs = tf.layers.dense({ units, activation: "softmax" }).apply(x) as tf.SymbolicTensor;
  return tf.model({ inputs: input, outputs });
}

/** He et al. 2016, three stages of three blocks, shortcuts by 1 × 1 convolutions where shapes change. */
export function resNet20(): tf.LayersModel {
  const input = tf.input({ shape: [32, 32, 3] });
  let x = block(input, { filters: 16 });
  for (const [stage, filters] of [16, 32, 64].entries()) {
    for (let i = 0; i < 3; i++) {
      const strides = stage > 0 && i === 0 ? 2 : 1;
      const y = block(block(x, { filters, strides }), { filters, activation: "linear" });
      if (strides > 1) x = block(x, { filters, strides, kernelSize: 1, activation: "linear" });
      x = tf.layers.add().apply([x, y]) as tf.SymbolicTensor;
      x = tf.layers.reLU().apply(x) as tf.SymbolicTensor;
    }
  }
  return classifier(input, tf.layers.globalAveragePooling2d({}).apply(x) as tf.SymbolicTensor);
}

/** After MobileNet (Howard et al. 2017), for small images. */
export function separable(): tf.LayersModel {
  const input = tf.input({ shape: [32, 32, 3] });
  let x = block(input, { filters: 32 });
  for (const [filters, strides] of [[64, 1], [128, 2], [128, 1], [256, 2], [256, 1]] as const) {
    x = block(x, { filters, strides, depthwise: true });
    x = block(x, { filters, kernelSize: 1 });
  }
  return classifier(input, tf.layers.globalAveragePooling2d({}).apply(x) as tf.SymbolicTensor);
}

/** Pixels of a side of an image for {@linkcode mobileNetV2}. */
export const MOBILENET_SIDE = 224;

/** Sandler et al. 2018, with ImageNet's sizes and random weights. */
export function mobileNetV2(): tf.LayersModel {
  const input = tf.input({ shape: [MOBILENET_SIDE, MOBILENET_SIDE, 3] });
  const activation = "relu6";
  let x = block(input, { filters: 32, strides: 2, activation });
  const stages = [
    [1, 16, 1, 1],
    [6, 24, 2, 2],
    [6, 32, 3, 2],
    [6, 64, 4, 2],
    [6, 96, 3, 1],
    [6, 160, 3, 2],
    [6, 320, 1, 1],
  ] as const;
  for (const [expansion, filters, count, stride] of stages) {
    for (let i = 0; i < count; i++) {
      const strides = i === 0 ? stride : 1;
      const channels = x.shape.at(-1)!;
      const middle = expansion * channels;
      let y = x;
      if (expansion > 1) y = block(y, { filters: middle, kernelSize: 1, activation });
      y = block(y, { filters: middle, strides, depthwise: true, activation });
      y = block(y, { filters, kernelSize: 1, activation: "linear" });
      x = strides === 1 && channels === filters
        ? tf.layers.add().apply([x, y]) as tf.SymbolicTensor
        : y;
    }
  }
  x = block(x, { filters: 1280, kernelSize: 1, activation });
  return classifier(
    input,
    tf.layers.globalAveragePooling2d({}).apply(x) as tf.SymbolicTensor,
    1000,
  );
}
