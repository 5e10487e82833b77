import assert from "node:assert/strict";
import { join } from "@std/path";
import { encode } from "fast-png";
import { buildCnn, hiddenFeatures, Matrix, Svc } from "deep-features";
import {
  KNeighborsClassifier,
  LinearSvc,
  LogisticRegression,
  RandomForestClassifier,
} from "deep-features/classifiers";
import { jupyterDisplay } from "deep-features/base";
import { loadImage } from "deep-features/dataset";
import { loadPipeline, Pipeline, savePipeline } from "deep-features/pipeline";
import { inFolder, NAMES, parts, picture } from "../helpers/pipelines.ts";
import { digest } from "../../lib/base/digest.ts";

Deno.test("A pipeline of each classifier is saved and loaded, and classifies pictures as its parts do, to the bit", async () => {
  const classifiers = [
    () => new Svc({ C: 10 }),
    () => new LinearSvc(),
    () => new LogisticRegression(),
    () => new RandomForestClassifier({ nEstimators: 15 }),
    () => new KNeighborsClassifier({ nNeighbors: 3 }),
  ];
  await inFolder(async (folder) => {
    for (const [i, make] of classifiers.entries()) {
      // Two classes have one decision value; class 1 is missing then.
      for (const labels of i < 2 ? [[0, 1, 2], [0, 2]] : [[0, 1, 2]]) {
        const own = await parts(make, labels), place = join(folder, `${i}-${labels.length}`);
        await savePipeline(place, own);
        const pipeline = await loadPipeline(place);
        assert.equal(pipeline.classifier.constructor, own.classifier.constructor);
        for (const label of labels) {
          const bytes = picture(label, 100 + label, 15);
          const path = join(folder, "picture.png");
          await Deno.writeFile(path, bytes);
          const found = await pipeline.classify(bytes);
          assert.equal(found.className, NAMES[label]);
          assert.equal(found.label, label);
          assert.deepEqual(await pipeline.classify(path), found);
          assert.deepEqual(await new Pipeline(own).classify(bytes), found);
          // By hand.
          const image = await loadImage(bytes, { size: [8, 8] });
          const features = await hiddenFeatures(own.model, image);
          const { classifier } = own;
          const values = "decisionFunction" in classifier
            ? (await classifier.decisionFunction(features)).data
            : (await classifier.predictProba(features)).data;
          const byClass = values.length === 1 ? [-values[0]!, values[0]!] : [...values];
          const names = labels.map((each) => NAMES[each]!);
          assert.deepEqual(
            found.decisionValues,
            Object.fromEntries(names.map((name, c) => [name, byClass[c]])),
          );
          const others = names.filter((name) => name !== found.className)
            .sort((a, b) => found.decisionValues[b]! - found.decisionValues[a]!);
          assert.equal(found.runnerUp, others[0]);
          const { [found.className]: first, [others[0]!]: second } = found.decisionValues;
          assert.equal(found.margin, first! - second!);
          assert.ok(found.margin > 0);
        }
        // It can be saved over itself.
        await savePipeline(place, pipeline);
        assert.deepEqual(
          [...Deno.readDirSync(place)].map(({ name }) => name).sort(),
          ["classifier.bin", "model.json", "pipeline.json", "weights.bin"],
        );
      }
    }
  });
});

Deno.test("savePipeline() refuses parts that do not fit, before it writes anything", async () => {
  const good = await parts();
  const other = await new LinearSvc().fit(Matrix.fromRows([[1, 2], [3, 4]]), [0, 1]);
  const [deep, small] = [[8, 8, 4], [6, 6, 3]] as const;
  const cases: [object, string, RegExp][] = [
    [{ classnames: [] }, "TypeError", /no option "classnames": did you mean "classNames"/],
    [
      { model: undefined },
      "TypeError",
      /model must be a layers model or a graph model of tfjs, got undefined/,
    ],
    [{ model: {} }, "TypeError", /model must be a layers model or a graph model of tfjs/],
    [
      { model: buildCnn({ inputShape: deep }) },
      "RangeError",
      /takes images of 4 channels, but pictures are read in 3 .* or in 1 \(gray\)/,
    ],
    [{ layer: "hiden" }, "RangeError", /hiden/],
    [{ layer: "flatten_1" }, "RangeError", /./],
    [{ layer: 3 }, "TypeError", /layer must be a text/],
    [{ pool: "mean" }, "RangeError", /pool must be .*"average".* got "mean"/],
    [{ pool: "max", layer: "acti2" }, "RangeError", /does not fit layer "acti2"/],
    [
      { preprocessing: { scale: "0..1", size: small.slice(0, 2) } },
      "RangeError",
      /6 × 6, but the network takes 8 × 8/,
    ],
    [
      { preprocessing: { scale: "0..1", size: [8] } },
      "TypeError",
      /size must be \[height, width\]/,
    ],
    [{ preprocessing: { scale: "0..2" } }, "RangeError", /scale must be "0..1"/],
    [{ preprocessing: { size: [8, 8] } }, "TypeError", /scale must be/],
    [{ preprocessing: { sice: [8, 8] } }, "TypeError", /did you mean "size"/],
    [{ classifier: new Svc() }, "Error", /This Svc is not fitted yet/],
    [{ classifier: { predict() {} } }, "TypeError", /classifier must be a fitted Svc, LinearSvc/],
    [{ classifier: other }, "RangeError", /does not fit layer "hidden".* 512 columns.* with 2/],
    [{ classNames: "abc" }, "TypeError", /classNames must be a list/],
    [{ classNames: ["a", "b"] }, "RangeError", /class 2 has no name: classNames has 2/],
    [{ classNames: ["a", "b", "a"] }, "RangeError", /holds "a" twice/],
    [{ classNames: ["a", " ", "c"] }, "RangeError", /an empty name/],
  ];
  await inFolder(async (folder) => {
    const place = join(folder, "pipeline");
    for (const [change, name, message] of cases) {
      await assert.rejects(savePipeline(place, { ...good, ...change }), { name, message });
      assert.deepEqual([...Deno.readDirSync(folder)], []);
    }
    await Deno.writeTextFile(join(folder, "thesis.txt"), "all of it");
    await assert.rejects(savePipeline(folder, good), /thesis\.txt/);
    assert.deepEqual([...Deno.readDirSync(folder)].map((entry) => entry.name), ["thesis.txt"]);
  });
});

Deno.test("loadPipeline() refuses damaged, foreign and mixed folders by the file's name", async () => {
  await inFolder(async (folder) => {
    const place = join(folder, "pipeline");
    await savePipeline(place, await parts());
    const refused = (message: RegExp) =>
      assert.rejects(loadPipeline(place), { name: "RangeError", message });
    for (const name of ["model.json", "weights.bin", "classifier.bin", "pipeline.json"]) {
      const file = join(place, name), bytes = await Deno.readFile(file);
      for (const share of [0.1, 0.5, 0.95]) {
        const broken = bytes.slice();
        broken[Math.floor(share * bytes.length)]! ^= 1;
        await Deno.writeFile(file, broken);
        await refused(new RegExp(`${name}.* is (damaged|no saved pipeline)`));
      }
      await Deno.remove(file);
      await assert.rejects(loadPipeline(place), Deno.errors.NotFound);
      await Deno.writeFile(file, bytes);
    }
    // The classifier of another pipeline.
    await savePipeline(join(folder, "other"), await parts(() => new LinearSvc()));
    const own = join(place, "classifier.bin"), kept = await Deno.readFile(own);
    await Deno.copyFile(join(folder, "other", "classifier.bin"), own);
    await refused(/classifier\.bin is damaged, or of another pipeline/);
    await Deno.writeFile(own, kept);
    // Settings with a right digest that hold what cannot be.
    const path = join(place, "pipeline.json"), text = await Deno.readTextFile(path);
    const file = JSON.parse(text);
    const changes: [object, RegExp][] = [
      [{ classifier: "Perceptron" }, /classifier must be .*"Svc".* got "Perceptron"/],
      [{ classifier: "LinearSvc" }, /does not hold a LinearSvc, but a fitted Svc/],
      [{ classifier: "constructor" }, /classifier must be/],
      [{ files: {} }, /files must be digests of/],
      [{ classNames: [1, 2, 3] }, /classNames must be/],
      [{ classNames: undefined }, /classNames must be/],
      [{ layer: null }, /layer must be/],
      [{ pool: undefined }, /pool must be/],
      [{ pool: "mean" }, /pool must be/],
      [{ extra: 1 }, /no option "extra"/],
      [{ preprocessing: { scale: "0..1", size: [9, 9] } }, /9 × 9, but the network takes 8 × 8/],
    ];
    for (const [change, message] of changes) {
      const settings = JSON.parse(JSON.stringify({ ...file.settings, ...change }));
      const sha256 = digest(JSON.stringify(settings));
      await Deno.writeTextFile(path, JSON.stringify({ ...file, sha256, settings }));
      await refused(message);
    }
    for (const foreign of ["{}", "null", "[]", "3", '{"format":"deep-features-pipeline-0"}']) {
      await Deno.writeTextFile(path, foreign);
      await refused(/pipeline\.json is no saved pipeline of this version: its format is/);
    }
    await assert.rejects(loadPipeline(3 as unknown as string), TypeError);
  });
});

Deno.test("A pipeline keeps what becomes of pixels, and reads features by it", async () => {
  const { model, classifier, classNames } = await parts();
  await inFolder(async (folder) => {
    const seen = new Set<string>();
    for (const scale of ["0..1", "-1..1", "imagenet", "caffe"] as const) {
      await savePipeline(folder, { model, classifier, classNames, preprocessing: { scale } });
      const pipeline = await loadPipeline(folder);
      assert.deepEqual(pipeline.preprocessing, { size: [8, 8], scale });
      const image = await loadImage(picture(1, 5), { size: [8, 8] });
      const features = await hiddenFeatures(model, image, { preprocessing: { scale } });
      const values = [...(await (classifier as Svc).decisionFunction(features)).data];
      const { decisionValues } = await pipeline.classify(picture(1, 5));
      assert.deepEqual(Object.values(decisionValues), values);
      seen.add(values.join());
    }
    assert.ok(seen.size > 1);
  });
});

Deno.test("A pipeline shows its parts in a notebook and in one line of console.log", async () => {
  const pipeline = new Pipeline(await parts());
  const { "text/plain": plain, "text/html": html } = pipeline[jupyterDisplay]();
  for (const shown of [plain, html, Deno.inspect(pipeline)] as string[]) {
    assert.match(shown, /8 × 8.*0\.\.1.*\d layers.*hidden.*Svc.*dark, red, bright/s);
    assert.ok(shown.length < 1000);
  }
  assert.ok(!Deno.inspect(pipeline).includes("\n"));
});

Deno.test("A pipeline reads a layer with height and width as its classifier's features were read", async () => {
  const { model, classNames } = await parts();
  const layer = "acti2", pictures = [0, 1, 2].map((label) => picture(label, 3));
  await inFolder(async (folder) => {
    const seen = new Set<string>();
    for (const pool of ["flatten", "average", "max"] as const) {
      const rows = await Promise.all(pictures.map(async (bytes) => {
        const image = await loadImage(bytes, { size: [8, 8] });
        return (await hiddenFeatures(model, image, { layer, pool })).row(0);
      }));
      const X = Matrix.fromRows(rows);
      const classifier = await new LinearSvc({ tol: 0.01 }).fit(X, [0, 1, 2]);
      await savePipeline(folder, { model, layer, pool, classifier, classNames });
      const pipeline = await loadPipeline(folder);
      assert.equal(pipeline.pool, pool);
      for (const [label, bytes] of pictures.entries()) {
        const { decisionValues, className } = await pipeline.classify(bytes);
        const own = (await classifier.decisionFunction(X.slice(label, label + 1))).data;
        assert.deepEqual(Object.values(decisionValues), [...own]);
        assert.equal(className, classNames[label]);
        seen.add(own.join());
      }
    }
    assert.equal(seen.size, 9);
  });
});

Deno.test("A pipeline of a network of one channel sees every picture in gray, as Pillow makes it", async () => {
  const own = await parts(undefined, undefined, 1);
  await inFolder(async (folder) => {
    await savePipeline(folder, own);
    const pipeline = await loadPipeline(folder);
    for (const label of [0, 1, 2]) {
      const colors = picture(label, 50 + label, 15);
      const found = await pipeline.classify(colors);
      assert.equal(found.className, NAMES[label]);
      // The same picture, gray already.
      const { images } = await loadImage(colors, { channels: 1 });
      const gray = encode({ width: 15, height: 15, channels: 1, data: images });
      assert.deepEqual(await pipeline.classify(gray), found);
      // By hand.
      const image = await loadImage(colors, { size: [8, 8], channels: 1 });
      const features = await hiddenFeatures(own.model, image);
      assert.deepEqual(
        Object.values(found.decisionValues),
        [...(await (own.classifier as Svc).decisionFunction(features)).data],
      );
    }
    assert.match(Deno.inspect(pipeline), /8 × 8.*gray/);
  });
  const bad = new Pipeline({ ...own, preprocessing: { scale: "imagenet" } });
  await assert.rejects(bad.check(), /"imagenet" is one of red, green and blue.* 1 channel/);
});
