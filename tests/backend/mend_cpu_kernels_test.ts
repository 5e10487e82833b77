import assert from "node:assert/strict";
import * as tf from "@tensorflow/tfjs";
import { setUpCompute } from "deep-features";
import { seededRandom } from "deep-features/base";

Deno.test("The gradient of nearest-neighbor resizing is that of finite differences, in every image of a batch", async () => {
  for (const backend of ["cpu", "simd"] as const) {
    await setUpCompute({ backend, quiet: true });
    const random = seededRandom(1);
    for (
      const [shape, size, alignCorners] of [
        [[3, 2, 2, 2], [4, 4], false],
        [[2, 3, 4, 1], [6, 12], false],
        [[2, 3, 3, 2], [5, 7], true],
        [[2, 5, 4, 1], [3, 2], false],
        [[2, 1, 1, 3], [1, 1], true],
      ] as const
    ) {
      const n = shape.reduce<number>((a, b) => a * b, 1);
      const values = Float32Array.from({ length: n }, () => random());
      const weights = tf.randomUniform([shape[0], ...size, shape[3]], -1, 1, "float32", 4);
      const objective = (x: tf.Tensor) =>
        tf.sum(
          tf.mul(
            weights,
            tf.image.resizeNearestNeighbor(x as tf.Tensor4D, [...size], alignCorners),
          ),
        );
      const gradient = tf.grad(objective)(tf.tensor4d(values, [...shape])).dataSync();
      for (let k = 0; k < n; k++) {
        // The objective is linear: any step gives its slope.
        const at = (step: number) =>
          objective(tf.tensor4d(values.with(k, values[k]! + step), [...shape])).dataSync()[0]!;
        assert.ok(Math.abs(gradient[k]! - (at(1) - at(-1)) / 2) < 1e-4, `${backend} ${shape} ${k}`);
      }
    }
  }
});
