import { listOf, oneOf, record, type Rules } from "../base/check.ts";
import type { Matrix } from "../base/matrix.ts";
import { predictClasses } from "../cnn/hidden_features.ts";
import type { Dataset } from "../dataset/load_cifar10.ts";
import { VALIDATION_SPLIT } from "../dataset/split.ts";
import { resolveGamma } from "../svm/gamma.ts";
import { cached, entryPath, withVersion } from "./cache.ts";
import { CREATE, METHOD_NAMES, type MethodKey, METHODS, rectified } from "./methods.ts";
import {
  type ComparedNetwork,
  comparedNetwork,
  COMPARISON_RULES,
  type ComparisonOptions,
} from "./network_settings.ts";
import { fittedOutcome, once, type Outcome } from "./outcome.ts";
import type { Preset } from "./preset.ts";
import { networkRows } from "./rows.ts";
import { findFeatures } from "./kept.ts";
import type { Tuning } from "./tune_methods.ts";

/**
 * Who learns from which training images:
 * - `"article"`: the network from the first four fifths, the other classifiers from all;
 * - `"same"`: all from the first four fifths;
 * - `"all"`: all from all, the network too, which then has no validation.
 */
export type Sharing = "article" | "same" | "all";

/** What `compareClassifiers` can be told. */
export interface ClassifierComparisonOptions extends ComparisonOptions {
  /** Who learns from which images; default `"same"`. */
  readonly sharing?: Sharing;
  /** What `tuneMethods` found; without it no tuned method is compared. */
  readonly tunings?: readonly Pick<Tuning, "method" | "parameters">[];
  /** Which methods are compared; default: the softmax and all that need no tuning or are tuned. */
  readonly methods?: readonly MethodKey[];
}

/** What {@linkcode ClassifierComparisonOptions} may be. */
export const CLASSIFIER_COMPARISON_RULES: Rules<ClassifierComparisonOptions> = {
  ...COMPARISON_RULES,
  sharing: oneOf("article", "same", "all"),
  tunings: listOf(record(), "what tuneMethods found"),
  methods: listOf(oneOf(...Object.keys(METHOD_NAMES)), "a list of methods' keys"),
};

/** One method on the network of one seed. */
export interface ComparisonPart {
  readonly method: MethodKey;
  /** The file of the cache that holds its outcome. */
  readonly path: string;
  /** Its outcome: read from the cache, or made and put there. */
  readonly outcome: () => Promise<Outcome>;
}

/** What is compared on the network of one seed. */
export interface SeedComparison {
  readonly seed: number;
  readonly network: ComparedNetwork;
  readonly parts: readonly ComparisonPart[];
  /** Of what all this was made. */
  readonly preset: Preset;
  readonly options: ClassifierComparisonOptions;
}

/** A network's outputs for the training and the test images. */
export interface ComparedFeatures {
  /** What gamma is by default on all rows. */
  readonly scale: number;
  readonly layers: Readonly<
    Record<"hidden" | "acti3", { readonly X: Matrix; readonly Xt: Matrix }>
  >;
}

/** Keeps the features of a network, by what they depend on, as long as it sees fit. */
export type KeepFeatures = (
  key: string,
  make: () => Promise<ComparedFeatures>,
) => Promise<ComparedFeatures>;

/**
 * The methods that are compared on the network of a seed, in the order of the tables.
 *
 * @param keep Where features are kept; by default as long as the parts are
 * @throws {RangeError} If a tuned method is asked for without its tuning
 */
export function comparisonParts(
  data: Dataset,
  preset: Preset,
  seed: number,
  options: ClassifierComparisonOptions,
  keep: KeepFeatures = (_, make) => make(),
): SeedComparison {
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
  const network = comparedNetwork(
    data,
    preset,
    seed,
    options,
    sharing === "all" ? 0 : VALIDATION_SPLIT,
  );
  const images = data.train.labels.length;
  const rows = sharing === "same" ? networkRows(images).learned.end : images;
  const features = once(() =>
    keep(JSON.stringify(network.settings), async () => {
      const { model } = await network.trained();
      const X = await findFeatures(model, data.train, { signal });
      const Xt = await findFeatures(model, data.test, { signal });
      const acti3 = { X: rectified(X), Xt: rectified(Xt) };
      return { scale: resolveGamma("scale", X), layers: { hidden: { X, Xt }, acti3 } };
    })
  );

  const parts: ComparisonPart[] = [];
  if (!methods || methods.includes("softmax")) {
    const settings = { ...network.settings, softmax: {} };
    parts.push({
      method: "softmax",
      path: entryPath("outcome", settings),
      outcome: () => cached("outcome", settings, () => softmaxOutcome(network, data, signal)),
    });
  }
  for (const { key, learner, layer } of chosen) {
    const count = learner === "forest" ? Math.min(preset.forestRows, rows) : rows;
    const parameters = parametersOf.get(key) ?? {};
    const settings = {
      ...network.settings,
      learner,
      layer,
      parameters,
      rows: count,
      // Before, gamma was counted in what it is on the rows at hand.
      ...("gammaFactor" in parameters ? { scale: "of all rows" } : {}),
    };
    parts.push({
      method: key,
      path: entryPath("outcome", withVersion(settings)),
      outcome: () =>
        fittedOutcome({
          settings,
          label: `${METHOD_NAMES[key]}, seed ${seed}`,
          classifier: async () => CREATE[learner](parameters, (await features()).scale, seed),
          features: async () => {
            const { X, Xt } = (await features()).layers[layer];
            return { X: X.slice(0, count), y: data.train.labels.subarray(0, count), Xt };
          },
          signal,
        }),
    });
  }
  return { seed, network, parts, preset, options };
}

async function softmaxOutcome(
  network: ComparedNetwork,
  data: Dataset,
  signal: AbortSignal | undefined,
): Promise<Outcome> {
  const { model, history } = await network.trained();
  const start = performance.now();
  const predicted = await predictClasses(model, data.test, { signal });
  return {
    predicted: [...predicted],
    fitSeconds: history.seconds.reduce((a, b) => a + b, 0),
    predictSeconds: (performance.now() - start) / 1000,
  };
}
