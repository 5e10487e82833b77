/**
 * Layers that are refused by name: those that tfjs computes wrongly or not at all in a network, and those that
 * it has no gradient of.
 *
 * @module
 */
import * as tf from "@tensorflow/tfjs";

type Layer = tf.layers.Layer;

/** Why a layer cannot be used, and what to do; `undefined` if it can. */
type Limit = (layer: Layer) => string | undefined;

type Config = Readonly<Record<string, unknown>>;

const always = (reason: string): Limit => () => reason;
const where = (test: (config: Config, layer: Layer) => boolean, reason: string): Limit => (layer) =>
  test(layer.getConfig(), layer) ? reason : undefined;

const MASK =
  "makes a mask, which is not supported: fill what is missing before the network, and leave it out";
const STATEFUL = where(
  (config) => config["stateful"] === true,
  "keeps its state from one batch to the next, so that results would depend on what came before: " +
    "make it without stateful",
);

const DILATED = where(
  (_, layer) => dilationOf(layer).some((rate) => rate !== 1),
  "has a dilation rate, which tfjs leaves out without a word: use a larger kernel",
);

/** What holds of training and of prediction, by class. */
const UNUSABLE: Readonly<Record<string, Limit>> = {
  Masking: always(MASK),
  Embedding: where((config) => config["maskZero"] === true, MASK),
  Resizing: always(
    "cannot be run by tfjs inside a network: bring the images to their size by preprocessing or resizeImages",
  ),
  CenterCrop: always(
    "changes the shape of the layer before it in tfjs: crop by Cropping2D, or bring the images to their size " +
      "by preprocessing or resizeImages",
  ),
  RandomWidth: always(
    "draws random numbers that no seed reaches, in prediction, too: leave it out, trainCnn has augment",
  ),
  RNN: STATEFUL,
  SimpleRNN: STATEFUL,
  GRU: STATEFUL,
  LSTM: STATEFUL,
  ConvLSTM2D: STATEFUL,
  DepthwiseConv2D: DILATED,
  Conv2DTranspose: DILATED,
  Conv3DTranspose: DILATED,
  Conv1D: where(
    ({ padding }) => padding === "causal",
    "has causal padding, which tfjs does not compute: cut the last outputs of a zero-padded one",
  ),
  SeparableConv2D: where(
    ({ dataFormat }) => dataFormat === "channelsFirst",
    "fails in tfjs with channels first: put a Permute layer before it and channels last",
  ),
  Softmax: where(
    ({ axis }, layer) => {
      const shape = layer.inboundNodes[0]?.inputShapes ?? [];
      const rank = Array.isArray(shape[0]) ? shape[0].length : shape.length;
      const axes = [axis].flat();
      return axes.length === 1 && ![-1, rank - 1].includes(axes[0] as number);
    },
    "is computed by tfjs along the last axis alone: say axis: -1, as its own default is 1",
  ),
};

/** Layers whose inputs are whole numbers, which have no gradient. */
const OF_WHOLE_NUMBERS = ["Embedding", "CategoryEncoding"];

/** What tfjs has no gradient of, by class. */
const WITHOUT_GRADIENT: Readonly<Record<string, string>> = {
  ThresholdedReLU: "ThresholdedReLU. Use LeakyReLU or PReLU",
  Conv3DTranspose: "Conv3DTranspose. Leave it out, or freeze it and all that is before it",
};

/**
 * Checks that a layer computes what it says, in any network.
 *
 * @throws {RangeError} If it does not, with its name and what to do
 */
export function checkUsable(layer: Layer): void {
  for (const part of withParts(layer)) {
    const name = part.getClassName(), reason = UNUSABLE[name]?.(part);
    if (reason !== undefined) {
      throw new RangeError(`Layer "${layer.name}" cannot be used: ${name} ${reason}`);
    }
  }
}

/**
 * Checks that a gradient can go through a layer.
 *
 * @param isPassed Whether layers before it are trained, so that it must go on to its inputs
 * @throws {RangeError} If it cannot, with the layer's name and what to do
 */
export function checkGradient(layer: Layer, isPassed: boolean): void {
  for (const part of withParts(layer)) {
    const name = part.getClassName();
    const missing = WITHOUT_GRADIENT[name] ?? dilated(part);
    if (missing !== undefined) {
      throw new RangeError(
        `Layer "${layer.name}" cannot be trained: tfjs has no gradient of ${missing}`,
      );
    }
    if (isPassed && takesWholeNumbers(part)) {
      throw new RangeError(
        `Layer "${layer.name}" cannot be trained behind others: ${name} takes whole numbers, which have ` +
          "no gradient. Put it first, or freeze the layers before it",
      );
    }
  }
}

/** Whether a layer's inputs are whole numbers: places in a table. */
export function takesWholeNumbers(layer: Layer): boolean {
  return OF_WHOLE_NUMBERS.includes(layer.getClassName());
}

function dilated(layer: Layer): string | undefined {
  const rates = dilationOf(layer);
  return rates.every((rate) => rate === 1)
    ? undefined
    : `convolutions with a dilation rate of ${rates.join(" × ")}. Use larger kernels or strides`;
}

/** How far apart a kernel's taps are; of some layers the configuration does not say it. */
function dilationOf(layer: Layer): number[] {
  const { dilationRate = 1 } = layer as unknown as { dilationRate?: number | number[] };
  return [dilationRate].flat();
}

/** The parts of tfjs's wrappers and recurrent layers that its declarations hide. */
interface Compound {
  readonly layer?: Layer;
  readonly forwardLayer?: Layer;
  readonly cell?: Layer;
  readonly cells?: readonly Layer[];
}

/** A layer and those inside it: what a wrapper wraps, recurrent cells, layers of a model. */
export function withParts(layer: Layer): Layer[] {
  const { layer: wrapped, forwardLayer, cell, cells = [] } = layer as unknown as Compound;
  const layers = layer instanceof tf.LayersModel ? layer.layers : [];
  const inner = [wrapped, forwardLayer, cell, ...cells, ...layers].filter((part) => part != null);
  return [layer, ...inner.flatMap(withParts)];
}
