// Sweeps on real workers: what comes of them is what this process makes by itself, to the bit.
import assert from "node:assert/strict";
import { join } from "@std/path";
import * as tf from "@tensorflow/tfjs";
import {
  compareClassifiers,
  type Dataset,
  GridSearch,
  Matrix,
  setUpCompute,
  type Split,
  Svc,
  trainedCnn,
} from "deep-features";
import type { BuildNetwork } from "deep-features/article";
import { type Classifier, seededRandom } from "deep-features/base";
import {
  KNeighborsClassifier,
  LogisticRegression,
  RandomForestClassifier,
} from "deep-features/classifiers";
import { oneCycle } from "deep-features/cnn";
import { names, PRESET } from "../../article/small_data.ts";
import { PROGRAM, RedisServer } from "../../helpers/redis_server.ts";
import { SweepWorker } from "../../helpers/sweep_workers.ts";

const SIZE = 8, PIXELS = SIZE * SIZE * 3;

/** Small images of three classes that overlap. */
function images(count: number, seed: number): Split {
  const random = seededRandom(seed);
  const labels = Uint8Array.from({ length: count }, (_, i) => i % 3);
  const bytes = Uint8Array.from(
    { length: count * PIXELS },
    (_, i) => labels[Math.floor(i / PIXELS)]! * 20 + random() * 150,
  );
  return { images: bytes, labels, shape: [count, SIZE, SIZE, 3] };
}

const DATA: Dataset = {
  train: images(60, 1),
  test: images(30, 2),
  classNames: ["dark", "grey", "bright"],
  source: "made up",
  official: false,
};

/** Does something twice, in a cache of its own each: here, and on the workers of a server. */
async function both<T>(
  server: RedisServer,
  work: (cache: string) => Promise<T>,
): Promise<{ here: T; swept: T; text: string }> {
  const { log, warn } = console, { writeSync } = Deno.stdout, decoder = new TextDecoder();
  let text = "";
  const withCache = async (queue: string) => {
    const cache = await Deno.makeTempDir();
    Deno.env.set("ARTICLE_CACHE", cache);
    Deno.env.set("SWEEP_QUEUE", queue);
    try {
      return await work(cache);
    } finally {
      Deno.env.delete("ARTICLE_CACHE");
      Deno.env.delete("SWEEP_QUEUE");
      await Deno.remove(cache, { recursive: true });
    }
  };
  console.log = console.warn = (...parts: unknown[]) => void (text += parts.join(" ") + "\n");
  Deno.stdout.writeSync = (bytes) => {
    text += decoder.decode(bytes);
    return bytes.length;
  };
  try {
    await setUpCompute({ backend: "simd", quiet: true });
    const here = await withCache("");
    text = "";
    return { here, swept: await withCache(server.address), text };
  } finally {
    Object.assign(console, { log, warn });
    Deno.stdout.writeSync = writeSync;
  }
}

/** The weights of all trained networks in a cache. */
async function weightsIn(cache: string): Promise<Record<string, Uint8Array>> {
  const found: Record<string, Uint8Array> = {};
  for (const name of await names(cache)) {
    if (!name.startsWith("cnn-") || name.endsWith(".checkpoint")) continue;
    found[name] = await Deno.readFile(join(cache, name, "weights.bin"));
  }
  return found;
}

function test(name: string, work: (server: RedisServer) => Promise<void>): void {
  Deno.test({
    name,
    ignore: !PROGRAM || Deno.build.os === "windows",
    async fn() {
      await using server = await RedisServer.start();
      await work(server);
    },
  });
}

test("Twenty networks and their classifiers on three workers are those of one process, to the bit", async (server) => {
  const { address } = server;
  await using stack = new AsyncDisposableStack();
  const workers = await Promise.all(
    Array.from({ length: 3 }, () => SweepWorker.start({ address })),
  );
  for (const worker of workers) stack.use(worker);
  const seeds = Array.from({ length: 20 }, (_, seed) => seed);
  const tunings = [{ method: "tunedSvm", parameters: { C: 3, gammaFactor: 0.5 } }] as const;
  const options = { tunings, methods: ["softmax", "tunedSvm", "kNeighbors"] } as const;
  const { here, swept, text } = await both(server, async (cache) => {
    const comparisons = await compareClassifiers(DATA, PRESET, seeds, options);
    const predicted = comparisons.map(({ seed, outcomes }) => [
      seed,
      ...Object.entries(outcomes).map(([method, outcome]) => [method, outcome.predicted]),
    ]);
    // All of it is in the cache now: nobody is asked again.
    const before = workers.flatMap(({ lines }) => lines).length;
    const again = await compareClassifiers(DATA, PRESET, seeds, options);
    assert.deepEqual(again, comparisons);
    assert.equal(workers.flatMap(({ lines }) => lines).length, before);
    return { predicted, weights: await weightsIn(cache) };
  });
  assert.equal(Object.keys(here.weights).length, 20);
  assert.deepEqual(swept, here);
  const done = workers.map(({ lines }) => lines.filter((line) => /: done in/.test(line)).length);
  assert.equal(done.reduce((a, b) => a + b), 80, `${done}`);
  assert.ok(done.every((count) => count > 0), `${done}`);
  assert.match(text, /Sweep 100 % in .* · 80 of 80 done, 0 running, 0 failed/);
});

test("A grid search on workers has the scores of one process, whoever shares work", async (server) => {
  await using worker = await SweepWorker.start({ address: server.address });
  const random = seededRandom(3);
  const y = Int32Array.from({ length: 90 }, (_, i) => i % 3);
  const X = Matrix.fromRows(
    [...y].map((label) =>
      Array.from({ length: 6 }, (_, j) => random() * 3 + (j % 3 === label ? 1 : 0))
    ),
  );
  class Own extends KNeighborsClassifier {}
  const make: [(p: object) => Classifier, Record<string, number[]>][] = [
    [(p: object) => new Svc(p), { C: [1, 0.1, 10], gamma: [0.1, 0.5] }],
    [(p: object) => new Svc({ ...p, cacheMiB: 0.01 }), { C: [1, 10] }],
    [(p: object) => new LogisticRegression(p), { C: [0.1, 1] }],
    [(p: object) => new RandomForestClassifier({ ...p, nEstimators: 5, seed: 2 }), {
      minSamplesLeaf: [1, 5],
    }],
    [(p: object) => new Own(p), { nNeighbors: [1, 5] }],
  ];
  const search = async () => {
    const found = [];
    for (const [create, grid] of make) {
      const fitted = await new GridSearch<Record<string, number>, Classifier>(create, grid, {
        folds: 3,
        seed: 1,
        refit: false,
      }).fit(X, y);
      found.push(fitted.results.map(({ parameters, scores }) => ({ parameters, scores })));
    }
    return found;
  };
  const { here, swept, text } = await both(server, async () => {
    const found = await search();
    const before = worker.lines.length;
    assert.deepEqual(await search(), found);
    assert.equal(worker.lines.length, before);
    return found;
  });
  assert.deepEqual(swept, here);
  // Two chains of C, two machines without room to share, two, two; the last class stays here.
  assert.equal(worker.lines.filter((line) => / score .*: done in/.test(line)).length, 8);
  assert.match(text, /^Own cannot be sent to the workers \(it is no class of this library\)/m);
});

test("Networks of one's own are trained by workers, schedules included; what cannot be sent is told", async (server) => {
  const build: BuildNetwork = ({ seed, inputShape, classes }) => {
    const model = tf.sequential({
      layers: [
        tf.layers.conv2d({
          inputShape: [...inputShape],
          filters: 4,
          kernelSize: 3,
          kernelInitializer: tf.initializers.heNormal({ seed }),
        }),
        tf.layers.batchNormalization({}),
        tf.layers.flatten({}),
        tf.layers.dense({
          units: classes,
          activation: "softmax",
          kernelInitializer: tf.initializers.glorotUniform({ seed }),
        }),
      ],
    });
    model.compile({ optimizer: tf.train.momentum(0.01, 0.9), loss: "categoricalCrossentropy" });
    return model;
  };
  const common = { epochs: 2, batchSize: 20, seed: 4 };
  await using worker = await SweepWorker.start({ address: server.address });
  const { here, swept, text } = await both(server, async (cache) => {
    const learning = {
      learningRate: oneCycle({ max: 0.01 }),
      weightDecay: 0.01,
      classWeight: [1, 2, 1],
      augment: { flip: true },
    };
    const article = await trainedCnn(DATA, { ...common, ...learning });
    assert.equal(article.isNew, true);
    assert.equal((await trainedCnn(DATA, { ...common, ...learning })).isNew, false);
    return { losses: article.history.loss, weights: await weightsIn(cache) };
  });
  assert.deepEqual(swept, here);
  assert.equal(worker.lines.filter((line) => / train /.test(line)).length, 1, text);

  const own = await both(server, async (cache) => {
    const { history, isNew } = await trainedCnn(DATA, { ...common, build });
    assert.equal(isNew, true);
    const training = { epochs: 2, learningRate: oneCycle({ max: 0.01 }), augment: { flip: true } };
    const options = { build, training, methods: ["softmax"] } as const;
    const [compared] = await compareClassifiers(DATA, PRESET, [5], options);
    return {
      losses: history.loss,
      weights: await weightsIn(cache),
      predicted: compared!.outcomes["softmax"]!.predicted,
    };
  });
  assert.equal(Object.keys(own.here.weights).length, 2);
  assert.deepEqual(own.swept, own.here);
  assert.equal(worker.lines.filter((line) => /: done in/.test(line)).length, 4, own.text);

  const odd = await both(server, async () => {
    const { history } = await trainedCnn(DATA, {
      ...common,
      build: (size) => {
        const model = build(size);
        model.compile({
          optimizer: tf.train.sgd(0.01),
          loss: (truth, predicted) => tf.metrics.categoricalCrossentropy(truth, predicted),
        });
        return model;
      },
    });
    return history.loss.length;
  });
  assert.equal(odd.swept, 2);
  assert.match(odd.text, /^This network cannot be sent to the workers \(.*\): it is trained here/m);
});

test("Workers that see the coordinator's cache send nothing; failures and interrupts are told", async (server) => {
  const cache = await Deno.makeTempDir();
  try {
    await using worker = await SweepWorker.start({ address: server.address, cache });
    Deno.env.set("ARTICLE_CACHE", cache);
    Deno.env.set("SWEEP_QUEUE", server.address);
    await setUpCompute({ backend: "simd", quiet: true });
    const { model, isNew } = await trainedCnn(DATA, { epochs: 1, batchSize: 20, seed: 9 });
    assert.ok(isNew && model);
    await worker.says(/ train .*done in/);
    assert.equal(await server.count("deep-features:file:*"), 0);
    // What a session leaves is what it keeps.
    assert.deepEqual((await names(cache)).map((name) => name.split("-")[0]), ["cnn", "input"]);
    await assert.rejects(
      compareClassifiers(DATA, PRESET, [9], {
        methods: ["tunedSvm", "kNeighbors"],
        tunings: [{ method: "tunedSvm", parameters: { C: -1 } }],
      }),
      /^AggregateError: The sweep failed for a job, all others are kept: The job to compare outcome-\w+ failed: .*C must be positive/,
    );
    assert.equal((await names(cache)).filter((name) => name.startsWith("outcome-")).length, 1);
    const stop = AbortSignal.abort(new DOMException("Interrupted", "AbortError"));
    await assert.rejects(
      compareClassifiers(DATA, PRESET, [1, 2], { signal: stop }),
      { name: "AbortError" },
    );
  } finally {
    Deno.env.delete("ARTICLE_CACHE");
    Deno.env.delete("SWEEP_QUEUE");
    await Deno.remove(cache, { recursive: true });
  }
});
