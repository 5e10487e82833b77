import * as tf from "@tensorflow/tfjs";
import { hiddenFeatures, setUpCompute } from "deep-features";
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

const BATCH = 128, STEPS = 5, WARM_UP = 2, ROUNDS = 3;
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
 * A training step of batch 128 of each network by tfjs's `trainOnBatch` on `simd`, beside PyTorch and tfjs's
 * wasm backend (which trains here by the filter gradient that this library gives it, where it does at all); and
 * MobileNetV2's predictions, an image. `BENCH_NETWORKS` picks some of them, by name.
 *
 * A figure is the best of some rounds' medians, taken in turn with PyTorch's, as other work on the machine only
 * ever adds.
 */
export async function benchNetworks(): Promise<BenchRow[]> {
  const wanted = Deno.env.get("BENCH_NETWORKS")?.split(",");
  const rows: BenchRow[] = [];
  for (const [name, { title, build, bar }] of Object.entries(NETWORKS)) {
    if (wanted && !wanted.includes(name)) continue;
    const row = await againstTorch(name, (count) => trainingStep(build, count));
    const wasm = await onWasm(row.ours, () => trainingStep(build, 1, 1));
    rows.push({ name: `${title}: step`, ...row, note: `bar ${bar}; ${row.note}; ${wasm}` });
  }
  if (!wanted || wanted.includes("mobilenet")) rows.push(...await benchMobileNet());
  return rows;
}

async function againstTorch(
  name: string,
  ours: (steps: number) => Promise<number>,
): Promise<{ ours: number; peer: number; unit: string; note: string }> {
  const count = threads();
  let mine = Infinity, torch = Infinity;
  for (let round = 0; round < ROUNDS; round++) {
    mine = Math.min(mine, await ours(STEPS));
    const peer = runPeer<number>("torch_networks.py", name, String(count), String(STEPS));
    torch = Math.min(torch, await peer);
  }
  setThreads(1);
  const single = await ours(Math.ceil(STEPS / 2));
  setThreads(count);
  return {
    ours: mine,
    peer: torch,
    unit: "ms",
    note: `${count} threads are ${(single / mine).toFixed(2)} times as fast as one`,
  };
}

/** What tfjs's wasm backend takes for the same, in words. */
async function onWasm(ours: number, work: () => Promise<number>): Promise<string> {
  await setUpCompute({ backend: "wasm", quiet: true });
  try {
    const wasm = await work();
    return `tfjs's wasm backend ${wasm.toPrecision(3)} ms, ours / wasm ${(ours / wasm).toFixed(3)}`;
  } catch (error) {
    const kernel = /Kernel '(\w+)' not registered/.exec(String(error))?.[1];
    return `tfjs's wasm backend cannot: ${kernel ? `it has no ${kernel}` : error}`;
  } finally {
    await setUpCompute({ backend: "simd", quiet: true });
  }
}

/** Median milliseconds of a step. */
async function trainingStep(
  build: () => tf.LayersModel,
  steps: number,
  warmUp = WARM_UP,
): Promise<number> {
  const model = build();
  model.compile({ optimizer: new Adam(), loss: "categoricalCrossentropy" });
  const random = seededRandom(1);
  const shape = [BATCH, ...model.inputs[0]!.shape.slice(1) as number[]];
  const x = tf.tensor(Float32Array.from({ length: tf.util.sizeFromShape(shape) }, random), shape);
  const y = tf.oneHot(tf.range(0, BATCH, 1, "int32").mod(tf.scalar(10, "int32")), 10);
  const times: number[] = [];
  try {
    for (let i = 0; i < warmUp + steps; i++) {
      const start = performance.now();
      await model.trainOnBatch(x, y);
      times.push(performance.now() - start);
    }
  } finally {
    tf.dispose([x, y]);
    model.dispose();
  }
  return median(times.slice(warmUp));
}

async function benchMobileNet(): Promise<BenchRow[]> {
  const shape = [MOBILENET_BATCH, MOBILENET_SIDE, MOBILENET_SIDE, 3] as const;
  const images = Float32Array.from(
    { length: tf.util.sizeFromShape([...shape]) },
    seededRandom(1),
  );
  /** Median milliseconds of an image. */
  const timed = async (steps: number, run: (model: tf.LayersModel) => Promise<unknown>) => {
    const model = mobileNetV2(), times: number[] = [];
    for (let i = 0; i < 1 + steps; i++) {
      const start = performance.now();
      await run(model);
      times.push((performance.now() - start) / MOBILENET_BATCH);
    }
    model.dispose();
    return median(times.slice(1));
  };
  const features = (model: tf.LayersModel) =>
    hiddenFeatures(model, { images, shape }, { layer: model.layers.at(-1)!.name });
  const predict = async (model: tf.LayersModel) => {
    const x = tf.tensor4d(images, [...shape]), y = model.predict(x) as tf.Tensor;
    await y.data();
    tf.dispose([x, y]);
  };
  const name = `MobileNetV2, ${MOBILENET_SIDE} × ${MOBILENET_SIDE}, batch ${MOBILENET_BATCH}`;
  const ways = [["hiddenFeatures", features], ["tfjs's predict", predict]] as const;
  const rows: BenchRow[] = [];
  for (const [title, run] of ways) {
    const row = await againstTorch("mobilenet", (steps) => timed(steps, run));
    const wasm = await onWasm(row.ours, () => timed(2, predict));
    rows.push({
      name: `${name}, ${title}, an image`,
      ...row,
      note: `bar 1.5; ${row.note}; ${wasm}`,
    });
  }
  return rows;
}
