// Networks that others trained, as they were published: the two MobileNetV2 of the npm package nsfwjs.
import assert from "node:assert/strict";
import { join } from "@std/path";
import * as tf from "@tensorflow/tfjs";
import { encode } from "fast-png";
import { hiddenFeatures, loadModel, predictClasses, setUpCompute } from "deep-features";
import { seededRandom } from "deep-features/base";
import { KNeighborsClassifier } from "deep-features/classifiers";
import { loadPipeline, savePipeline } from "deep-features/pipeline";
import { MobileNetV2Model } from "nsfwjs/models/mobilenet_v2";
import { MobileNetV2MidModel } from "nsfwjs/models/mobilenet_v2_mid";

const SIDE = 224, COUNT = 2;

/** Writes a network's files as they are published: `model.json` and its shards. */
async function writeFiles(network: typeof MobileNetV2Model, folder: string): Promise<void> {
  await Deno.mkdir(folder);
  const { default: json } = await network.modelJson();
  await Deno.writeTextFile(join(folder, "model.json"), JSON.stringify(json));
  const bundles = await Promise.all(network.weightBundles.map((read) => read()));
  const paths = (json as tf.io.ModelJSON).weightsManifest.flatMap((group) => group.paths);
  for (const [i, path] of paths.entries()) {
    const text = bundles[i]!.default as unknown as string;
    await Deno.writeFile(join(folder, path), Uint8Array.from(atob(text), (c) => c.charCodeAt(0)));
  }
}

/** Soft blobs rather than noise, which no network was made for. */
function pictures() {
  const random = seededRandom(4);
  const images = new Uint8Array(COUNT * SIDE * SIDE * 3);
  for (let image = 0; image < COUNT; image++) {
    const waves = Array.from({ length: 3 }, () => [random() * 9, random() * 9, random() * 6]);
    for (let i = 0; i < SIDE * SIDE * 3; i++) {
      const [a, b, phase] = waves[i % 3]! as [number, number, number];
      const x = Math.floor(i / 3) % SIDE / SIDE, y = Math.floor(i / 3 / SIDE) / SIDE;
      images[image * SIDE * SIDE * 3 + i] = 127.5 * (1 + Math.sin(a * x + b * y + phase));
    }
  }
  return { images, shape: [COUNT, SIDE, SIDE, 3] as const };
}

/** What tfjs itself computes of it on its CPU backend. */
async function onCpu(compute: (x: tf.Tensor) => tf.Tensor): Promise<Float32Array> {
  await setUpCompute({ backend: "cpu", quiet: true });
  const { images, shape } = pictures();
  const result = tf.tidy(() =>
    tf.reshape(compute(tf.div(tf.tensor4d(Float32Array.from(images), [...shape]), 255)), [-1])
  );
  const values = await result.data<"float32">();
  result.dispose();
  await setUpCompute({ backend: "simd", quiet: true });
  return values;
}

function assertClose(actual: Float32Array, expected: Float32Array, what: string): void {
  assert.equal(actual.length, expected.length, what);
  const largest = expected.reduce((max, value) => Math.max(max, Math.abs(value)), 0);
  const apart = actual.reduce((max, v, i) => Math.max(max, Math.abs(v - expected[i]!)), 0);
  assert.ok(largest > 0.1, `${what}: the features are not nothing`);
  assert.ok(apart <= 1e-3 * largest, `${what}: ${apart} apart, the largest is ${largest}`);
}

Deno.test("Published networks, quantized: loaded from files as they are, features and classes are tfjs's", async (t) => {
  const folder = await Deno.makeTempDir();
  try {
    await t.step("a layers model", async () => {
      await writeFiles(MobileNetV2Model, join(folder, "layers"));
      await setUpCompute({ backend: "cpu", quiet: true });
      const reference = await loadModel(join(folder, "layers"));
      const inner = reference.getLayer("out_relu").output as tf.SymbolicTensor;
      const cut = tf.model({ inputs: reference.inputs, outputs: inner });
      const expected = await onCpu((x) => cut.predict(x) as tf.Tensor);
      const scores = await onCpu((x) => reference.predict(x) as tf.Tensor);

      const model = await loadModel(join(folder, "layers", "model.json"));
      const { out_relu, dense_2 } = await hiddenFeatures(model, pictures(), {
        layers: ["out_relu", "dense_2"],
      });
      assert.equal(out_relu.cols, 7 * 7 * 1280);
      assertClose(out_relu.data, expected, "out_relu");
      const dense = await hiddenFeatures(model, pictures(), { layer: "dense_2" });
      assertClose(dense.data, dense_2.data, "dense_2, alone and beside another");
      const pooled = await hiddenFeatures(model, pictures(), {
        layer: "out_relu",
        pool: "average",
      });
      const means = Float32Array.from({ length: COUNT * 1280 }, (_, i) => {
        let sum = 0;
        const image = Math.floor(i / 1280) * 49 * 1280;
        for (let place = 0; place < 49; place++) sum += expected[image + place * 1280 + i % 1280]!;
        return sum / 49;
      });
      assertClose(pooled.data, means, "means of out_relu");
      assert.deepEqual([...await predictClasses(model, pictures())], largest(scores));
      await assert.rejects(hiddenFeatures(model, pictures(), { layer: "out_relo" }), /out_relu/);
    });

    await t.step("a graph model", async () => {
      await writeFiles(MobileNetV2MidModel, join(folder, "graph"));
      const model = await loadModel<tf.GraphModel>(join(folder, "graph"));
      assert.ok(model instanceof tf.GraphModel);
      const { executor } = model as unknown as { executor: { graph: { nodes: object } } };
      const layer = Object.keys(executor.graph.nodes).find((name) =>
        name.endsWith("Conv_1/Relu6")
      )!;
      await setUpCompute({ backend: "cpu", quiet: true });
      const reference = await loadModel<tf.GraphModel>(join(folder, "graph"));
      const expected = await onCpu((x) => reference.execute(x, layer) as tf.Tensor);
      const scores = await onCpu((x) => reference.execute(x) as tf.Tensor);

      const before = tf.memory().numTensors;
      const features = await hiddenFeatures(model, pictures(), { layer });
      assertClose(features.data, expected, layer);
      assert.deepEqual([...await predictClasses(model, pictures())], largest(scores));
      assert.equal(tf.memory().numTensors, before);
      const X = await hiddenFeatures(model, pictures(), { layer, pool: "average" });
      const classifier = await new KNeighborsClassifier({ nNeighbors: 1 }).fit(X, [0, 1]);
      const place = join(folder, "pipeline"), classNames = ["first", "second"];
      await savePipeline(place, { model, layer, pool: "average", classifier, classNames });
      const pipeline = await loadPipeline(place);
      assert.ok(pipeline.model instanceof tf.GraphModel);
      const { images } = pictures();
      for (const [i, className] of classNames.entries()) {
        const data = images.subarray(i * SIDE * SIDE * 3, (i + 1) * SIDE * SIDE * 3);
        const png = encode({ width: SIDE, height: SIDE, channels: 3, data });
        assert.equal((await pipeline.classify(png)).className, className);
      }
      await assert.rejects(
        hiddenFeatures(model, pictures(), { layer: layer.replace("Relu6", "Relu") }),
        /no node named .*Relu6/,
      );
    });
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

function largest(scores: Float32Array): number[] {
  const classes = scores.length / COUNT;
  return Array.from({ length: COUNT }, (_, i) => {
    const row = scores.subarray(i * classes, (i + 1) * classes);
    return row.indexOf(Math.max(...row));
  });
}
