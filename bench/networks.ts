import * as tf from "@tensorflow/tfjs";
import { setUpCompute } from "deep-features";
import { Adam } from "deep-features/backend";
import { seededRandom } from "deep-features/base";
import { setThreads, threads } from "deep-features/compute";
import { median } from "../lib/metrics/median.ts";
import {
  kerasExample,
  mnist,
  MOBILENET_SIDE,
  mobileNetV2,
  perceptron,
  resNet20,
  separable,
  vggLike,
} from "./network_zoo.ts";
import { runPeer } from "./peer.ts";
import type { BenchRow } from "./row.ts";

const BATCH = 128, STEPS = 8, WARM_UP = 2, ROUNDS = 3;
const MOBILENET_BATCH = 8;

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
