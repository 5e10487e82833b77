import { basename, join, resolve } from "@std/path";
import * as tf from "@tensorflow/tfjs";
import { writeToDisk } from "../base/write_whole.ts";
import { isPlainName, TOPOLOGY_FILE } from "./engine/model_files.ts";

const WEIGHTS_FILE = "weights.bin";

/**
 * Files to keep beside a model, by name: a text, or a function that makes it when the model's files are
 * written, or writes the file itself.
 */
export type MoreFiles = Readonly<
  Record<string, string | ((folder: string) => string | void | Promise<string | void>)>
>;

/**
 * Saves a model to a folder in tfjs's own format: `model.json` (topology and weight manifest) and
 * `weights.bin`; loss, optimizer and metrics go with it where they are tfjs's own. The folder is written beside its place and renamed, so that it is whole or not there.
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
  model: tf.LayersModel | tf.GraphModel,
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
        JSON.stringify({ ...rest, weightsManifest: manifest, ...trainingConfig(model) }),
      );
      return { modelArtifactsInfo: tf.io.getModelArtifactsInfoForJSON(artifacts) };
    }));
    for (const [name, content] of Object.entries(moreFiles)) {
      const text = typeof content === "string" ? content : await content(beside);
      if (text !== undefined) await writeToDisk(join(beside, name), text);
    }
    await replaceFolder(beside, place);
  } catch (error) {
    await Deno.remove(beside, { recursive: true });
    throw error;
  }
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

/** How a model was compiled, as tfjs saves it; a loss or metric that is a function has no name to save. */
function trainingConfig(model: tf.LayersModel | tf.GraphModel): { trainingConfig?: unknown } {
  if (!("optimizer" in model) || !model.optimizer || typeof model.loss !== "string") return {};
  const compiled = model as unknown as { getTrainingConfig(): unknown };
  try {
    return { trainingConfig: compiled.getTrainingConfig() };
  } catch {
    return {};
  }
}
