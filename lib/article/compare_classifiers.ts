import { predictClasses } from "../cnn/hidden_features.ts";
import type { Dataset } from "../dataset/load_cifar10.ts";
import { VALIDATION_SPLIT } from "../dataset/split.ts";
import { checkOptions, listOf, oneOf, record, type Rules } from "../base/check.ts";
import { resolveGamma } from "../svm/gamma.ts";
import { cached } from "./cache.ts";
import { findFeatures } from "./kept.ts";
import { CREATE, METHOD_NAMES, type MethodKey, METHODS, rectified } from "./methods.ts";
import { fittedOutcome, once, type Outcome } from "./outcome.ts";
import type { Preset } from "./preset.ts";
import { comparedNetwork, COMPARISON_RULES, type ComparisonOptions } from "./network_settings.ts";
import { networkRows } from "./rows.ts";
import type { Tuning } from "./tune_methods.ts";

/** What each method made of the network of one seed. */
export interface Comparison {
  readonly seed: number;
  /** By the keys of {@linkcode METHOD_NAMES}. */
  readonly outcomes: Readonly<Record<string, Outcome>>;
}

/**
 * Who learns from which training images:
 * - `"article"`: the network from the first four fifths, the other classifiers from all;
 * - `"same"`: all from the first four fifths;
 * - `"all"`: all from all, the network too, which then has no validation.
 */
export type Sharing = "article" | "same" | "all";

/** What {@linkcode compareClassifiers} can be told. */
export interface ClassifierComparisonOptions extends ComparisonOptions {
  /** Who learns from which images; default `"same"`. */
  readonly sharing?: Sharing;
  /** What `tuneMethods` found; without it no tuned method is compared. */
  readonly tunings?: readonly Tuning[];
  /** Which methods are compared; default: the softmax and all that need no tuning or are tuned. */
  readonly methods?: readonly MethodKey[];
}

const KEYS = oneOf(...Object.keys(METHOD_NAMES));

const RULES: Rules<ClassifierComparisonOptions> = {
  ...COMPARISON_RULES,
  sharing: oneOf("article", "same", "all"),
  tunings: listOf(record(), "what tuneMethods found"),
  methods: listOf(KEYS, "a list of methods' keys"),
};

/**
 * The softmax and other classifiers on the hidden layer of a network trained from one seed: support vector
 * machines (RBF and linear), logistic regression (on `acti3`, too), nearest neighbors, a random forest; each
 * with its defaults and tuned.
 *
 * The outcome of each is kept in `data/` by itself, with its seconds: an interrupted comparison goes on
 * where it was, and a further classifier leaves the others as they are. The softmax's seconds of fitting
 * are those of training the whole network.
 *
 * @throws {TypeError} If `sharing` is no text
 * @throws {RangeError} If `sharing` is none of the three, or a tuned method is asked for without its tuning
 * @throws {DOMException} If the signal aborts
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { compareClassifiers, readPreset, setUpCompute } from "deep-features";
 *
 * await setUpCompute({ quiet: true });
 * Deno.env.set("ARTICLE_CACHE", await Deno.makeTempDir());
 * const labels = Uint8Array.from({ length: 40 }, (_, i) => i % 2);
 * const images = Uint8Array.from({ length: 40 * 3072 }, (_, i) => 200 * labels[Math.floor(i / 3072)]!);
 * const split = { images, labels, shape: [40, 32, 32, 3] as const };
 * const classNames = ["dark", "bright"];
 * const data = { train: split, test: split, classNames, source: "stand-in", official: false } as const;
 * const preset = { ...readPreset("quick"), epochs: 1, batchSize: 10 };
 * const { outcomes } = await compareClassifiers(data, preset, 1);
 * assert.equal(outcomes["svm"]!.predicted.length, 40);
 * ```
 */
export async function compareClassifiers(
  data: Dataset,
  preset: Preset,
  seed: number,
  options: ClassifierComparisonOptions = {},
): Promise<Comparison> {
  checkOptions("compareClassifiers", options, RULES);
  const { signal, sharing = "same", tunings = [], methods } = options;
  const parametersOf = new Map(tunings.map(({ method, parameters }) => [method, parameters]));
  for (const { key, grid } of METHODS) {
    if (!grid || !methods?.includes(key) || parametersOf.has(key)) continue;
    throw new RangeError(
      `compareClassifiers has no tuning of "${key}": give what tuneMethods found`,
    );
  }
  const chosen = METHODS.filter(({ key, grid }) =>
    methods ? methods.includes(key) : !grid || parametersOf.has(key)
  );
  const validationSplit = sharing === "all" ? 0 : VALIDATION_SPLIT;
  const { settings: network, trained } = comparedNetwork(
    data,
    preset,
    seed,
    options,
    validationSplit,
  );
  const images = data.train.labels.length;
  const rows = sharing === "same" ? networkRows(images).learned.end : images;
  const features = once(async () => {
    const { model } = await trained();
    const X = await findFeatures(model, data.train, { signal });
    const Xt = await findFeatures(model, data.test, { signal });
    const acti3 = { X: rectified(X), Xt: rectified(Xt) };
    return { scale: resolveGamma("scale", X), layers: { hidden: { X, Xt }, acti3 } };
  });

  const outcomes: Record<string, Outcome> = {};
  if (!methods || methods.includes("softmax")) {
    outcomes["softmax"] = await cached("outcome", { ...network, softmax: {} }, async () => {
      const { model, history } = await trained();
      const start = performance.now();
      const predicted = await predictClasses(model, data.test, { signal });
      return {
        predicted: [...predicted],
        fitSeconds: history.seconds.reduce((a, b) => a + b, 0),
        predictSeconds: (performance.now() - start) / 1000,
      };
    });
  }
  for (const { key, learner, layer } of chosen) {
    signal?.throwIfAborted();
    const count = learner === "forest" ? Math.min(preset.forestRows, rows) : rows;
    const parameters = parametersOf.get(key) ?? {};
    outcomes[key] = await fittedOutcome({
      settings: {
        ...network,
        learner,
        layer,
        parameters,
        rows: count,
        // Before, gamma was counted in what it is on the rows at hand.
        ...("gammaFactor" in parameters ? { scale: "of all rows" } : {}),
      },
      label: `${METHOD_NAMES[key]}, seed ${seed}`,
      classifier: async () => CREATE[learner](parameters, (await features()).scale, seed),
      features: async () => {
        const { X, Xt } = (await features()).layers[layer];
        return { X: X.slice(0, count), y: data.train.labels.subarray(0, count), Xt };
      },
      signal,
    });
  }
  return { seed, outcomes };
}
