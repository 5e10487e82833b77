import assert from "node:assert/strict";
import * as tf from "@tensorflow/tfjs";
import {
  buildCnn,
  hiddenFeatures,
  Matrix,
  predictClasses,
  setUpCompute,
  Svc,
  trainCnn,
  trustworthiness,
  Umap,
} from "deep-features";
import { seededRandom } from "deep-features/base";
import {
  KNeighborsClassifier,
  LinearSvc,
  LogisticRegression,
  RandomForestClassifier,
} from "deep-features/classifiers";
import { compileCnn } from "deep-features/cnn";
import { matmul } from "deep-features/compute";
import { nearestNeighbors } from "deep-features/neighbors";
import { allocate, allocatedBytes, failAllocation, release } from "../../../lib/compute/memory.ts";
import { neighborGraph } from "../../../lib/neighbors/neighbor_graph.ts";
import { principalComponents } from "../../../lib/neighbors/principal_components.ts";
import { crossValidate } from "../../../lib/svm/engine/cross_validate.ts";

const random = seededRandom(1);
const X = new Matrix(Float32Array.from({ length: 60 * 8 }, (_, i) => random() + i % 3), 60, 8);
const y = Int32Array.from({ length: 60 }, (_, i) => i % 3);
const Y = new Matrix(X.data.slice(0, 80), 10, 8);
const wide = new Matrix(Float32Array.from({ length: 60 * 128 }, random), 60, 128);
const plane = new Matrix(Float32Array.from({ length: 60 * 2 }, random), 60, 2);
const IMAGE = [8, 8, 3] as const;
const images = Uint8Array.from({ length: 12 * 8 * 8 * 3 }, () => 256 * random());
const labels = Uint8Array.from({ length: 12 }, (_, i) => i % 3);
const split = { images, labels, shape: [12, ...IMAGE] as const };

/** What a call must leave as it was. */
function inUse() {
  return { bytes: allocatedBytes(), tensors: tf.memory().numTensors };
}

/**
 * Calls a function again and again, each time with a later allocation that fails, until none does.
 *
 * @returns How many calls failed
 */
async function failEachAllocation(name: string, call: () => unknown): Promise<number> {
  await call(); // what stays on purpose is there afterwards
  await call();
  const before = inUse();
  for (let after = 0;; after++) {
    failAllocation(after);
    let error: unknown;
    try {
      await call();
    } catch (thrown) {
      error = thrown;
    } finally {
      failAllocation(Infinity);
    }
    assert.deepEqual(inUse(), before, `${name}, allocation ${after}`);
    if (error === undefined) return after;
    assert.ok(error instanceof RangeError, `${name}, allocation ${after}: ${error}`);
    assert.match(error.message, /^Out of memory/);
    assert.ok(after < 2000, `${name} does not end`);
  }
}

Deno.test("Whichever allocation fails, matrices and estimators give all memory back", async () => {
  const svc = await new Svc().fit(X, y);
  const umap = await new Umap({ nNeighbors: 5, nEpochs: 5 }).fit(X);
  const pca = new Umap({ nNeighbors: 5, nEpochs: 5, init: "pca" });
  const neighbors = await new KNeighborsClassifier({ nNeighbors: 3 }).fit(X, y);
  const logistic = await new LogisticRegression().fit(X, y);
  const forest = await new RandomForestClassifier({ nEstimators: 4 }).fit(X, y);
  const machines = [new Svc().options, new Svc({ C: 2 }).options];
  const folds = [0, 1].map((fold) => {
    const isTest = (_: unknown, i: number) => i % 2 === fold;
    const rows = Array.from({ length: 60 }, (_, i) => i);
    const train = Int32Array.from(rows.filter((_, i) => !isTest(_, i)));
    return { train, test: Int32Array.from(rows.filter(isTest)) };
  });
  const calls: Record<string, () => unknown> = {
    matmul: () => matmul(X, X, { transposeB: true }),
    "matmul in place": () => matmul(plane, Matrix.fromRows([[0, 1], [1, 0]]), { out: plane }),
    nearestNeighbors: () => nearestNeighbors(X, X, 3),
    "nearestNeighbors by the cosine": () => nearestNeighbors(X, Y, 3, { metric: "cosine" }),
    neighborGraph: () => neighborGraph(wide, 3, { exactRows: 20 }),
    principalComponents: () => principalComponents(X, 2, 0),
    trustworthiness: () => trustworthiness(X, plane),
    "Umap.fit": () => new Umap({ nNeighbors: 5, nEpochs: 3 }).fit(X),
    "Umap.fit from principal components": () => pca.fit(X),
    "Umap.transform": () => umap.transform(X),
    "Svc.fit": () => new Svc().fit(X, y),
    "Svc.fit, a small cache": () => new Svc({ cacheMiB: 0.015 }).fit(X, y),
    "Svc.predict": () => svc.predict(X),
    "Svc.decisionFunction": () => svc.decisionFunction(X),
    crossValidate: async () => {
      for await (const _ of crossValidate(machines, X, y, folds));
    },
    "KNeighbors.predict": () => neighbors.predict(X),
    "LogisticRegression.fit": () => new LogisticRegression().fit(X, y),
    "LogisticRegression.predict": () => logistic.predict(X),
    "LinearSvc.fit": () => new LinearSvc().fit(X, y),
    "RandomForest.fit": () => new RandomForestClassifier({ nEstimators: 4 }).fit(X, y),
    "RandomForest.predict": () => forest.predict(X),
  };
  const failures: Record<string, number> = {};
  for (const [name, call] of Object.entries(calls)) {
    failures[name] = await failEachAllocation(name, call);
  }
  // The forest computes in memory of its own; all others would have failed.
  for (const [name, count] of Object.entries(failures)) {
    if (!name.startsWith("RandomForest")) assert.ok(count > 0, name);
  }
});

Deno.test("Whichever allocation fails, networks give all memory and all tensors back", async () => {
  await setUpCompute({ backend: "simd", quiet: true });
  const model = buildCnn({ seed: 1, inputShape: IMAGE });
  compileCnn(model);
  const augment = { flip: true, shift: 2, cutout: 3, brightness: 0.2 };
  const train = () => trainCnn(model, split, { epochs: 1, batchSize: 6, augment });
  const calls: Record<string, () => unknown> = {
    trainCnn: train,
    hiddenFeatures: () => hiddenFeatures(model, split),
    predictClasses: () => predictClasses(model, split),
    "a tape that a caller makes": () =>
      tf.tidy(() => {
        const w = tf.ones([40, 30]) as tf.Tensor2D, v = tf.ones([30, 20]) as tf.Tensor2D;
        const loss = (w: tf.Tensor2D) => tf.sum(tf.square(tf.relu(tf.matMul(w, v)))) as tf.Scalar;
        tf.grad(loss as (x: tf.Tensor) => tf.Tensor)(w);
      }),
    "gradients of gradients": () =>
      tf.tidy(() => {
        const cube = (x: tf.Tensor) => tf.sum(tf.mul(x, tf.square(x)));
        tf.grad((x) => tf.sum(tf.square(tf.grad(cube)(x))))(tf.ones([100]));
      }),
  };
  for (const [name, call] of Object.entries(calls)) {
    assert.ok(await failEachAllocation(name, call) > 0, name);
  }
  model.dispose();
});

Deno.test("A throwing callback and an abort give all memory and all tensors back", async () => {
  await setUpCompute({ backend: "simd", quiet: true });
  const model = buildCnn({ seed: 1, inputShape: IMAGE });
  compileCnn(model);
  await trainCnn(model, split, { epochs: 1, batchSize: 6 });
  const umap = await new Umap({ nNeighbors: 5, nEpochs: 5 }).fit(X);
  const svc = await new Svc().fit(X, y);
  await svc.predict(X);
  const thrown = new Error("a caller's own");
  const fail = () => {
    throw thrown;
  };
  type Options = { onProgress?: () => void; signal?: AbortSignal };
  const calls: Record<string, (options: Options) => Promise<unknown>> = {
    trainCnn: ({ onProgress, signal }) =>
      trainCnn(model, split, {
        epochs: 1,
        batchSize: 6,
        ...(onProgress ? { onBatch: onProgress } : {}),
        ...(signal ? { signal } : {}),
      }),
    hiddenFeatures: (options) => hiddenFeatures(model, split, options),
    predictClasses: (options) => predictClasses(model, split, options),
    nearestNeighbors: (options) => nearestNeighbors(X, X, 3, options),
    "Umap.fit": (options) => new Umap({ nNeighbors: 5, nEpochs: 5 }).fit(X, options),
    "Umap.transform": (options) => umap.transform(X, options),
    "Svc.fit": (options) => new Svc().fit(X, y, options),
    "Svc.predict": (options) => svc.predict(X, options),
    "LogisticRegression.fit": (options) => new LogisticRegression().fit(X, y, options),
    "LinearSvc.fit": (options) => new LinearSvc().fit(X, y, options),
    "RandomForest.fit": (options) =>
      new RandomForestClassifier({ nEstimators: 4 }).fit(X, y, options),
  };
  for (const [name, call] of Object.entries(calls)) {
    const before = inUse();
    await assert.rejects(call({ onProgress: fail }), (error) => error === thrown, name);
    assert.deepEqual(inUse(), before, `${name}, a throwing callback`);
    const controller = new AbortController();
    const aborted = call({ onProgress: () => controller.abort(), signal: controller.signal });
    // What is done at its first report of progress may end well.
    await aborted.catch((error) => assert.equal(error.name, "AbortError", name));
    assert.deepEqual(inUse(), before, `${name}, an abort`);
    await assert.rejects(call({ signal: AbortSignal.abort() }), { name: "AbortError" }, name);
    assert.deepEqual(inUse(), before, `${name}, an abort before`);
  }
  model.dispose();
});

Deno.test("A batch too large for the memory fails, and smaller ones then work", async () => {
  await setUpCompute({ backend: "simd", quiet: true });
  const model = buildCnn({ seed: 1, inputShape: IMAGE });
  compileCnn(model);
  const train = (batchSize: number) =>
    trainCnn(model, split, { epochs: 1, batchSize, validationSplit: 0 });
  await train(6);
  // Machines of other tests keep what they can make anew, until memory is short.
  assert.throws(() => allocate(2 ** 32), /^RangeError: Out of memory/);
  const before = inUse();
  // All but what a small batch needs is taken, as by something else.
  const taken: number[] = [];
  try {
    for (let size = 2 ** 31; size >= 2 ** 17; size /= 2) {
      while (true) {
        try {
          taken.push(allocate(size));
        } catch {
          break;
        }
      }
    }
    const full = inUse();
    await assert.rejects(train(12), /^RangeError: Out of memory/);
    assert.deepEqual(inUse(), full);
  } finally {
    taken.forEach(release);
  }
  await train(12);
  assert.deepEqual(inUse(), before);
  model.dispose();
});
