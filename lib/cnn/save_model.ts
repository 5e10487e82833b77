import { basename, join, resolve } from "@std/path";
import * as tf from "@tensorflow/tfjs";
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
 * Loads a model that {@linkcode saveModel} wrote, and compiles it as {@linkcode buildCnn} does.
 *
 * @throws {Deno.errors.NotFound} If the folder has no model
 * @throws {RangeError} If the files are damaged: no topology, weights of another length than the manifest
 *   says, weights that are not finite
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
  const topology = join(folder, TOPOLOGY_FILE), weights = join(folder, WEIGHTS_FILE);
  const { weightsManifest, ...rest } = readTopology(await Deno.readTextFile(topology), topology);
  const bytes = await Deno.readFile(weights);
  const weightSpecs = weightsManifest.flatMap((group) => group.weights);
  const odd = weightSpecs.find((spec) => "quantization" in spec);
  if (odd) throw new RangeError(`${topology} has quantized weights, which are not supported yet`);
  const expected = weightSpecs.reduce(
    (sum, { shape, dtype }) => sum + shape.reduce((a, b) => a * b, dtype === "bool" ? 1 : 4),
    0,
  );
  if (bytes.length !== expected) {
    throw new RangeError(
      `${weights} holds ${bytes.length} bytes, but its manifest says ${expected}`,
    );
  }
  checkFinite(bytes, weightSpecs, weights);
  let model: tf.LayersModel;
  try {
    model = await tf.loadLayersModel(
      tf.io.fromMemory({ ...rest, weightSpecs, weightData: bytes.buffer }),
    );
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new RangeError(`${topology} and its weights make no model: ${reason}`, { cause });
  }
  compileCnn(model);
  return model;
}

interface Topology {
  readonly modelTopology: Record<string, unknown>;
  readonly weightsManifest: readonly { readonly weights: tf.io.WeightsManifestEntry[] }[];
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
  if (typeof topology?.modelTopology !== "object" || topology.modelTopology === null) {
    throw damaged("it has no modelTopology");
  }
  const { weightsManifest } = topology;
  const isWeight = (spec: tf.io.WeightsManifestEntry) =>
    typeof spec?.name === "string" && Array.isArray(spec.shape) &&
    spec.shape.every((size) => Number.isSafeInteger(size) && size >= 0) &&
    ["float32", "int32", "bool"].includes(spec.dtype);
  if (
    !Array.isArray(weightsManifest) ||
    !weightsManifest.every((group) =>
      Array.isArray(group?.weights) && group.weights.every(isWeight)
    )
  ) throw damaged("its weightsManifest is no list of weights with name, shape and dtype");
  return topology;
}

function checkFinite(
  bytes: Uint8Array<ArrayBuffer>,
  specs: readonly tf.io.WeightsManifestEntry[],
  path: string,
): void {
  let from = 0;
  for (const { name, shape, dtype } of specs) {
    const size = shape.reduce((a, b) => a * b, 1);
    if (dtype === "float32") {
      const values = new Float32Array(bytes.buffer.slice(from, from + 4 * size));
      const odd = values.find((value) => !Number.isFinite(value));
      if (odd !== undefined) {
        throw new RangeError(`${path} is damaged: weight ${name} holds ${odd}`);
      }
    }
    from += dtype === "bool" ? size : 4 * size;
  }
}

/** Files may be kept beside a model under plain names that are not its own. */
function checkName(name: string): void {
  if (name === "" || name === "." || name === ".." || /[/\\\0]/.test(name)) {
    throw new TypeError(`Cannot keep a file named ${JSON.stringify(name)}: need a plain file name`);
  }
  if (name === TOPOLOGY_FILE || name === WEIGHTS_FILE) {
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

/** Writes a file that is on the disk when this returns. */
async function writeToDisk(path: string, content: string | Uint8Array): Promise<void> {
  using file = await Deno.open(path, { write: true, createNew: true });
  const bytes = typeof content === "string" ? new TextEncoder().encode(content) : content;
  for (let done = 0; done < bytes.length;) done += await file.write(bytes.subarray(done));
  await file.sync();
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
