import assert from "node:assert/strict";
import * as tf from "@tensorflow/tfjs";
import { buildCnn, setUpCompute } from "deep-features";
import { Adam, seededDropout } from "deep-features/backend";

const use = (backend: "simd" | "cpu") => setUpCompute({ backend, quiet: true });

Deno.test("seededDropout() draws the same mask on every backend", async () => {
  for (const n of [1, 2, 3, 4, 7, 16384, 16387, 40000]) {
    const masks: Float32Array[] = [];
    for (const backend of ["cpu", "simd"] as const) {
      await use(backend);
      masks.push(seededDropout(tf.ones([n]), 0.3, 123).dataSync() as Float32Array);
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
  const neighbors = a.filter((value, i) => value > 0 && a[(i + 1) % n]! > 0).length / n;
  // Four standard deviations of a share of n draws are below 0.004.
  assert.ok(Math.abs(kept - 0.8) < 0.004);
  assert.ok(Math.abs(both - 0.64) < 0.004);
  assert.ok(Math.abs(neighbors - 0.64) < 0.004);
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
        tf.sum(tf.square(tf.sub(tf.add(w as tf.Tensor, bias), target))) as tf.Scalar
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
  assert.ok(Math.abs(first! - 0.875) < 1e-5 && Math.abs(second! + 0.875) < 1e-4);
  const saved = await optimizer.getWeights();
  assert.equal(saved.length, 3);
  assert.ok(Math.abs(saved[1]!.tensor.dataSync()[0]! - 0.3) < 1e-6);
});

/** Adam by the paper's equations in double precision, with the optimizer's number of steps, as Keras has it. */
function adamByHand(rate: number) {
  const moments = new Map<number[], { m: number[]; v: number[] }>();
  let t = 0;
  return (...steps: { w: number[]; g: number[] }[]) => {
    t++;
    for (const { w, g } of steps) {
      const { m, v } = moments.get(w) ?? { m: w.map(() => 0), v: w.map(() => 0) };
      moments.set(w, { m, v });
      w.forEach((_, i) => {
        m[i] = 0.9 * m[i]! + 0.1 * g[i]!;
        v[i] = 0.999 * v[i]! + 0.001 * g[i]! ** 2;
        const scale = Math.sqrt(v[i]! / (1 - 0.999 ** t)) + 1e-7;
        w[i]! -= rate * m[i]! / (1 - 0.9 ** t) / scale;
      });
    }
  };
}

Deno.test("Adam's moments belong to their variable, in whatever order variables come", async () => {
  for (const backend of ["cpu", "simd"] as const) {
    await use(backend);
    const others = Array.from({ length: 50 }, (_, i) => tf.fill([1000], i));
    // Of different sizes: a moment of another variable would be too short, or be written beyond its end.
    const small = Array.from({ length: 3 }, (_, i) => i + 1);
    const large = Array.from({ length: 20_000 }, (_, i) => (i % 7) - 3.5);
    const [a, b] = [small, large].map((values) => tf.variable(tf.tensor1d(values)));
    const optimizer = new Adam(0.05), byHand = adamByHand(0.05);
    const turns = [[a!], [b!], [b!, a!], [a!], [a!, b!], [b!]];
    for (const variables of turns) {
      // The gradient of Σ w² is 2 w.
      optimizer.minimize(
        () => tf.addN(variables.map((w) => tf.sum(tf.square(w as tf.Tensor)))) as tf.Scalar,
        false,
        variables,
      );
      byHand(...variables.map((variable) => {
        const w = variable === a ? small : large;
        return { w, g: w.map((value) => 2 * value) };
      }));
    }
    for (const [variable, expected] of [[a!, small], [b!, large]] as const) {
      variable.dataSync().forEach((value, i) =>
        assert.ok(Math.abs(value - expected[i]!) < 1e-5, `${backend}: ${value}, ${expected[i]}`)
      );
    }
    others.forEach((tensor, i) => assert.ok(tensor.dataSync().every((value) => value === i)));
    tf.dispose([...others, a!, b!]);
  }
});

Deno.test("Adam leaves no tensors when its variables or itself are disposed of", async () => {
  await use("simd");
  const before = tf.memory().numTensors;
  const step = (optimizer: Adam) => {
    const w = tf.tidy(() => tf.variable(tf.tensor1d([1, 2])));
    optimizer.minimize(() => tf.sum(tf.square(w as tf.Tensor)) as tf.Scalar, false, [w]);
    return w;
  };
  step(new Adam()).dispose();
  assert.equal(tf.memory().numTensors, before);
  const optimizer = new Adam();
  const w = step(optimizer);
  optimizer.dispose();
  w.dispose();
  assert.equal(tf.memory().numTensors, before);

  const model = buildCnn({ seed: 1, inputShape: [8, 8, 3], classes: 2 });
  await model.fit(tf.zeros([2, 8, 8, 3]), tf.oneHot([0, 1], 2), { verbose: 0 });
  model.dispose();
  // The two tensors given to fit are the test's own.
  assert.equal(tf.memory().numTensors, before + 2);
});

Deno.test("Adam goes on to the bit from the weights it saved, and refuses those of other variables", async () => {
  await use("simd");
  const a = tf.variable(tf.tensor1d([3, -2])), b = tf.variable(tf.scalar(0.3));
  const loss = () => tf.add(tf.sum(tf.square(a as tf.Tensor)), tf.square(b)) as tf.Scalar;
  const steps = (optimizer: Adam) => {
    for (let i = 0; i < 5; i++) optimizer.minimize(loss, false, [a, b]);
    return [...a.dataSync(), ...b.dataSync()];
  };
  const first = new Adam(0.1);
  steps(first);
  const kept = [a.dataSync().slice(), b.dataSync().slice()] as const;
  const copies = (await first.getWeights()).map(({ name, tensor }) => ({
    name,
    tensor: tf.tensor(tensor.dataSync().slice(), tensor.shape, tensor.dtype),
  }));
  const expected = steps(first);
  a.assign(tf.tensor1d(kept[0]));
  b.assign(tf.scalar(kept[1][0]!));
  const second = new Adam(0.1);
  await second.setWeights(copies);
  assert.deepEqual(steps(second), expected);
  const renamed = copies.map(({ name, tensor }) => ({ name: name.replace("/", "x/"), tensor }));
  await assert.rejects(new Adam().setWeights(renamed), /Cannot restore .*no such variable/);
});
