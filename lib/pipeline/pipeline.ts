import {
  checkOptions,
  checkValue,
  custom,
  describe,
  listOf,
  type Rules,
  text,
} from "../base/check.ts";
import type { Classifier } from "../base/classifier.ts";
import { denoInspect, jupyterDisplay } from "../base/display.ts";
import type { Matrix } from "../base/matrix.ts";
import { RUN_RULES, type RunOptions } from "../base/run_options.ts";
import { type Fact, factsBundle, factsLine } from "../base/show.ts";
import {
  KNeighborsClassifier,
  LinearSvc,
  LogisticRegression,
  RandomForestClassifier,
} from "../classifiers/mod.ts";
import { hiddenFeatures, type Network, type Pooling } from "../cnn/mod.ts";
import { POOLING_RULE } from "../cnn/hidden_features.ts";
import { MODEL_RULE } from "../cnn/model_rule.ts";
import { pictureChannels } from "../cnn/picture_channels.ts";
import {
  checkPreprocessing,
  type Preprocessing,
  PREPROCESSING_RULE,
} from "../cnn/preprocessing.ts";
import {
  type Channels,
  type ImageSize,
  type LoadedImage,
  loadImage,
} from "../dataset/load_image.ts";
import { Svc } from "../svm/mod.ts";

/** tfjs's graph model, as far as it is used here. */
type GraphModel = Exclude<Parameters<typeof hiddenFeatures>[0], Network>;

/** The classifiers that a pipeline can hold. */
export const CLASSIFIERS = {
  Svc,
  LinearSvc,
  LogisticRegression,
  RandomForestClassifier,
  KNeighborsClassifier,
} as const;

/** One of them. */
export type PipelineClassifier = InstanceType<typeof CLASSIFIERS[keyof typeof CLASSIFIERS]>;

/** What a pipeline is made of. */
export interface PipelineParts {
  /** The network whose layer is read: a layers model, or a graph model. */
  readonly model: Network | GraphModel;
  /** The layer, of a graph model the node; default `"hidden"`. */
  readonly layer?: string | undefined;
  /** What is kept of a layer with height and width, as for `hiddenFeatures`; default `"flatten"`. */
  readonly pool?: Pooling | undefined;
  /**
   * What becomes of a picture first; default: it is brought to the network's size, bytes are divided by 255.
   * It must be what the classifier's features were read with.
   */
  readonly preprocessing?: Preprocessing | undefined;
  /** A fitted classifier of that layer's outputs. */
  readonly classifier: PipelineClassifier;
  /** The names of the classes 0, 1, 2, … */
  readonly classNames: readonly string[];
}

/** What a picture shows, as far as the classifier can tell. */
export interface Classification {
  readonly className: string;
  /** The class's label: its place among the names. */
  readonly label: number;
  /**
   * How strongly each class is favored, by its name. Of an `Svc` and of the linear models these are decision
   * values, of a forest and of neighbours the shares of their votes.
   */
  readonly decisionValues: Readonly<Record<string, number>>;
  /** The class with the next highest value. */
  readonly runnerUp: string;
  /** The value of the class less the runner-up's. */
  readonly margin: number;
}

const RULES: Rules<PipelineParts> = {
  model: MODEL_RULE,
  layer: text,
  pool: POOLING_RULE,
  preprocessing: PREPROCESSING_RULE,
  classifier: custom(
    `a fitted ${Object.keys(CLASSIFIERS).join(", ")}`,
    (value) => Object.values(CLASSIFIERS).some((kind) => value instanceof kind),
  ),
  classNames: listOf(text, "a list of the classes' names"),
};

/**
 * A network, its layer, the treatment of pictures, and a classifier, which belong together.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { encode } from "fast-png";
 * import { buildCnn, Matrix, setUpCompute } from "deep-features";
 * import { KNeighborsClassifier } from "deep-features/classifiers";
 * import { Pipeline } from "deep-features/pipeline";
 *
 * await setUpCompute({ quiet: true });
 * const X = new Matrix(new Float32Array(2 * 512).fill(1, 512), 2, 512);
 * const pipeline = new Pipeline({
 *   model: buildCnn({ seed: 1, inputShape: [8, 8, 3] }),
 *   classifier: await new KNeighborsClassifier({ nNeighbors: 1 }).fit(X, [0, 1]),
 *   classNames: ["dark", "bright"],
 * });
 * const png = encode({ width: 9, height: 8, channels: 3, data: new Uint8Array(216) });
 * const { className, decisionValues } = await pipeline.classify(png);
 * assert(className === "dark");
 * assert.deepEqual(decisionValues, { dark: 1, bright: 0 });
 * ```
 */
export class Pipeline implements PipelineParts {
  readonly model: Network | GraphModel;
  readonly layer: string;
  readonly pool: Pooling;
  readonly preprocessing: Preprocessing;
  readonly classifier: PipelineClassifier;
  readonly classNames: readonly string[];
  /** Of the pictures that the network takes. */
  readonly #channels: Channels;

  /**
   * Puts the parts together.
   *
   * @throws {TypeError} If a part is missing, unknown or of the wrong kind
   * @throws {RangeError} If the parts do not fit each other
   * @throws {Error} If the classifier is not fitted
   */
  constructor(parts: PipelineParts) {
    checkOptions("Pipeline", parts, RULES);
    for (const name of ["model", "classifier", "classNames"] as const) {
      checkValue(`Pipeline: ${name}`, parts[name], RULES[name]);
    }
    const { model, layer = "hidden", pool = "flatten", classifier, classNames } = parts;
    const { preprocessing = { scale: "0..1" } } = parts;
    checkPreprocessing("Pipeline: preprocessing", preprocessing);
    this.model = model;
    this.layer = layer;
    this.pool = pool;
    const size = imageSize(model, preprocessing.size), { scale } = preprocessing;
    this.preprocessing = size ? { size, scale } : { scale };
    this.#channels = pictureChannels(model, size);
    this.classifier = classifier;
    this.classNames = [...classNames];
    checkNames(this.classNames, classifier.fitted.classes);
  }

  /**
   * The class of one picture: JPEG, PNG, WebP, AVIF, TIFF or GIF, see `loadImage`. A network that takes one
   * channel sees it in gray.
   *
   * @param source Path of a file, a `file:` URL, or the file's bytes
   * @throws {TypeError} If it is no such picture or damaged, saying why
   * @throws {Deno.errors.NotFound} If there is no such file
   */
  async classify(
    source: string | URL | Uint8Array | ArrayBuffer,
    options: RunOptions = {},
  ): Promise<Classification> {
    checkOptions("Pipeline.classify", options, RUN_RULES);
    const { size } = this.preprocessing;
    const channels = this.#channels;
    const image = await loadImage(source, { channels, ...(size ? { size } : {}) });
    const features = await this.#featuresOf(image, options);
    const { classes } = this.classifier.fitted;
    const [label] = await this.classifier.predict(features, options);
    const values = await valuesOf(this.classifier, features, options);
    const ranked = [...classes.keys()].filter((code) => classes[code] !== label)
      .sort((a, b) => values[b]! - values[a]!);
    const next = ranked[0]!;
    return {
      className: this.classNames[label!]!,
      label: label!,
      decisionValues: Object.fromEntries(
        Array.from(classes, (own, code) => [this.classNames[own]!, values[code]!]),
      ),
      runnerUp: this.classNames[classes[next]!]!,
      margin: values[classes.indexOf(label!)]! - values[next]!,
    };
  }

  /** How a notebook shows it: its parts. */
  [jupyterDisplay](): Record<string, unknown> {
    return factsBundle("Pipeline", this.#facts());
  }

  /** How `console.log` shows it: in one line. */
  [denoInspect](): string {
    return factsLine("Pipeline", this.#facts());
  }

  #facts(): Fact[] {
    const { size, scale } = this.preprocessing, { model } = this;
    return [
      ["size", size?.join(" × ") ?? "as the picture's"],
      ["colors", this.#channels === 1 ? "gray" : "red, green, blue"],
      ["scale", scale],
      [
        "model",
        "layers" in model
          ? `${model.getClassName()} of ${model.layers.length} layers`
          : "graph model",
      ],
      ["layer", this.layer],
      ["pool", this.pool],
      ["classifier", this.classifier.constructor.name],
      ["classNames", this.classNames],
    ];
  }

  #featuresOf(image: LoadedImage, options: RunOptions = {}): Promise<Matrix> {
    const { layer, pool, preprocessing } = this;
    return hiddenFeatures(this.model, image, { layer, pool, preprocessing, ...options });
  }

  /**
   * Runs a blank picture through all parts, so that those that do not fit are found.
   *
   * @throws {RangeError} If the network has no such layer, or the classifier was fitted with other features
   */
  async check(): Promise<void> {
    const [height, width] = this.preprocessing.size ?? [64, 64];
    const channels = this.#channels;
    const blank = {
      images: new Uint8Array(height * width * channels),
      shape: [1, height, width, channels],
    } as const;
    const features = await this.#featuresOf(blank);
    try {
      await this.classifier.predict(features);
    } catch (cause) {
      if (!(cause instanceof RangeError)) throw cause;
      throw new RangeError(
        `The classifier does not fit layer ${
          JSON.stringify(this.layer)
        } of the network: ${cause.message}`,
        { cause },
      );
    }
  }
}

/** How strongly the classifier favors each of its classes for the only row. */
async function valuesOf(
  classifier: Classifier,
  row: Matrix,
  options: RunOptions,
): Promise<readonly number[]> {
  if (
    classifier instanceof RandomForestClassifier || classifier instanceof KNeighborsClassifier
  ) return [...(await classifier.predictProba(row, options)).data];
  const { data } = await (classifier as Svc | LinearSvc).decisionFunction(row, options);
  return data.length === 1 ? [-data[0]!, data[0]!] : [...data];
}

/** The size that pictures are brought to; undefined if the network takes any. */
function imageSize(
  model: Network | GraphModel,
  size: ImageSize | undefined,
): ImageSize | undefined {
  // Graph models write -1 for what is open.
  const wanted = model.inputs.length === 1
    ? (model.inputs[0]!.shape ?? []).slice(1).map((length) => length === -1 ? null : length)
    : [];
  if (wanted.length !== 3) {
    throw new RangeError(
      `Pipeline: the network must take one image of height, width and channels, but takes [${
        model.inputs.map(({ shape }) => shape?.slice(1).join(" × ") ?? "unknown").join("], [")
      }]`,
    );
  }
  const [height, width] = wanted;
  if (size) {
    if ((height ?? size[0]) === size[0] && (width ?? size[1]) === size[1]) return size;
    throw new RangeError(
      `Pipeline: preprocessing makes images of ${size.join(" × ")}, but the network takes ${
        height ?? "any"
      } × ${width ?? "any"}`,
    );
  }
  if (typeof height === "number" && typeof width === "number") return [height, width];
  return undefined;
}

function checkNames(names: readonly string[], classes: Int32Array): void {
  const twice = names.find((name, i) => names.indexOf(name) !== i);
  if (twice !== undefined) {
    throw new RangeError(`Pipeline: classNames holds ${describe(twice)} twice`);
  }
  const odd = names.find((name) => name.trim() === "");
  if (odd !== undefined) throw new RangeError("Pipeline: classNames holds an empty name");
  const unnamed = classes.find((label) => names[label] === undefined);
  if (unnamed !== undefined) {
    throw new RangeError(
      `Pipeline: class ${unnamed} has no name: classNames has ${names.length}, for the classes 0, 1, 2, …`,
    );
  }
}
