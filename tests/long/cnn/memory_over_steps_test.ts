import assert from "node:assert/strict";
import v8 from "node:v8";
import vm from "node:vm";
import * as tf from "@tensorflow/tfjs";
import { buildCnn, setUpCompute, trainCnn } from "deep-features";
import { allocatedBytes, sharedMemory } from "../../../lib/compute/memory.ts";

Deno.test("trainCnn() does not grow the memory over 2,000 steps", async () => {
  const shape = [8, 8, 8, 3] as const;
  const images = Uint8Array.from({ length: 8 * 8 * 8 * 3 }, (_, i) => i * 37);
  const data = { images, labels: Uint8Array.of(0, 1, 0, 1, 1, 0, 1, 0), shape };
  await setUpCompute({ backend: "simd", quiet: true });
  const model = buildCnn({ seed: 1, inputShape: [8, 8, 3], classes: 2 });
  // JavaScript's heap swings by a hundred MB between two collections: each reading collects before.
  v8.setFlagsFromString("--expose-gc");
  const collectGarbage = vm.runInNewContext("gc") as () => void;
  const readings: { held: number[]; heapUsed: number; resident: number }[] = [];
  await trainCnn(model, data, {
    epochs: 1500,
    batchSize: 4,
    validationSplit: 0,
    onEpoch: ({ epoch }) => {
      if (epoch !== 499 && epoch !== 1499) return;
      collectGarbage();
      const { heapUsed, rss } = Deno.memoryUsage();
      readings.push({
        held: [tf.memory().numTensors, allocatedBytes(), sharedMemory().buffer.byteLength],
        heapUsed: heapUsed / 2 ** 20,
        resident: rss / 2 ** 20,
      });
    },
  });
  const [early, late] = readings as [typeof readings[0], typeof readings[0]];
  assert.deepEqual(late.held, early.held);
  const grown = { heap: late.heapUsed - early.heapUsed, resident: late.resident - early.resident };
  assert.ok(grown.heap < 8, `2,000 steps made the heap ${grown.heap.toFixed(0)} MiB larger`);
  assert.ok(
    grown.resident < 100,
    `2,000 steps made the process ${grown.resident.toFixed(0)} MiB larger`,
  );
  model.dispose();
});
