import { gemm } from "../../compute/gemm.ts";
import { Scope } from "../../compute/scope.ts";
import type { Matrix } from "../../base/matrix.ts";
import { columnMeans, SharedRows } from "../../compute/shared_rows.ts";
import { choleskySolver } from "./cholesky.ts";
import type { LinearLoss } from "./linear_losses.ts";

/** Rows whose outputs are computed at once: they stay in the caches between their two products. */
export const BLOCK_ROWS = 2048;
/** Relative rounding error of a mean of float32 losses, with room. */
const ROUNDING = 1e-8;
/**
 * Most columns whose covariance is factorised; beyond, its diagonal has to do. The pixels of 10,000 images
 * (3,072 columns) take 14 iterations to the default tolerance with it, and over 100 without.
 */
const MAX_WHITENED = 4096;
/** Where there are more columns for each row, few rows would have to pay for much factorising. */
const COLUMNS_PER_ROW = 4;
/** What is added to the covariance's diagonal, as a share of it, against rounding. */
const RIDGE = 1e-6;

/** What a {@linkcode LinearObjective} is made of. */
export interface LinearProblem {
  readonly X: Matrix;
  /** Class number of each row, from 0. */
  readonly codes: Int32Array;
  /** Outputs of the model: one a class, or one for two classes. */
  readonly outputs: number;
  readonly loss: LinearLoss;
  /** Factor of ½·(squares of the coefficients), relative to the mean loss. */
  readonly penalty: number;
  /** Factor of the intercepts' squares beside those of the coefficients. */
  readonly interceptPenalty: number;
}

/**
 * The mean loss of a linear model with an L2 penalty, its gradient, and a preconditioner, as functions
 * of the parameters [outputs, columns + 1]: coefficients, and last the output at the mean of the rows.
 *
 * The rows are copied once, less their mean: then an intercept does not fight with the coefficients, and
 * float32 products are more exact. A block's outputs Wᵀ·X and the gradient Rᵀ·X are matrix products in
 * which X is the operand that is not packed, so that each evaluation reads X once and copies none of it.
 */
export class LinearObjective implements Disposable {
  /** Relative rounding error of the values. */
  readonly rounding = ROUNDING;
  readonly #problem: LinearProblem;
  readonly #memory: Scope;
  readonly #mean: Float64Array;
  readonly #rows: SharedRows;
  readonly #weights: Float32Array;
  readonly #planes: Float32Array;
  readonly #gradient: Float32Array;

  constructor(problem: LinearProblem) {
    const { X, outputs } = problem;
    this.#problem = problem;
    this.#mean = columnMeans(X);
    using memory = new Scope();
    this.#rows = memory.use(SharedRows.of(X, this.#mean));
    this.#weights = memory.float32(outputs * X.cols);
    this.#planes = memory.float32(outputs * BLOCK_ROWS);
    this.#gradient = memory.float32(outputs * X.cols);
    this.#memory = memory.move();
  }

  /** Number of parameters. */
  get size(): number {
    return this.#problem.outputs * (this.#problem.X.cols + 1);
  }

  /** The objective's value; writes its gradient. */
  evaluate(parameters: Float64Array, gradient: Float64Array): number {
    const { X: { rows, cols }, codes, outputs, loss } = this.#problem;
    const a = this.#weights, c = this.#planes;
    const stride = cols + 1;
    for (let k = 0; k < outputs; k++) {
      const from = k * stride;
      this.#weights.set(parameters.subarray(from, from + cols), k * cols);
    }
    gradient.fill(0);
    let sum = 0;
    for (let begin = 0; begin < rows; begin += BLOCK_ROWS) {
      const count = Math.min(BLOCK_ROWS, rows - begin), b = this.#rows.from(begin);
      gemm({ a, b, c, rows: outputs, columns: count, depth: cols, transposeB: true });
      const planes = this.#planes.subarray(0, outputs * count);
      for (let k = 0; k < outputs; k++) {
        const intercept = parameters[k * stride + cols]!;
        for (let i = k * count; i < (k + 1) * count; i++) planes[i]! += intercept;
      }
      sum += loss(planes, codes.subarray(begin, begin + count));
      gemm({ a: c, b, c: this.#gradient, rows: outputs, columns: cols, depth: count });
      for (let k = 0; k < outputs; k++) {
        for (let j = 0; j < cols; j++) gradient[k * stride + j]! += this.#gradient[k * cols + j]!;
        for (let i = k * count; i < (k + 1) * count; i++) {
          gradient[k * stride + cols]! += planes[i]!;
        }
      }
    }
    for (let i = 0; i < gradient.length; i++) gradient[i]! /= rows;
    return sum / rows + this.#addPenalty(parameters, gradient);
  }

  /**
   * A multiplication by the inverse of the Hessian that the loss would have if its curvature were the
   * same in all rows: (curvature · covariance + penalty)⁻¹ for each output, by Cholesky's factorisation.
   * Columns of very different size, or that depend on each other, then cost no iterations.
   *
   * @param pause Awaited between parts of the work; may throw to stop
   */
  async preconditioner(
    curvature: number,
    pause?: () => Promise<void>,
  ): Promise<(vector: Float64Array) => void> {
    const { X: { rows, cols } } = this.#problem;
    return cols <= Math.min(MAX_WHITENED, COLUMNS_PER_ROW * rows)
      ? await choleskySolver(this.#hessian(curvature), cols + 1, pause)
      : this.#diagonalSolver(curvature);
  }

  /** Coefficients and intercepts for rows as they came. */
  unpack(parameters: Float64Array): { coef: Float32Array; intercept: Float64Array } {
    const { X: { cols }, outputs } = this.#problem;
    const coef = new Float32Array(outputs * cols), intercept = new Float64Array(outputs);
    for (let k = 0; k < outputs; k++) {
      const part = parameters.subarray(k * (cols + 1), (k + 1) * (cols + 1));
      coef.set(part.subarray(0, cols), k * cols);
      intercept[k] = this.#intercept(part);
    }
    return { coef, intercept };
  }

  /** Gives the memory back. */
  [Symbol.dispose](): void {
    this.#memory[Symbol.dispose]();
  }

  /** The intercept that belongs to one output's parameters. */
  #intercept(part: Float64Array): number {
    let value = part[part.length - 1]!;
    this.#mean.forEach((mean, j) => value -= mean * part[j]!);
    return value;
  }

  /** The penalty's value; adds its gradient. */
  #addPenalty(parameters: Float64Array, gradient: Float64Array): number {
    const { X: { cols }, outputs, penalty, interceptPenalty } = this.#problem;
    let squares = 0;
    for (let k = 0; k < outputs; k++) {
      const begin = k * (cols + 1), end = begin + cols;
      for (let i = begin; i < end; i++) {
        squares += parameters[i]! ** 2;
        gradient[i]! += penalty * parameters[i]!;
      }
      if (interceptPenalty === 0) continue;
      const intercept = this.#intercept(parameters.subarray(begin, end + 1));
      const slope = penalty * interceptPenalty * intercept;
      squares += interceptPenalty * intercept ** 2;
      gradient[end]! += slope;
      for (let j = 0; j < cols; j++) gradient[begin + j]! -= slope * this.#mean[j]!;
    }
    return penalty / 2 * squares;
  }

  /** [columns + 1, columns + 1]: curvature · covariance + penalty, of one output. */
  #hessian(curvature: number): Float64Array {
    const { X: { rows, cols }, penalty } = this.#problem;
    using memory = new Scope();
    const products = memory.float32(cols * cols);
    const hessian = new Float64Array((cols + 1) ** 2);
    for (let begin = 0; begin < rows; begin += BLOCK_ROWS) {
      const block = this.#rows.from(begin);
      gemm({
        a: block,
        b: block,
        c: products,
        rows: cols,
        columns: cols,
        depth: Math.min(BLOCK_ROWS, rows - begin),
        transposeA: true,
        add: begin > 0,
      });
    }
    for (let i = 0; i < cols; i++) {
      for (let j = 0; j < cols; j++) {
        hessian[i * (cols + 1) + j] = curvature * products[i * cols + j]! / rows;
      }
    }
    const intercept = this.#interceptDirection();
    for (let i = 0; i <= cols; i++) {
      for (let j = 0; j <= cols; j++) hessian[i * (cols + 1) + j]! += intercept[i]! * intercept[j]!;
      const at = i * (cols + 2);
      hessian[at] = i < cols ? hessian[at]! * (1 + RIDGE) + penalty : hessian[at]! + curvature;
    }
    return hessian;
  }

  /** The diagonal alone. */
  #diagonalSolver(curvature: number): (vector: Float64Array) => void {
    const { X: { rows, cols }, penalty } = this.#problem;
    const diagonal = this.#interceptDirection().map((value) => value ** 2);
    for (let i = 0; i < rows; i++) {
      for (let j = 0; j < cols; j++) {
        diagonal[j]! += curvature * this.#rows.data[i * cols + j]! ** 2 / rows;
      }
    }
    for (let j = 0; j < cols; j++) diagonal[j]! += penalty;
    diagonal[cols]! += curvature;
    return (vector) => {
      for (let i = 0; i < vector.length; i++) vector[i]! /= diagonal[i % (cols + 1)]!;
    };
  }

  /** Of the intercept's penalty, the vector whose square is its Hessian. */
  #interceptDirection(): Float64Array {
    const { X: { cols }, penalty, interceptPenalty } = this.#problem;
    const size = Math.sqrt(penalty * interceptPenalty);
    return Float64Array.from({ length: cols + 1 }, (_, j) => {
      return j < cols ? -size * this.#mean[j]! : size;
    });
  }
}
