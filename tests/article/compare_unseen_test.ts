import assert from "node:assert/strict";
import { join } from "@std/path";
import * as tf from "@tensorflow/tfjs";
import {
  accuracyScore,
  compareUnseen,
  type Dataset,
  hiddenFeatures,
  leaveOut,
  Matrix,
  normalize,
  predictClasses,
  type Preset,
  type Split,
  summarizeUnseen,
  Svc,
  takeRows,
  trainCnn,
  trainedCnn,
} from "deep-features";
import { listCache, type UnseenRow } from "deep-features/article";
import { seededRandom } from "deep-features/base";
import { KNeighborsClassifier, LogisticRegression } from "deep-features/classifiers";
import { compileCnn, oneCycle } from "deep-features/cnn";
import { drawnRows } from "../../lib/article/unseen_draw.ts";
import { scratchSizes } from "../../lib/article/unseen_methods.ts";
import { names, PRESET as SMALL, withCache } from "./small_data.ts";

/** Small images of five classes that overlap. */
function images(count: number, seed: number): Split {
  const random = seededRandom(seed);
  const labels = Uint8Array.from({ length: count }, () => 5 * random());
  const bytes = Uint8Array.from(
    { length: count * 48 },
    (_, i) => 25 * labels[Math.floor(i / 48)]! + 155 * random(),
  );
  return { images: bytes, labels, shape: [count, 4, 4, 3] };
}

const DATA: Dataset = {
  train: images(120, 1),
  test: images(80, 2),
  classNames: ["a", "b", "c", "d", "e"],
  source: "made up",
  official: false,
};
const PAIR = [1, 3] as const;
const PRESET: Preset = { ...SMALL, epochs: 2, unseenCounts: [2, 7], unseenDraws: 2 };

interface Size {
  readonly seed: number;
  readonly inputShape: readonly [number, number, number];
  readonly classes: number;
}

/** A perceptron, which learns in no time. */
function build({ seed, inputShape, classes }: Size) {
  const dense = (name: string, units: number, activation: "linear" | "softmax", nth: number) =>
    tf.layers.dense({
      name,
      units,
      activation,
      kernelInitializer: tf.initializers.glorotUniform({ seed: 10 * seed + nth }),
    });
  const model = tf.sequential({
    layers: [
      tf.layers.flatten({ inputShape: [...inputShape] }),
      dense("hidden", 9, "linear", 1),
      tf.layers.reLU(),
      dense("end", classes, "softmax", 2),
    ],
  });
  compileCnn(model);
  return model;
}

const TRAINING = { batchSize: 10, learningRate: oneCycle({ max: 0.02 }), augment: { flip: true } };
const OPTIONS = { build, training: TRAINING };
const kept = async (cache: string, kind: string) =>
  (await names(cache)).filter((name) => name.startsWith(`${kind}-`));

Deno.test("compareUnseen reaches what the same network, features, draws and methods reach by hand", async () => {
  await withCache(async (cache) => {
    const decoder = new TextDecoder();
    let told = "";
    Deno.stdout.writeSync = (bytes) => {
      told += decoder.decode(bytes);
      return bytes.length;
    };
    const rows = await compareUnseen(DATA, PRESET, PAIR, OPTIONS);
    assert.match(told, /Training, seed 0 100 %/);
    assert.match(told, /Learning b\/d 100 % .* · network from scratch, 7 images of each/);
    const methods = ["svm", "logisticRegression", "kNeighbors", "svmOnPixels", "scratch"];
    assert.equal(rows.length, 2 * 2 * methods.length);
    assert.equal((await kept(cache, "cnn")).length, 1);

    const { seen, unseen: { train, test } } = leaveOut(DATA, PAIR);
    const { model, isNew } = await trainedCnn(seen, { epochs: 2, seed: 0, build, ...TRAINING });
    assert.equal(isNew, false);
    const Xt = await hiddenFeatures(model, test);
    const pixels = ({ images, labels }: Split) => new Matrix(normalize(images), labels.length, 48);
    const expected: UnseenRow[] = [];
    for (const count of [2, 7]) {
      for (const draw of [0, 1]) {
        const few = takeRows(train, drawnRows(train.labels, count, draw)), y = few.labels;
        const X = await hiddenFeatures(model, few);
        const k = new KNeighborsClassifier({ nNeighbors: count === 2 ? 2 : 5 });
        const scratch = build({ seed: draw, inputShape: [4, 4, 3], classes: 2 });
        await trainCnn(scratch, few, {
          ...TRAINING,
          // The rate is for batches of ten.
          learningRate: oneCycle({ max: 0.02 * 2 * count / 10 }),
          batchSize: 2 * count,
          epochs: 150,
          seed: draw,
          validationSplit: 0,
        });
        const predicted = [
          await (await new Svc().fit(X, y)).predict(Xt),
          await (await new LogisticRegression({ C: 1, maxIter: 1000 }).fit(X, y)).predict(Xt),
          await (await k.fit(X, y)).predict(Xt),
          await (await new Svc().fit(pixels(few), y)).predict(pixels(test)),
          await predictClasses(scratch, test),
        ];
        for (const [i, method] of methods.entries()) {
          const accuracy = accuracyScore(test.labels, predicted[i]!);
          expected.push({ pair: "b/d", count, draw, method, accuracy } as UnseenRow);
        }
      }
    }
    assert.deepEqual(rows, expected);
    // Methods and draws differ: nobody was taken for another.
    const accuracies = rows.map(({ accuracy }) => accuracy);
    assert.ok(new Set(accuracies).size > 5 && Math.max(...accuracies) > 0.7, `${accuracies}`);
  });
});

Deno.test("compareUnseen repeats itself from the cache, after an interrupt, and part by part", async () => {
  let rows: UnseenRow[] = [];
  await withCache(async (cache) => {
    rows = await compareUnseen(DATA, PRESET, PAIR, OPTIONS);
    const [network] = await kept(cache, "cnn"), parts = await kept(cache, "unseen");
    assert.equal(parts.length, rows.length);
    const entries = await listCache(cache);
    assert.equal(entries.filter(({ name }) => name.startsWith("unseen-")).length, rows.length);
    // All is there: nothing is trained, and nothing written.
    await Deno.remove(join(cache, network!), { recursive: true });
    assert.deepEqual(await compareUnseen(DATA, PRESET, PAIR, OPTIONS), rows);
    assert.deepEqual(await names(cache), parts);
    // One part lacks, and one is damaged.
    await Deno.remove(join(cache, parts[0]!));
    await Deno.truncate(join(cache, parts[1]!), 10);
    assert.deepEqual(await compareUnseen(DATA, PRESET, PAIR, OPTIONS), rows);
    assert.deepEqual(await kept(cache, "unseen"), parts);

    // More draws and counts: what there is stays, and the network of another seed has no other pixels.
    const more = { ...PRESET, unseenCounts: [2, 5, 7], unseenDraws: 3 };
    const further = await compareUnseen(DATA, more, PAIR, OPTIONS);
    const isOld = ({ count, draw }: UnseenRow) => count !== 5 && draw < 2;
    assert.deepEqual(further.filter(isOld), rows);
    assert.equal((await kept(cache, "unseen")).length, 45);
    await compareUnseen(DATA, PRESET, PAIR, { ...OPTIONS, seed: 1 });
    assert.equal((await kept(cache, "unseen")).length, 45 + 3 * 4);
    // Another recipe is another network, from scratch, too.
    const training = { ...TRAINING, weightDecay: 0.1 };
    await compareUnseen(DATA, PRESET, PAIR, { ...OPTIONS, training });
    assert.equal((await kept(cache, "unseen")).length, 45 + 3 * 4 + 4 * 4);
  });

  await withCache(async (cache) => {
    const controller = new AbortController();
    let built = 0;
    const stopping = (size: Size) => {
      // One to know what it is, then one for each part: within the second of these, all stops.
      if (size.classes === 2 && ++built === 3) controller.abort();
      return build(size);
    };
    const options = { ...OPTIONS, build: stopping };
    await assert.rejects(
      compareUnseen(DATA, PRESET, PAIR, { ...options, signal: controller.signal }),
      { name: "AbortError" },
    );
    assert.equal((await kept(cache, "unseen")).length, 9);
    assert.deepEqual(await compareUnseen(DATA, PRESET, PAIR, OPTIONS), rows);
    assert.equal((await kept(cache, "cnn")).length, 1);
  });
});

Deno.test("drawnRows draws as many of each class, by the seed alone, the fewer among the more", () => {
  const labels = DATA.train.labels.map((label) => label % 2);
  const most = drawnRows(labels, 20, 3);
  assert.equal(new Set(most).size, 40);
  most.forEach((row, i) => assert.equal(labels[row], i % 2));
  assert.deepEqual(drawnRows(labels, 20, 3), most);
  assert.deepEqual(drawnRows(labels, 6, 3), most.slice(0, 12));
  assert.notDeepEqual(drawnRows(labels, 20, 4), most);
});

Deno.test("A network from scratch has at least 40 epochs and 150 steps", () => {
  for (let images = 2; images <= 1000; images += 2) {
    const { epochs, batchSize } = scratchSizes(images);
    const steps = (epochs: number) => epochs * Math.ceil(images / batchSize);
    assert.equal(batchSize, Math.min(32, images));
    assert.ok(epochs >= 40 && steps(epochs) >= 150, `${images}`);
    assert.ok(epochs === 40 || steps(epochs - 1) < 150, `${images}`);
  }
});

Deno.test("compareUnseen refuses what cannot be, before any training", async () => {
  await withCache(async (cache) => {
    const compare = (change: object = {}, options: object = {}, pair: unknown = PAIR) =>
      compareUnseen(DATA, { ...PRESET, ...change }, pair as [number, number], {
        ...OPTIONS,
        ...options,
      });
    const noHidden = (size: Size) => {
      const model = tf.sequential({
        layers: [
          tf.layers.flatten({ inputShape: [...size.inputShape] }),
          tf.layers.dense({ units: size.classes, activation: "softmax" }),
        ],
      });
      compileCnn(model);
      return model;
    };
    const wrong: [Promise<unknown>, string, RegExp][] = [
      [compare({}, {}, [1, 1]), "RangeError", /two different classes/],
      [compare({}, {}, [1, 9]), "RangeError", /no class 9/],
      [
        compare({ unseenCounts: [2, 100] }),
        "RangeError",
        /compareUnseen: .* 100 training images of "b", there are \d+: give smaller unseenCounts/,
      ],
      [compare({ unseenCounts: [] }), "RangeError", /unseenCounts of the preset must be a list/],
      [compare({ unseenDraws: 0 }), "RangeError", /unseenDraws of the preset must be/],
      [compare({}, { seed: 0.5 }), "RangeError", /compareUnseen: seed/],
      [compare({}, { sed: 1 }), "TypeError", /compareUnseen has no option "sed".*"seed"/],
      [compare({}, { training: { epoch: 1 } }), "TypeError", /training has no option "epoch"/],
      [
        compare({}, { training: { classWeight: [1, 2, 3] } }),
        "TypeError",
        /training must have no classWeight/,
      ],
      [compare({}, { training: { learningRate: () => 1 } }), "TypeError", /made by oneCycle/],
      [compare({}, { build: noHidden }), "RangeError", /hidden/],
    ];
    for (const [work, name, message] of wrong) {
      await assert.rejects(work, (error: Error) => {
        assert.equal(error.name, name, error.message);
        assert.match(error.message, message);
        return true;
      });
    }
    assert.deepEqual(await names(cache), []);
    // Early stopping is the first network's alone: it needs validation images.
    const training = { ...TRAINING, earlyStopping: { patience: 1 } };
    const few = { ...PRESET, unseenCounts: [2], unseenDraws: 1 };
    const rows = await compareUnseen(DATA, few, PAIR, { build, training });
    assert.equal(rows.length, 5);
  });
});

Deno.test("summarizeUnseen takes means over draws and pairs, and tells where scratch catches up", () => {
  const row = (method: UnseenRow["method"], count: number, accuracy: number, pair = "a/b") => ({
    pair,
    count,
    draw: 0,
    method,
    accuracy,
  });
  const rows = [
    row("scratch", 50, 0.8),
    row("svm", 5, 0.6),
    row("svm", 5, 0.7, "c/d"),
    row("scratch", 5, 0.5),
    row("scratch", 5, 0.7, "c/d"),
    row("svm", 50, 0.8),
    row("kNeighbors", 50, 0.7),
  ];
  const { means, scratchCatchesUp } = summarizeUnseen(rows);
  assert.deepEqual(means.map(({ count, method }) => [count, method]), [
    [5, "svm"],
    [5, "scratch"],
    [50, "svm"],
    [50, "kNeighbors"],
    [50, "scratch"],
  ]);
  assert.ok(Math.abs(means[0]!.mean - 0.65) < 1e-12);
  assert.ok(!("sd" in means[0]!), "one draw of each pair says nothing of chance");
  assert.equal(means[0]!.name, "SVM on features");
  assert.ok(!("sd" in means[2]!));
  // As good is caught up with; a little less is not.
  assert.equal(scratchCatchesUp, 50);
  assert.equal(summarizeUnseen([...rows, row("svm", 50, 0.81)]).scratchCatchesUp, undefined);
  assert.equal(summarizeUnseen([row("svm", 5, 0.6)]).scratchCatchesUp, undefined);
  assert.throws(() => summarizeUnseen([]), RangeError);
});

Deno.test("summarizeUnseen's deviation is that of draws, not of pairs", () => {
  const draws = { "a/b": [0.6, 0.62], "c/d": [0.9, 0.96] };
  const rows = Object.entries(draws).flatMap(([pair, accuracies]) =>
    accuracies.map((accuracy, draw) => ({ pair, draw, count: 5, method: "svm" as const, accuracy }))
  );
  const [mean] = summarizeUnseen(rows).means;
  // About 0.61 and 0.93: (2 · 0.01² + 2 · 0.03²) / (4 draws − 2 pairs).
  assert.ok(Math.abs(mean!.sd! - Math.sqrt(0.001)) < 1e-12);
  assert.ok(Math.abs(mean!.mean - 0.77) < 1e-12);
});
