/**
 * UMAP (McInnes, Healy & Melville 2018).
 *
 * The nearest neighbours are ours, found on the compute backend; the fuzzy graph and the layout are
 * those of the package `umap-js`.
 *
 * @module
 */
import { UMAP } from "umap-js";
import { assertFinite, Matrix } from "../matrix.ts";
import { createBreather, type OnProgress } from "../progress.ts";
import { seededRandom } from "../random.ts";
import { type Metric, nearestNeighbours } from "./nearest_neighbours.ts";

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
  seed: 0,
} as const;
const LARGE = 10_000;

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
    const { nNeighbors, minDist, spread, nComponents, metric, seed } = this.options;
    const nEpochs = this.options.nEpochs ?? (X.rows > LARGE ? 200 : 500);
    signal?.throwIfAborted();
    const { indices, distances } = await nearestNeighbours(X, X, nNeighbors, {
      metric,
      onProgress,
      signal,
    });
    const umap = new UMAP({
      nNeighbors,
      minDist,
      spread,
      nComponents,
      nEpochs,
      random: seededRandom(seed),
    });
    umap.setPrecomputedKNN(
      cut(indices, nNeighbors),
      cut(distances, nNeighbors),
    );
    // With neighbours given, umap-js needs only the number of rows.
    umap.initializeFit(Array.from({ length: X.rows }, () => [0]));
    const breathe = createBreather();
    for (let epoch = 0; epoch < nEpochs; epoch++) {
      signal?.throwIfAborted();
      umap.step();
      onProgress?.({ done: epoch + 1, total: nEpochs, message: "layout" });
      await breathe();
    }
    this.#embedding = Matrix.fromRows(umap.getEmbedding());
    return this;
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
