import assert from "node:assert/strict";
import * as tf from "@tensorflow/tfjs";
import { buildCnn, setUpCompute } from "deep-features";

Deno.test("buildCnn() makes the article's layers, names, shapes and parameters", async () => {
  await setUpCompute({ backend: "simd", quiet: true });
  const model = buildCnn({ seed: 1 });
  const rows = model.layers.slice(1).map((layer) => [
    layer.name,
    (layer.outputShape as number[]).slice(1).join("×"),
    layer.countParams(),
  ]);
  assert.deepEqual(rows, [
    ["conv2D_1", "32×32×32", 416],
    ["conv2D_2", "32×32×32", 4128],
    ["acti1", "32×32×32", 0],
    ["pool1", "16×16×32", 0],
    ["drop1", "16×16×32", 0],
    ["conv2D_3", "16×16×32", 4128],
    ["conv2D_4", "16×16×32", 4128],
    ["acti2", "16×16×32", 0],
    ["pool2", "8×8×32", 0],
    ["drop2", "8×8×32", 0],
    ["flat1", "2048", 0],
    ["hidden", "512", 1_049_088],
    ["acti3", "512", 0],
    ["end", "10", 5130],
  ]);
  assert.equal(model.countParams(), 1_067_018);
  assert.equal(model.loss, "categoricalCrossentropy");
  assert.equal(model.optimizer.getClassName(), "Adam");
  assert.equal(model.getLayer("hidden").getConfig()["activation"], "linear");
});

Deno.test("buildCnn() starts He-normal in the convolutions, Glorot-uniform in the dense layers, zero in the biases", async () => {
  await setUpCompute({ backend: "simd", quiet: true });
  const model = buildCnn({ seed: 2 });
  const deviation = (name: string) => {
    const values = model.getLayer(name).getWeights()[0]!;
    const mean = tf.mean(values);
    return tf.sqrt(tf.mean(tf.square(tf.sub(values, mean)))).dataSync()[0]!;
  };
  // tfjs draws He-normal truncated at two deviations, which leaves 0.8796 of the deviation.
  assert.ok(Math.abs(deviation("conv2D_2") / (Math.sqrt(2 / 128) * 0.8796) - 1) < 0.05);
  assert.ok(Math.abs(deviation("hidden") / (Math.sqrt(6 / 2560) / Math.sqrt(3)) - 1) < 0.01);
  const largest = tf.max(tf.abs(model.getLayer("hidden").getWeights()[0]!))
    .dataSync()[0]!;
  assert.ok(largest <= Math.sqrt(6 / 2560));
  for (const weight of model.getWeights().filter((weight) => weight.rank === 1)) {
    assert.equal(tf.sum(tf.abs(weight)).dataSync()[0], 0);
  }
});

Deno.test("buildCnn() gives the same weights for the same seed, and others for another", async () => {
  await setUpCompute({ backend: "simd", quiet: true });
  const first = (seed: number) => [
    ...buildCnn({ seed }).getLayer("conv2D_3").getWeights()[0]!.dataSync()
      .slice(0, 8),
  ];
  assert.deepEqual(first(5), first(5));
  assert.notDeepEqual(first(5), first(6));
  const model = buildCnn({ seed: 5 });
  const kernel = (name: string) => [...model.getLayer(name).getWeights()[0]!.dataSync()];
  assert.notDeepEqual(kernel("conv2D_3"), kernel("conv2D_4"));
});

Deno.test("buildCnn() refuses what it cannot build", () => {
  assert.throws(() => buildCnn({ seed: 0.5 }), /whole number, got 0.5/);
  assert.throws(() => buildCnn({ inputShape: [2, 2, 3] }), /2 × 2 × 3/);
  assert.throws(() => buildCnn({ classes: 1 }), /1 classes/);
  assert.throws(() => buildCnn({ weightPenalty: -1 }), /weightPenalty must be .*, got -1/);
  assert.throws(() => buildCnn({ inputShape: [32, 32] as never }), TypeError);
  assert.throws(
    () => buildCnn({ clases: 3 } as never),
    /buildCnn has no option "clases": did you mean "classes"/,
  );
});
