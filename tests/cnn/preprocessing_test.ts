import assert from "node:assert/strict";
import { join } from "@std/path";
import * as tf from "@tensorflow/tfjs";
import { encode } from "fast-png";
import {
  buildCnn,
  hiddenFeatures,
  loadImageFolder,
  predictClasses,
  setUpCompute,
  trainCnn,
} from "deep-features";
import { seededRandom } from "deep-features/base";
import { loadImage, openImageFolder, resizeImages } from "deep-features/dataset";

await setUpCompute({ backend: "simd", quiet: true });

const SIDE = 4;

/** A network that hands its input on, so that its features are what it was fed. */
function mirror(channels = 3): tf.LayersModel {
  const input = tf.input({ shape: [SIDE, SIDE, channels] });
  return tf.model({
    inputs: input,
    outputs: tf.layers.flatten({ name: "flat" }).apply(input) as tf.SymbolicTensor,
  });
}

function noise(count: number, height = SIDE, width = SIDE) {
  const random = seededRandom(count + height);
  const images = Uint8Array.from({ length: count * height * width * 3 }, () => 256 * random());
  return { images, shape: [count, height, width, 3] as const };
}

// Keras's imagenet_utils.preprocess_input, mode by mode, in float64.
const SCALES = {
  "0..1": (pixel: number[]) => pixel.map((x) => x / 255),
  "-1..1": (pixel: number[]) => pixel.map((x) => x / 127.5 - 1),
  "0..255": (pixel: number[]) => pixel,
  imagenet: ([r, g, b]: number[]) => [
    (r! / 255 - 0.485) / 0.229,
    (g! / 255 - 0.456) / 0.224,
    (b! / 255 - 0.406) / 0.225,
  ],
  caffe: ([r, g, b]: number[]) => [b! - 103.939, g! - 116.779, r! - 123.68],
} as const;

Deno.test("preprocessing scales bytes as Keras's preprocess_input does", async () => {
  const data = noise(3), model = mirror();
  for (const [scale, formula] of Object.entries(SCALES)) {
    const preprocessing = { scale: scale as keyof typeof SCALES };
    const features = await hiddenFeatures(model, data, {
      layer: "flat",
      preprocessing,
      batchSize: 2,
    });
    for (let i = 0; i < data.images.length; i += 3) {
      const expected = formula([...data.images.subarray(i, i + 3)]);
      for (let c = 0; c < 3; c++) {
        const apart = Math.abs(features.data[i + c]! - expected[c]!);
        assert.ok(apart <= 1e-5 * Math.max(1, Math.abs(expected[c]!)), `${scale} at ${i + c}`);
      }
    }
  }
  const usual = await hiddenFeatures(model, data, { layer: "flat" });
  const said = await hiddenFeatures(model, data, {
    layer: "flat",
    preprocessing: { scale: "0..1" },
  });
  assert.deepEqual(usual.data, said.data);
});

Deno.test("preprocessing reaches folded networks, too", async () => {
  const model = buildCnn({ seed: 1, inputShape: [SIDE, SIDE, 3], classes: 2 });
  const data = noise(5);
  const fed = Float32Array.from(data.images, (value) => value / 127.5 - 1);
  const preprocessing = { scale: "-1..1" } as const;
  const features = await hiddenFeatures(model, data, { preprocessing });
  const expected = await hiddenFeatures(model, { images: fed, shape: data.shape });
  expected.data.forEach((value, i) => assert.ok(Math.abs(value - features.data[i]!) < 1e-5));
});

Deno.test("preprocessing refuses what it cannot mean, before any work", async () => {
  const model = mirror(), data = noise(2);
  const run = (preprocessing: unknown, images: unknown = data, network = model) =>
    hiddenFeatures(network, images as typeof data, {
      layer: "flat",
      preprocessing: preprocessing as { scale: "0..1" },
    });
  await assert.rejects(run({ scale: "0-1" }), /scale must be "0\.\.1", /);
  await assert.rejects(run({ size: [4, 4] }), /scale must be/);
  await assert.rejects(run({ scale: "0..1", sise: [4, 4] }), /did you mean "size"/);
  await assert.rejects(run("0..1"), TypeError);
  await assert.rejects(run({ scale: "0..1", size: [4] }), TypeError);
  await assert.rejects(
    run({ scale: "0..1", size: [5, 5] }),
    /images are 5 × 5 × 3.*takes 4 × 4 × 3/,
  );
  const floats = { images: new Float32Array(data.images.length), shape: data.shape };
  await assert.rejects(run({ scale: "0..1" }, floats), /fed as they are/);
  const grey = { images: new Uint8Array(32), shape: [2, 4, 4, 1] };
  await assert.rejects(
    run({ scale: "imagenet" }, grey, mirror(1)),
    /red, green and blue.*1 channel/,
  );
});

Deno.test("hiddenFeatures() gives several layers in one pass, and pools those with height and width", async () => {
  const model = buildCnn({ seed: 3, inputShape: [8, 8, 3], classes: 2 });
  const data = noise(7, 8, 8);
  const names = ["conv2D_2", "pool1", "hidden", "drop1"] as const;
  const all = await hiddenFeatures(model, data, { layers: names, batchSize: 3 });
  assert.deepEqual(Object.keys(all), [...names]);
  const before = tf.memory().numTensors;
  for (const name of names) {
    const alone = await hiddenFeatures(model, data, { layer: name });
    alone.data.forEach((value, i) => assert.ok(Math.abs(value - all[name].data[i]!) < 1e-5, name));
  }
  for (
    const [pool, reduce] of [
      ["average", (values: number[]) => values.reduce((a, b) => a + b) / values.length],
      ["max", (values: number[]) => Math.max(...values)],
    ] as const
  ) {
    const { pool1, hidden } = await hiddenFeatures(model, data, {
      layers: ["pool1", "hidden"],
      pool,
      batchSize: 3,
    });
    assert.deepEqual(hidden.data, all.hidden.data);
    assert.deepEqual([pool1.rows, pool1.cols], [7, 32]);
    for (let i = 0; i < 7; i++) {
      for (let c = 0; c < 32; c++) {
        const own = Array.from({ length: 16 }, (_, place) => all.pool1.row(i)[place * 32 + c]!);
        assert.ok(Math.abs(pool1.row(i)[c]! - reduce(own)) < 1e-5);
      }
    }
  }
  assert.equal(tf.memory().numTensors, before);
  await assert.rejects(hiddenFeatures(model, data, { layers: [] }), RangeError);
  await assert.rejects(
    hiddenFeatures(model, data, { layer: "pool1", layers: ["pool1"] } as never),
    TypeError,
  );
  await assert.rejects(hiddenFeatures(model, data, { pool: "mean" as never }), /pool must be/);
  await assert.rejects(
    hiddenFeatures(model, data, { layers: ["pool1", "hiddn"] }),
    /did you mean "hidden"/,
  );
});

/** A folder of two classes of noise in PNG files. */
async function pictures(folder: string, count: number): Promise<void> {
  for (const name of ["cats", "dogs"]) {
    await Deno.mkdir(join(folder, name));
    for (let i = 0; i < count; i++) {
      const { images } = noise(1, 20 + i, 30);
      const png = encode({ width: 30, height: 20 + i, data: images, channels: 3 });
      await Deno.writeFile(join(folder, name, `${i}.png`), png);
    }
  }
}

Deno.test("openImageFolder() streams what loadImageFolder() loads: the same features, to the bit", async () => {
  const folder = await Deno.makeTempDir();
  try {
    await pictures(folder, 5);
    const model = buildCnn({ seed: 3, inputShape: [8, 8, 3], classes: 2 });
    const loaded = await loadImageFolder(folder, { size: [8, 8] });
    const stream = await openImageFolder(folder, { size: [8, 8] });
    assert.deepEqual(stream.files, loaded.files);
    assert.deepEqual(stream.labels, loaded.images.labels);
    assert.deepEqual(stream.classNames, loaded.classNames);
    const expected = await hiddenFeatures(model, loaded.images, { batchSize: 3 });
    const progress: number[] = [];
    const features = await hiddenFeatures(model, stream, {
      batchSize: 3,
      onProgress: ({ done }) => progress.push(done),
    });
    assert.deepEqual(features.data, expected.data);
    assert.deepEqual(progress, [3, 6, 9, 10]);
    assert.deepEqual(
      await predictClasses(model, stream),
      await predictClasses(model, loaded.images),
    );

    // The size that the preprocessing wants goes before the folder's.
    const large = await openImageFolder(folder, { size: [16, 16] });
    await assert.rejects(hiddenFeatures(model, large), /16 × 16 × 3.*8 × 8 × 3/);
    const preprocessing = { scale: "0..1", size: [8, 8] } as const;
    const resized = await hiddenFeatures(model, large, { preprocessing, batchSize: 3 });
    assert.deepEqual(resized.data, expected.data);

    // A network of one channel gets them in gray, and so does one of rows that are that long.
    const gray = await loadImageFolder(folder, { size: [8, 8], channels: 1 });
    const input = tf.input({ shape: [64] });
    const layer = tf.layers.dense({ units: 2, activation: "softmax", name: "hidden" });
    const ofRows = tf.model({ inputs: input, outputs: layer.apply(input) as tf.SymbolicTensor });
    const models = [buildCnn({ seed: 3, inputShape: [8, 8, 1], classes: 2 }), ofRows];
    for (const own of models) {
      const streamed = await hiddenFeatures(own, stream, { batchSize: 3 });
      assert.deepEqual(
        streamed.data,
        (await hiddenFeatures(own, gray.images, { batchSize: 3 })).data,
      );
      assert.deepEqual(
        await predictClasses(own, stream),
        await predictClasses(own, gray.images),
      );
    }
    await assert.rejects(
      hiddenFeatures(models[0]!, loaded.images),
      /are 8 × 8 × 3, but the model takes 8 × 8 × 1: load pictures with channels: 1/,
    );
    await assert.rejects(
      hiddenFeatures(buildCnn({ inputShape: [8, 8, 4] }), stream),
      /takes images of 4 channels/,
    );
    const history = await trainCnn(models[0]!, gray.images, { epochs: 2, validationSplit: 0 });
    assert.equal(history.loss.length, 2);

    await Deno.writeTextFile(join(folder, "dogs", "2.png"), "no picture");
    await assert.rejects(hiddenFeatures(model, stream, { batchSize: 3 }), /dogs.2\.png/);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("resizeImages() brings images in memory to the size that loadImage() would", async () => {
  const { images } = noise(1, 23, 31);
  const png = encode({ width: 31, height: 23, data: images, channels: 3 });
  for (const size of [[8, 8], [40, 50], [23, 31]] as const) {
    const expected = await loadImage(png, { size });
    const actual = resizeImages({ images, shape: [1, 23, 31, 3] }, size);
    assert.deepEqual(actual.images, expected.images);
    assert.deepEqual(actual.shape, expected.shape);
  }
  assert.throws(() => resizeImages({ images, shape: [2, 23, 31, 3] }, [8, 8]), RangeError);
  assert.throws(
    () => resizeImages({ images: [] as never, shape: [1, 1, 1, 1] }, [8, 8]),
    TypeError,
  );
});
