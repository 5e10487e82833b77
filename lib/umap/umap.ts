/**
 * UMAP (McInnes, Healy & Melville 2018), with umap-learn 0.5.3 as the oracle.
 *
 * In two dimensions the steps are ours, on the compute backend: nearest neighbours (see
 * `neighbor_graph.ts`), the fuzzy graph in typed arrays, the start, the layout, and new rows on a fitted
 * map. The package `umap-js` fits the curve's parameters a and b, and lays out in other numbers of
 * dimensions; `ml-matrix` has the eigenvectors of a small matrix for the start.
 *
 * @module
 */
import { findABParams, UMAP } from "umap-js/dist/umap.js";
import {
  between,
  checkOptions,
  oneOf,
  positive,
  type Rules,
  seed as seedRule,
  whole,
  withDefaults,
} from "../base/check.ts";
import { denoInspect, jupyterDisplay } from "../base/display.ts";
import { assertFinite, assertMatrix, Matrix } from "../base/matrix.ts";
import { type Fact, factsBundle, factsLine } from "../base/show.ts";
import { interruptible } from "../notebook/interrupt.ts";
import { createBreather } from "../notebook/progress.ts";
import { type OnProgress, RUN_RULES, type RunOptions } from "../base/run_options.ts";
import { seededRandom, standardNormal } from "../base/random.ts";
import { bipartiteGraph, fuzzyGraph, type Graph } from "./engine/fuzzy_graph.ts";
import { layOut } from "./engine/layout.ts";
import { neighborGraph } from "../neighbors/neighbor_graph.ts";
import {
  type Metric,
  METRIC_RULE,
  nearestNeighbors,
  type Neighbors,
} from "../neighbors/nearest_neighbors.ts";
import { principalComponents } from "../neighbors/principal_components.ts";
import { componentStart } from "./engine/component_start.ts";

/** Parameters of a {@linkcode Umap}, with umap-learn's names and defaults. */
export interface UmapOptions {
  /**
   * Neighbours of a point that its place depends on; default 15. Where there are not more rows than these,
   * a warning says so, and all rows are neighbours.
   */
  readonly nNeighbors?: number;
  /** Least distance of points in the embedding; default 0.1. */
  readonly minDist?: number;
  /** Scale of the embedding; default 1. */
  readonly spread?: number;
  /** Dimensions of the embedding; default 2. */
  readonly nComponents?: number;
  /** Rounds of optimization; default 500, or 200 above 10,000 rows. */
  readonly nEpochs?: number;
  /** Default `"euclidean"`. */
  readonly metric?: Metric;
  /** Where points start: smooth functions on the graph (the default), principal components or chance. */
  readonly init?: "spectral" | "pca" | "random";
  /** Default 0; the same seed gives the same embedding. */
  readonly seed?: number;
}

/** What a {@linkcode Umap} has learned. */
export interface FittedUmap {
  /** The rows that were fitted. */
  readonly X: Matrix;
  /** Their places, [n, nComponents]. */
  readonly embedding: Matrix;
  /** Neighbours that a place depends on: `nNeighbors`, or fewer where there are few rows. */
  readonly nNeighbors: number;
}

/** An undefined number of epochs is chosen by the number of rows. */
const RULES: Rules<UmapOptions> = {
  nNeighbors: whole(2),
  minDist: between(0, Infinity),
  spread: positive,
  nComponents: whole(1),
  nEpochs: whole(1),
  metric: METRIC_RULE,
  init: oneOf("spectral", "pca", "random"),
  seed: seedRule,
};

const DEFAULTS = {
  nNeighbors: 15,
  minDist: 0.1,
  spread: 1,
  nComponents: 2,
  metric: "euclidean",
  init: "spectral",
  seed: 0,
} as const;
/** Above so many rows fewer epochs do. */
const LARGE = 10_000;
const EPOCHS = { fit: { few: 500, many: 200 }, transform: { few: 100, many: 30 } } as const;
/**
 * Learning rate at the start of a fit. umap-learn's 1 moves both ends of an edge at once, which keeps
 * their middle where it is; the kernel moves each end by itself, and at a rate of 1 that jostles whole
 * regions. On the article's features and on folded sheets a quarter gives the more trustworthy maps.
 */
const FIT_RATE = 1 / 4;
/** New rows get a third of a fit's epochs and umap-learn's learning rate for them. */
const TRANSFORM_EPOCHS = 1 / 3, TRANSFORM_RATE = 1 / 4;
/** Half the side of the square that points start in, and the noise on their places, as in umap-learn. */
const START_SIZE = 5, START_NOISE = 1e-4;

/**
 * Uniform manifold approximation and projection: lays rows out in few dimensions so that neighbours stay
 * neighbours.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { Matrix, Umap } from "deep-features";
 * import { seededRandom } from "deep-features/base";
 *
 * const random = seededRandom(1);
 * const X = Matrix.fromRows(Array.from({ length: 60 }, (_, i) => [random() + 9 * (i % 2), random()]));
 * const { embedding } = await new Umap({ nNeighbors: 5, nEpochs: 50, seed: 1 }).fit(X);
 * assert(embedding.rows === 60 && embedding.cols === 2);
 * ```
 */
export class Umap {
  /** The parameters, defaults filled in. */
  readonly options: Required<Omit<UmapOptions, "nEpochs">> & Pick<UmapOptions, "nEpochs">;
  #fitted: FittedUmap | undefined;

  /**
   * Stores the parameters.
   *
   * @throws {TypeError} If a parameter is unknown or of the wrong kind
   * @throws {RangeError} If a parameter is out of its range
   */
  constructor(options: UmapOptions = {}) {
    checkOptions("Umap", options, RULES);
    this.options = withDefaults(DEFAULTS, options);
    const { minDist, spread } = this.options;
    if (minDist > spread) {
      throw new RangeError(`Umap: minDist must be from 0 to spread (${spread}), got ${minDist}`);
    }
  }

  /** How a notebook shows it: its parameters and what it has learned. */
  [jupyterDisplay](): Record<string, unknown> {
    return factsBundle("Umap", this.#facts());
  }

  /** How `console.log` shows it: in one line. */
  [denoInspect](): string {
    return factsLine("Umap", this.#facts());
  }

  #facts(): Fact[] {
    const facts: Fact[] = Object.entries(this.options);
    if (!this.#fitted) return [...facts, ["fitted", "not yet"]];
    const { X, nNeighbors } = this.#fitted;
    return [
      ...facts,
      ["rows", X.rows],
      ["columns", X.cols],
      ["neighbors that were used", nNeighbors],
    ];
  }

  /**
   * The embedding of the rows that were fitted, [n, nComponents].
   *
   * @throws {Error} If the estimator is not fitted
   */
  get embedding(): Matrix {
    return this.fitted.embedding;
  }

  /**
   * What was learned.
   *
   * @throws {Error} If the estimator is not fitted
   */
  get fitted(): FittedUmap {
    if (!this.#fitted) throw new Error("This Umap is not fitted yet: call fit(X) first");
    return this.#fitted;
  }

  /**
   * Lays out rows X [n, features]. X is kept for {@linkcode Umap.transform}, not copied.
   *
   * As umap-learn does, it warns where there are not more rows than neighbours, and goes on with all of
   * them; a single row lies at the origin.
   *
   * @returns The estimator itself
   * @throws {TypeError} If X is no matrix
   * @throws {RangeError} If X is empty, has a value that is not finite, or not more rows than dimensions
   * @throws {DOMException} If the signal aborts; the estimator stays as it was
   */
  async fit(X: Matrix, options: RunOptions = {}): Promise<this> {
    checkOptions("Umap.fit", options, RUN_RULES);
    checkRows(X);
    const { nComponents } = this.options;
    // A plane takes whatever there is; more dimensions than the rows span say nothing.
    if (nComponents > 2 && nComponents >= X.rows) {
      throw new RangeError(
        `Umap: nComponents must be fewer than the ${X.rows} rows, got ${nComponents}`,
      );
    }
    if (nComponents !== 2 && X.rows === 2) {
      throw new RangeError(
        `Umap: 2 rows can be laid out in nComponents = 2 dimensions alone, not in ${nComponents}`,
      );
    }
    const { signal, onProgress } = options;
    signal?.throwIfAborted();
    const nNeighbors = this.#neighborsAmong(X.rows);
    const embedding = X.rows === 1
      ? new Matrix(new Float32Array(nComponents), 1, nComponents)
      : await interruptible(signal, (signal) => this.#embed(X, nNeighbors, { onProgress, signal }));
    this.#fitted = { X, embedding, nNeighbors };
    return this;
  }

  /**
   * Places new rows on the fitted map, which stays as it is (umap-learn's `transform`): each starts at
   * the mean of its nearest fitted rows' places, weighted by the strengths of the edges to them, and is
   * then moved by these edges and against random fitted rows. Neighbours are found exactly.
   *
   * Takes 100 epochs, 30 above 10,000 rows, or a third of `nEpochs`. Random numbers depend on where a row
   * stands in `X`, so its place differs a little between batches.
   *
   * @param X [m, features]
   * @returns [m, 2]
   * @throws {RangeError} If X has no rows, other columns than the fitted rows, or a value not finite
   * @throws {Error} If the estimator is not fitted, or its embedding is not two-dimensional
   * @throws {DOMException} If the signal aborts
   *
   * @example
   * ```ts
   * import assert from "node:assert/strict";
   * import { Matrix, Umap } from "deep-features";
   * import { seededRandom } from "deep-features/base";
   *
   * const random = seededRandom(1);
   * const rows = Array.from({ length: 60 }, (_, i) => [random() + 9 * (i % 2), random()]);
   * const umap = await new Umap({ nNeighbors: 5, nEpochs: 50 }).fit(Matrix.fromRows(rows));
   * const places = await umap.transform(Matrix.fromRows([[9.5, 0.5]]));
   * assert(places.rows === 1 && places.cols === 2);
   * ```
   */
  async transform(X: Matrix, options: RunOptions = {}): Promise<Matrix> {
    const { fitted } = this;
    checkOptions("Umap.transform", options, RUN_RULES);
    const { signal, onProgress } = options;
    if (fitted.embedding.cols !== 2) {
      throw new Error(
        `Cannot place new rows in ${fitted.embedding.cols} dimensions: only maps of nComponents 2 can ` +
          "take them; fit old and new rows together instead",
      );
    }
    checkRows(X);
    if (X.cols !== fitted.X.cols) {
      throw new RangeError(
        `Cannot place rows of ${X.cols} columns: the map was fitted on ${fitted.X.cols}`,
      );
    }
    signal?.throwIfAborted();
    // All there is to depend on is one place.
    if (fitted.X.rows === 1) return fitted.embedding.takeRows(new Uint32Array(X.rows));
    return await interruptible(signal, (signal) => this.#place(X, fitted, { onProgress, signal }));
  }

  /** How many neighbours each of so many rows gets; warns where they are too few. */
  #neighborsAmong(rows: number): number {
    const { nNeighbors } = this.options;
    if (rows > nNeighbors) return nNeighbors;
    const fewer = Math.max(Math.min(2, rows), rows - 1);
    console.warn(
      `Umap: nNeighbors = ${nNeighbors} is not fewer than the ${rows} rows: taking ${fewer}`,
    );
    return fewer;
  }

  async #embed(X: Matrix, nNeighbors: number, { onProgress, signal }: RunOptions): Promise<Matrix> {
    const { minDist, spread, nComponents, metric, seed } = this.options;
    const epochs = this.options.nEpochs ?? EPOCHS.fit[X.rows > LARGE ? "many" : "few"];
    const stage = stages(onProgress);
    const neighbors = await neighborGraph(X, nNeighbors, {
      metric,
      seed,
      onProgress: stage(0),
      signal,
    });
    if (nComponents !== 2) {
      return await this.#fitByUmapJs(neighbors, epochs, { onProgress: stage(1), signal });
    }
    const graph = fuzzyGraph(neighbors);
    const places = await layOut(this.#start(X, graph), graph, {
      ...findABParams(spread, minDist),
      epochs,
      seed,
      rate: FIT_RATE,
      onProgress: stage(1),
      signal,
    });
    return new Matrix(places, X.rows, 2);
  }

  async #place(X: Matrix, fitted: FittedUmap, { onProgress, signal }: RunOptions): Promise<Matrix> {
    const { minDist, spread, metric, seed, nEpochs } = this.options;
    const epochs = nEpochs === undefined
      ? EPOCHS.transform[X.rows > LARGE ? "many" : "few"]
      : Math.floor(nEpochs * TRANSFORM_EPOCHS);
    const stage = stages(onProgress);
    const neighbors = await nearestNeighbors(fitted.X, X, fitted.nNeighbors, {
      metric,
      onProgress: stage(0),
      signal,
    });
    const graph = bipartiteGraph(neighbors);
    const places = await layOut(meanPlaces(graph, fitted.embedding), graph, {
      ...findABParams(spread, minDist),
      epochs,
      seed,
      rate: TRANSFORM_RATE,
      fixed: fitted.embedding.data,
      onProgress: stage(1),
      signal,
    });
    return new Matrix(places, X.rows, 2);
  }

  /** Where points start, in a square of ± 5. */
  #start(X: Matrix, graph: Graph): Float32Array {
    const { init, seed } = this.options;
    const random = seededRandom(seed);
    if (init === "random") {
      return Float32Array.from({ length: 2 * X.rows }, () => START_SIZE * (2 * random() - 1));
    }
    const start = init === "pca" ? principalComponents(X, 2, seed) : componentStart(graph, X, seed);
    // Both axes get the same length, and a little noise parts points that are the same.
    for (let d = 0; d < 2; d++) {
      let low = Infinity, high = -Infinity;
      for (let at = d; at < start.length; at += 2) {
        low = Math.min(low, start[at]!);
        high = Math.max(high, start[at]!);
      }
      const scale = high > low ? 2 * START_SIZE / (high - low) : 0;
      for (let at = d; at < start.length; at += 2) {
        start[at] = (start[at]! - (low + high) / 2) * scale + START_NOISE * standardNormal(random);
      }
    }
    return start;
  }

  async #fitByUmapJs(
    { indices, distances, k }: Neighbors,
    nEpochs: number,
    { onProgress, signal }: { onProgress: OnProgress; signal: AbortSignal | undefined },
  ): Promise<Matrix> {
    const { minDist, spread, nComponents, seed } = this.options;
    const umap = new UMAP({
      nNeighbors: k,
      minDist,
      spread,
      nComponents,
      nEpochs,
      random: seededRandom(seed),
    });
    umap.setPrecomputedKNN(cut(indices, k), cut(distances, k));
    // With neighbours given, umap-js needs only the number of rows.
    umap.initializeFit(Array.from({ length: indices.length / k }, () => [0]));
    const breathe = createBreather();
    for (let epoch = 0; epoch < nEpochs; epoch++) {
      signal?.throwIfAborted();
      umap.step();
      onProgress({ done: epoch + 1, total: nEpochs, message: "layout" });
      await breathe();
    }
    return Matrix.fromRows(umap.getEmbedding());
  }
}

function checkRows(X: Matrix): void {
  assertMatrix(X);
  if (X.rows === 0 || X.cols === 0) {
    throw new RangeError(`Cannot lay out a ${X.rows} × ${X.cols} matrix: need rows and columns`);
  }
  assertFinite(X);
}

/** What the search for neighbors takes of the time, of many rows of some hundred columns. */
const NEIGHBORS_SHARE = 0.7;

/** Puts the progress of two stages on one scale, so that a progress line goes from 0 to 100 % once. */
function stages(onProgress: OnProgress | undefined): (stage: 0 | 1) => OnProgress {
  const shares = [NEIGHBORS_SHARE, 1 - NEIGHBORS_SHARE] as const;
  return (stage) => ({ done, total, ...rest }) => {
    // At the end it is the total itself, not nearly.
    const isEnd = stage === 1 && done === total;
    const before = stage * NEIGHBORS_SHARE + shares[stage] * done / total;
    onProgress?.({ done: isEnd ? 1 : before, total: 1, ...rest });
  };
}

/**
 * Where new rows start: the mean of their neighbours' places by the edges' weights, or the place of the
 * row that one equals (umap-learn's `init_graph_transform`).
 */
function meanPlaces({ starts, ends, weights }: Graph, { data }: Matrix): Float32Array {
  const places = new Float32Array(2 * (starts.length - 1));
  for (let i = 0; i < starts.length - 1; i++) {
    let x = 0, y = 0, sum = 0;
    for (let e = starts[i]!; e < starts[i + 1]!; e++) {
      const weight = weights[e]!, j = ends[e]!;
      if (weight === 1) {
        [x, y, sum] = [data[2 * j]!, data[2 * j + 1]!, 1];
        break;
      }
      x += weight * data[2 * j]!;
      y += weight * data[2 * j + 1]!;
      sum += weight;
    }
    places[2 * i] = x / sum;
    places[2 * i + 1] = y / sum;
  }
  return places;
}

function cut(values: Int32Array | Float32Array, length: number): number[][] {
  return Array.from(
    { length: values.length / length },
    (_, i) => Array.from(values.subarray(i * length, (i + 1) * length)),
  );
}
