import { basename, join, resolve } from "@std/path";
import * as tf from "@tensorflow/tfjs";
import { writeToDisk } from "../base/write_whole.ts";
import { compileCnn } from "./build_cnn.ts";

const TOPOLOGY_FILE = "model.json";
const WEIGHTS_FILE = "weights.bin";

/** Files to keep beside a model, by name: a text, or a function that makes it when the model's files are written. */
export type MoreFiles = Readonly<
  Record<string, string | ((folder: string) => string | Promise<string>)>
>;

/**
 * Saves a model to a folder in tfjs's own format: `model.json` (topology and weight manifest) and
 * `weights.bin`. The folder is written beside its place and renamed, so that it is whole or not there.
 *
 * @param folder Folder to make, or to replace if it holds a saved model or nothing
 * @param moreFiles Texts to keep beside the model, by file name
 * @throws {TypeError} If `folder` is no path, or a name in `moreFiles` is not a plain file name
 * @throws {RangeError} If `folder` is there and holds something else than a saved model, or `moreFiles` names
 *   a file of the model
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { buildCnn, loadModel, saveModel, setUpCompute } from "deep-features";
 *
 * await setUpCompute({ quiet: true });
 * const folder = await Deno.makeTempDir();
 * await saveModel(buildCnn({ seed: 1, inputShape: [8, 8, 3] }), folder);
 * const model = await loadModel(folder);
 * assert(model.getLayer("hidden").name === "hidden");
 * await Deno.remove(folder, { recursive: true });
 * ```
 */
export async function saveModel(
  model: tf.LayersModel,
  folder: string,
  moreFiles: MoreFiles = {},
): Promise<void> {
  for (const name of Object.keys(moreFiles)) checkName(name);
  const place = await checkPlace(folder, Object.keys(moreFiles));
  const beside = `${place}.${crypto.randomUUID()}.part`;
  await Deno.mkdir(beside, { recursive: true });
  try {
    await model.save(tf.io.withSaveHandler(async (artifacts) => {
      const { weightData, weightSpecs, ...rest } = artifacts;
      const manifest = [{ paths: [WEIGHTS_FILE], weights: weightSpecs }];
      const bytes = tf.io.CompositeArrayBuffer.join(weightData);
      await writeToDisk(join(beside, WEIGHTS_FILE), new Uint8Array(bytes));
      await writeToDisk(
        join(beside, TOPOLOGY_FILE),
        JSON.stringify({ ...rest, weightsManifest: manifest }),
      );
      return { modelArtifactsInfo: tf.io.getModelArtifactsInfoForJSON(artifacts) };
    }));
    for (const [name, content] of Object.entries(moreFiles)) {
      const text = typeof content === "string" ? content : await content(beside);
      await writeToDisk(join(beside, name), text);
    }
    await replaceFolder(beside, place);
  } catch (error) {
    await Deno.remove(beside, { recursive: true });
    throw error;
  }
}

/**
 * Loads a layers model in tfjs's format, such as {@linkcode saveModel} writes or others published, from a
 * folder with its `model.json` and the weight files that this names, in any number of shards and quantized or
 * not; compiles it as {@linkcode buildCnn} does.
 *
 * @throws {Deno.errors.NotFound} If the folder has no model, or one of its weight files is missing
 * @throws {RangeError} If it is a graph model, or the files are damaged: no topology, weights of another
 *   length than the manifest says, weights that are not finite
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
export async function loadModel(folder: string): Promise<tf.LayersModel> {
  const topology = join(folder, TOPOLOGY_FILE);
  const { weightsManifest, ...rest } = readTopology(await Deno.readTextFile(topology), topology);
  const groups: Uint8Array<ArrayBuffer>[] = [];
  for (const { paths, weights } of weightsManifest) {
    const shards = paths.map((path) => join(folder, path));
    const bytes = await concat(await Promise.all(shards.map((shard) => Deno.readFile(shard))));
    const expected = weights.reduce((sum, spec) => sum + byteSize(spec), 0);
    if (bytes.length !== expected) {
      throw new RangeError(
        `${shards.join(", ")} holds ${bytes.length} bytes, but its manifest says ${expected}`,
      );
    }
    checkFinite(bytes, weights, shards.join(", "));
    groups.push(bytes);
  }
  const weightSpecs = weightsManifest.flatMap((group) => group.weights);
  const weightData = (await concat(groups)).buffer;
  let model: tf.LayersModel;
  try {
    model = await tf.loadLayersModel(tf.io.fromMemory({ ...rest, weightSpecs, weightData }));
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new RangeError(`${topology} and its weights make no model: ${reason}`, { cause });
  }
  compileCnn(model);
  return model;
}

interface Topology {
  readonly modelTopology: Record<string, unknown>;
  readonly format?: unknown;
  readonly weightsManifest: readonly {
    readonly paths: readonly string[];
    readonly weights: tf.io.WeightsManifestEntry[];
  }[];
}

function readTopology(text: string, path: string): Topology {
  const damaged = (what: string, cause?: unknown) =>
    new RangeError(`${path} is no saved model: ${what}`, { cause });
  let topology: Topology;
  try {
    topology = JSON.parse(text);
  } catch (cause) {
    throw damaged("it is not JSON", cause);
  }
  if (topology?.format === "graph-model") {
    throw new RangeError(
      `${path} is a graph model, which cannot be trained or read by layers: convert the original to a layers model`,
    );
  }
  if (typeof topology?.modelTopology !== "object" || topology.modelTopology === null) {
    throw damaged("it has no modelTopology");
  }
  const { weightsManifest } = topology;
  const isWeight = (spec: tf.io.WeightsManifestEntry) =>
    typeof spec?.name === "string" && Array.isArray(spec.shape) &&
    spec.shape.every((size) => Number.isSafeInteger(size) && size >= 0) &&
    ["float32", "int32", "bool"].includes(spec.dtype) && isQuantization(spec.quantization);
  if (
    !Array.isArray(weightsManifest) ||
    !weightsManifest.every((group) =>
      Array.isArray(group?.paths) && group.paths.every((name: unknown) =>
        typeof name === "string"
      ) &&
      Array.isArray(group.weights) && group.weights.every(isWeight)
    )
  ) throw damaged("its weightsManifest is no list of paths and weights with name, shape and dtype");
  const foreign = weightsManifest.flatMap(({ paths }) => paths).find((name) => !isPlainName(name));
  if (foreign !== undefined) {
    throw damaged(`its weight file ${JSON.stringify(foreign)} is no plain file name`);
  }
  return topology;
}

type Quantization = tf.io.WeightsManifestEntry["quantization"];

/** Linear on whole numbers (scale and minimum are then needed), or halves. */
function isQuantization(quantization: Quantization): boolean {
  if (quantization === undefined) return true;
  const { dtype, scale, min } = quantization ?? {};
  return dtype === "float16" ||
    (dtype === "uint8" || dtype === "uint16") && Number.isFinite(scale) && Number.isFinite(min);
}

/** Bytes that a weight takes in its file. */
function byteSize({ shape, dtype, quantization }: tf.io.WeightsManifestEntry): number {
  const stored = quantization?.dtype ?? dtype;
  const bytes = { bool: 1, uint8: 1, uint16: 2, float16: 2 }[stored as string] ?? 4;
  return shape.reduce((a, b) => a * b, bytes);
}

function checkFinite(
  bytes: Uint8Array<ArrayBuffer>,
  specs: readonly tf.io.WeightsManifestEntry[],
  path: string,
): void {
  let from = 0;
  for (const spec of specs) {
    const { name, dtype, quantization } = spec;
    const to = from + byteSize(spec);
    const part = bytes.buffer.slice(from, to);
    let odd: number | string | undefined;
    if (quantization?.dtype === "float16") {
      // All bits of the exponent are set in infinity and NaN alone.
      if (new Uint16Array(part).some((half) => (half & 0x7c00) === 0x7c00)) odd = "NaN or infinity";
    } else if (dtype === "float32" && !quantization) {
      odd = new Float32Array(part).find((value) => !Number.isFinite(value));
    }
    if (odd !== undefined) throw new RangeError(`${path} is damaged: weight ${name} holds ${odd}`);
    from = to;
  }
}

async function concat(parts: Uint8Array<ArrayBuffer>[]): Promise<Uint8Array<ArrayBuffer>> {
  return new Uint8Array(await new Blob(parts).arrayBuffer());
}

/** A name that is a file's in the same folder on every system: no path, no drive, no stream of another file. */
function isPlainName(name: string): boolean {
  return name !== "" && name !== "." && name !== ".." && !/[/\\:\p{Cc}]/u.test(name);
}

/** Files may be kept beside a model under plain names that are not its own. */
function checkName(name: string): void {
  if (!isPlainName(name)) {
    throw new TypeError(`Cannot keep a file named ${JSON.stringify(name)}: need a plain file name`);
  }
  // File systems that ignore case take MODEL.JSON for it, too.
  if ([TOPOLOGY_FILE, WEIGHTS_FILE].includes(name.toLowerCase())) {
    throw new RangeError(`Cannot keep a file named ${name}: the model has one`);
  }
}

/** Only a folder that is not there, is empty, or holds a saved model and nothing else, may be replaced. */
async function checkPlace(folder: string, moreFiles: readonly string[]): Promise<string> {
  if (typeof folder !== "string" || folder.trim() === "") {
    throw new TypeError(`Cannot save a model to ${JSON.stringify(folder)}: need a folder's path`);
  }
  const place = resolve(folder);
  const there = await Deno.stat(place).catch(() => undefined);
  if (!there) return place;
  const refused = (why: string) => new RangeError(`Cannot save a model to ${place}: ${why}`);
  if (!there.isDirectory) throw refused("it is a file");
  const names = (await Array.fromAsync(Deno.readDir(place))).map(({ name }) => name);
  if (names.length === 0) return place;
  const own = new Set([TOPOLOGY_FILE, WEIGHTS_FILE, ...moreFiles]);
  if (!names.includes(TOPOLOGY_FILE) || !names.includes(WEIGHTS_FILE)) {
    throw refused(`it holds other files (${names.sort()[0]}): give a folder of its own`);
  }
  const foreign = names.filter((name) => !own.has(name)).sort();
  if (foreign.length > 0) {
    throw refused(`it holds ${foreign[0]} beside a saved model: move that, or give another folder`);
  }
  return place;
}

/** Puts `beside` in the place of `place`; an old folder there goes away last. */
async function replaceFolder(beside: string, place: string): Promise<void> {
  const old = join(beside, "..", `${basename(beside)}.old`);
  const replaced = await Deno.rename(place, old).then(() => true, (error) => {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  });
  try {
    await Deno.rename(beside, place);
  } catch (error) {
    if (replaced) await Deno.rename(old, place);
    throw error;
  }
  if (replaced) await Deno.remove(old, { recursive: true });
}
