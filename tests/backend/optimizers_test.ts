// SGD with momentum and RMSProp by variable, against tfjs's own optimizers and their equations.
import assert from "node:assert/strict";
import * as tf from "@tensorflow/tfjs";
import { setUpCompute } from "deep-features";
import { Adam, RmsProp, Sgd } from "deep-features/backend";

const PAIRS: [string, () => tf.Optimizer, () => tf.Optimizer][] = [
  ["SGD", () => new Sgd(0.05), () => tf.train.sgd(0.05)],
  ["momentum", () => new Sgd(0.05, 0.9), () => tf.train.momentum(0.05, 0.9)],
  ["Nesterov", () => new Sgd(0.05, 0.9, true), () => tf.train.momentum(0.05, 0.9, true)],
  ["RMSProp", () => new RmsProp(0.05), () => tf.train.rmsprop(0.05)],
  [
    "RMSProp with momentum",
    () => new RmsProp(0.02, 0.8, 0.5, 1e-3),
    () => tf.train.rmsprop(0.02, 0.8, 0.5, 1e-3),
  ],
];

const variables = (): tf.Variable[] =>
  tf.tidy(() =>
    [
      tf.variable(tf.tensor1d([0, 1, 2, 3, 4])),
      tf.variable(tf.tensor2d([[0.1, -3], [2, 5]])),
    ] as tf.Variable[]
  );

function step(optimizer: tf.Optimizer, trained: readonly tf.Variable[]): void {
  optimizer.minimize(
    () => tf.addN(trained.map((w) => tf.sum(tf.square(tf.sub(w as tf.Tensor, 1.5))))) as tf.Scalar,
    false,
    [...trained],
  );
}

const valuesOf = (all: readonly tf.Variable[]) => all.flatMap((w) => [...w.dataSync()]);

function close(actual: readonly number[], expected: readonly number[], what: string): void {
  actual.forEach((value, i) =>
    assert.ok(Math.abs(value - expected[i]!) < 1e-5, `${what}: ${value}, ${expected[i]}`)
  );
}

Deno.test("Sgd and RmsProp take the steps of tfjs's own optimizers", async () => {
  for (const backend of ["cpu", "simd"] as const) {
    await setUpCompute({ backend, quiet: true });
    for (const [name, ours, theirs] of PAIRS) {
      const [a, b] = [variables(), variables()], [own, other] = [ours(), theirs()];
      for (let i = 0; i < 15; i++) {
        step(own, a);
        step(other, b);
        close(valuesOf(a), valuesOf(b), `${name} on ${backend}`);
      }
    }
  }
});

Deno.test("RmsProp, centered, is Graves's equations, where tfjs's has roots of negative numbers", async () => {
  await setUpCompute({ backend: "simd", quiet: true });
  const [rate, decay, momentum, epsilon] = [0.02, 0.9, 0.3, 1e-3];
  const w = tf.variable(tf.tensor1d([3, -1, 1.4])), byHand = [3, -1, 1.4];
  const optimizer = new RmsProp(rate, decay, momentum, epsilon, true);
  const r = [0, 0, 0], m = [0, 0, 0], v = [0, 0, 0];
  for (let i = 0; i < 20; i++) {
    step(optimizer, [w]);
    byHand.forEach((value, k) => {
      const g = 2 * (value - 1.5);
      r[k] = decay * r[k]! + (1 - decay) * g * g;
      m[k] = decay * m[k]! + (1 - decay) * g;
      v[k] = momentum * v[k]! + rate * g / Math.sqrt(r[k]! - m[k]! ** 2 + epsilon);
      byHand[k] = value - v[k]!;
    });
  }
  close(valuesOf([w]), byHand, "centered");
  // Gradients that stay the same have no variance.
  const same = tf.variable(tf.scalar(0));
  const constant = new RmsProp(1e-3, 0.5, 0, 1e-7, true);
  for (let i = 0; i < 40; i++) constant.minimize(() => tf.mul(same, 3) as tf.Scalar);
  assert.ok(Number.isFinite(same.dataSync()[0]));
});

Deno.test("Moments of Sgd and RmsProp belong to their variable, in whatever order variables come", async () => {
  for (const backend of ["cpu", "simd"] as const) {
    await setUpCompute({ backend, quiet: true });
    for (const [name, ours, theirs] of PAIRS) {
      // Of different sizes; to each variable an optimizer of tfjs of its own.
      const [[a, b], others] = [variables() as [tf.Variable, tf.Variable], variables()];
      const bystanders = Array.from({ length: 30 }, (_, i) => tf.fill([1000], i));
      const optimizer = ours(), own = others.map(theirs);
      for (const turn of [[0], [1], [1, 0], [0], [0, 1], [1]]) {
        step(optimizer, turn.map((i) => [a, b][i]!));
        for (const i of turn) step(own[i]!, [others[i]!]);
      }
      close(valuesOf([a, b]), valuesOf(others), `${name} on ${backend}`);
      bystanders.forEach((tensor, i) => assert.ok(tensor.dataSync().every((v) => v === i)));
    }
  }
});

Deno.test("Sgd and RmsProp go on to the bit from the weights they saved, and leave no tensors", async () => {
  await setUpCompute({ backend: "simd", quiet: true });
  const kinds = [
    ...PAIRS.map(([, ours]) => ours),
    () => new RmsProp(0.01, 0.9, 0.5, 1e-3, true),
  ];
  for (const make of kinds) {
    const before = tf.memory().numTensors;
    const [first, second] = [make(), make()];
    const all = variables();
    for (let i = 0; i < 4; i++) step(first, all);
    const saved = await first.getWeights();
    const copies = saved.map(({ name, tensor }) => ({
      name,
      tensor: tf.tensor(tensor.dataSync().slice(), tensor.shape, tensor.dtype),
    }));
    saved[0]!.tensor.dispose();
    const kept = all.map((w) => tf.clone(w));
    for (let i = 0; i < 4; i++) step(first, all);
    const expected = valuesOf(all);
    all.forEach((w, i) => w.assign(kept[i]!));
    await second.setWeights(copies);
    assert.equal(second.iterations, 4);
    for (let i = 0; i < 4; i++) step(second, all);
    assert.deepEqual(valuesOf(all), expected);
    if (copies.length > 1) {
      const renamed = copies.map(({ name, tensor }) => ({ name: name.replace("/", "x/"), tensor }));
      await assert.rejects(make().setWeights(renamed), /Cannot restore .*no such variable/);
    }
    first.dispose();
    tf.dispose([kept, all, copies.map(({ tensor }) => tensor)]);
    assert.equal(tf.memory().numTensors, before);
  }
});

Deno.test("Sgd and RmsProp refuse settings that make no sense", () => {
  assert.throws(() => new Sgd(-1), /Sgd: learningRate must be .* got -1/);
  assert.throws(() => new Sgd(0.1, 2), RangeError);
  assert.throws(() => new Sgd({ learningRate: 1 } as never), TypeError);
  assert.throws(() => new Sgd(0.1, 0.9, "nesterov" as never), TypeError);
  assert.throws(() => new Adam({ learningRate: 1 } as never), TypeError);
  assert.throws(() => new Adam(0.1, 1.5), /Adam: beta1 must be/);
  assert.throws(() => new Adam(0.1, 0.9, 0.999, 0), /epsilon must be positive/);
  assert.throws(() => new RmsProp(0.1, 1.5), /decay must be/);
  assert.throws(() => new RmsProp(0.1, 0.9, 0, 0), /epsilon must be positive/);
});

Deno.test("A step in one pass is that of tfjs's operations, over several tasks and odd sizes", async () => {
  const kinds: [string, () => tf.Optimizer][] = [
    ...PAIRS.map(([name, ours]): [string, () => tf.Optimizer] => [name, ours]),
    ["RMSProp, centered", () => new RmsProp(0.01, 0.9, 0.5, 1e-3, true)],
    ["Adam", () => new Adam(0.05)],
  ];
  const n = 2 * 16384 + 7;
  for (const [name, make] of kinds) {
    const results: number[][] = [];
    for (const backend of ["cpu", "simd"] as const) {
      await setUpCompute({ backend, quiet: true });
      const w = tf.tidy(() => tf.variable(tf.sin(tf.range(0, n)))), optimizer = make();
      for (let i = 0; i < 4; i++) step(optimizer, [w]);
      results.push(valuesOf([w]));
      w.dispose();
      optimizer.dispose();
    }
    close(results[1]!, results[0]!, name);
  }
});

Deno.test("Steps leave the weights that an optimizer was given as they are", async () => {
  await setUpCompute({ backend: "simd", quiet: true });
  for (const make of [() => new Sgd(0.1, 0.9), () => new RmsProp(0.1), () => new Adam(0.1)]) {
    const all = variables(), first = make(), second = make();
    step(first, all);
    const given = (await first.getWeights()).map(({ name, tensor }) => ({
      name,
      tensor: tf.tensor(tensor.dataSync().slice(), tensor.shape, tensor.dtype),
    }));
    const before = given.map(({ tensor }) => [...tensor.dataSync()]);
    await second.setWeights(given);
    step(second, all);
    assert.deepEqual(given.map(({ tensor }) => [...tensor.dataSync()]), before);
  }
});
