import assert from "node:assert/strict";
import * as tf from "@tensorflow/tfjs";
import { setUpCompute } from "deep-features";
import { compareWithCpu, Draw, tensorOf } from "./ops/against_cpu.ts";

const activation = (draw: Draw) =>
  draw.pick("relu" as const, "linear" as const, "relu6" as const, "tanh" as const);

/** A layer's result, and its gradients for its inputs and weights. */
function trained(layer: tf.layers.Layer, x: tf.Tensor, draw: Draw): tf.Tensor[] {
  layer.build(x.shape);
  layer.setWeights(layer.getWeights().map(({ shape }) => tensorOf(draw.tensor(shape))));
  const apply = (input: tf.Tensor) => layer.apply(input, { training: true }) as tf.Tensor;
  const y = apply(x), dy = tensorOf(draw.tensor(y.shape)) as tf.Tensor;
  const loss = () => tf.sum(tf.mul(apply(x), dy)) as tf.Scalar;
  const { grads } = tf.variableGrads(loss);
  return [y, tf.grad(apply)(x, dy), ...Object.values(grads)];
}

Deno.test("Convolutions with bias and activation train as on the cpu backend", async () => {
  await compareWithCpu(200, (draw) => {
    const kernelSize = draw.whole(1, 4), channels = draw.pick(1, 3, 8, 16, 20);
    const sides = [draw.whole(kernelSize, 9), draw.whole(kernelSize, 9)];
    const options = {
      filters: draw.pick(1, 5, 8, 16, 24),
      kernelSize,
      strides: draw.pick<number | [number, number]>(1, 2, [1, 3], [2, 1]),
      padding: draw.pick("same" as const, "valid" as const),
      useBias: draw.random() < 0.7,
      activation: activation(draw),
    };
    const shape = [draw.whole(1, 2), ...sides, channels], x = draw.tensor(shape);
    const seed = draw.whole(0, 1e6);
    return {
      what: `${shape}, ${JSON.stringify(options)}`,
      tolerance: 1e-4, // ReLU6 makes the largest value small beside what Winograd's way rounds
      run: () => trained(tf.layers.conv2d(options), tensorOf(x), new Draw(seed)),
    };
  }, { seed: 21, mayFall: ["Tanh"] });
});

Deno.test("Dense layers with bias and activation train as on the cpu backend", async () => {
  await compareWithCpu(200, (draw) => {
    const options = {
      units: draw.whole(1, 70),
      useBias: draw.random() < 0.7,
      activation: activation(draw),
    };
    const x = draw.tensor([draw.whole(1, 60), draw.whole(1, 60)]), seed = draw.whole(0, 1e6);
    return {
      what: `${x.shape}, ${JSON.stringify(options)}`,
      tolerance: 1e-5,
      run: () => trained(tf.layers.dense(options), tensorOf(x), new Draw(seed)),
    };
  }, { seed: 22, mayFall: ["Tanh"] });
});

Deno.test("A training step computes no gradient for the images of the first layer", async () => {
  await setUpCompute({ backend: "simd", quiet: true });
  for (const name of ["relu", "linear"] as const) {
    const model = tf.sequential({
      layers: [
        tf.layers.conv2d({ filters: 8, kernelSize: 3, activation: name, inputShape: [8, 8, 3] }),
        tf.layers.conv2d({ filters: 8, kernelSize: 3, activation: name }),
        tf.layers.flatten(),
        tf.layers.dense({ units: 1, activation: name }),
      ],
    });
    model.compile({ optimizer: tf.train.sgd(0.1), loss: "meanSquaredError" });
    const { kernels } = await tf.profile(() => {
      void model.trainOnBatch(tf.ones([2, 8, 8, 3]), tf.ones([2, 1]));
    });
    const count = (kernel: string) => kernels.filter((each) => each.name === kernel).length;
    const of = [tf.FusedConv2D, tf.Conv2DBackpropFilter, tf.Conv2DBackpropInput];
    assert.deepEqual(of.map(count), [2, 2, 1]);
  }
});
