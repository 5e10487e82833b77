import * as tf from "@tensorflow/tfjs";
import { seededDropout } from "../../backend/seeded_dropout.ts";

type Layer = tf.layers.Layer;

/** What a layer that draws random numbers does in training, with its numbers drawn from a seed. */
export type SeededLayer = (x: tf.Tensor, seed: number) => tf.Tensor;

/** The constants of SELU (Klambauer et al. 2017), which alpha dropout keeps the moments of. */
const SELU_ALPHA = 1.6732632423543772, SELU_SCALE = 1.0507009873554805;

/** The seeded form of a layer of tfjs that draws random numbers in training; `undefined` if it has none. */
export function seededLayer(layer: Layer): SeededLayer | undefined {
  const config = layer.getConfig();
  const rate = Number(config["rate"] ?? 0);
  switch (layer.getClassName()) {
    case "Dropout":
    case "SpatialDropout1D":
      return (x, seed) => dropout(layer, x, rate, seed);
    case "GaussianNoise":
      return (x, seed) => tf.add(x, normal(x.shape, Number(config["stddev"]), seed));
    case "GaussianDropout":
      if (rate <= 0 || rate >= 1) return (x) => x;
      return (x, seed) => tf.mul(x, tf.add(1, normal(x.shape, Math.sqrt(rate / (1 - rate)), seed)));
    case "AlphaDropout":
      if (rate <= 0 || rate >= 1) return (x) => x;
      return (x, seed) => alphaDropout(layer, x, rate, seed);
  }
  return undefined;
}

/**
 * Checks that what a layer draws in training can be seeded: not inside wrappers and recurrent cells.
 *
 * @throws {RangeError} If it cannot, with the layer's name and what to do
 */
export function checkSeeded(layer: Layer): void {
  const odd = findUnseeded(layer.getClassName(), layer.getConfig());
  if (odd === undefined) return;
  throw new RangeError(
    `Layer "${layer.name}" cannot be trained: ${odd} draws random numbers that no seed reaches. ` +
      "Leave it out, or put a Dropout layer behind it",
  );
}

const RANDOM = [
  "Dropout",
  "SpatialDropout1D",
  "GaussianNoise",
  "GaussianDropout",
  "AlphaDropout",
];

function findUnseeded(className: string, config: unknown): string | undefined {
  const search = (value: unknown): string | undefined => {
    if (typeof value !== "object" || value === null) return undefined;
    for (const [key, part] of Object.entries(value)) {
      if ((key === "dropout" || key === "recurrentDropout") && Number(part) > 0) {
        return `the ${key} of ${className}`;
      }
      if (key === "className" && RANDOM.includes(String(part))) {
        return `the ${part} in ${className}`;
      }
      const found = search(part);
      if (found !== undefined) return found;
    }
    return undefined;
  };
  return search(config);
}

function normal(shape: number[], stddev: number, seed: number): tf.Tensor {
  return tf.randomNormal(shape, 0, stddev, "float32", seed);
}

/** The shape of a mask: that of the input, or with ones where a layer's `noiseShape` says so. */
function maskShape(layer: Layer, x: tf.Tensor): number[] {
  // SpatialDropout1D drops whole channels; the others may have been told a shape.
  if (layer.getClassName() === "SpatialDropout1D") return [x.shape[0]!, 1, x.shape[2]!];
  const given = (layer as unknown as { noiseShape?: (number | null)[] | null }).noiseShape;
  return given ? given.map((size, axis) => size ?? x.shape[axis]!) : x.shape;
}

function dropout(layer: Layer, x: tf.Tensor, rate: number, seed: number): tf.Tensor {
  const shape = maskShape(layer, x);
  if (tf.util.arraysEqual(shape, x.shape)) return seededDropout(x, rate, seed);
  return tf.mul(x, seededDropout(tf.ones(shape), rate, seed));
}

function alphaDropout(layer: Layer, x: tf.Tensor, rate: number, seed: number): tf.Tensor {
  const dropped = -SELU_ALPHA * SELU_SCALE;
  const kept = tf.greater(seededDropout(tf.ones(maskShape(layer, x)), rate, seed), 0).toFloat();
  // Klambauer et al. 2017, eqs. 14 and 15: an affine map that restores mean 0 and variance 1.
  const scale = ((1 - rate) * (1 + rate * dropped ** 2)) ** -0.5;
  const masked = tf.add(tf.mul(x, kept), tf.mul(tf.sub(1, kept), dropped));
  return tf.add(tf.mul(masked, scale), -scale * dropped * rate);
}
