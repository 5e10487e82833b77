/**
 * UMAP (McInnes, Healy & Melville 2018).
 *
 * In two dimensions the steps are ours, on the compute backend: nearest neighbours, the fuzzy graph in
 * typed arrays, and the layout. The package `umap-js` fits the curve's parameters a and b, and lays out
 * in other numbers of dimensions; it is also the oracle of the tests.
 *
 * @module
 */
import { findABParams, UMAP } from "umap-js/dist/umap.js";
import { assertFinite, Matrix } from "../matrix.ts";
import { interruptible } from "../interrupt.ts";
import { createBreather, type OnProgress } from "../progress.ts";
import { seededRandom, standardNormal } from "../random.ts";
import { fuzzyGraph, type Graph } from "./fuzzy_graph.ts";
import { layOut } from "./layout.ts";
import { neighbourGraph } from "./neighbour_graph.ts";
import type { Metric, Neighbours } from "./nearest_neighbours.ts";
import { principalComponents } from "./principal_components.ts";
import { spectralStart } from "./spectral_start.ts";

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

/** What fitting can be told. */
export interface UmapFitOptions {
  readonly onProgress?: OnProgress;
  /** Stops the fit; the estimator stays as it was. */
  readonly signal?: AbortSignal;
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
/** Above so many rows fewer epochs do. */
const LARGE = 10_000;
/** Half the side of the square that points start in, and the noise on their places, as in umap-learn. */
const START_SIZE = 10, START_NOISE = 1e-4;

/**
 * Uniform manifold approximation and projection: lays rows out in few dimensions so that neighbours stay
 * neighbours.
 *
 * @example
 * ```ts
 * import { Matrix, seededRandom, Umap } from "deep-features";
 *
 * const random = seededRandom(1);
 * const X = Matrix.fromRows(Array.from({ length: 60 }, (_, i) => [random() + 9 * (i % 2), random()]));
 * const { embedding } = await new Umap({ nNeighbors: 5, nEpochs: 50, seed: 1 }).fit(X);
 * console.assert(embedding.rows === 60 && embedding.cols === 2);
 * ```
 */
export class Umap {
  /** The parameters, defaults filled in. */
  readonly options: Required<Omit<UmapOptions, "nEpochs">> & Pick<UmapOptions, "nEpochs">;
  #embedding: Matrix | undefined;

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
    if (!this.#embedding) throw new Error("This Umap is not fitted yet: call fit(X) first");
    return this.#embedding;
  }

  /**
   * Lays out rows X [n, features].
   *
   * @returns The estimator itself
   * @throws {RangeError} If a parameter or X is unusable, or there are too few rows for the neighbours
   * @throws {DOMException} If the signal aborts
   */
  async fit(X: Matrix, { onProgress, signal }: UmapFitOptions = {}): Promise<this> {
    check(this.options, X);
    signal?.throwIfAborted();
    this.#embedding = await interruptible(
      signal,
      (signal) => this.#embed(X, { onProgress, signal }),
    );
    return this;
  }

  async #embed(
    X: Matrix,
    { onProgress, signal }: { onProgress: OnProgress | undefined; signal: AbortSignal | undefined },
  ): Promise<Matrix> {
    const { nNeighbors, minDist, spread, nComponents, metric, seed } = this.options;
    const nEpochs = this.options.nEpochs ?? (X.rows > LARGE ? 200 : 500);
    // Both stages share one scale, so that a progress line goes from 0 to 100 % once.
    const stage = (offset: number): OnProgress => ({ done, total, ...rest }) =>
      onProgress?.({ done: offset + done / total, total: 2, ...rest });
    const neighbours = await neighbourGraph(X, nNeighbors, {
      metric,
      seed,
      onProgress: stage(0),
      signal,
    });
    if (nComponents !== 2) {
      return await this.#fitByUmapJs(neighbours, nEpochs, { onProgress: stage(1), signal });
    }
    const graph = fuzzyGraph(neighbours);
    const { a, b } = findABParams(spread, minDist);
    const places = await layOut(this.#start(X, graph), graph, {
      a,
      b,
      epochs: nEpochs,
      seed,
      rate: 1,
      onProgress: stage(1),
      signal,
    });
    return new Matrix(places, X.rows, 2);
  }

  /** Where points start, in a square of ± 10. */
  #start(X: Matrix, graph: Graph): Float32Array {
    const { init, seed } = this.options;
    const random = seededRandom(seed);
    if (init === "random") {
      return Float32Array.from({ length: 2 * X.rows }, () => START_SIZE * (2 * random() - 1));
    }
    const start = init === "pca" ? principalComponents(X, 2, seed) : spectralStart(graph, seed);
    const largest = start.reduce((x, y) => Math.max(x, Math.abs(y)), 0);
    const scale = largest > 0 ? START_SIZE / largest : 0;
    // A little noise parts points that are the same.
    return start.map((value) => value * scale + START_NOISE * standardNormal(random));
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
  { nNeighbors, minDist, spread, nComponents, nEpochs }: UmapOptions,
  X: Matrix,
): void {
  if (!(Number.isInteger(nNeighbors) && nNeighbors! >= 2)) {
    throw new RangeError(`nNeighbors must be a whole number of at least 2, got ${nNeighbors}`);
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
  if (X.rows <= nNeighbors!) {
    throw new RangeError(
      `Cannot find ${nNeighbors} neighbours among ${X.rows} rows: need at least ${nNeighbors! + 1}`,
    );
  }
  assertFinite(X);
}

function cut(values: Int32Array | Float32Array, length: number): number[][] {
  return Array.from(
    { length: values.length / length },
    (_, i) => Array.from(values.subarray(i * length, (i + 1) * length)),
  );
}
