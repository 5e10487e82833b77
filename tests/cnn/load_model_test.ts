import assert from "node:assert/strict";
import { join } from "@std/path";
import { pathToFileURL } from "node:url";
import * as tf from "@tensorflow/tfjs";
import { buildCnn, loadModel, saveModel, setUpCompute, trainCnn } from "deep-features";
import { Adam } from "deep-features/backend";
import { digestOfModel } from "../../lib/cnn/engine/fetch_model.ts";

type Files = Record<string, Uint8Array<ArrayBuffer>>;

async function withModel(
  work: (model: tf.LayersModel, folder: string, files: Files) => Promise<void>,
) {
  await setUpCompute({ backend: "simd", quiet: true });
  const folder = await Deno.makeTempDir();
  const model = buildCnn({ seed: 1, inputShape: [8, 8, 3], classes: 2 });
  try {
    await saveModel(model, join(folder, "saved"));
    const files: Files = {};
    for (const name of ["model.json", "weights.bin"]) {
      files[name] = await Deno.readFile(join(folder, "saved", name));
    }
    await work(model, folder, files);
  } finally {
    model.dispose();
    await Deno.remove(folder, { recursive: true });
  }
}

/** A server of files under `/models/net/`; `requests` lists what was asked for. */
async function serve(
  files: Files,
  work: (address: string, requests: string[]) => Promise<void>,
  answer?: (name: string, request: Request) => Response | undefined,
) {
  const requests: string[] = [];
  const server = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen: () => {} }, (request) => {
    const { pathname, search } = new URL(request.url);
    const name = pathname.replace("/models/net/", "");
    requests.push(name + search);
    return answer?.(name, request) ??
      (files[name] ? new Response(files[name]) : new Response("not here", { status: 404 }));
  });
  try {
    await work(`http://127.0.0.1:${server.addr.port}/models/net/model.json`, requests);
  } finally {
    await server.shutdown();
  }
}

const weightsOf = (model: tf.LayersModel) => model.getWeights().map((weight) => weight.dataSync());
const silent = { onProgress: () => {} };

Deno.test("loadModel() reads a folder, a file and a file: address alike", async () => {
  await withModel(async (model, folder) => {
    const saved = join(folder, "saved"), file = join(saved, "model.json");
    for (const source of [saved, file, pathToFileURL(file), pathToFileURL(saved).href]) {
      const loaded = await loadModel(source);
      assert.deepEqual(weightsOf(loaded), weightsOf(model), String(source));
      loaded.dispose();
    }
    await assert.rejects(loadModel(join(folder, "none")), Deno.errors.NotFound);
    await assert.rejects(loadModel(""), TypeError);
    await assert.rejects(loadModel(7 as never), TypeError);
    await assert.rejects(loadModel("ftp://example.org/model.json"), /cannot read ftp:/);
    await assert.rejects(loadModel(new URL("ftp://example.org/m.json")), /cannot read ftp:/);
    await assert.rejects(loadModel(saved, { sha: "" } as never), /no option "sha"/);
    await assert.rejects(loadModel(saved, { sha256: "abc" }), RangeError);
  });
});

Deno.test("loadModel() fetches a model once, with what its address asks for, and checks its digest", async () => {
  await withModel(async (model, folder, files) => {
    const sha256 = await digestOfModel(join(folder, "saved"));
    const options = { dataFolder: join(folder, "data"), ...silent };
    await serve(files, async (address, requests) => {
      const source = `${address}?key=1`;
      const loaded = await loadModel(source, { ...options, sha256 });
      assert.deepEqual(weightsOf(loaded), weightsOf(model));
      assert.deepEqual(requests, ["model.json?key=1", "weights.bin?key=1"]);
      (await loadModel(source, options)).dispose();
      assert.equal(requests.length, 2);
      const other = "0".repeat(64);
      await assert.rejects(
        loadModel(source, { ...options, sha256: other }),
        (error: Error) => error instanceof RangeError && error.message.includes(sha256),
      );
      // A digest that differs leaves nothing behind.
      await assert.rejects(loadModel(address, { ...options, sha256: other }), RangeError);
      const models = [...Deno.readDirSync(join(options.dataFolder, "models"))];
      assert.equal(models.filter(({ isDirectory }) => isDirectory).length, 1);
      loaded.dispose();
    });
  });
});

Deno.test("loadModel() goes on where a fetch was stopped, and keeps nothing half", async () => {
  await withModel(async (model, folder, files) => {
    const options = { dataFolder: join(folder, "data"), ...silent };
    let isBroken = true;
    const weights = files["weights.bin"]!;
    const answer = (name: string, request: Request) => {
      if (name !== "weights.bin") return undefined;
      if (isBroken) return new Response("busy", { status: 403 });
      const [, from] = /bytes=(\d+)-/.exec(request.headers.get("range") ?? "") ?? [];
      return new Response(weights.subarray(Number(from ?? 0)), { status: from ? 206 : 200 });
    };
    await serve(files, async (address, requests) => {
      await assert.rejects(
        loadModel(address, options),
        (error: Error) => error.message.includes(address.replace("model.json", "weights.bin")),
      );
      const entries = [...Deno.readDirSync(join(options.dataFolder, "models"))];
      assert.ok(entries.every(({ name, isDirectory }) => !isDirectory || name.endsWith(".part")));
      isBroken = false;
      const loaded = await loadModel(address, options);
      assert.deepEqual(weightsOf(loaded), weightsOf(model));
      assert.equal(requests.filter((name) => name === "model.json").length, 1);
      loaded.dispose();
    }, answer);
  });
});

Deno.test("loadModel() refuses what is no model of tfjs, before any tensor is made, and says what it is", async () => {
  await withModel(async (_model, folder, files) => {
    const text = new TextDecoder().decode(files["model.json"]);
    const json = JSON.parse(text);
    const [weights] = json.weightsManifest;
    const changed = (change: object) => JSON.stringify({ ...json, ...change });
    const cases: [string, string, RegExp][] = [
      ["a page", "<!doctype html><title>404</title>", /page of HTML/],
      ["cut off", text.slice(0, 500), /not JSON/],
      [
        "Keras's JSON",
        JSON.stringify({ class_name: "Functional", config: {} }),
        /tensorflowjs_convert/,
      ],
      ["another JSON", "[1, 2]", /no modelTopology/],
      ["null", "null", /no modelTopology/],
      ["no weights", changed({ weightsManifest: undefined }), /weightsManifest/],
      ["ONNX's", changed({ modelTopology: { graph: {} } }), /neither a graph of nodes nor/],
      [
        "texts as weights",
        changed({
          weightsManifest: [{ ...weights, weights: [{ name: "a", shape: [], dtype: "string" }] }],
        }),
        /dtype of numbers/,
      ],
      [
        "a path outside",
        changed({ weightsManifest: [{ ...weights, paths: ["../../secret"] }] }),
        /no plain file name/,
      ],
      [
        "unknown operation",
        changed({
          format: "graph-model",
          modelTopology: {
            versions: { producer: 1 },
            node: [{ name: "x", op: "Placeholder", attr: {} }, {
              name: "y",
              op: "Frobnicate",
              input: ["x"],
              attr: {},
            }],
          },
        }),
        /does not know: Frobnicate/,
      ],
    ];
    const place = join(folder, "odd");
    await Deno.mkdir(place);
    await Deno.writeFile(join(place, "weights.bin"), files["weights.bin"]!);
    const before = tf.memory().numTensors;
    for (const [what, content, message] of cases) {
      await Deno.writeTextFile(join(place, "model.json"), content);
      await assert.rejects(loadModel(place), (error: Error) => {
        assert.ok(error instanceof RangeError, `${what}: ${error}`);
        assert.match(error.message, message);
        return true;
      });
      assert.equal(tf.memory().numTensors, before, what);
      await serve(
        { ...files, "model.json": new TextEncoder().encode(content) },
        async (address) => {
          await assert.rejects(
            loadModel(address, { dataFolder: join(folder, "data", what), ...silent }),
            RangeError,
            what,
          );
        },
      );
    }
    await Deno.writeFile(join(place, "model.json"), files["model.json"]!);
    for (const length of [files["weights.bin"]!.length - 1, files["weights.bin"]!.length + 1]) {
      await Deno.truncate(join(place, "weights.bin"), length);
      await assert.rejects(loadModel(place), new RegExp(`holds ${length} bytes`));
    }
    await Deno.remove(join(place, "weights.bin"));
    await assert.rejects(loadModel(place), Deno.errors.NotFound);
  });
});

Deno.test("saveModel() and loadModel() keep loss, optimizer and metrics", async () => {
  await withModel(async (model, folder) => {
    const place = join(folder, "compiled");
    model.compile({
      optimizer: new Adam(0.01, 0.8),
      loss: "meanSquaredError",
      metrics: ["accuracy"],
    });
    await saveModel(model, place);
    const loaded = await loadModel(place);
    assert.equal(loaded.loss, "meanSquaredError");
    assert.equal(Object.getPrototypeOf(loaded.optimizer), Adam.prototype);
    assert.deepEqual(loaded.optimizer.getConfig(), model.optimizer.getConfig());
    const images = Uint8Array.from({ length: 8 * 192 }, (_, i) => i * 7);
    const data = {
      images,
      shape: [8, 8, 8, 3] as const,
      labels: Uint8Array.of(0, 1, 0, 1, 0, 1, 0, 1),
    };
    const options = { epochs: 1, batchSize: 4, validationSplit: 0 };
    const [a, b] = [await trainCnn(model, data, options), await trainCnn(loaded, data, options)];
    assert.deepEqual(b.loss, a.loss);

    model.compile({ optimizer: tf.train.sgd(0.5), loss: "categoricalCrossentropy" });
    await saveModel(model, place);
    assert.equal((await loadModel(place)).optimizer.getConfig()["learningRate"], 0.5);
    // tfjs itself reads it, too.
    const text = await Deno.readTextFile(join(place, "model.json"));
    const { weightsManifest, ...rest } = JSON.parse(text);
    const weightData = (await Deno.readFile(join(place, "weights.bin"))).buffer;
    const own = await tf.loadLayersModel(
      tf.io.fromMemory({ ...rest, weightSpecs: weightsManifest[0].weights, weightData }),
    );
    assert.equal(own.loss, "categoricalCrossentropy");
    // A loss of one's own cannot be written down: the article's takes its place.
    model.compile({ optimizer: "sgd", loss: (y, p) => tf.losses.meanSquaredError(y, p) });
    await saveModel(model, place);
    assert.equal((await loadModel(place)).loss, "categoricalCrossentropy");
  });
});

Deno.test("loadModel() refuses settings of Keras's layers that tfjs would leave out without a word", async () => {
  await setUpCompute({ backend: "simd", quiet: true });
  const folder = await Deno.makeTempDir();
  const { layers } = tf;
  const model = tf.sequential({
    layers: [
      layers.conv2d({ inputShape: [4, 4, 2], filters: 2, kernelSize: 2, name: "first" }),
      layers.reLU({ name: "second" }),
      layers.timeDistributed({ layer: layers.leakyReLU(), name: "third" }),
      layers.globalAveragePooling2d({ name: "fourth" }),
      layers.dense({ units: 2, activation: "softmax" }),
    ],
  });
  const cases: [string, string, unknown, RegExp | undefined][] = [
    ["first", "groups", 2, /"first" of class Conv2D has the groups 2, which tfjs leaves out/],
    [
      "second",
      "negative_slope",
      0.1,
      /"second" of class ReLU has the negative_slope 0\.1.*LeakyReLU/,
    ],
    ["second", "threshold", 1, /threshold 1.*ThresholdedReLU/],
    ["leaky", "negative_slope", 0.2, /class LeakyReLU has the negative_slope 0\.2.*alpha/],
    ["fourth", "keepdims", true, /class GlobalAveragePooling2D has the keepdims true.*Reshape/],
    ["first", "groups", 1, undefined],
    ["second", "negative_slope", 0, undefined],
    ["second", "threshold", null, undefined],
    ["fourth", "keepdims", false, undefined],
  ];
  try {
    await saveModel(model, join(folder, "model"));
    const file = join(folder, "model", "model.json"), saved = await Deno.readTextFile(file);
    for (const [name, setting, value, message] of cases) {
      const marked = saved.replaceAll(
        new RegExp(`"name":"(${name}[^"]*)"`, "g"),
        (text) => `${text},${JSON.stringify(setting)}:${JSON.stringify(value)}`,
      );
      assert.notEqual(marked, saved);
      await Deno.writeTextFile(file, marked);
      const before = tf.memory().numTensors;
      if (message) {
        await assert.rejects(loadModel(file), { name: "RangeError", message });
        assert.equal(tf.memory().numTensors, before);
      } else (await loadModel(file)).dispose();
    }
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
