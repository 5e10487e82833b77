import assert from "node:assert/strict";
import * as tf from "@tensorflow/tfjs";
import { setUpCompute } from "deep-features";
import { seededRandom } from "deep-features/base";
import { imageValues } from "../../lib/backend/image_values.ts";

Deno.test("imageValues() picks rows, channels and values as their definition says, on every backend", async () => {
  const random = seededRandom(3);
  for (const channels of [1, 2, 3, 4]) {
    for (const [height, width] of [[1, 1], [5, 7], [70, 61]] as const) { // one task of the kernel has 4096 pixels
      const size = height * width * channels;
      const images = Uint8Array.from({ length: 5 * size }, () => 256 * random());
      const from = Array.from({ length: channels }, (_, c) => c).reverse();
      const values = Float64Array.from({ length: 256 * channels }, () => random() - 0.5);
      const rows = [3, 0, 3];
      for (const ones of [false, true]) {
        const wanted = rows.flatMap((row) =>
          Array.from({ length: height * width }, (_, i) => [
            ...from.map((source, c) =>
              Math.fround(values[256 * c + images[row * size + i * channels + source]!]!)
            ),
            ...ones ? [1] : [],
          ]).flat()
        );
        for (const backend of ["simd", "cpu"] as const) {
          await setUpCompute({ backend, quiet: true });
          const own = [height, width, channels] as const;
          const batch = imageValues(images, rows, own, { from, values }, ones);
          assert.deepEqual(batch.shape, [3, height, width, channels + Number(ones)]);
          assert.deepEqual([...batch.dataSync()], wanted, `${backend}: ${channels} channels`);
          batch.dispose();
        }
      }
    }
  }
});

Deno.test("imageValues() leaves nothing but its tensor, which tidy() disposes of", async () => {
  await setUpCompute({ backend: "simd", quiet: true });
  const values = Float64Array.from({ length: 256 }, (_, byte) => byte);
  const before = tf.memory().numTensors;
  tf.tidy(() => {
    imageValues(new Uint8Array(4), [0, 1], [1, 2, 1], { from: [0], values }, true);
  });
  assert.equal(tf.memory().numTensors, before);
});
