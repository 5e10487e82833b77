import assert from "node:assert/strict";
import * as tf from "@tensorflow/tfjs";
import { setUpCompute } from "deep-features";
import { seededRandom } from "deep-features/base";

type Pad = "same" | "valid" | tf.backend_util.ExplicitPadding;

/** Gradient of sum(conv2d(x, filter) * weight) with respect to the filter. */
function filterGradient(
  x: number[],
  xShape: [number, number, number, number],
  filter: number[],
  filterShape: [number, number, number, number],
  strides: [number, number],
  pad: Pad,
  weight: number,
): Float32Array {
  return tf.tidy(() => {
    const image = tf.tensor4d(x, xShape);
    const loss = (f: tf.Tensor) => {
      const y = tf.conv2d(image, f as tf.Tensor4D, strides, pad);
      const ramp = tf.reshape(tf.range(0, y.size, 1, "float32"), y.shape);
      return tf.sum(tf.mul(y, tf.sin(tf.mul(ramp, weight)))) as tf.Scalar;
    };
    return tf.grad(loss)(tf.tensor4d(filter, filterShape))
      .dataSync() as Float32Array;
  });
}

const cases: {
  x: [number, number, number, number];
  filter: [number, number, number, number];
  strides: [number, number];
  pad: Pad;
}[] = [
  { x: [2, 5, 5, 3], filter: [2, 2, 3, 4], strides: [1, 1], pad: "same" },
  { x: [3, 7, 6, 1], filter: [3, 2, 1, 5], strides: [1, 1], pad: "valid" },
  { x: [1, 9, 8, 2], filter: [3, 3, 2, 3], strides: [2, 2], pad: "same" },
  { x: [2, 4, 5, 3], filter: [1, 1, 3, 2], strides: [1, 2], pad: "valid" },
  { x: [1, 4, 4, 2], filter: [3, 3, 2, 2], strides: [1, 1], pad: [[0, 0], [0, 2], [0, 2], [0, 0]] },
];

Deno.test("Conv2DBackpropFilter on wasm equals the cpu backend's", async () => {
  const random = seededRandom(1);
  for (const { x, filter, strides, pad } of cases) {
    const xs = Array.from({ length: x.reduce((a, b) => a * b) }, () => random() - 0.5);
    const fs = Array.from({ length: filter.reduce((a, b) => a * b) }, () => random() - 0.5);
    const results: Float32Array[] = [];
    for (const backend of ["cpu", "wasm"] as const) {
      await setUpCompute({ backend, quiet: true });
      results.push(filterGradient(xs, x, fs, filter, strides, pad, 0.7));
    }
    results[0]!.forEach((value, i) => assert.ok(Math.abs(value - results[1]![i]!) < 1e-4));
  }
});

Deno.test("Conv2DBackpropFilter on wasm equals finite differences", async () => {
  await setUpCompute({ backend: "wasm", quiet: true });
  const random = seededRandom(2);
  const xs = Array.from({ length: 2 * 4 * 4 * 2 }, () => random() - 0.5);
  const fs = Array.from({ length: 2 * 2 * 2 * 3 }, () => random() - 0.5);
  const gradient = filterGradient(xs, [2, 4, 4, 2], fs, [2, 2, 2, 3], [1, 1], "same", 0.3);
  // The loss is linear in the filter: a large step has no truncation error and little rounding.
  const step = 0.5;
  const loss = (values: number[]) =>
    tf.tidy(() => {
      const y = tf.conv2d(
        tf.tensor4d(xs, [2, 4, 4, 2]),
        tf.tensor4d(values, [2, 2, 2, 3]),
        1,
        "same",
      );
      const ramp = tf.reshape(tf.range(0, y.size, 1, "float32"), y.shape);
      return tf.sum(tf.mul(y, tf.sin(tf.mul(ramp, 0.3)))).dataSync()[0]!;
    });
  for (let i = 0; i < fs.length; i++) {
    const up = fs.with(i, fs[i]! + step), down = fs.with(i, fs[i]! - step);
    const slope = (loss(up) - loss(down)) / (2 * step);
    assert.ok(Math.abs(slope - gradient[i]!) < 1e-4, `filter value ${i}`);
  }
});
