import { fileURLToPath } from "node:url";
import { dirname, join } from "@std/path";
import * as tf from "@tensorflow/tfjs";
import { Adam } from "../backend/adam.ts";
import { checkOptions, custom, describe, type Rules, text } from "../base/check.ts";
import { RUN_RULES, type RunOptions } from "../base/run_options.ts";
import { interruptible } from "../notebook/interrupt.ts";
import { progressLine } from "../notebook/progress.ts";
import { compileCnn } from "./build_cnn.ts";
import { fetchModel } from "./engine/fetch_model.ts";
import {
  checkWeights,
  type ModelJson,
  parseModelJson,
  TOPOLOGY_FILE,
} from "./engine/model_files.ts";
import { checkUnreadSettings } from "./engine/unread_settings.ts";

/** What {@linkcode loadModel} can be told. */
export interface LoadModelOptions extends RunOptions {
  /**
   * For an address: the SHA-256, in hexadecimal, of `model.json` followed by the weight files in the order in
   * which it names them. Another one is refused, and the error tells it.
   */
  readonly sha256?: string | undefined;
  /** Where models from addresses are kept; default: the project's `data/`. */
  readonly dataFolder?: string | undefined;
}

const RULES: Rules<LoadModelOptions> = {
  sha256: custom(
    "64 hexadecimal digits",
    (value) => typeof value === "string",
    (value) => /^[0-9a-f]{64}$/i.test(value as string),
  ),
  dataFolder: text,
  ...RUN_RULES,
};

/**
 * Loads a model in one of tfjs's formats, such as {@linkcode saveModel} writes or others publish: a layers
 * model, or a graph model, which predicts but cannot be trained. Its weights may be in any number of shards,
 * and quantized. All of it is checked before any tensor is made.
 *
 * A layers model comes compiled as it was saved, or else as {@linkcode buildCnn} compiles.
 *
 * @param source A folder with a `model.json`, such a file, or an address of one (`https:`, `http:`, `file:`).
 *   What comes from the net is kept in `data/models`: it is fetched once, goes on where it broke off, and is
 *   there whole or not at all
 * @returns `tf.LayersModel`, or `tf.GraphModel` if that is what the file holds: say `loadModel<tf.GraphModel>`
 * @throws {TypeError} If `source` is no path or address, or an option is unknown or of the wrong kind
 * @throws {Deno.errors.NotFound} If there is no such file, or one of the weight files is missing
 * @throws {RangeError} If it is no model of tfjs, or damaged: weights of another length than the manifest says,
 *   weights that are not finite, operations, layers or settings of layers that tfjs does not know; or if its
 *   digest is another
 * @throws {Error} If an address cannot be read, naming it
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { buildCnn, loadModel, saveModel, setUpCompute } from "deep-features";
 *
 * await setUpCompute({ quiet: true });
 * const folder = await Deno.makeTempDir();
 * const model = buildCnn({ seed: 1, inputShape: [8, 8, 3] });
 * await saveModel(model, folder);
 * assert((await loadModel(folder)).countParams() === model.countParams());
 * await Deno.remove(folder, { recursive: true });
 * ```
 */
export async function loadModel<M extends tf.LayersModel | tf.GraphModel = tf.LayersModel>(
  source: string | URL,
  options: LoadModelOptions = {},
): Promise<M> {
  checkOptions("loadModel", options, RULES);
  const file = await interruptible(
    options.signal,
    (signal) => locate(source, { ...options, signal }),
  );
  const json = parseModelJson(await Deno.readTextFile(file), file);
  const groups: Uint8Array<ArrayBuffer>[] = [];
  for (const group of json.weightsManifest) {
    const shards = group.paths.map((path) => join(dirname(file), path));
    const bytes = await concat(await Promise.all(shards.map((shard) => Deno.readFile(shard))));
    checkWeights(bytes, group, shards.join(", "));
    groups.push(bytes);
  }
  const weightData = (await concat(groups)).buffer;
  try {
    return await (json.kind === "graph" ? graphModel : layersModel)(json, weightData) as M;
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new RangeError(`${file} and its weights make no model: ${reason}`, { cause });
  }
}

/** The model's JSON file on this machine. */
async function locate(source: string | URL, options: LoadModelOptions): Promise<string> {
  if (!(source instanceof URL) && (typeof source !== "string" || source.trim() === "")) {
    throw new TypeError(
      `loadModel: source must be a folder, a model.json or its address, got ${
        source === "" ? '""' : describe(source)
      }`,
    );
  }
  const address = source instanceof URL
    ? source
    : /^[a-z][a-z0-9+.-]+:\/\//i.test(source)
    ? new URL(source)
    : undefined;
  if (address?.protocol === "https:" || address?.protocol === "http:") {
    const { sha256, signal, dataFolder = join(import.meta.dirname!, "../../data") } = options;
    const line = options.onProgress ? undefined : progressLine("Downloading the model");
    const onProgress = options.onProgress ?? line;
    const folder = await fetchModel(address, { dataFolder, sha256, signal, onProgress });
    return join(folder, TOPOLOGY_FILE);
  }
  if (address && address.protocol !== "file:") {
    throw new TypeError(
      `loadModel: cannot read ${address.protocol} addresses, only https:, http:, file:`,
    );
  }
  if (options.sha256 !== undefined) {
    throw new TypeError("loadModel: sha256 is for models from an address");
  }
  const path = address ? fileURLToPath(address) : source as string;
  const { isDirectory } = await Deno.stat(path);
  return isDirectory ? join(path, TOPOLOGY_FILE) : path;
}

type AdamConfig = Readonly<Record<"learningRate" | "beta1" | "beta2" | "epsilon", number>>;

async function layersModel(json: ModelJson, weightData: ArrayBuffer): Promise<tf.LayersModel> {
  const { weightsManifest, kind: _, trainingConfig, ...rest } = json;
  checkUnreadSettings(rest.modelTopology);
  const weightSpecs = weightsManifest.flatMap((group) => group.weights);
  const isKept = typeof trainingConfig?.loss === "string";
  const model = await tf.loadLayersModel(tf.io.fromMemory({
    ...rest,
    weightSpecs,
    weightData,
    ...(isKept ? { trainingConfig } : {}),
  }));
  const optimizer: tf.Optimizer | undefined = model.optimizer;
  if (!optimizer) {
    compileCnn(model);
  } else if (Object.getPrototypeOf(optimizer) === tf.AdamOptimizer.prototype) {
    // One that keeps its moments by variable takes the place of tfjs's own.
    const { learningRate, beta1, beta2, epsilon } = optimizer.getConfig() as AdamConfig;
    const loss = model.loss, metrics = model.metrics;
    optimizer.dispose();
    model.compile({ optimizer: new Adam(learningRate, beta1, beta2, epsilon), loss, metrics });
  }
  return model;
}

/** A node of a graph model; one whose operation tfjs does not know has no category. */
interface GraphNode {
  readonly op: string;
  readonly category?: string;
}

async function graphModel(json: ModelJson, weightData: ArrayBuffer): Promise<tf.GraphModel> {
  const { weightsManifest, kind: _, trainingConfig: __, ...rest } = json;
  const weightSpecs = weightsManifest.flatMap((group) => group.weights);
  const model = await tf.loadGraphModel(
    tf.io.fromMemory({ ...rest, weightSpecs, weightData }) as tf.io.IOHandler,
  );
  const { executor } = model as unknown as {
    executor: { graph: { nodes: Record<string, GraphNode> } };
  };
  const unknown = Object.values(executor.graph.nodes).filter(({ category }) => !category);
  if (unknown.length > 0) {
    model.dispose();
    const names = [...new Set(unknown.map(({ op }) => op))].join(", ");
    throw new RangeError(`its graph holds operations that tfjs does not know: ${names}`);
  }
  return model;
}

async function concat(parts: Uint8Array<ArrayBuffer>[]): Promise<Uint8Array<ArrayBuffer>> {
  return new Uint8Array(await new Blob(parts).arrayBuffer());
}
