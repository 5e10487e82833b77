import assert from "node:assert/strict";
import * as tf from "@tensorflow/tfjs";
import { setUpCompute, trainCnn } from "deep-features";
import { Adam } from "deep-features/backend";
import { resNet20 } from "../../bench/network_zoo.ts";

const STEPS = 2000, BATCH = 1, SETTLED = 400;

interface Held {
  readonly tensors: number;
  readonly shared: number;
  readonly resident: number;
}

function held(): Held {
  const { numTensors, sharedBytes } = tf.memory() as tf.MemoryInfo & { sharedBytes: number };
  return { tensors: numTensors, shared: sharedBytes, resident: Deno.memoryUsage().rss };
}

Deno.test("2,000 steps of ResNet-20 leave no tensor, no shared memory and no resident memory behind", async () => {
  await setUpCompute({ backend: "simd", quiet: true });
  const model = resNet20();
  model.compile({ optimizer: new Adam(), loss: "categoricalCrossentropy", metrics: ["accuracy"] });
  const images = Uint8Array.from(
    { length: 10 * BATCH * 32 * 32 * 3 },
    (_, i) => (i * 2654435761) >>> 24,
  );
  const data = {
    images,
    shape: [10 * BATCH, 32, 32, 3] as const,
    labels: Uint8Array.from({ length: 10 * BATCH }, (_, i) => i % 10),
  };
  const after: Held[] = [];
  let steps = 0;
  const history = await trainCnn(model, data, {
    epochs: STEPS / 10,
    batchSize: BATCH,
    validationSplit: 0,
    onBatch: () => {
      steps++;
      if (steps >= SETTLED && steps % 100 === 0) after.push(held());
    },
  });
  assert.equal(steps, STEPS);
  const first = after[0]!;
  for (const { tensors, shared } of after) {
    assert.deepEqual({ tensors, shared }, { tensors: first.tensors, shared: first.shared });
  }
  // JavaScript's heap swings by 200 MB between two collections, so the lows of the two halves are compared. A
  // leak of the gradients of the weights alone would be over 1,700 MiB.
  const half = Math.floor(after.length / 2);
  const [early, late] = [after.slice(0, half), after.slice(half)].map((part) =>
    Math.min(...part.map(({ resident }) => resident)) / 2 ** 20
  ) as [number, number];
  assert.ok(late - early < 64, `${(late - early).toFixed(0)} MiB more are resident`);
  assert.ok(history.loss.at(-1)! < history.loss[0]!, "it did train");
});
