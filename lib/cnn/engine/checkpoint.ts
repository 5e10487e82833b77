import { join } from "@std/path";
import * as tf from "@tensorflow/tfjs";
import { custom, describe, type Rule } from "../../base/check.ts";
import { digest } from "../../base/digest.ts";
import { readMark, unseal, writeSealed } from "../../base/sealed_file.ts";
import { networkTexts } from "../network_text.ts";
import type { StopperState } from "./early_stopping.ts";
import type { History } from "./history.ts";
import type { LabeledImages } from "./image_arrays.ts";
import { keepsState } from "./optimizer.ts";
import { assignWeights, copiesOf } from "./weight_copies.ts";

/**
 * A checkpoint that cannot be gone on from: it is damaged, or belongs to another training. `trainCnn` throws it
 * before it trains.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { buildCnn, setUpCompute, trainCnn } from "deep-features";
 * import { CheckpointError } from "deep-features/cnn";
 *
 * await setUpCompute({ quiet: true });
 * const images = new Uint8Array(4 * 8 * 8 * 3), labels = Uint8Array.of(0, 1, 0, 1);
 * const data = { images, labels, shape: [4, 8, 8, 3] } as const;
 * const model = buildCnn({ seed: 1, inputShape: [8, 8, 3], classes: 2 });
 * const checkpoint = await Deno.makeTempDir();
 * await trainCnn(model, data, { epochs: 1, batchSize: 2, validationSplit: 0, checkpoint });
 * const other = { ...data, images: images.map(() => 9) };
 * await assert.rejects(
 *   trainCnn(model, other, { epochs: 1, batchSize: 2, validationSplit: 0, checkpoint }),
 *   CheckpointError,
 * );
 * await Deno.remove(checkpoint, { recursive: true });
 * ```
 */
export class CheckpointError extends RangeError {}

/** What the option `checkpoint` may be. */
export const checkpointRule: Rule = custom(
  "a folder's path",
  (value) => typeof value === "string",
  (value) => (value as string).trim() !== "",
);

/** What a training depends on, by the names that errors use. */
export type TrainingSettings = Readonly<Record<string, unknown>>;

/** Where a training stands after an epoch. */
export interface Standing {
  /** Epochs done. */
  readonly epochs: number;
  readonly history: History;
  readonly stopper: StopperState | undefined;
  readonly bestWeights: readonly Float32Array[] | undefined;
}

const FILE = "checkpoint.bin";
/** Format of the file; to be raised when it changes. */
const FORMAT = "deep-features-checkpoint-1";
/** A part of a file that is written takes less time than this. */
const STALE_PART = 60_000;

interface Rest extends Omit<Standing, "bestWeights"> {
  readonly settings: TrainingSettings;
  readonly iterations: number;
  readonly arrays: readonly { readonly name: string; readonly length: number }[];
}

/**
 * Where a training stands, in a folder of its own: weights, the optimizer's state, what early stopping knows,
 * and history, in one file that is written whole or not at all. The order of the images, what layers draw and
 * the schedule's step follow from the seed and the number of epochs done.
 */
export class Checkpoint {
  readonly #path: string;
  readonly #settings: TrainingSettings;

  private constructor(path: string, settings: TrainingSettings) {
    this.#path = path;
    this.#settings = settings;
  }

  /**
   * Opens a folder for a training, or makes it.
   *
   * @throws {RangeError} If the model's optimizer keeps a state that cannot be had to the bit
   * @throws {Error} If the folder cannot be made
   */
  static async open(
    folder: string,
    model: tf.LayersModel,
    settings: TrainingSettings,
  ): Promise<Checkpoint> {
    if (!keepsState(model.optimizer)) {
      throw new RangeError(
        `checkpoint cannot keep the state of tfjs's ${model.optimizer.getClassName()} optimizer: compile the ` +
          'model with one of "deep-features/backend" (Adam, Sgd, RmsProp)',
      );
    }
    await Deno.mkdir(folder, { recursive: true });
    for await (const { name } of Deno.readDir(folder)) {
      if (!name.startsWith(`.${FILE}.`) || !name.endsWith(".part")) continue;
      // Of a process that was killed while it wrote.
      const part = join(folder, name), { mtime } = await Deno.stat(part);
      if (Date.now() - (mtime?.getTime() ?? 0) > STALE_PART) await Deno.remove(part);
    }
    // As they will read when they come back.
    return new Checkpoint(join(folder, FILE), JSON.parse(JSON.stringify(settings)));
  }

  /** Writes where the training of a model stands. */
  async write(model: tf.LayersModel, standing: Standing): Promise<void> {
    const { bestWeights, ...rest } = standing;
    const arrays: [string, Float32Array][] = [
      ...(await copiesOf(model)).map((
        values,
        i,
      ): [string, Float32Array] => [`weight/${i}`, values]),
      ...(bestWeights ?? []).map((values, i): [string, Float32Array] => [`best/${i}`, values]),
    ];
    const [steps, ...moments] = await model.optimizer.getWeights();
    const iterations = (await steps!.tensor.data())[0]!;
    steps!.tensor.dispose();
    const places = new Map(model.weights.map((weight, i) => [nameOf(weight), i]));
    for (const { name, tensor } of moments) {
      const [, variable = "", key = ""] = /^(.*)\/([^/]+)$/.exec(name) ?? [];
      const place = places.get(variable);
      if (place !== undefined) {
        arrays.push([`moment/${place}/${key}`, Float32Array.from(await tensor.data())]);
      }
    }
    const content: Rest = {
      ...rest,
      settings: this.#settings,
      iterations,
      arrays: arrays.map(([name, { length }]) => ({ name, length })),
    };
    const parts = arrays.map(([, { buffer }]) => new Uint8Array(buffer as ArrayBuffer));
    await writeSealed(this.#path, { format: FORMAT }, JSON.stringify(content, spellOdd), parts);
  }

  /**
   * Brings a model and its optimizer to where the checkpoint stands.
   *
   * @returns Where that is; `undefined` if there is no checkpoint yet
   * @throws {CheckpointError} If it is damaged or another training's; the model is then as before
   */
  async restore(model: tf.LayersModel): Promise<Standing | undefined> {
    const bytes = await Deno.readFile(this.#path).catch((error) => {
      if (error instanceof Deno.errors.NotFound) return undefined;
      throw error;
    });
    if (!bytes) return undefined;
    const { rest, arrays } = this.#read(bytes);
    this.#compare(rest.settings);
    const taken = (name: string, length: number) => {
      const values = arrays.get(name);
      if (values?.length === length) return values;
      throw this.#damaged(`${name} has ${values?.length ?? "no"} values, not ${length}`);
    };
    const variables = model.weights.map((weight) => weight.read() as tf.Variable);
    const weights = variables.map(({ size }, i) => taken(`weight/${i}`, size));
    const bestWeights = arrays.has("best/0")
      ? variables.map(({ size }, i) => taken(`best/${i}`, size))
      : undefined;
    const moments = [...arrays.keys()].filter((name) => name.startsWith("moment/")).map((name) => {
      const [, place, key] = name.split("/");
      const variable = variables[Number(place)];
      if (!variable) throw this.#damaged(`${name} is of no weight`);
      return { name: `${variable.name}/${key}`, values: taken(name, variable.size), variable };
    });
    const tensors = [
      { name: "iter", tensor: tf.scalar(rest.iterations, "int32") },
      ...moments.map(({ name, values, variable: { shape } }) => ({
        name,
        tensor: tf.tensor(values, shape),
      })),
    ];
    try {
      await model.optimizer.setWeights(tensors);
    } finally {
      tf.dispose(tensors.map(({ tensor }) => tensor));
    }
    assignWeights(model, weights);
    return { epochs: rest.epochs, history: rest.history, stopper: rest.stopper, bestWeights };
  }

  #read(bytes: Uint8Array<ArrayBuffer>): { rest: Rest; arrays: Map<string, Float32Array> } {
    const mark = readMark(bytes);
    if (mark === undefined) throw this.#damaged("it does not begin as one");
    const { format, sha256 } = Object(mark) as { format?: unknown; sha256?: unknown };
    if (format !== FORMAT) {
      throw new CheckpointError(
        `${this.#path} is a checkpoint of another version (${describe(format)}): ${START_ANEW}`,
      );
    }
    const content = unseal(bytes, sha256);
    if (!content) {
      throw this.#damaged("its digest is not the one that it was written with");
    }
    const rest: Rest = JSON.parse(content.json, readOdd);
    const arrays = new Map<string, Float32Array>();
    let from = 0;
    for (const { name, length } of rest.arrays) {
      arrays.set(name, new Float32Array(content.data.slice(from, from + 4 * length).buffer));
      from += 4 * length;
    }
    return { rest, arrays };
  }

  #compare(kept: TrainingSettings): void {
    const names = new Set([...Object.keys(this.#settings), ...Object.keys(kept)]);
    const other = [...names].filter((name) =>
      JSON.stringify(kept[name]) !== JSON.stringify(this.#settings[name])
    );
    if (other.length === 0) return;
    const inWords = other.map((name) => {
      const [was, is] = [kept[name], this.#settings[name]].map((value) => JSON.stringify(value));
      return `another ${name}${
        isDigest(kept[name]) ? "" : ` (${was ?? "none"}, not ${is ?? "none"})`
      }`;
    });
    throw new CheckpointError(
      `${this.#path} is of a training with ${inWords.join(", ")}: ${START_ANEW}`,
    );
  }

  #damaged(what: string): CheckpointError {
    return new CheckpointError(`${this.#path} is damaged (${what}): ${START_ANEW}`);
  }
}

const START_ANEW = "give another folder, or delete this one to start anew";

/** What a training depends on beside its options. */
export function settingsOf(model: tf.LayersModel, data: LabeledImages): TrainingSettings {
  const [network, compiled] = networkTexts(model);
  const { images, labels, shape } = data;
  return {
    network: digest(network),
    "loss or optimizer": digest(compiled),
    images: digest(images, JSON.stringify(shape)),
    labels: digest(Float64Array.from(labels)),
    "values of frozen weights": digest(
      ...frozenWeights(model).map((weight) => weight.read().dataSync()),
    ),
    backend: tf.getBackend(),
  };
}

/** A number or more as its digest. */
export function digestOf(values: Float64Array): string {
  return digest(values);
}

/** Weights that training leaves alone: those of other networks differ, as where another is trained further. */
function frozenWeights(model: tf.LayersModel): tf.LayerVariable[] {
  return model.layers.flatMap((layer) =>
    layer instanceof tf.LayersModel
      ? frozenWeights(layer)
      : ((layer as unknown as { _trainableWeights?: FrozenWeight[] })._trainableWeights ?? [])
        .filter(({ trainable }) => !trainable || !layer.trainable)
  );
}

type FrozenWeight = tf.LayerVariable & { readonly trainable: boolean };

/** The name by which optimizers know a weight. */
function nameOf(weight: tf.LayerVariable): string {
  return (weight.read() as tf.Variable).name;
}

function isDigest(value: unknown): boolean {
  return typeof value === "string" && /^[0-9a-f]{64}$/.test(value);
}

/** JSON has neither NaN nor infinity. */
function spellOdd(_key: string, value: unknown): unknown {
  return typeof value === "number" && !Number.isFinite(value) ? String(value) : value;
}

function readOdd(_key: string, value: unknown): unknown {
  return value === "NaN" || value === "Infinity" || value === "-Infinity" ? Number(value) : value;
}
