import type * as tf from "@tensorflow/tfjs";

/** Where a model's topology and the list of its weight files stand. */
export const TOPOLOGY_FILE = "model.json";

/** A model's JSON file in one of tfjs's formats. */
export interface ModelJson {
  readonly kind: "layers" | "graph";
  readonly modelTopology: Record<string, unknown>;
  readonly trainingConfig?: tf.io.TrainingConfig | undefined;
  readonly weightsManifest: readonly WeightGroup[];
  readonly [other: string]: unknown;
}

/** Weights that stand in the same files. */
export interface WeightGroup {
  readonly paths: readonly string[];
  readonly weights: tf.io.WeightsManifestEntry[];
}

/** A name that is a file's in the same folder on every system: no path, no drive, no stream of another file. */
export function isPlainName(name: string): boolean {
  return name !== "" && name !== "." && name !== ".." && !/[/\\:\p{Cc}]/u.test(name);
}

/**
 * Reads the text of a model's JSON file.
 *
 * @param place Where it is from, for errors
 * @throws {RangeError} If it is something else, saying what as far as that can be told, or damaged
 */
export function parseModelJson(text: string, place: string): ModelJson {
  const damaged = (what: string, cause?: unknown) =>
    new RangeError(`${place} is no saved model: ${what}`, { cause });
  let json: Record<string, unknown>;
  try {
    json = JSON.parse(text);
  } catch (cause) {
    throw damaged(/^\s*</.test(text) ? "it is a page of HTML or XML" : "it is not JSON", cause);
  }
  const { modelTopology, weightsManifest, format } = Object(json) as Record<string, unknown>;
  if (typeof modelTopology !== "object" || modelTopology === null) {
    throw damaged(
      "class_name" in Object(json)
        ? "it is the architecture of a Keras model without weights, which tensorflowjs_converter makes " +
          "a model of tfjs from"
        : "it has no modelTopology",
    );
  }
  const topology = modelTopology as Record<string, unknown>;
  const isGraph = format === "graph-model" || Array.isArray(topology.node);
  const isLayers = "model_config" in topology || "class_name" in topology;
  if (isGraph ? !Array.isArray(topology.node) : !isLayers) {
    throw damaged(
      `its modelTopology is neither a graph of nodes nor a model of layers (format ${
        JSON.stringify(format)
      })`,
    );
  }
  if (!isManifest(weightsManifest)) {
    throw damaged(
      "its weightsManifest is no list of paths and weights with name, shape and a dtype of numbers",
    );
  }
  const foreign = weightsManifest.flatMap(({ paths }) => paths).find((name) => !isPlainName(name));
  if (foreign !== undefined) {
    throw damaged(`its weight file ${JSON.stringify(foreign)} is no plain file name`);
  }
  return { ...json, modelTopology: topology, weightsManifest, kind: isGraph ? "graph" : "layers" };
}

function isManifest(manifest: unknown): manifest is WeightGroup[] {
  return Array.isArray(manifest) && manifest.every((group) =>
    Array.isArray(group?.paths) &&
    group.paths.every((name: unknown) => typeof name === "string") &&
    Array.isArray(group.weights) && group.weights.every(isWeight)
  );
}

function isWeight(spec: tf.io.WeightsManifestEntry): boolean {
  return typeof spec?.name === "string" && Array.isArray(spec.shape) &&
    spec.shape.every((size) => Number.isSafeInteger(size) && size >= 0) &&
    ["float32", "int32", "bool"].includes(spec.dtype) && isQuantization(spec.quantization);
}

/** Linear on whole numbers (scale and minimum are then needed), or halves. */
function isQuantization(quantization: tf.io.WeightsManifestEntry["quantization"]): boolean {
  if (quantization === undefined) return true;
  const { dtype, scale, min } = quantization ?? {};
  return dtype === "float16" ||
    (dtype === "uint8" || dtype === "uint16") && Number.isFinite(scale) && Number.isFinite(min);
}

/** Bytes that a group of weights takes in its files. */
export function bytesOf(group: WeightGroup): number {
  return group.weights.reduce((sum, spec) => sum + byteSize(spec), 0);
}

function byteSize({ shape, dtype, quantization }: tf.io.WeightsManifestEntry): number {
  const stored = quantization?.dtype ?? dtype;
  const bytes = { bool: 1, uint8: 1, uint16: 2, float16: 2 }[stored as string] ?? 4;
  return shape.reduce((a, b) => a * b, bytes);
}

/**
 * Checks the bytes of a group of weights.
 *
 * @param place Where they are from, for errors
 * @throws {RangeError} If they are fewer or more than the manifest says, or a weight is not finite
 */
export function checkWeights(
  bytes: Uint8Array<ArrayBuffer>,
  group: WeightGroup,
  place: string,
): void {
  const expected = bytesOf(group);
  if (bytes.length !== expected) {
    throw new RangeError(`${place} holds ${bytes.length} bytes, but its manifest says ${expected}`);
  }
  let from = 0;
  for (const spec of group.weights) {
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
    if (odd !== undefined) throw new RangeError(`${place} is damaged: weight ${name} holds ${odd}`);
    from = to;
  }
}
