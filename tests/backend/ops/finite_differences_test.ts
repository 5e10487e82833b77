// Gradients of batch normalization and depthwise convolutions against differences of the function itself.
import assert from "node:assert/strict";
import * as tf from "@tensorflow/tfjs";
import { setUpCompute } from "deep-features";
import { seededRandom } from "deep-features/base";

/** Values away from 0, of either sign. */
function values(shape: number[], seed: number): tf.Tensor {
  const random = seededRandom(seed);
  const drawn = () => (random() < 0.5 ? -1 : 1) * (0.3 + random());
  return tf.tensor(Float32Array.from({ length: tf.util.sizeFromShape(shape) }, drawn), shape);
}

/**
 * Compares gradients with slopes of the function: fourth-order central differences, so that steps may be so large
 * that float32 rounds little. What is summed in float64 is the function's outputs times fixed factors.
 */
function assertSlopes(name: string, inputs: tf.Tensor[], f: (...inputs: tf.Tensor[]) => tf.Tensor) {
  const shape = tf.tidy(() => f(...inputs).shape), factors = values(shape, 99);
  const gradients = tf.grads((...x) => tf.sum(tf.mul(f(...x), factors)))(inputs);
  const weights = factors.dataSync(), step = 1 / 16;
  for (const [i, input] of inputs.entries()) {
    const base = input.dataSync(), gradient = gradients[i]!.dataSync();
    assert.ok(
      gradient.some((value) => Math.abs(value) > 0.01),
      `${name}: input ${i} has a gradient`,
    );
    for (let k = 0; k < base.length; k++) {
      const at = (delta: number) =>
        tf.tidy(() => {
          const moved = tf.tensor(Float32Array.from(base).with(k, base[k]! + delta), input.shape);
          return f(...inputs.with(i, moved)).dataSync<"float32">()
            .reduce((sum, value, j) => sum + value * weights[j]!, 0);
        });
      const near = (at(step) - at(-step)) / (2 * step);
      const far = (at(2 * step) - at(-2 * step)) / (4 * step);
      const slope = (4 * near - far) / 3, gap = Math.abs(slope - gradient[k]!);
      assert.ok(
        gap <= 2e-3 * Math.max(1, Math.abs(slope)),
        `${name}: input ${i} has ${gradient[k]} at ${k}, but its slope is ${slope}`,
      );
    }
  }
  tf.dispose([gradients, factors]);
}

Deno.test("Gradients of batch normalization are those of finite differences: by the batch, by given moments, along any axis", async () => {
  for (const backend of ["simd", "cpu"] as const) {
    await setUpCompute({ backend, quiet: true });
    const x = values([3, 2, 3, 4], 1), [gamma, beta] = [values([4], 2), values([4], 3)];
    for (const axis of [-1, 1]) {
      const size = x.shape.at(axis)!;
      const scale = values([size], 4), center = values([size], 5);
      const layer = tf.layers.batchNormalization({ axis });
      layer.build(x.shape);
      // The layer reads its weights where it is called: so those are put in that gradients are asked of.
      const own = layer as unknown as Record<"gamma" | "beta", { read(): tf.Tensor }>;
      assertSlopes(`layer along ${axis} on ${backend}`, [x, scale, center], (x, scale, center) => {
        own.gamma = { read: () => scale! };
        own.beta = { read: () => center! };
        return layer.apply(x!, { training: true }) as tf.Tensor;
      });
    }
    const mean = values([4], 6), variance = tf.add(tf.abs(values([4], 7)), 1);
    assertSlopes(
      `given moments on ${backend}`,
      [x, mean, variance, beta, gamma],
      (x, mean, variance, beta, gamma) =>
        tf.batchNorm(
          x as tf.Tensor4D,
          mean as tf.Tensor1D,
          variance as tf.Tensor1D,
          beta as tf.Tensor1D,
          gamma as tf.Tensor1D,
          1e-3,
        ),
    );
  }
});

Deno.test("Gradients of depthwise and separable convolutions are those of finite differences", async () => {
  for (const backend of ["simd", "cpu"] as const) {
    await setUpCompute({ backend, quiet: true });
    for (const [channels, multiplier] of [[3, 2], [4, 1], [5, 1]] as const) {
      for (
        const [size, strides, pad] of [[3, 1, "same"], [3, 2, "same"], [2, 1, "valid"]] as const
      ) {
        const x = values([2, 5, 4, channels], 1);
        const filter = values([size, size, channels, multiplier], 2);
        const name = `${channels} × ${multiplier}, ${size}, ${strides}, ${pad} on ${backend}`;
        assertSlopes(
          name,
          [x, filter],
          (x, filter) => tf.depthwiseConv2d(x as tf.Tensor4D, filter as tf.Tensor4D, strides, pad),
        );
      }
    }
    const x = values([1, 4, 5, 3], 1),
      depth = values([3, 3, 3, 2], 2),
      point = values([1, 1, 6, 3], 3);
    assertSlopes(
      `separable on ${backend}`,
      [x, depth, point],
      (x, depth, point) =>
        tf.separableConv2d(
          x as tf.Tensor4D,
          depth as tf.Tensor4D,
          point as tf.Tensor4D,
          1,
          "same",
        ),
    );
  }
});
