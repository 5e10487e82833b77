import { join, resolve } from "@std/path";
import * as tf from "@tensorflow/tfjs";
import { compileCnn } from "./build_cnn.ts";

const TOPOLOGY_FILE = "model.json";
const WEIGHTS_FILE = "weights.bin";

/**
 * Saves a model to a folder in tfjs's own format: `model.json` (topology and weight manifest) and
 * `weights.bin`. The folder is written beside its place and renamed, so that it is whole or not there.
 *
 * @param folder Folder to make, or to replace
 * @param moreFiles Texts to keep beside the model, by file name
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
  moreFiles: Readonly<Record<string, string>> = {},
): Promise<void> {
  const place = resolve(folder);
  const beside = `${place}.${crypto.randomUUID()}.part`;
  await Deno.mkdir(beside, { recursive: true });
  try {
    await model.save(tf.io.withSaveHandler(async (artifacts) => {
      const { weightData, weightSpecs, ...rest } = artifacts;
      const manifest = [{ paths: [WEIGHTS_FILE], weights: weightSpecs }];
      const bytes = tf.io.CompositeArrayBuffer.join(weightData);
      await Deno.writeFile(join(beside, WEIGHTS_FILE), new Uint8Array(bytes));
      await Deno.writeTextFile(
        join(beside, TOPOLOGY_FILE),
        JSON.stringify({ ...rest, weightsManifest: manifest }),
      );
      return {
        modelArtifactsInfo: tf.io.getModelArtifactsInfoForJSON(artifacts),
      };
    }));
    for (const [name, text] of Object.entries(moreFiles)) {
      await Deno.writeTextFile(join(beside, name), text);
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
 * @throws {RangeError} If the weights file is not as long as the manifest says
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
  const { weightsManifest, ...rest } = JSON.parse(
    await Deno.readTextFile(join(folder, TOPOLOGY_FILE)),
  );
  const bytes = await Deno.readFile(join(folder, WEIGHTS_FILE));
  const weightSpecs = weightsManifest.flatMap(
    (group: { weights: tf.io.WeightsManifestEntry[] }) => group.weights,
  ) as tf.io.WeightsManifestEntry[];
  const expected = weightSpecs.reduce(
    (sum, { shape, dtype }) => sum + shape.reduce((a, b) => a * b, 4 / (dtype === "bool" ? 4 : 1)),
    0,
  );
  if (bytes.length !== expected) {
    throw new RangeError(
      `${
        join(folder, WEIGHTS_FILE)
      } holds ${bytes.length} bytes, but its manifest says ${expected}`,
    );
  }
  const model = await tf.loadLayersModel(
    tf.io.fromMemory({ ...rest, weightSpecs, weightData: bytes.buffer }),
  );
  compileCnn(model);
  return model;
}

/** Puts `beside` in the place of `place`; an old folder there goes away last. */
async function replaceFolder(beside: string, place: string): Promise<void> {
  const old = `${beside}.old`;
  const replaced = await Deno.rename(place, old).then(() => true, (error) => {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  });
  await Deno.rename(beside, place);
  if (replaced) await Deno.remove(old, { recursive: true });
}
