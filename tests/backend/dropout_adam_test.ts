import assert from "node:assert/strict";
import * as tf from "@tensorflow/tfjs";
import { Adam, seededDropout, setUpCompute } from "deep-features";

const use = (backend: "simd" | "cpu") => setUpCompute({ backend, quiet: true });

Deno.test("seededDropout() draws the same mask on every backend", async () => {
  for (const n of [1, 2, 3, 4, 7, 16384, 16387, 40000]) {
    const masks: Float32Array[] = [];
    for (const backend of ["cpu", "simd"] as const) {
      await use(backend);
      masks.push(
        seededDropout(tf.ones([n]), 0.3, 123).dataSync() as Float32Array,
      );
    }
    assert.deepEqual(masks[1], masks[0]);
  }
});

Deno.test("seededDropout() drops its share, keeps the mean, and masks of other seeds are independent", async () => {
  await use("simd");
  const n = 200_000;
  const mask = (seed: number) => seededDropout(tf.ones([n]), 0.2, seed).dataSync();
  const [a, b] = [mask(1), mask(2)];
  const kept = a.filter((value) => value > 0).length / n;
  const both = a.filter((value, i) => value > 0 && b[i]! > 0).length / n;
  const neighbours = a.filter((value, i) => value > 0 && a[(i + 1) % n]! > 0).length / n;
  // Four standard deviations of a share of n draws are below 0.004.
  assert.ok(Math.abs(kept - 0.8) < 0.004);
  assert.ok(Math.abs(both - 0.64) < 0.004);
  assert.ok(Math.abs(neighbours - 0.64) < 0.004);
  assert.ok(a.every((value) => value === 0 || Math.abs(value - 1.25) < 1e-6));
});

Deno.test("seededDropout() passes gradients through its own mask", async () => {
  await use("simd");
  const x = tf.range(1, 1001, 1, "float32");
  const y = seededDropout(x, 0.5, 9).dataSync();
  const gradient = tf.grad((x) => tf.sum(seededDropout(x, 0.5, 9)) as tf.Scalar)(x).dataSync();
  gradient.forEach((value, i) => assert.equal(value, y[i] === 0 ? 0 : 2));
  assert.equal(seededDropout(x, 0, 1), x);
  assert.throws(() => seededDropout(x, 1, 1), /got 1/);
  assert.throws(() => seededDropout(x, 0.5, 0.5), /whole number, got 0.5/);
});

Deno.test("Adam takes the steps of tfjs's optimizer", async () => {
  const train = async (backend: "simd" | "cpu", optimizer: tf.Optimizer) => {
    await use(backend);
    const target = tf.tensor1d([3, -2, 0.5, 10, 1e-3]);
    const w = tf.variable(tf.tensor1d([0, 1, 2, 3, 4]));
    const bias = tf.variable(tf.scalar(0.1));
    for (let i = 0; i < 20; i++) {
      optimizer.minimize(() =>
        tf.sum(
          tf.square(tf.sub(tf.add(w as tf.Tensor, bias), target)),
        ) as tf.Scalar
      );
    }
    return [...w.dataSync(), ...bias.dataSync()];
  };
  const expected = await train("cpu", tf.train.adam(0.05));
  for (const backend of ["cpu", "simd"] as const) {
    const actual = await train(backend, new Adam(0.05));
    actual.forEach((value, i) => assert.ok(Math.abs(value - expected[i]!) < 1e-5));
  }
});

Deno.test("Adam's first step is the learning rate times the gradient's sign, and it saves its moments", async () => {
  await use("simd");
  const w = tf.variable(tf.tensor1d([1, -1]));
  const optimizer = new Adam(0.125);
  optimizer.minimize(() => tf.sum(tf.mul(w as tf.Tensor, [3, -0.01])) as tf.Scalar);
  const [first, second] = w.dataSync();
  assert.ok(
    Math.abs(first! - 0.875) < 1e-5 && Math.abs(second! + 0.875) < 1e-4,
  );
  const saved = await optimizer.getWeights();
  assert.equal(saved.length, 3);
  assert.ok(Math.abs(saved[1]!.tensor.dataSync()[0]! - 0.3) < 1e-6);
});
