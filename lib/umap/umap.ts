/**
 * UMAP (McInnes, Healy & Melville 2018), with umap-learn 0.5.3 as the oracle.
 *
 * In two dimensions the steps are ours, on the compute backend: nearest neighbours (see
 * `neighbour_graph.ts`), the fuzzy graph in typed arrays, the start, the layout, and new rows on a fitted
 * map. The package `umap-js` fits the curve's parameters a and b, and lays out in other numbers of
 * dimensions; `ml-matrix` has the eigenvectors of a small matrix for the start.
 *
 * @module
 */
import { findABParams, UMAP } from "umap-js/dist/umap.js";
import { assertFinite, Matrix } from "../base/matrix.ts";
import { interruptible } from "../notebook/interrupt.ts";
import { createBreather } from "../notebook/progress.ts";
import type { OnProgress } from "../base/run_options.ts";
import { seededRandom, standardNormal } from "../base/random.ts";
import { bipartiteGraph, fuzzyGraph, type Graph } from "./engine/fuzzy_graph.ts";
import { layOut } from "./engine/layout.ts";
import { neighbourGraph } from "../neighbors/engine/neighbor_graph.ts";
import { type Metric, nearestNeighbours, type Neighbours } from "../neighbors/nearest_neighbors.ts";
import { principalComponents } from "../neighbors/engine/principal_components.ts";
import { componentStart } from "./engine/component_start.ts";

/** Parameters of a {@linkcode Umap}, with umap-learn's names and defaults. */
export interface UmapOptions {
  /** Neighbours of a point that its place depends on; default 15. */
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

/** What fitting and placing new rows can be told. */
export interface UmapFitOptions {
  readonly onProgress?: OnProgress;
  /** Stops the work; the estimator stays as it was. */
  readonly signal?: AbortSignal;
}

/** What a fit leaves for new rows. */
interface Fitted {
  readonly X: Matrix;
  readonly embedding: Matrix;
}

const DEFAULTS = {
  nNeighbors: 15,
  minDist: 0.1,
  spread: 1,
  nComponents: 2,
  metric: "euclidean",
  init: "spectral",
  seed: 0,
} as const;
const METRICS: readonly Metric[] = ["euclidean", "cosine"];
const INITS: readonly UmapOptions["init"][] = ["spectral", "pca", "random"];
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
 * import { Matrix, seededRandom, Umap } from "deep-features";
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
  #fitted: Fitted | undefined;

  /** Stores the parameters; they are checked when fitting. */
  constructor(options: UmapOptions = {}) {
    this.options = { ...DEFAULTS, ...options };
  }

  /**
   * The embedding of the rows that were fitted, [n, nComponents].
   *
   * @throws {Error} If the estimator is not fitted
   */
  get embedding(): Matrix {
    return this.#state().embedding;
  }

  /**
   * Lays out rows X [n, features]. X is kept for {@linkcode Umap.transform}, not copied.
   *
   * @returns The estimator itself
   * @throws {RangeError} If a parameter or X is unusable, or there are too few rows for the neighbours
   * @throws {DOMException} If the signal aborts
   */
  async fit(X: Matrix, { onProgress, signal }: UmapFitOptions = {}): Promise<this> {
    check(this.options, X);
    signal?.throwIfAborted();
    const embedding = await interruptible(
      signal,
      (signal) => this.#embed(X, { onProgress, signal }),
    );
    this.#fitted = { X, embedding };
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
   * import { Matrix, seededRandom, Umap } from "deep-features";
   *
   * const random = seededRandom(1);
   * const rows = Array.from({ length: 60 }, (_, i) => [random() + 9 * (i % 2), random()]);
   * const umap = await new Umap({ nNeighbors: 5, nEpochs: 50 }).fit(Matrix.fromRows(rows));
   * const places = await umap.transform(Matrix.fromRows([[9.5, 0.5]]));
   * assert(places.rows === 1 && places.cols === 2);
   * ```
   */
  async transform(X: Matrix, { onProgress, signal }: UmapFitOptions = {}): Promise<Matrix> {
    const fitted = this.#state();
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
    return await interruptible(
      signal,
      (signal) => this.#place(X, fitted, { onProgress, signal }),
    );
  }

  #state(): Fitted {
    if (!this.#fitted) throw new Error("This Umap is not fitted yet: call fit(X) first");
    return this.#fitted;
  }

  async #embed(
    X: Matrix,
    { onProgress, signal }: { onProgress: OnProgress | undefined; signal: AbortSignal | undefined },
  ): Promise<Matrix> {
    const { nNeighbors, minDist, spread, nComponents, metric, seed } = this.options;
    const epochs = this.options.nEpochs ?? EPOCHS.fit[X.rows > LARGE ? "many" : "few"];
    const stage = stages(onProgress);
    const neighbours = await neighbourGraph(X, nNeighbors, {
      metric,
      seed,
      onProgress: stage(0),
      signal,
    });
    if (nComponents !== 2) {
      return await this.#fitByUmapJs(neighbours, epochs, { onProgress: stage(1), signal });
    }
    const graph = fuzzyGraph(neighbours);
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

  async #place(
    X: Matrix,
    fitted: Fitted,
    { onProgress, signal }: { onProgress: OnProgress | undefined; signal: AbortSignal | undefined },
  ): Promise<Matrix> {
    const { nNeighbors, minDist, spread, metric, seed, nEpochs } = this.options;
    const epochs = nEpochs === undefined
      ? EPOCHS.transform[X.rows > LARGE ? "many" : "few"]
      : Math.floor(nEpochs * TRANSFORM_EPOCHS);
    const stage = stages(onProgress);
    const neighbours = await nearestNeighbours(fitted.X, X, nNeighbors, {
      metric,
      onProgress: stage(0),
      signal,
    });
    const graph = bipartiteGraph(neighbours);
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
    { indices, distances, k }: Neighbours,
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

function check(
  { nNeighbors, minDist, spread, nComponents, nEpochs, metric, init, seed }: UmapOptions,
  X: Matrix,
): void {
  if (!(Number.isInteger(nNeighbors) && nNeighbors! >= 2)) {
    throw new RangeError(`nNeighbors must be a whole number of at least 2, got ${nNeighbors}`);
  }
  if (!(spread! > 0 && spread! < Infinity)) {
    throw new RangeError(`spread must be above 0, got ${spread}`);
  }
  if (!(minDist! >= 0 && minDist! <= spread!)) {
    throw new RangeError(`minDist must be from 0 to spread (${spread}), got ${minDist}`);
  }
  if (!(Number.isInteger(nComponents) && nComponents! >= 1)) {
    throw new RangeError(`nComponents must be a positive whole number, got ${nComponents}`);
  }
  if (nEpochs !== undefined && !(Number.isInteger(nEpochs) && nEpochs >= 1)) {
    throw new RangeError(`nEpochs must be a positive whole number, got ${nEpochs}`);
  }
  if (!METRICS.includes(metric!)) {
    throw new RangeError(`metric must be one of ${METRICS.join(", ")}, got ${metric}`);
  }
  if (!INITS.includes(init)) {
    throw new RangeError(`init must be one of ${INITS.join(", ")}, got ${init}`);
  }
  if (!Number.isInteger(seed)) {
    throw new RangeError(`seed must be a whole number, got ${seed}`);
  }
  if (X.rows <= nNeighbors!) {
    throw new RangeError(
      `Cannot find ${nNeighbors} neighbours among ${X.rows} rows: need at least ${nNeighbors! + 1}`,
    );
  }
  checkRows(X);
}

function checkRows(X: Matrix): void {
  if (X.rows === 0 || X.cols === 0) {
    throw new RangeError(`Cannot lay out a ${X.rows} × ${X.cols} matrix: need rows and columns`);
  }
  assertFinite(X);
}

/** Puts the progress of two stages on one scale, so that a progress line goes from 0 to 100 % once. */
function stages(onProgress: OnProgress | undefined): (stage: number) => OnProgress {
  return (stage) => ({ done, total, ...rest }) =>
    onProgress?.({ done: stage + done / total, total: 2, ...rest });
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
