import * as tf from "@tensorflow/tfjs";
import { setUpCompute } from "deep-features";
import { Adam } from "deep-features/backend";
import { seededRandom } from "deep-features/base";
import { setThreads, threads } from "deep-features/compute";
import { median } from "../lib/metrics/median.ts";
import { runPeer } from "./peer.ts";
import type { BenchRow } from "./row.ts";

const BATCH = 128, STEPS = 8, WARM_UP = 2, ROUNDS = 3;
const MOBILENET_BATCH = 8, MOBILENET_SIDE = 224;

/** A network that is trained here and in PyTorch (`peers/torch_networks.py`), layer by layer the same. */
interface Network {
  readonly title: string;
  readonly build: () => tf.LayersModel;
  /** The bar of the ratio to PyTorch. */
  readonly bar: number;
}

const NETWORKS: Record<string, Network> = {
  keras: { title: "Keras's CIFAR-10 example", build: kerasExample, bar: 1 },
  perceptron: { title: "perceptron 3072-1024-512-10", build: perceptron, bar: 1 },
  vgg: { title: "VGG-like, batch normalization", build: vggLike, bar: 1.2 },
  resnet: { title: "ResNet-20", build: resNet20, bar: 1.2 },
  separable: { title: "depthwise separable", build: separable, bar: 0.8 },
  mnist: { title: "tfjs's mnist example", build: mnist, bar: 1 },
};

/**
 * A training step of batch 128 of each network by tfjs's `trainOnBatch` on `simd`, beside PyTorch; and
 * MobileNetV2's predictions, an image, beside PyTorch and tfjs's wasm backend. `BENCH_NETWORKS` picks
 * some of them, by name.
 */
export async function benchNetworks(): Promise<BenchRow[]> {
  const wanted = Deno.env.get("BENCH_NETWORKS")?.split(",");
  const rows: BenchRow[] = [];
  for (const [name, { title, build, bar }] of Object.entries(NETWORKS)) {
    if (wanted && !wanted.includes(name)) continue;
    const row = await againstTorch(name, (count) => trainingStep(build, count));
    rows.push({ name: `${title}: step`, ...row, note: `bar ${bar}; ${row.note}` });
  }
  if (!wanted || wanted.includes("mobilenet")) rows.push(...await benchMobileNet());
  return rows;
}

async function againstTorch(
  name: string,
  ours: (steps: number) => Promise<number>,
): Promise<{ ours: number; peer: number; unit: string; note: string }> {
  const count = threads();
  const mine: number[] = [], torch: number[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    mine.push(await ours(STEPS));
    torch.push(await runPeer<number>("torch_networks.py", name, String(count), String(STEPS)));
  }
  setThreads(1);
  const single = await ours(Math.ceil(STEPS / 2));
  setThreads(count);
  const speedUp = single / median(mine);
  return {
    ours: median(mine),
    peer: median(torch),
    unit: "ms",
    note: `${count} threads are ${speedUp.toFixed(2)} times as fast as one`,
  };
}

/** Median milliseconds of a step. */
async function trainingStep(build: () => tf.LayersModel, steps: number): Promise<number> {
  const model = build();
  model.compile({ optimizer: new Adam(), loss: "categoricalCrossentropy" });
  const random = seededRandom(1);
  const shape = [BATCH, ...model.inputs[0]!.shape.slice(1) as number[]];
  const x = tf.tensor(Float32Array.from({ length: tf.util.sizeFromShape(shape) }, random), shape);
  const y = tf.oneHot(tf.range(0, BATCH, 1, "int32").mod(tf.scalar(10, "int32")), 10);
  const times: number[] = [];
  for (let i = 0; i < WARM_UP + steps; i++) {
    const start = performance.now();
    await model.trainOnBatch(x, y);
    times.push(performance.now() - start);
  }
  tf.dispose([x, y]);
  model.dispose();
  return median(times.slice(WARM_UP));
}

async function benchMobileNet(): Promise<BenchRow[]> {
  const predict = async (backend: "simd" | "wasm", steps: number) => {
    await setUpCompute({ backend, quiet: true });
    const model = mobileNetV2();
    const x = tf.randomUniform([MOBILENET_BATCH, MOBILENET_SIDE, MOBILENET_SIDE, 3], 0, 1);
    const times: number[] = [];
    for (let i = 0; i < 1 + steps; i++) {
      const start = performance.now();
      const y = model.predict(x) as tf.Tensor;
      await y.data();
      times.push((performance.now() - start) / MOBILENET_BATCH);
      y.dispose();
    }
    x.dispose();
    model.dispose();
    return median(times.slice(1));
  };
  const torch = await againstTorch("mobilenet", (steps) => predict("simd", steps));
  const ours = await predict("simd", 4);
  const wasm = await predict("wasm", 4);
  await setUpCompute({ backend: "simd", quiet: true });
  const name =
    `MobileNetV2, ${MOBILENET_SIDE} × ${MOBILENET_SIDE}, batch ${MOBILENET_BATCH}, an image`;
  return [
    { name, ...torch, note: `bar 1.5; ${torch.note}` },
    { name: `${name}, tfjs's wasm backend`, ours, peer: wasm, unit: "ms" },
  ];
}

/** Keras's `cifar10_cnn.py`. */
function kerasExample(): tf.LayersModel {
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

function perceptron(): tf.LayersModel {
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
function mnist(): tf.LayersModel {
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

function vggLike(): tf.LayersModel {
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
function resNet20(): tf.LayersModel {
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
function separable(): tf.LayersModel {
  const input = tf.input({ shape: [32, 32, 3] });
  let x = block(input, { filters: 32 });
  for (const [filters, strides] of [[64, 1], [128, 2], [128, 1], [256, 2], [256, 1]] as const) {
    x = block(x, { filters, strides, depthwise: true });
    x = block(x, { filters, kernelSize: 1 });
  }
  return classifier(input, tf.layers.globalAveragePooling2d({}).apply(x) as tf.SymbolicTensor);
}

/** Sandler et al. 2018, with ImageNet's sizes and random weights. */
function mobileNetV2(): tf.LayersModel {
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
