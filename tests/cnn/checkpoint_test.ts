// A training that stops and goes on ends as one that ran through.
import assert from "node:assert/strict";
import { join } from "@std/path";
import * as tf from "@tensorflow/tfjs";
import { setUpCompute, trainCnn, type TrainOptions } from "deep-features";
import { seededRandom } from "deep-features/base";
import { Adam, RmsProp, Sgd } from "deep-features/backend";
import { CheckpointError, cosine } from "deep-features/cnn";

const L = tf.layers;
const [N, CLASSES] = [24, 3];
const SHAPE = [6, 6, 1] as const;
const EPOCHS = 6;

/** Layers that draw numbers, keep moving statistics and are held by a constraint. */
function network({ optimizer = new Adam(0.01) as tf.Optimizer, units = 5, frozenSeed = 1 } = {}) {
  let seed = 10;
  const init = () => tf.initializers.glorotUniform({ seed: ++seed });
  const model = tf.sequential({
    layers: [
      // As if loaded: its weights do not follow from the layer's settings.
      L.conv2d({ inputShape: [...SHAPE], filters: 4, kernelSize: 3, trainable: false }),
      L.batchNormalization(),
      L.dropout({ rate: 0.3 }),
      L.flatten(),
      L.dense({
        units,
        kernelInitializer: init(),
        kernelConstraint: tf.constraints.maxNorm({ maxValue: 0.7, axis: 0 }),
      }),
      L.gaussianNoise({ stddev: 0.1 }),
      L.dense({ units: CLASSES, activation: "softmax", kernelInitializer: init() }),
    ],
  });
  model.layers[0]!.setWeights([
    tf.randomNormal([3, 3, 1, 4], 0, 0.3, "float32", frozenSeed),
    tf.zeros([4]),
  ]);
  model.compile({ optimizer, loss: "categoricalCrossentropy", metrics: ["accuracy", "mse"] });
  return model;
}

function data() {
  const random = seededRandom(6);
  return {
    images: Uint8Array.from({ length: N * 36 }, () => 256 * random()),
    labels: Uint8Array.from({ length: N }, () => CLASSES * random()),
    shape: [N, ...SHAPE] as const,
  };
}

const weightsOf = (model: tf.LayersModel) =>
  model.weights.map((weight) => [...weight.read().dataSync()]);

const OPTIONS: TrainOptions = {
  epochs: EPOCHS,
  batchSize: 5,
  seed: 3,
  learningRate: cosine({ from: 0.02 }),
  weightDecay: 0.01,
  augment: { flip: true, shift: 1 },
};

async function inFolder(work: (folder: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    await work(join(folder, "checkpoint"));
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** Trains until so many batches are done. */
async function stopAfter(batches: number, model: tf.LayersModel, options: TrainOptions) {
  const controller = new AbortController();
  let done = 0;
  await assert.rejects(
    trainCnn(model, data(), {
      ...options,
      signal: controller.signal,
      onBatch: () => {
        if (++done === batches) controller.abort();
      },
    }),
    { name: "AbortError" },
  );
}

Deno.test("trainCnn() goes on from a checkpoint to the same weights and figures, to the bit", async () => {
  for (const backend of ["cpu", "simd"] as const) {
    await setUpCompute({ backend, quiet: true });
    const kinds: [() => tf.Optimizer, Partial<TrainOptions>][] = [
      [() => new Adam(0.01), {}],
      [() => tf.train.sgd(0.1), { learningRate: undefined, weightDecay: 0 }],
      [() => new Sgd(0.05, 0.9, true), {}],
      [() => new RmsProp(0.01, 0.9, 0.5), {}],
      [() => new Adam(0.05), { earlyStopping: { patience: 2, restoreBest: true } }],
    ];
    for (const [optimizer, more] of kinds) {
      const options = { ...OPTIONS, ...more };
      const whole = network({ optimizer: optimizer() });
      const { seconds: _, ...history } = await trainCnn(whole, data(), options);
      await inFolder(async (checkpoint) => {
        // Four batches an epoch: in the first epoch, at its end, and twice in later ones.
        for (const batches of [2, 4, 1, 9]) {
          await stopAfter(batches, network({ optimizer: optimizer() }), { ...options, checkpoint });
        }
        const model = network({ optimizer: optimizer() });
        const epochs: number[] = [];
        const { seconds, ...figures } = await trainCnn(model, data(), {
          ...options,
          checkpoint,
          onEpoch: ({ epoch }) => epochs.push(epoch),
        });
        assert.deepEqual(figures, history);
        assert.equal(seconds.length, history.loss.length);
        assert.deepEqual(weightsOf(model), weightsOf(whole));
        assert.equal(epochs[0], 2);

        // What is done is not done again.
        const other = network({ optimizer: optimizer() });
        const again = await trainCnn(other, data(), {
          ...options,
          checkpoint,
          onBatch: () => assert.fail("a batch"),
        });
        assert.deepEqual({ ...again, seconds: 0 }, { ...figures, seconds: 0 });
        assert.deepEqual(weightsOf(other), weightsOf(whole));
        assert.deepEqual(
          [...Deno.readDirSync(checkpoint)].map(({ name }) => name),
          ["checkpoint.bin"],
        );
      });
    }
  }
});

Deno.test("trainCnn() with a checkpoint changes nothing of the training, and keeps no tensor", async () => {
  await setUpCompute({ backend: "simd", quiet: true });
  await inFolder(async (checkpoint) => {
    const plain = network(), kept = network();
    await trainCnn(plain, data(), OPTIONS);
    const tensors: number[] = [];
    const onEpoch = () => tensors.push(tf.memory().numTensors);
    await trainCnn(kept, data(), { ...OPTIONS, checkpoint, onEpoch });
    assert.deepEqual(weightsOf(kept), weightsOf(plain));
    assert.equal(new Set(tensors.slice(1)).size, 1, String(tensors));
  });
});

Deno.test("trainCnn() refuses by name a checkpoint of another network, other settings or images", async () => {
  await setUpCompute({ backend: "simd", quiet: true });
  await inFolder(async (checkpoint) => {
    await stopAfter(5, network(), { ...OPTIONS, checkpoint });
    const { images, labels, shape } = data();
    const others: [RegExp, Partial<TrainOptions>, (tf.LayersModel | undefined)?, object?][] = [
      [/another network:/, {}, network({ units: 6 })],
      [/another loss or optimizer:/, {}, network({ optimizer: new Adam(0.02) })],
      [/another loss or optimizer:/, {}, network({ optimizer: tf.train.sgd(0.01) })],
      [/another values of frozen weights:/, {}, network({ frozenSeed: 2 })],
      [/another images:/, {}, undefined, { images: images.with(7, images[7]! ^ 1), labels, shape }],
      [/another labels:/, {}, undefined, { images, labels: labels.toReversed(), shape }],
      [/another epochs \(6, not 7\), another learningRate:/, { epochs: 7 }],
      [/another batchSize \(5, not 6\)/, { batchSize: 6 }],
      [/another validationSplit \(0.2, not 0.3\)/, { validationSplit: 0.3 }],
      [/another seed \(3, not 4\)/, { seed: 4 }],
      [/another learningRate:/, { learningRate: cosine({ from: 0.03 }) }],
      [/another learningRate:/, { learningRate: undefined }],
      [/another augment \(\{"flip":true,"shift":1\}, not none\)/, { augment: undefined }],
      [/another weightDecay \(0.01, not none\)/, { weightDecay: 0 }],
      [/another labelSmoothing \(none, not 0.1\)/, { labelSmoothing: 0.1 }],
      [/another classWeight \(none, not \{"0":1,"1":1,"2":2\}\)/, { classWeight: [1, 1, 2] }],
      [/another earlyStopping \(none, not \{"patience":3/, { earlyStopping: { patience: 3 } }],
    ];
    for (const [message, options, model = network(), set = data()] of others) {
      const before = weightsOf(model);
      await assert.rejects(
        trainCnn(model, set as ReturnType<typeof data>, { ...OPTIONS, ...options, checkpoint }),
        (error: Error) => {
          assert.ok(error instanceof CheckpointError, String(error));
          assert.match(error.message, message);
          return true;
        },
      );
      assert.deepEqual(weightsOf(model), before);
    }
    await trainCnn(network(), data(), { ...OPTIONS, checkpoint });
  });
});

Deno.test("trainCnn() tells of a damaged checkpoint, whatever byte it is", async () => {
  await setUpCompute({ backend: "simd", quiet: true });
  await inFolder(async (checkpoint) => {
    await stopAfter(5, network(), { ...OPTIONS, checkpoint });
    const path = join(checkpoint, "checkpoint.bin"), whole = await Deno.readFile(path);
    const random = seededRandom(2);
    const damaged = [
      new Uint8Array(0),
      Uint8Array.of(10),
      new TextEncoder().encode("null\n"),
      whole.subarray(0, whole.length - 1),
      whole.subarray(0, 200),
      ...[0, 3, 60, 130, 131, whole.length - 1].map((at) => whole.with(at, whole[at]! ^ 4)),
      ...Array.from({ length: 20 }, () => {
        const at = Math.floor(random() * whole.length);
        return whole.with(at, whole[at]! ^ (1 << Math.floor(random() * 8)));
      }),
    ];
    for (const bytes of damaged) {
      await Deno.writeFile(path, bytes);
      const model = network(), before = weightsOf(model);
      await assert.rejects(trainCnn(model, data(), { ...OPTIONS, checkpoint }), (error: Error) => {
        assert.ok(error instanceof CheckpointError, String(error));
        assert.match(error.message, /checkpoint\.bin is (damaged|a checkpoint of another version)/);
        return true;
      });
      assert.deepEqual(weightsOf(model), before);
    }
  });
});

Deno.test("trainCnn() refuses a checkpoint for optimizers whose state it cannot keep, and odd folders", async () => {
  await setUpCompute({ backend: "simd", quiet: true });
  await inFolder(async (checkpoint) => {
    const model = network({ optimizer: tf.train.adam(0.01) });
    await assert.rejects(
      trainCnn(model, data(), { ...OPTIONS, checkpoint }),
      /cannot keep the state of tfjs's Adam optimizer.*deep-features\/backend/,
    );
    await assert.rejects(
      trainCnn(network(), data(), { ...OPTIONS, checkpoint: " " }),
      /checkpoint must be a folder's path/,
    );
    await Deno.writeTextFile(checkpoint, "a file");
    await assert.rejects(trainCnn(network(), data(), { ...OPTIONS, checkpoint }));
  });
});
