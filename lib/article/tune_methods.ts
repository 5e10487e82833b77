import { listOf, oneOf, type Rules } from "../base/check.ts";
import type { Classifier } from "../base/classifier.ts";
import type { Dataset } from "../dataset/load_cifar10.ts";
import { GridSearch } from "../model_selection/grid_search.ts";
import { progressLine } from "../notebook/progress.ts";
import { resolveGamma } from "../svm/gamma.ts";
import { cached } from "./cache.ts";
import { findFeatures, kept } from "./kept.ts";
import {
  CREATE,
  METHOD_NAMES,
  type MethodKey,
  METHODS,
  type Parameters,
  rectified,
} from "./methods.ts";
import {
  checkComparison,
  comparedNetwork,
  COMPARISON_RULES,
  type ComparisonOptions,
} from "./network_settings.ts";
import { once } from "./outcome.ts";
import type { Preset } from "./preset.ts";
import { networkRows } from "./rows.ts";
import { type Grid, widenGrid } from "./widen_grid.ts";

/** How often a grid is made wider at most. */
const MOST_WIDENINGS = 8;

type TuneOptions = ComparisonOptions & { readonly methods?: readonly MethodKey[] };

const RULES: Rules<TuneOptions> = {
  ...COMPARISON_RULES,
  methods: listOf(oneOf(...Object.keys(METHOD_NAMES)), "a list of methods' keys"),
};

/** What the search for a classifier's parameters found. */
export interface Tuning {
  readonly method: MethodKey;
  readonly name: string;
  /** The best parameters. */
  readonly parameters: Parameters;
  /** Their mean accuracy over the folds, and its deviation. */
  readonly score: number;
  readonly sd: number;
  /** Combinations that were tried. */
  readonly tried: number;
  /** Parameters whose best value is the least or the greatest that was tried. */
  readonly edges: readonly string[];
}

/**
 * Tunes all classifiers of the comparison by the same search: grid search with the preset's folds, on the
 * first `gridRows` of the network's **validation** images, whose features are what those of new images are.
 * (On images that the network has learned from the scores would be too high.) Where the best lies at an edge of
 * its grid, the grid is made wider there, up to eight times. What is found is kept in `data/`, method by method.
 *
 * @param seed Of the network whose features are searched, and of the folds
 * @throws {DOMException} If the signal aborts
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { readPreset, setUpCompute } from "deep-features";
 * import { tuneMethods } from "deep-features/article";
 *
 * await setUpCompute({ quiet: true });
 * Deno.env.set("ARTICLE_CACHE", await Deno.makeTempDir());
 * const labels = Uint8Array.from({ length: 40 }, (_, i) => i % 2);
 * const images = Uint8Array.from({ length: 40 * 3072 }, (_, i) => 200 * labels[Math.floor(i / 3072)]!);
 * const split = { images, labels, shape: [40, 32, 32, 3] as const };
 * const classNames = ["dark", "bright"];
 * const data = { train: split, test: split, classNames, source: "stand-in", official: false } as const;
 * const preset = { ...readPreset("quick"), epochs: 1, batchSize: 10, folds: 2 };
 * const [svm] = await tuneMethods(data, preset, 1, { methods: ["tunedSvm"] });
 * assert(svm!.parameters["C"]! > 0);
 * ```
 */
export async function tuneMethods(
  data: Dataset,
  preset: Preset,
  seed: number,
  options: TuneOptions = {},
): Promise<Tuning[]> {
  checkComparison("tuneMethods", options, RULES);
  const { signal, methods } = options, { folds } = preset;
  const { begin, end } = networkRows(data.train.labels.length).validation;
  const rows = Math.min(preset.gridRows, end - begin);
  const network = comparedNetwork(data, preset, seed, options);
  const features = once(async () => {
    const { model } = await network.trained();
    const X = await findFeatures(model, data.train, { signal });
    model.dispose();
    return { X: X.slice(begin, begin + rows), scale: resolveGamma("scale", X) };
  });
  const y = data.train.labels.subarray(begin, begin + rows);
  const tunings: Tuning[] = [];
  for (const { key, learner, layer, grid } of METHODS) {
    if (!grid || (methods && !methods.includes(key))) continue;
    signal?.throwIfAborted();
    const settings = {
      ...network.settings,
      search: key,
      layer,
      grid,
      rows,
      folds,
      widened: MOST_WIDENINGS,
    };
    tunings.push(
      await cached("search", settings, async () => {
        const { X: hidden, scale } = await features();
        const X = layer === "acti3" ? rectified(hidden) : hidden;
        const { gammaFactor, ...others } = gridFor(grid, rows);
        const first = {
          ...others,
          ...(gammaFactor ? { gamma: gammaFactor.map((f) => f * scale) } : {}),
        };
        const searchOf = (grid: Grid) =>
          new GridSearch<Record<string, number>, Classifier>(
            (parameters) => CREATE[learner](parameters as Parameters, scale, seed),
            grid,
            { folds, seed, refit: false },
          );
        const onProgress = progressLine(`Searching ${METHOD_NAMES[key]}`);
        let wide: Grid = first, search = searchOf(wide);
        await kept(search).fit(X, y, { signal, onProgress });
        for (let times = 0; times < MOST_WIDENINGS && !search.isStopped; times++) {
          const wider = widenGrid(wide, search.edges, rows / 2);
          if (!wider) break;
          const { results: known } = search;
          wide = wider;
          search = searchOf(wide);
          const line = progressLine(`Searching ${METHOD_NAMES[key]} beyond the edge`);
          await search.fit(X, y, { signal, known, onProgress: line });
        }
        if (search.isStopped) throw new DOMException("The search was stopped", "AbortError");
        const best = search.results.find(({ mean }) => mean === search.bestScore)!;
        return {
          method: key,
          name: METHOD_NAMES[key],
          parameters: withFactor(best.parameters as Parameters, scale),
          score: best.mean,
          sd: best.sd,
          tried: search.results.length,
          edges: search.edges.map(({ parameter, side }) => `${parameter}: the ${side}`),
        };
      }),
    );
  }
  return tunings;
}

/** A fold of a small set has no 80 neighbors. */
function gridFor(grid: Grid, rows: number): Grid {
  const { nNeighbors, ...others } = grid;
  return nNeighbors ? { ...others, nNeighbors: nNeighbors.filter((k) => k <= rows / 2) } : grid;
}

/** Gamma in multiples of what it is by default, as other networks have features of other sizes. */
function withFactor({ gamma, ...others }: Parameters, scale: number): Parameters {
  return gamma === undefined
    ? others
    : { ...others, gammaFactor: Number((gamma / scale).toPrecision(12)) };
}
