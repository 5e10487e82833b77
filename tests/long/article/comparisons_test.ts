import assert from "node:assert/strict";
import { join } from "@std/path";
import {
  buildCnn,
  compareClassifiers,
  compareLayers,
  type Dataset,
  GridSearch,
  hiddenFeatures,
  predictClasses,
  softmaxControls,
  Svc,
  trainCnn,
  trainedCnn,
  tuneMethods,
} from "deep-features";
import { KNeighborsClassifier } from "deep-features/classifiers";
import { DATA, images, names, PRESET, withCache } from "../../article/small_data.ts";
import { widenGrid } from "../../../lib/article/widen_grid.ts";

Deno.test("compareClassifiers keeps each outcome by itself, and goes on where it was", async () => {
  await withCache(async (cache) => {
    const { seed, outcomes } = await compareClassifiers(DATA, PRESET, 3);
    assert.equal(seed, 3);
    assert.deepEqual(Object.keys(outcomes), [
      "softmax",
      "svm",
      "linearSvm",
      "logisticRegression",
      "kNeighbors",
      "randomForest",
    ]);
    for (const { predicted, fitSeconds, predictSeconds } of Object.values(outcomes)) {
      assert.equal(predicted.length, 20);
      assert.ok(fitSeconds > 0 && predictSeconds > 0);
    }
    // Greys that do not overlap: whoever learns at all learns these.
    const right = outcomes["logisticRegression"]!.predicted.filter((p, i) => p === i % 10);
    assert.ok(right.length >= 15, `${right.length}`);

    const files = await names(cache);
    const [network] = files.filter((name) => name.startsWith("cnn-"));
    const kept = files.filter((name) => name.startsWith("outcome-"));
    assert.equal(kept.length, 6);
    // Without the network: nothing is trained as long as all outcomes are there.
    await Deno.remove(join(cache, network!), { recursive: true });
    assert.deepEqual((await compareClassifiers(DATA, PRESET, 3)).outcomes, outcomes);
    assert.deepEqual(await names(cache), kept);

    // Without one outcome that one is made again, and the others are not.
    await Deno.remove(join(cache, kept[0]!));
    const again = (await compareClassifiers(DATA, PRESET, 3)).outcomes;
    const changed = Object.keys(outcomes).filter((name) =>
      again[name]!.predictSeconds !== outcomes[name]!.predictSeconds
    );
    assert.equal(changed.length, 1);
    assert.deepEqual(again[changed[0]!]!.predicted, outcomes[changed[0]!]!.predicted);

    // Another number of forest rows is another forest, and nothing else.
    await compareClassifiers(DATA, { ...PRESET, forestRows: 20 }, 3);
    assert.equal((await names(cache)).filter((name) => name.startsWith("outcome-")).length, 7);
  });
});

Deno.test("compareClassifiers shares out the rows as it is told", async () => {
  await withCache(async (cache) => {
    const rowsOf = async () => {
      const found: unknown[] = [];
      for (const name of (await names(cache)).filter((name) => name.startsWith("outcome-"))) {
        const { settings } = JSON.parse(await Deno.readTextFile(join(cache, name)));
        if (settings.learner) found.push([settings.validationSplit ?? 0.2, settings.rows]);
        await Deno.remove(join(cache, name));
      }
      return found;
    };
    const methods = ["softmax", "kNeighbors"] as const;
    const expected = { article: [0.2, 60], same: [0.2, 48], all: [0, 60] } as const;
    for (const sharing of ["article", "same", "all"] as const) {
      const { outcomes } = await compareClassifiers(DATA, PRESET, 3, { sharing, methods });
      assert.deepEqual(Object.keys(outcomes), ["softmax", "kNeighbors"]);
      assert.deepEqual(await rowsOf(), [expected[sharing]]);
    }
    // Two networks: the article's, and one that learned from all images.
    assert.equal((await names(cache)).filter((name) => name.startsWith("cnn-")).length, 2);
    const compare = (options: object) => compareClassifiers(DATA, PRESET, 3, options);
    await assert.rejects(compare({ sharing: "fair" }), RangeError);
    await assert.rejects(compare({ methods: ["tunedSvm"] }), /no tuning of "tunedSvm"/);
  });
});

Deno.test("Comparisons train the network as they are told, with outcomes beside the article's", async () => {
  await withCache(async (cache) => {
    const training = { epochs: 2, learningRate: 0.002, augment: { flip: true } };
    const methods = ["softmax", "svm"] as const;
    const article = (await compareClassifiers(DATA, PRESET, 3, { methods })).outcomes;
    const { outcomes } = await compareClassifiers(DATA, PRESET, 3, { methods, training });
    const { model, isNew } = await trainedCnn(DATA, { batchSize: 20, seed: 3, ...training });
    assert.equal(isNew, false);
    assert.deepEqual(outcomes["softmax"]!.predicted, [...await predictClasses(model, DATA.test)]);
    const svc = await new Svc().fit(
      (await hiddenFeatures(model, DATA.train)).slice(0, 48),
      DATA.train.labels.subarray(0, 48),
    );
    const byHand = [...await svc.predict(await hiddenFeatures(model, DATA.test))];
    assert.deepEqual(outcomes["svm"]!.predicted, byHand);
    assert.deepEqual((await compareClassifiers(DATA, PRESET, 3, { methods })).outcomes, article);
    const kept = (await names(cache)).filter((name) => name.startsWith("outcome-"));
    assert.equal(kept.length, 4);
    await compareLayers(DATA, PRESET, 3, { training });
    assert.equal((await names(cache)).filter((name) => name.startsWith("cnn-")).length, 2);

    const data: Dataset = { ...DATA, train: images(300, 1) };
    const search = { training, methods: ["tunedKNeighbors"] } as const;
    await tuneMethods(data, { ...PRESET, folds: 2 }, 3, search);
    const searched = await trainedCnn(data, { batchSize: 20, seed: 3, ...training });
    assert.equal(searched.isNew, false);
  });
});

Deno.test("tuneMethods searches the validation images, whose best parameters the comparison takes", async () => {
  await withCache(async (cache) => {
    const methods = ["tunedSvm", "tunedKNeighbors", "tunedOnActi3"] as const;
    const data: Dataset = { ...DATA, train: images(300, 1) };
    const preset = { ...PRESET, folds: 2 };
    const tunings = await tuneMethods(data, preset, 3, { methods });
    assert.deepEqual(tunings.map(({ method }) => method).sort(), [...methods].sort());
    for (const { score, tried, parameters } of tunings) {
      assert.ok(score > 0 && score <= 1 && tried >= 3 && Object.keys(parameters).length > 0);
    }
    const search = (await names(cache)).filter((name) => name.startsWith("search-"));
    const { settings } = JSON.parse(await Deno.readTextFile(join(cache, search[0]!)));
    assert.equal(settings.rows, 60);
    assert.deepEqual(await tuneMethods(data, preset, 3, { methods }), tunings);

    // By hand: the same search on the same rows finds the same.
    const { model } = await trainedCnn(data, { epochs: 1, batchSize: 20, seed: 3 });
    const X = (await hiddenFeatures(model, data.train)).slice(240, 300);
    const byHand = new GridSearch(
      (parameters: { nNeighbors?: number }) => new KNeighborsClassifier(parameters),
      { nNeighbors: [5, 10, 20] },
      { folds: 2, seed: 3, refit: false },
    );
    await byHand.fit(X, data.train.labels.subarray(240));
    const found = tunings.find(({ method }) => method === "tunedKNeighbors")!;
    assert.ok(found.score >= byHand.bestScore);
    // Where its best is at an edge, the grid is made wider, and only there.
    const isWidened = widenGrid({ nNeighbors: [5, 10, 20] }, byHand.edges, 30) !== undefined;
    assert.equal(found.tried > 3, isWidened);
    if (!isWidened) assert.equal(found.score, byHand.bestScore);

    const { outcomes } = await compareClassifiers(data, preset, 3, { tunings });
    for (const method of methods) assert.equal(outcomes[method]!.predicted.length, 20);
  });
});

Deno.test("softmaxControls keep the best epoch, and choose a penalty by the validation images", async () => {
  await withCache(async (cache) => {
    const preset = { ...PRESET, epochs: 3 };
    const controls = await softmaxControls(DATA, preset, 3);
    assert.deepEqual(controls.map(({ method }) => method), ["earlyStopping", "weightDecay"]);
    // By hand: a training of as many epochs as the best one is number.
    const [stopped] = controls;
    const best = Number(stopped!.how.match(/^epoch (\d) of 3$/)![1]);
    const model = buildCnn({ seed: 3 });
    const history = await trainCnn(model, DATA.train, { epochs: best, batchSize: 20, seed: 3 });
    assert.deepEqual(stopped!.outcome.predicted, [...await predictClasses(model, DATA.test)]);
    assert.equal(stopped!.validationAccuracy, history.valAccuracy.at(-1));
    // By hand: penalties are tried as long as the greatest is the best.
    const accuracyWith = async (weightPenalty: number) => {
      const penalized = buildCnn({ seed: 3, weightPenalty });
      const { valAccuracy } = await trainCnn(penalized, DATA.train, {
        epochs: 3,
        batchSize: 20,
        seed: 3,
      });
      return valAccuracy.at(-1)!;
    };
    const penalties = [1e-4, 1e-3], accuracies: number[] = [];
    for (let i = 0; i < penalties.length; i++) {
      accuracies.push(await accuracyWith(penalties[i]!));
      const isBest = accuracies.every((each, j) => j === i || each < accuracies[i]!);
      if (i === penalties.length - 1 && isBest && i < 3) penalties.push(10 * penalties[i]!);
    }
    const chosen = accuracies.indexOf(Math.max(...accuracies));
    assert.equal(controls[1]!.how, `L2 penalty ${penalties[chosen]}`);
    assert.equal(controls[1]!.validationAccuracy, accuracies[chosen]);
    const trained = (await names(cache)).filter((name) => name.startsWith("control-"));
    assert.equal(trained.length, 1 + penalties.length);
    assert.deepEqual(await softmaxControls(DATA, preset, 3), controls);
    const build = () => buildCnn({ seed: 5 });
    assert.equal((await softmaxControls(DATA, PRESET, 3, { build })).length, 1);

    // A training of its own has its own epochs and what it learns by, and no penalty.
    const training = { epochs: 2, batchSize: 30, weightDecay: 0.01, labelSmoothing: 0.1 };
    const [own, ...others] = await softmaxControls(DATA, preset, 3, { training });
    assert.deepEqual(others, []);
    const until = Number(own!.how.match(/^epoch (\d) of 2$/)![1]);
    const other = buildCnn({ seed: 3 });
    await trainCnn(other, DATA.train, { ...training, epochs: until, seed: 3 });
    assert.deepEqual(own!.outcome.predicted, [...await predictClasses(other, DATA.test)]);
  });
});

Deno.test("compareLayers compares pixels and layers, with their columns, and repeats itself", async () => {
  await withCache(async () => {
    const data: Dataset = { ...DATA, train: images(300, 1) };
    const scores = await compareLayers(data, PRESET, 0);
    assert.deepEqual(scores.map(({ columns }) => columns), [3072, 2048, 512, 512, 10, 10]);
    for (const score of scores) {
      for (const method of ["svm", "logisticRegression"] as const) {
        assert.ok(score[method] >= 0 && score[method] <= 1);
      }
    }
    assert.ok(scores[0]!.logisticRegression > 0.9);
    assert.deepEqual(await compareLayers(data, PRESET, 0), scores);
  });
});

Deno.test("Comparisons stop when told", async () => {
  await withCache(async () => {
    const signal = AbortSignal.abort();
    const expected = { name: "AbortError" };
    await assert.rejects(compareClassifiers(DATA, PRESET, 0, { signal }), expected);
    await assert.rejects(compareLayers(DATA, PRESET, 0, { signal }), expected);
  });
});

Deno.test("Comparisons refuse options that they do not know, before any work", async () => {
  const wrong = { methds: ["svm"] } as never;
  for (const compare of [compareClassifiers, compareLayers, tuneMethods, softmaxControls]) {
    await assert.rejects(
      compare(DATA, PRESET, 3, wrong),
      (error: Error) => error instanceof TypeError && /no option "methds"/.test(error.message),
      compare.name,
    );
  }
  await assert.rejects(
    compareClassifiers(DATA, PRESET, 3, { sharing: "some" as never }),
    /sharing/,
  );
  await assert.rejects(tuneMethods(DATA, PRESET, 3, { methods: ["svn" as never] }), RangeError);
});
