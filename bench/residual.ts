import {
  accuracyScore,
  buildResidualCnn,
  loadCifar10,
  predictClasses,
  progressLine,
  readPreset,
  RESIDUAL_TRAINING,
  setUpCompute,
  trainCnn,
  trainedCnn,
} from "deep-features";
import type { Schedule } from "deep-features/cnn";
import { threads } from "deep-features/compute";
import { scheduleText } from "../lib/cnn/learning_rate.ts";
import { median } from "./median.ts";
import { runPeer } from "./peer.ts";
import { PeerFiles } from "./peer_files.ts";
import type { BenchRow } from "./row.ts";

/** As many as make the preset the one of the notebook's committed outputs. */
const SEEDS = "3";

/** Epochs of ours that are timed in this run, beside the peer's; the whole training is kept in `data/`. */
const TIMED_EPOCHS = 2;

/**
 * The residual network of notebook 06, trained here and in PyTorch on the same images in the same way: seconds
 * of an epoch, and what both make of the test images. `BENCH_RESIDUAL_EPOCHS` makes it short. It takes some twenty
 * minutes where `data/` holds the network, and as many more where it does not.
 */
export async function benchResidual(): Promise<BenchRow[]> {
  await setUpCompute({ backend: "simd", quiet: true });
  const data = await loadCifar10(), { train, test } = data;
  const { residualEpochs, batchSize } = readPreset("article", SEEDS);
  const epochs = Number(Deno.env.get("BENCH_RESIDUAL_EPOCHS") ?? residualEpochs);
  const training = { ...RESIDUAL_TRAINING, batchSize, seed: 0 };
  const { model } = await trainedCnn(data, {
    ...training,
    build: buildResidualCnn,
    epochs,
    onProgress: progressLine("Training"),
  });
  const ours = accuracyScore(test.labels, await predictClasses(model, test));
  const { seconds } = await trainCnn(buildResidualCnn({ seed: 0 }), train, {
    ...training,
    epochs: TIMED_EPOCHS,
    onEpoch: ({ epoch, seconds }) => console.log(`epoch ${epoch + 1}: ${seconds.toFixed(1)} s`),
  });
  await using files = await PeerFiles.open();
  await files.write({
    images: train.images,
    labels: Uint8Array.from(train.labels),
    test_images: test.images,
    test_labels: Uint8Array.from(test.labels),
  });
  const peer = await runPeer<{ seconds: number[]; test: number }>(
    "torch_residual.py",
    files.folder,
    JSON.stringify({
      ...RESIDUAL_TRAINING,
      learningRate: scheduleText(RESIDUAL_TRAINING.learningRate as Schedule),
      epochs,
      batchSize,
      threads: threads(),
    }),
  );
  return [{
    name: "an epoch of the residual network, 40,000 + 10,000 images, PyTorch",
    ours: median(seconds),
    peer: median(peer.seconds),
    unit: "s",
    note: `test accuracy after ${epochs} epochs ${ours.toFixed(4)}, PyTorch ${
      peer.test.toFixed(4)
    }`,
  }];
}
