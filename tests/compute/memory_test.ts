import assert from "node:assert/strict";
import * as tf from "@tensorflow/tfjs";
import { setUpCompute } from "deep-features";
import {
  allocate,
  allocatedBytes,
  allocFloat32,
  freeViews,
  isShared,
  release,
  sharedMemory,
} from "../../lib/compute/memory.ts";

Deno.test("allocate() gives aligned blocks that do not overlap, and release() takes them back", () => {
  const before = allocatedBytes();
  const views = [1, 7, 100, 5000, 16].map((n) => allocFloat32(n));
  views.forEach((view, i) => {
    assert.equal(view.byteOffset % 64, 0);
    view.fill(i);
  });
  views.forEach((view, i) => assert.ok(view.every((value) => value === i)));
  freeViews(...views);
  assert.equal(allocatedBytes(), before);
  assert.throws(() => release(views[0]!.byteOffset), /Nothing is allocated/);
});

Deno.test("Freed neighbours join, so that memory does not grow over many rounds", () => {
  const round = () => {
    const addresses = Array.from({ length: 50 }, (_, i) => allocate(1000 * (1 + i % 7)));
    const big = allocate(3_000_000);
    addresses.filter((_, i) => i % 2).forEach(release);
    release(big);
    addresses.filter((_, i) => i % 2 === 0).forEach(release);
  };
  round();
  const size = sharedMemory().buffer.byteLength;
  for (let i = 0; i < 200; i++) round();
  assert.equal(sharedMemory().buffer.byteLength, size);
});

Deno.test("Out of memory is an error with the sizes in it", () => {
  assert.throws(
    () => allocate(5 * 2 ** 30),
    /Out of memory: cannot allocate 5,120 MiB beside the [\d.,]+ MiB in use.*4,096 MiB/,
  );
  release(allocate(100));
});

Deno.test("Values read from a tensor stay what they were when its memory is used again", async () => {
  await setUpCompute({ backend: "simd", quiet: true });
  const x = tf.add(tf.ones([1000]), 1);
  const part = tf.slice(x, 10, 5);
  const values = x.dataSync();
  x.dispose();
  const other = tf.add(tf.zeros([1000]), 9);
  assert.ok(!isShared(values));
  assert.ok(values.every((value) => value === 2));
  assert.deepEqual([...part.dataSync()], [2, 2, 2, 2, 2]);
  tf.dispose([part, other]);
});

Deno.test("Training steps neither keep tensors nor memory", async () => {
  await setUpCompute({ backend: "simd", quiet: true });
  const weights = tf.variable(tf.randomUniform([300, 20], -1, 1, "float32", 1));
  const optimizer = tf.train.sgd(0.01);
  const x = tf.randomUniform([64, 300], -1, 1, "float32", 2) as tf.Tensor2D;
  const step = () =>
    tf.tidy(() => {
      optimizer.minimize(() =>
        tf.mean(tf.square(tf.relu(tf.matMul(x, weights as unknown as tf.Tensor2D)))) as tf.Scalar
      );
    });
  step();
  const tensors = tf.memory().numTensors, bytes = allocatedBytes();
  const size = sharedMemory().buffer.byteLength;
  for (let i = 0; i < 2000; i++) step();
  assert.equal(tf.memory().numTensors, tensors);
  assert.equal(allocatedBytes(), bytes);
  assert.equal(sharedMemory().buffer.byteLength, size);
  tf.dispose([weights, x]);
});
