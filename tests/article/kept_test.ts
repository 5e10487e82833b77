import assert from "node:assert/strict";
import { join } from "@std/path";
import {
  buildCnn,
  GridSearch,
  hiddenFeatures,
  kept,
  Matrix,
  Svc,
  type SvcOptions,
} from "deep-features";
import { listCache } from "deep-features/article";
import { KNeighborsClassifier } from "deep-features/classifiers";
import { fitSettings } from "../../lib/article/kept_settings.ts";
import { fittedOutcome } from "../../lib/article/outcome.ts";
import { blasChoice, setBlasChoice } from "../../lib/compute/gemm.ts";
import { warnings } from "../helpers/console_lines.ts";
import { names, withCache } from "./small_data.ts";

const X = Matrix.fromRows(
  Array.from({ length: 60 }, (_, i) => [Math.sin(i), Math.cos(3 * i), i % 3 + Math.sin(7 * i)]),
);
const y = Array.from({ length: 60 }, (_, i) => i % 3);
const IMAGES = {
  images: Uint8Array.from({ length: 4 * 8 * 8 * 3 }, (_, i) => (i * i) % 251),
  shape: [4, 8, 8, 3] as const,
};
const build = (seed = 1) => buildCnn({ seed, inputShape: [8, 8, 3] });

/** Runs with a listener, and tells whether the result was read. */
async function isRead(
  work: (options: { onProgress: (progress: { message?: string }) => void }) => Promise<unknown>,
): Promise<boolean> {
  const messages: string[] = [];
  await work({ onProgress: ({ message }) => void messages.push(message ?? "") });
  return messages.some((message) =>
    /^(\d+ of \d+ combinations )?from data\/ \(.*when computed\)/.test(message)
  );
}

Deno.test("kept(hiddenFeatures): the same once, and anything else by itself", async () => {
  await withCache(async (cache) => {
    const model = build(), features = kept(hiddenFeatures);
    const first = await features(model, IMAGES);
    assert.deepEqual(first, await hiddenFeatures(model, IMAGES));
    let again: Matrix | undefined;
    assert.ok(await isRead(async (options) => again = await features(model, IMAGES, options)));
    assert.deepEqual(again, first);
    assert.ok(
      await isRead((options) => features(build(), { ...IMAGES }, { ...options, batchSize: 3 })),
    );
    const images = IMAGES.images.slice();
    images[17]! ^= 1;
    const others = {
      "one bit of the images": (options: object) => features(model, { ...IMAGES, images }, options),
      "other weights": (options: object) => features(build(2), IMAGES, options),
      "another layer": (options: object) => features(model, IMAGES, { ...options, layer: "acti3" }),
      "another pooling": (options: object) => features(model, IMAGES, { ...options, pool: "max" }),
      "another preprocessing": (options: object) =>
        features(model, IMAGES, { ...options, preprocessing: { scale: "-1..1" } }),
    };
    for (const [what, other] of Object.entries(others)) {
      assert.equal(await isRead(other), false, what);
      assert.equal(await isRead(other), true, what);
    }
    const entries = await listCache(cache);
    assert.equal(entries.length, 6);
    assert.ok(
      entries.every(({ name, settings }) => name.startsWith("features-") && settings?.["weights"]),
    );
    await assert.rejects(features({} as never, IMAGES), /needs a layers model/);
  });
});

Deno.test("kept(classifier).fit: found by class, options, rows and labels; an outcome finds it, too", async () => {
  await withCache(async () => {
    const fit = (options: SvcOptions, rows = X, labels = y) =>
      isRead((run) => kept(new Svc(options)).fit(rows, labels, run));
    const first = await kept(new Svc({ C: 2 })).fit(X, y);
    assert.ok(await fit({ C: 2 }));
    const again = await kept(new Svc({ C: 2 })).fit(X, Int32Array.from(y));
    assert.deepEqual(again.fitted, first.fitted);
    assert.deepEqual(again.options, first.options);
    assert.deepEqual(await again.predict(X), await first.predict(X));
    assert.equal(await fit({ C: 3 }), false);
    assert.equal(await fit({ C: 2, classWeight: "balanced" }), false);
    assert.equal(await fit({ C: 2 }, X.slice(0, 59), y.slice(0, 59)), false);
    assert.equal(await fit({ C: 2 }, X, y.toReversed()), false);
    assert.equal(await isRead((run) => kept(new KNeighborsClassifier()).fit(X, y, run)), false);
    assert.equal(await isRead((run) => kept(new KNeighborsClassifier()).fit(X, y, run)), true);

    const svc = new Svc({ C: 2 });
    svc.fit = () => Promise.reject(new Error("It is fitted a second time"));
    const outcome = await fittedOutcome({
      settings: {},
      classifier: () => Promise.resolve(svc),
      label: "SVC",
      features: () => Promise.resolve({ X, y, Xt: X }),
    });
    assert.deepEqual(outcome.predicted, [...await first.predict(X)]);
    await assert.rejects(kept(new Svc()).fit([] as never, y), /X must be a Matrix/);
    assert.throws(() => kept({} as never), /kept takes hiddenFeatures, a classifier/);
  });
});

Deno.test("What is kept and damaged is told and made anew; what cannot be kept is told, and there", async () => {
  await withCache(async (cache) => {
    const fit = () => isRead((run) => kept(new Svc()).fit(X, y, run));
    await fit();
    const [name] = await names(cache), folder = join(cache, name!);
    const damages: Record<string, () => Promise<void>> = {
      "one bit of the value": async () => {
        const bytes = await Deno.readFile(join(folder, "value"));
        bytes[bytes.length - 5]! ^= 1;
        await Deno.writeFile(join(folder, "value"), bytes);
      },
      "the seconds": async () => {
        const path = join(folder, "entry.json"), text = await Deno.readTextFile(path);
        await Deno.writeTextFile(path, text.replace(/"seconds":/, '"seconds":9'));
      },
      "no value": () => Deno.remove(join(folder, "value")),
      "half an entry": () => Deno.truncate(join(folder, "entry.json"), 20),
    };
    for (const [what, damage] of Object.entries(damages)) {
      await damage();
      const said = await warnings(async () => assert.equal(await fit(), false, what));
      assert.ok(said.some((text) => text.includes(name!) && /is damaged/.test(text)), what);
      assert.equal(await fit(), true, what);
    }
    // Left by a process that was killed between the value and its entry.
    await Deno.remove(join(folder, "entry.json"));
    assert.deepEqual(await warnings(async () => assert.equal(await fit(), false)), []);
    assert.equal(await fit(), true);

    class OnFullDisk extends KNeighborsClassifier {
      override save = () => Promise.reject(new Error("No space left on device"));
    }
    const said = await warnings(async () => (await kept(new OnFullDisk()).fit(X, y)).fitted);
    assert.deepEqual(said, ["Not kept for the next time: No space left on device"]);
  });
});

Deno.test("kept(search).fit: an interrupted search goes on where it was, and ends as another", async () => {
  await withCache(async (cache) => {
    const grid = { nNeighbors: [1, 3, 5, 7] };
    let fits = 0;
    class Counted extends KNeighborsClassifier {
      override fit(...args: Parameters<KNeighborsClassifier["fit"]>) {
        fits++;
        return super.fit(...args);
      }
    }
    const search = (refit = false) =>
      new GridSearch((parameters) => new Counted(parameters), grid, { folds: 3, refit });
    const whole = await search().fit(X, y);
    const controller = new AbortController();
    fits = 0;
    const stopped = await kept(search()).fit(X, y, {
      onProgress: ({ done }) => done === 7 && controller.abort(),
      signal: controller.signal,
    });
    assert.ok(stopped.isStopped && stopped.results.length === 2);
    fits = 0;
    const messages: string[] = [];
    const again = await kept(search()).fit(X, y, {
      onProgress: ({ message }) => void messages.push(message!),
    });
    assert.match(messages[0]!, /^2 of 4 combinations from data\/ \(.*when computed\)/);
    assert.equal(fits, 6);
    const scores = ({ results }: typeof again) => results.map(({ seconds: _, ...rest }) => rest);
    assert.deepEqual(scores(again), scores(whole));
    fits = 0;
    assert.ok(await isRead((run) => kept(search()).fit(X, y, run)));
    assert.equal(fits, 0);
    assert.ok((await kept(search(true)).fit(X, y)).bestEstimator);
    assert.equal(fits, 1, "only the best is fitted");
    const other = new GridSearch((parameters) => new Counted(parameters), grid, {
      folds: 4,
      refit: false,
    });
    assert.equal(await isRead((run) => kept(other).fit(X, y, run)), false);
    assert.equal((await listCache(cache)).length, 2);
    const own = new GridSearch((parameters) => new Counted(parameters), grid, { scoring: () => 1 });
    await assert.rejects(kept(own).fit(X, y), /scores by name/);
  });
});

Deno.test("Fits are told apart by the BLAS that computes, if one does", () => {
  const before = blasChoice();
  try {
    setBlasChoice({});
    const without = fitSettings(new Svc(), X, y);
    setBlasChoice({ blas: { name: "SomeBLAS 1.2" } });
    assert.deepEqual(fitSettings(new Svc(), X, y), { ...without, blas: "SomeBLAS 1.2" });
  } finally {
    setBlasChoice(before);
  }
});
