import assert from "node:assert/strict";
import * as tf from "@tensorflow/tfjs";
import { setUpCompute } from "deep-features";
import { compareWithCpu, Draw, tensorOf } from "./against_cpu.ts";

/** Values and parameters of batch normalization; a channel's mean may be far from zero. */
function drawn(draw: Draw) {
  const columns = draw.pick(1, 2, 3, 4, 5, 8, 13, 16, 33, 64);
  const lead = draw.pick([draw.whole(2, 300)], [
    draw.whole(1, 5),
    draw.whole(2, 9),
    draw.whole(1, 9),
  ]);
  const x = draw.tensor([...lead, columns], { low: draw.pick(-1, 5, 90), high: 100 });
  const vector = (low: number, high: number) => draw.tensor([columns], { low, high });
  return {
    x,
    mean: vector(-3, 3),
    variance: vector(0.1, 4),
    gamma: vector(-2, 2),
    beta: vector(-2, 2),
    dy: draw.tensor(x.shape),
  };
}

Deno.test("Batch normalization by given moments and its gradients equal the cpu backend's", async () => {
  await compareWithCpu(200, (draw, i) => {
    const { x, mean, variance, gamma, beta, dy } = drawn(draw);
    const inputs = [x, mean, variance, beta, gamma].slice(0, 3 + i % 3);
    const normalize = (...[x, mean, variance, beta, gamma]: tf.Tensor[]) =>
      tf.batchNorm(
        x!,
        mean as tf.Tensor1D,
        variance as tf.Tensor1D,
        beta as tf.Tensor1D,
        gamma as tf.Tensor1D,
        1e-3,
      );
    return {
      what: `${x.shape}`,
      tolerance: 2e-5,
      run: () => {
        const tensors = inputs.map((values) => tensorOf(values));
        // Without scale and offset tfjs has no gradient.
        const gradients = inputs.length === 5 ? tf.grads(normalize)(tensors, tensorOf(dy)) : [];
        return [normalize(...tensors), ...gradients];
      },
    };
  }, { seed: 4 });
});

Deno.test("A layer of batch normalization trains as tfjs's own: result, moving averages, gradients", async () => {
  await compareWithCpu(200, (draw, i) => {
    const { x, gamma, beta, dy } = drawn(draw);
    return {
      what: `${x.shape}`,
      tolerance: 3e-5,
      run: () => {
        const layer = tf.layers.batchNormalization({ momentum: 0.9, epsilon: i % 2 ? 1e-3 : 1e-5 });
        layer.build(x.shape);
        layer.setWeights([
          tensorOf(gamma),
          tensorOf(beta),
          tf.zerosLike(tensorOf(gamma)),
          tf.onesLike(tensorOf(gamma)),
        ]);
        const variables = layer.trainableWeights.map((weight) => weight.read() as tf.Variable);
        const { grads, value } = tf.variableGrads(
          () =>
            tf.sum(tf.mul(layer.apply(tensorOf(x), { training: true }) as tf.Tensor, tensorOf(dy))),
          variables,
        );
        const dx = tf.grad((x) => layer.apply(x, { training: true }) as tf.Tensor)(
          tensorOf(x),
          tensorOf(dy),
        );
        value.dispose();
        return [
          layer.apply(tensorOf(x), { training: true }) as tf.Tensor,
          dx,
          ...variables.map(({ name }) => grads[name]!),
          ...layer.getWeights().slice(2).map((weight) => weight.clone()),
        ];
      },
    };
  }, { seed: 5, mayFall: [tf.ZerosLike, tf.OnesLike] }); // of a few values
});

Deno.test("Moments keep their digits where the mean is large", async () => {
  await setUpCompute({ backend: "simd", quiet: true });
  const rows = 20_000;
  const values = Float32Array.from({ length: rows }, (_, i) => 10_000 + (i % 5));
  const layer = tf.layers.batchNormalization({ momentum: 0 });
  layer.build([rows, 1]);
  tf.tidy(() => layer.apply(tf.tensor2d(values, [rows, 1]), { training: true }) as tf.Tensor);
  const [mean, variance] = layer.getWeights().slice(2).map((weight) => weight.dataSync()[0]!);
  assert.ok(
    Math.abs(mean! - 10_002) < 1e-2 && Math.abs(variance! - 2) < 1e-4,
    `${mean} ${variance}`,
  );
});

Deno.test("A layer without scale or center trains, too", async () => {
  await setUpCompute({ backend: "simd", quiet: true });
  const layer = tf.layers.batchNormalization({ scale: false, center: false });
  layer.build([4, 3]);
  const x = new Draw(1).tensor([4, 3]);
  const y = tf.tidy(() => {
    const moments = tf.moments(layer.apply(tensorOf(x), { training: true }) as tf.Tensor, 0);
    return [...moments.mean.dataSync()];
  });
  assert.ok(y.every((mean) => Math.abs(mean) < 1e-5));
});

Deno.test("Batch normalization along any axis, and by a moment for each value, equals the cpu backend's", async () => {
  await compareWithCpu(200, (draw) => {
    const rank = draw.whole(2, 4), axis = draw.whole(-1, rank - 1);
    const shape = Array.from({ length: rank }, () => draw.whole(2, 7));
    const wide = shape.map((length, i) => axis === -1 || i === axis ? length : 1);
    const x = draw.tensor(shape), dy = draw.tensor(shape), isFinite = draw.random() < 0.7;
    if (!isFinite) x.values[draw.whole(0, x.values.length - 1)] = draw.pick(NaN, Infinity);
    const moments = [
      draw.tensor(wide),
      draw.tensor(wide, { low: 0.1, high: 3 }),
      draw.tensor(wide),
      draw.tensor(wide),
    ];
    const normalize = (...[x, mean, variance, beta, gamma]: tf.Tensor[]) =>
      tf.batchNorm(x!, mean!, variance!, beta, gamma, 1e-3);
    return {
      what: `${shape} along ${axis}`,
      tolerance: 2e-5,
      run: () => {
        const tensors = [x, ...moments].map((values) => tensorOf(values));
        const gradients = isFinite ? tf.grads(normalize)(tensors, tensorOf(dy)) : [];
        return [normalize(...tensors), ...gradients];
      },
    };
  }, { seed: 6 });
});
