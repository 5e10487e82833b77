import { join } from "@std/path";
import { currentBackend, setUpCompute } from "../backend/set_up_compute.ts";
import {
  checkOptions,
  checkValue,
  describe,
  listOf,
  oneOf,
  record,
  type Rules,
  text,
} from "../base/check.ts";
import { digest } from "../base/digest.ts";
import { POOLING_RULE } from "../cnn/hidden_features.ts";
import { loadModel, type Pooling, type Preprocessing, saveModel } from "../cnn/mod.ts";
import { CLASSIFIERS, Pipeline, type PipelineParts } from "./pipeline.ts";

/** Format of the settings; to be raised when it changes. */
const FORMAT = "deep-features-pipeline-2";

const SETTINGS_FILE = "pipeline.json", CLASSIFIER_FILE = "classifier.bin";

/** What the settings hold digests of. */
const FILES = ["model.json", "weights.bin", CLASSIFIER_FILE] as const;

type Kind = keyof typeof CLASSIFIERS;

/** What stands in the settings' file, beside its format and digest. */
interface Settings {
  readonly layer: string;
  readonly pool: Pooling;
  readonly preprocessing: Preprocessing;
  readonly classNames: readonly string[];
  /** The classifier's class. */
  readonly classifier: Kind;
  /** Digests of the other files. */
  readonly files: Readonly<Record<string, string>>;
}

const RULES: Rules<Settings> = {
  layer: text,
  pool: POOLING_RULE,
  preprocessing: record(),
  classNames: listOf(text),
  classifier: oneOf(...Object.keys(CLASSIFIERS)),
  files: record(
    `digests of ${FILES.join(", ")}`,
    (value) => FILES.every((name) => typeof (value as Settings["files"])[name] === "string"),
  ),
};

/**
 * Saves a network, its layer, the treatment of pictures and a fitted classifier to one folder, whole or not
 * at all: the network in tfjs's own format, the classifier in a file of its own, the rest in `pipeline.json`.
 *
 * @param folder Folder to make, or to replace if it holds a saved pipeline or nothing
 * @param parts A `Pipeline`, or what it is made of
 * @throws {TypeError} If a part is missing, unknown or of the wrong kind
 * @throws {RangeError} If the parts do not fit each other, or the folder holds something else
 * @throws {Error} If the classifier is not fitted
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { encode } from "fast-png";
 * import { buildCnn, Matrix, setUpCompute, Svc } from "deep-features";
 * import { loadPipeline, savePipeline } from "deep-features/pipeline";
 *
 * await setUpCompute({ quiet: true });
 * const folder = await Deno.makeTempDir();
 * const model = buildCnn({ seed: 1, inputShape: [8, 8, 3] });
 * const X = new Matrix(new Float32Array(2 * 512).fill(1, 512), 2, 512);
 * const classifier = await new Svc().fit(X, [0, 1]);
 * await savePipeline(folder, { model, classifier, classNames: ["dark", "bright"] });
 *
 * const pipeline = await loadPipeline(folder);
 * const png = encode({ width: 8, height: 8, channels: 3, data: new Uint8Array(192) });
 * assert((await pipeline.classify(png)).className === "dark");
 * await Deno.remove(folder, { recursive: true });
 * ```
 */
export async function savePipeline(folder: string, parts: PipelineParts): Promise<void> {
  const pipeline = new Pipeline(parts);
  await setUp();
  await pipeline.check();
  const { model, layer, pool, preprocessing, classifier, classNames } = pipeline;
  await saveModel(model, folder, {
    [CLASSIFIER_FILE]: (beside) => classifier.save(join(beside, CLASSIFIER_FILE)),
    [SETTINGS_FILE]: async (beside) => {
      const settings: Settings = {
        layer,
        pool,
        preprocessing,
        classNames,
        classifier: classifier.constructor.name as Kind,
        files: await digests(beside),
      };
      const sha256 = digest(JSON.stringify(settings));
      return JSON.stringify({ format: FORMAT, sha256, settings }, null, 2) + "\n";
    },
  });
}

/**
 * Loads what {@linkcode savePipeline} wrote. Digests of all files are compared before anything is made of
 * them. If no backend of tfjs computes yet, one is set up.
 *
 * @throws {Deno.errors.NotFound} If there is no such folder, or it lacks one of its files
 * @throws {RangeError} If the folder holds something else, or is damaged
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { loadPipeline } from "deep-features/pipeline";
 *
 * const folder = await Deno.makeTempDir();
 * await Deno.writeTextFile(`${folder}/pipeline.json`, "{}");
 * await assert.rejects(loadPipeline(folder), /is no saved pipeline/);
 * await Deno.remove(folder, { recursive: true });
 * ```
 */
export async function loadPipeline(folder: string): Promise<Pipeline> {
  checkValue("loadPipeline: folder", folder, text);
  const path = join(folder, SETTINGS_FILE);
  const settings = readSettings(await Deno.readTextFile(path), path);
  const found = await digests(folder);
  for (const name of FILES) {
    if (found[name] === settings.files[name]) continue;
    throw new RangeError(
      `${
        join(folder, name)
      } is damaged, or of another pipeline: its digest is not the one in ${SETTINGS_FILE}`,
    );
  }
  await setUp();
  const { layer, pool, preprocessing, classNames } = settings;
  const classifier = await CLASSIFIERS[settings.classifier].load(join(folder, CLASSIFIER_FILE));
  const model = await loadModel(folder);
  return new Pipeline({ model, layer, pool, preprocessing, classifier, classNames });
}

/** Starts a backend, if the caller has not. */
async function setUp(): Promise<void> {
  if (!currentBackend()) await setUpCompute({ quiet: true });
}

async function digests(folder: string): Promise<Record<string, string>> {
  const found: Record<string, string> = {};
  for (const name of FILES) found[name] = digest(await Deno.readFile(join(folder, name)));
  return found;
}

/** The settings, if their digest is right and each holds to its rule. */
function readSettings(content: string, path: string): Settings {
  let file: { format?: unknown; sha256?: unknown; settings?: Settings };
  try {
    file = JSON.parse(content);
  } catch (cause) {
    throw new RangeError(`${path} is no saved pipeline: it is not JSON`, { cause });
  }
  const { format, sha256, settings } = Object(file) as typeof file;
  if (format !== FORMAT) {
    throw new RangeError(
      `${path} is no saved pipeline of this version: its format is ${
        describe(format)
      }, not "${FORMAT}"`,
    );
  }
  if (settings === undefined || digest(JSON.stringify(settings)) !== sha256) {
    throw new RangeError(`${path} is damaged: its digest is not the one that it was written with`);
  }
  try {
    checkOptions("settings", settings, RULES);
    for (const name of Object.keys(RULES) as (keyof Settings)[]) {
      checkValue(name, settings[name], RULES[name]);
    }
  } catch (cause) {
    throw new RangeError(`${path} is damaged: ${(cause as Error).message}`, { cause });
  }
  return settings;
}
