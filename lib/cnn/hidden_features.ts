import * as tf from "@tensorflow/tfjs";
import {
  checkOptions,
  checkValue,
  flag,
  listOf,
  oneOf,
  type Rule,
  type Rules,
  text,
  whole,
} from "../base/check.ts";
import { Matrix } from "../base/matrix.ts";
import { RUN_RULES, type RunOptions } from "../base/run_options.ts";
import { interruptible } from "../notebook/interrupt.ts";
import { createBreather } from "../notebook/progress.ts";
import type { ImageStream } from "../dataset/image_stream.ts";
import { predictionBatch } from "./engine/batches.ts";
import { checkWholeNumbers } from "./engine/check_network.ts";
import { createForwardPass } from "./engine/forward.ts";
import { createGraphPass } from "./engine/graph_pass.ts";
import type { ImageArrays } from "./engine/image_arrays.ts";
import { imageSource } from "./engine/image_source.ts";
import { noticeFallbacks } from "./engine/notice_fallbacks.ts";
import { predictedClass } from "./engine/objective.ts";
import { MODEL_RULE } from "./model_rule.ts";
import { checkPreprocessing, type Preprocessing, PREPROCESSING_RULE } from "./preprocessing.ts";

/** Options of everything that runs images through a trained model. */
export interface InferenceOptions extends RunOptions {
  /**
   * Images in a batch; default 500, or fewer where a layer puts out very much for one. The result does not
   * depend on it.
   */
  readonly batchSize?: number | undefined;
  /**
   * What becomes of the images before the network sees them; default: bytes are divided by 255. Networks that
   * others trained want what theirs were trained with.
   */
  readonly preprocessing?: Preprocessing | undefined;
}

const INFERENCE_RULES: Rules<InferenceOptions> = {
  batchSize: whole(1),
  preprocessing: PREPROCESSING_RULE,
  ...RUN_RULES,
};

/** Options of {@linkcode predictClasses}. */
export interface PredictionOptions extends InferenceOptions {
  /**
   * Whether each image's mirror image is looked at, too, and the mean of both scores decides (of a softmax, that of
   * its logits): often better where a network was trained on mirrored images, at twice the work. Default false.
   */
  readonly mirrored?: boolean | undefined;
}

const PREDICTION_RULES: Rules<PredictionOptions> = { mirrored: flag, ...INFERENCE_RULES };

/** How the outputs of a layer with height and width become a row of numbers. */
export type Pooling = "flatten" | "average" | "max";

/** What an option that is a {@linkcode Pooling} may be. */
export const POOLING_RULE: Rule = oneOf("flatten", "average", "max");

/** Options of {@linkcode hiddenFeatures}. */
export interface FeatureOptions extends InferenceOptions {
  /** Name of the layer (of a graph model: the node) whose output is wanted; default `"hidden"`. */
  readonly layer?: string | undefined;
  /**
   * What is kept of a layer with height, width and channels: all of it (`"flatten"`, the default), or the mean
   * or the maximum of each channel, as Keras's `GlobalAveragePooling2D` and `GlobalMaxPooling2D` have it.
   */
  readonly pool?: Pooling | undefined;
}

/** Options of {@linkcode hiddenFeatures} for several layers. */
export interface LayersFeatureOptions extends Omit<FeatureOptions, "layer"> {
  /** Names of the layers whose outputs are wanted: the images pass the network once. */
  readonly layers: readonly string[];
}

const FEATURE_RULES: Rules<FeatureOptions & LayersFeatureOptions> = {
  layer: text,
  layers: listOf(text, "a list of layers' names"),
  pool: POOLING_RULE,
  ...INFERENCE_RULES,
};

/**
 * The outputs of a layer for each image, in batches: by default those of `hidden`, before its ReLU,
 * the features of the article. Any layers model with one input will do, whatever the arrangement of its
 * layers; the layer may stand in a model inside, and of several outputs of a layer the first is read. Of a graph
 * model, `layer` names a node.
 *
 * @param data Images with their shape, such as a split, or files that are read in their turn
 *   (`openImageFolder`)
 * @returns [n, units of the layer]; see `pool` for layers with height, width and channels
 * @throws {TypeError} If an option is unknown or of the wrong kind, the images have no shape, or a file cannot
 *   be read
 * @throws {RangeError} If the model has no such layer, the images do not fit it or are not finite, or NaN comes out
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { buildCnn, hiddenFeatures, setUpCompute } from "deep-features";
 *
 * await setUpCompute({ quiet: true });
 * const model = buildCnn({ seed: 1, inputShape: [8, 8, 3] });
 * const images = new Uint8Array(3 * 8 * 8 * 3);
 * const features = await hiddenFeatures(model, { images, shape: [3, 8, 8, 3] });
 * assert(features.rows === 3 && features.cols === 512);
 * ```
 */
export async function hiddenFeatures(
  model: tf.LayersModel | tf.GraphModel,
  data: ImageArrays | ImageStream,
  options?: FeatureOptions,
): Promise<Matrix>;
/**
 * The outputs of several layers, by name; the images pass the network once.
 *
 * @throws {TypeError} As for one layer
 * @throws {RangeError} Likewise
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { buildCnn, hiddenFeatures, setUpCompute } from "deep-features";
 *
 * await setUpCompute({ quiet: true });
 * const model = buildCnn({ seed: 1, inputShape: [8, 8, 3] });
 * const images = { images: new Uint8Array(3 * 8 * 8 * 3), shape: [3, 8, 8, 3] } as const;
 * const features = await hiddenFeatures(model, images, {
 *   layers: ["conv2D_1", "hidden"],
 *   pool: "average",
 * });
 * assert(features["conv2D_1"].cols === 32 && features["hidden"].cols === 512);
 * ```
 */
export async function hiddenFeatures<Name extends string>(
  model: tf.LayersModel | tf.GraphModel,
  data: ImageArrays | ImageStream,
  options: LayersFeatureOptions & { readonly layers: readonly Name[] },
): Promise<Record<Name, Matrix>>;
export async function hiddenFeatures(
  model: tf.LayersModel | tf.GraphModel,
  data: ImageArrays | ImageStream,
  options: FeatureOptions | LayersFeatureOptions = {},
): Promise<Matrix | Record<string, Matrix>> {
  checkOptions("hiddenFeatures", options, FEATURE_RULES);
  const { layer, layers } = options as FeatureOptions & Partial<LayersFeatureOptions>;
  if (layer !== undefined && layers) {
    throw new TypeError("hiddenFeatures takes layer or layers, not both");
  }
  const names = layers ?? [layer ?? "hidden"];
  if (names.length === 0) throw new RangeError("hiddenFeatures: layers names no layer");
  const { pool = "flatten" } = options;
  const collected = names.map(() => new Float32Array(0));
  const reduce = (outputs: tf.Tensor[]) => outputs.map((output) => pooled(output, pool));
  const count = await run(
    { title: "hiddenFeatures", model, data, options, until: names },
    reduce,
    async (rows, begin, total) => {
      for (const [i, row] of rows.entries()) {
        const values = await row.data<"float32">(), columns = row.shape[1]!;
        const odd = values.findIndex((value) => Number.isNaN(value));
        if (odd >= 0) throw notANumber(`Layer "${names[i]}"`, begin + Math.floor(odd / columns));
        if (begin === 0) collected[i] = new Float32Array(total * columns);
        collected[i]!.set(values, begin * columns);
      }
    },
  );
  const matrices = collected.map((values) => new Matrix(values, count, values.length / count));
  return layers ? Object.fromEntries(names.map((name, i) => [name, matrices[i]!])) : matrices[0]!;
}

function notANumber(what: string, image: number): RangeError {
  return new RangeError(
    `${what} gives NaN for image ${image}: its weights are no numbers, as after a training that went astray, or ` +
      "its values grow beyond float32",
  );
}

/** One row for each image. */
function pooled(output: tf.Tensor, pool: Pooling): tf.Tensor2D {
  const between = output.shape.slice(1, -1).map((_, i) => i + 1);
  if (between.length > 0 && pool !== "flatten") {
    return pool === "average" ? tf.mean(output, between) : tf.max(output, between);
  }
  return tf.reshape(output, [output.shape[0]!, -1]);
}

/**
 * The class of each image: the one with the largest score. For a network with one output unit, class 1 is
 * a score above 0.5 (above 0 if it was compiled with a hinge loss).
 *
 * @param data Images with their shape, such as a split, or files that are read in their turn
 * @returns n class indices
 * @throws {TypeError} If an option is unknown or of the wrong kind, the images have no shape, or a file cannot
 *   be read
 * @throws {RangeError} If the images do not fit the model or are not finite, NaN comes out, or a graph model's
 *   output is no row of scores
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { buildCnn, predictClasses, setUpCompute } from "deep-features";
 *
 * await setUpCompute({ quiet: true });
 * const model = buildCnn({ seed: 1, inputShape: [8, 8, 3] });
 * const images = new Uint8Array(3 * 8 * 8 * 3);
 * const classes = await predictClasses(model, { images, shape: [3, 8, 8, 3] });
 * assert(classes.length === 3);
 * ```
 */
export async function predictClasses(
  model: tf.LayersModel | tf.GraphModel,
  data: ImageArrays | ImageStream,
  options: PredictionOptions = {},
): Promise<Int32Array> {
  checkOptions("predictClasses", options, PREDICTION_RULES);
  let classes = new Int32Array(0);
  const reduce = ([output]: tf.Tensor[]) => [
    model instanceof tf.GraphModel ? largestScore(output!) : predictedClass(model, output!),
    // NaN alone differs from itself.
    tf.max(tf.cast(tf.notEqual(output!, output!), "int32"), 1),
  ];
  await run(
    { title: "predictClasses", model, data, options, logits: true, mirrored: options.mirrored },
    reduce,
    async ([predicted, isOdd], begin, total) => {
      const odd = (await isOdd!.data<"int32">()).indexOf(1);
      if (odd >= 0) throw notANumber("The network", begin + odd);
      if (begin === 0) classes = new Int32Array(total);
      classes.set(await predicted!.data<"int32">(), begin);
    },
  );
  return classes;
}

function largestScore(output: tf.Tensor): tf.Tensor {
  if (output.rank !== 2) {
    throw new RangeError(
      `The model gives [${output.shape.join(", ")}] for a batch: need one row of scores an image`,
    );
  }
  return output.shape[1] === 1
    ? tf.cast(tf.greater(tf.reshape(output, [-1]), 0.5), "int32")
    : tf.argMax(output, 1);
}

interface Run {
  /** What is run, for notices and errors. */
  readonly title: string;
  readonly model: tf.LayersModel | tf.GraphModel;
  readonly data: ImageArrays | ImageStream;
  readonly options: InferenceOptions;
  readonly until?: readonly string[];
  readonly logits?: boolean;
  /** Whether what comes out is the mean for each image and its mirror image. */
  readonly mirrored?: boolean | undefined;
}

/** Of images [n, height, width, channels]. */
const WIDTH_AXIS = 2;
/** A graph model does not say how much its nodes put out: as much as so many channels of the images' size. */
const GRAPH_CHANNELS = 64;

/**
 * Runs images through a network batch by batch.
 *
 * @param reduce What is kept of a batch's outputs
 * @param read Reads that, which is then disposed of
 * @returns How many images there are
 */
async function run(
  { title, model, data, options, mirrored = false, ...wanted }: Run,
  reduce: (outputs: tf.Tensor[]) => tf.Tensor[],
  read: (kept: tf.Tensor[], begin: number, total: number) => Promise<void>,
): Promise<number> {
  checkValue(`${title}: model`, model, MODEL_RULE);
  const { preprocessing } = options;
  if (preprocessing) checkPreprocessing(`${title}: preprocessing`, preprocessing);
  const isGraph = model instanceof tf.GraphModel;
  const graphPass = isGraph ? createGraphPass(model, wanted.until) : undefined;
  const pass = isGraph ? undefined : createForwardPass(model, wanted);
  const source = imageSource(model, data, pass?.onesChannel ?? false, preprocessing);
  checkWholeNumbers(pass ?? graphPass!, (data as ImageArrays).images, preprocessing?.scale);
  const { count } = source, fixed = graphPass?.batchSize;
  if (fixed !== undefined) checkBatches(fixed, count, options.batchSize);
  const work = async (begin: number, end: number) => {
    const views = [await source.batch(begin, end)], outputs: tf.Tensor[][] = [];
    let kept: tf.Tensor[] = [];
    try {
      if (mirrored) views.push(tf.reverse(views[0]!, WIDTH_AXIS));
      if (graphPass) { for (const view of views) outputs.push(await graphPass.apply(view)); }
      kept = tf.tidy(() =>
        reduce(means(pass ? views.map((view) => pass.applyAll(view)) : outputs))
      );
      await read(kept, begin, count);
    } finally {
      tf.dispose([views, outputs, kept]);
    }
  };
  const widest = pass?.widest ?? GRAPH_CHANNELS * source.area;
  const batches = { ...options, batchSize: fixed ?? options.batchSize };
  await noticeFallbacks(title, () => inBatches(count, widest, batches, work));
  return count;
}

/** The means of what comes out for an image and, if it is looked at, its mirror image. */
function means([outputs, ofMirror]: readonly tf.Tensor[][]): tf.Tensor[] {
  return ofMirror
    ? outputs!.map((output, i) => tf.mul(tf.add(output, ofMirror[i]!), 0.5))
    : outputs!;
}

/** Some graph models take batches of one size alone. */
function checkBatches(fixed: number, count: number, wanted: number | undefined): void {
  if (wanted !== undefined && wanted !== fixed) {
    throw new RangeError(
      `The model takes ${fixed} images at once, but batchSize is ${wanted}: leave it out`,
    );
  }
  if (count % fixed !== 0) {
    throw new RangeError(
      `The model takes ${fixed} images at once, which ${count} images do not fill: give a multiple of ${fixed}`,
    );
  }
}

async function inBatches(
  count: number,
  widest: number,
  options: InferenceOptions,
  work: (begin: number, end: number) => Promise<void>,
): Promise<void> {
  const { batchSize = predictionBatch(widest), onProgress } = options;
  await interruptible(options.signal, async (signal) => {
    const breathe = createBreather();
    for (let begin = 0; begin < count; begin += batchSize) {
      signal?.throwIfAborted();
      const end = Math.min(count, begin + batchSize);
      await work(begin, end);
      onProgress?.({ done: end, total: count });
      await breathe();
    }
  });
}
