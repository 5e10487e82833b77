import { buildCnn, hiddenFeatures, sliceSplit, type Split, trainCnn } from "deep-features";
import { seededRandom } from "deep-features/base";
import type { Augment } from "deep-features/cnn";
import { setThreads, threads } from "deep-features/compute";
import { runPeer } from "./peer.ts";
import { median } from "./median.ts";
import type { BenchRow } from "./row.ts";

const BATCH = 128, STEPS = 30, ROUNDS = 3;
const FEATURE_IMAGES = 5000;

/** A training step of the article's network, batch 128, against PyTorch; and how it uses threads. */
export async function benchTrainingStep(): Promise<BenchRow[]> {
  const count = threads();
  const ours: number[] = [], peer: number[] = [], single: number[] = [], augmented: number[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    ours.push(await step());
    augmented.push(await step({ flip: true, shift: 4, cutout: 8, brightness: 0.2 }));
    peer.push(await runPeer<number>("torch_training_step.py", String(count), String(STEPS)));
    setThreads(1);
    single.push(await step());
    setThreads(count);
  }
  const model = buildCnn({ seed: 1 });
  const images = randomImages(FEATURE_IMAGES);
  await hiddenFeatures(model, sliceSplit(images, 0, 500));
  const start = performance.now();
  await hiddenFeatures(model, images);
  const features = (performance.now() - start) / 1000 * 50_000 / FEATURE_IMAGES;
  return [
    {
      name: `training step, batch ${BATCH}, PyTorch on ${count} threads`,
      ours: median(ours),
      peer: median(peer),
      unit: "ms",
      note: `features of 50,000 images would take ${features.toFixed(1)} s`,
    },
    {
      name: `training step on ${count} threads, against 1 of our own`,
      ours: median(ours),
      peer: median(single),
      unit: "ms",
      note: `${(median(single) / median(ours)).toFixed(2)} times as fast`,
    },
    {
      name: "training step with all augmentations, against none",
      ours: median(augmented),
      peer: median(ours),
      unit: "ms",
    },
  ];
}

/** Median milliseconds of a step of `trainCnn`, batches and figures included. */
async function step(augment?: Augment): Promise<number> {
  const model = buildCnn({ seed: 1 });
  const n = BATCH * STEPS;
  const times: number[] = [];
  let last = performance.now();
  await trainCnn(model, randomImages(n), {
    epochs: 1,
    validationSplit: 0,
    augment,
    onBatch: () => {
      times.push(performance.now() - last);
      last = performance.now();
    },
  });
  model.dispose();
  return median(times.slice(5));
}

function randomImages(n: number): Split {
  const random = seededRandom(1);
  return {
    images: Uint8Array.from({ length: n * 3072 }, () => 256 * random()),
    labels: Uint8Array.from({ length: n }, (_, i) => i % 10),
    shape: [n, 32, 32, 3],
  };
}
