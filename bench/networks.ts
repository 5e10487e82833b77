import * as tf from "@tensorflow/tfjs";
import { hiddenFeatures, setUpCompute } from "deep-features";
import { Adam, watchFallbacks } from "deep-features/backend";
import { seededRandom } from "deep-features/base";
import { setThreads, threads } from "deep-features/compute";
import { median } from "./median.ts";
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
 * MobileNetV2's predictions, an image. `BENCH_NETWORKS` picks some of them, by name. It takes about six minutes.
 *
 * A figure is the best of some rounds' medians, taken in turn with PyTorch's, as other work on the machine only
 * ever adds.
 */
export async function benchNetworks(): Promise<BenchRow[]> {
  const wanted = Deno.env.get("BENCH_NETWORKS")?.split(",");
  const rows: BenchRow[] = [];
  for (const [name, { title, build, bar }] of Object.entries(NETWORKS)) {
    if (wanted && !wanted.includes(name)) continue;
    rows.push(
      await compared({
        name: `${title}: step`,
        network: name,
        bar,
        ours: (steps) => trainingStep(build, steps),
        // One step, without a warm-up: it takes up to half a minute.
        wasm: () => trainingStep(build, 1, 0),
      }),
    );
  }
  if (!wanted || wanted.includes("mobilenet")) rows.push(...await benchMobileNet());
  return rows;
}

interface Comparison {
  readonly name: string;
  /** Its name in `peers/torch_networks.py`. */
  readonly network: string;
  readonly bar: number;
  readonly ours: (steps: number) => Promise<Timing>;
  readonly wasm: () => Promise<Timing>;
}

interface Timing {
  /** Median milliseconds. */
  readonly milliseconds: number;
  /** Share of the time on the CPU backend, for want of a kernel. */
  readonly fallen: number;
}

async function compared({ name, network, bar, ours, wasm }: Comparison): Promise<BenchRow> {
  const count = threads();
  const best = { ours: Infinity, peer: Infinity };
  let fallen = Infinity;
  for (let round = 0; round < ROUNDS; round++) {
    const mine = await ours(STEPS);
    best.ours = Math.min(best.ours, mine.milliseconds);
    fallen = Math.min(fallen, mine.fallen);
    const peer = await runPeer<number>(
      "torch_networks.py",
      network,
      String(count),
      String(STEPS),
    );
    best.peer = Math.min(best.peer, peer);
  }
  setThreads(1);
  const single = await ours(Math.ceil(STEPS / 2));
  setThreads(count);
  return {
    name,
    ...best,
    unit: "ms",
    columns: {
      bar: String(bar),
      "ours / tfjs's wasm": await onWasm(best.ours, wasm),
      [`${count} threads against 1`]: `${(single.milliseconds / best.ours).toFixed(2)} ×`,
      "on the CPU backend": `${(100 * fallen).toFixed(2)} %`,
    },
  };
}

/** How ours compares with tfjs's wasm backend, or what that lacks. */
async function onWasm(ours: number, work: () => Promise<Timing>): Promise<string> {
  await setUpCompute({ backend: "wasm", quiet: true });
  try {
    return (ours / (await work()).milliseconds).toFixed(3);
  } catch (error) {
    const kernel = /Kernel '(\w+)' not registered/.exec(String(error))?.[1];
    return kernel ? `it has no ${kernel}` : String(error);
  } finally {
    await setUpCompute({ backend: "simd", quiet: true });
  }
}

/** Times a piece of work again and again; the first times do not count. */
async function timed(warmUp: number, count: number, work: () => Promise<unknown>): Promise<Timing> {
  for (let i = 0; i < warmUp; i++) await work();
  const fallbacksSince = watchFallbacks(), times: number[] = [];
  for (let i = 0; i < count; i++) {
    const start = performance.now();
    await work();
    times.push(performance.now() - start);
  }
  const fallen = fallbacksSince().reduce((sum, { milliseconds }) => sum + milliseconds, 0);
  const whole = times.reduce((sum, milliseconds) => sum + milliseconds, 0);
  return { milliseconds: median(times), fallen: fallen / whole };
}

async function trainingStep(
  build: () => tf.LayersModel,
  steps: number,
  warmUp = WARM_UP,
): Promise<Timing> {
  const model = build();
  model.compile({ optimizer: new Adam(), loss: "categoricalCrossentropy" });
  const random = seededRandom(1);
  const shape = [BATCH, ...model.inputs[0]!.shape.slice(1) as number[]];
  const x = tf.tensor(Float32Array.from({ length: tf.util.sizeFromShape(shape) }, random), shape);
  const y = tf.oneHot(tf.range(0, BATCH, 1, "int32").mod(tf.scalar(10, "int32")), 10);
  try {
    return await timed(warmUp, steps, () => model.trainOnBatch(x, y));
  } finally {
    tf.dispose([x, y]);
    model.dispose();
  }
}

async function benchMobileNet(): Promise<BenchRow[]> {
  const shape = [MOBILENET_BATCH, MOBILENET_SIDE, MOBILENET_SIDE, 3] as const;
  const images = Float32Array.from(
    { length: tf.util.sizeFromShape([...shape]) },
    seededRandom(1),
  );
  /** Of an image. */
  const predicted = async (steps: number, run: (model: tf.LayersModel) => Promise<unknown>) => {
    const model = mobileNetV2();
    const { milliseconds, fallen } = await timed(1, steps, () => run(model));
    model.dispose();
    return { milliseconds: milliseconds / MOBILENET_BATCH, fallen };
  };
  const features = (model: tf.LayersModel) =>
    hiddenFeatures(model, { images, shape }, { layer: model.layers.at(-1)!.name });
  const predict = async (model: tf.LayersModel) => {
    const x = tf.tensor4d(images, [...shape]), y = model.predict(x) as tf.Tensor;
    await y.data();
    tf.dispose([x, y]);
  };
  const name = `MobileNetV2, ${MOBILENET_SIDE} × ${MOBILENET_SIDE}, batch ${MOBILENET_BATCH}`;
  const rows: BenchRow[] = [];
  for (const [title, run] of [["hiddenFeatures", features], ["tfjs's predict", predict]] as const) {
    rows.push(
      await compared({
        name: `${name}, ${title}, an image`,
        network: "mobilenet",
        bar: 1.5,
        ours: (steps) => predicted(steps, run),
        wasm: () => predicted(2, predict),
      }),
    );
  }
  return rows;
}
