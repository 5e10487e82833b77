/**
 * The dual of a C-SVC for all pairs of classes, solved by sequential minimal optimization (Platt 1998)
 * with second-order working-set selection (Fan, Chen & Lin 2005) over a growing set of rows whose kernel
 * rows are in memory, in the spirit of ThunderSVM (Wen et al. 2018).
 *
 * Kernel rows are computed lazily, in batches, as one matrix product each: the rows that violate the
 * optimality conditions most come next. A kernel row is kept as segments over classes, so that the
 * segment of a row over its own class serves every pair that the class is in: with ten classes that
 * halves the work. Memory is rows × batches, bounded by `cacheBytes`: the oldest batches give way.
 *
 * A fixed number of pairs is solved side by side, so results do not depend on the number of threads.
 *
 * @module
 */
import { allocFloat32, allocFloat64, allocInt32, freeViews, pointer } from "../compute/memory.ts";
import { runKernel } from "../compute/pool.ts";
import { createBreather, type OnProgress } from "../progress.ts";
import {
  allocKernelRows,
  kernelBlock,
  type KernelFunction,
  type KernelRows,
  selfKernel,
} from "./kernel_function.ts";

/** Rows whose kernel rows are computed at once: enough for the matrix product to be efficient. */
const BATCH_ROWS = 384;
/** Pairs of classes that are solved side by side. */
const PAIRS_AT_ONCE = 4;
/** Words of a pair's descriptor and numbers of its parameters, as in the kernel. */
const DESCRIPTOR_WORDS = 16;
const PARAMETERS = 5;
/** Steps after which the main thread looks up, so that an interrupt is heard. */
const STEPS_IN_ROUND = 4000;
/** A round stops at this share of the violation that it began with: other rows matter more then. */
const ROUND_SHARE = 0.1;

/** A problem: rows sorted by class. */
export interface SmoProblem {
  readonly kernel: KernelFunction;
  /** The rows of each class, in the shared memory. */
  readonly classes: readonly KernelRows[];
  /** C of each class. */
  readonly classC: readonly number[];
  /** Largest violation of the optimality conditions that is accepted. */
  readonly tol: number;
  /** Most steps for a pair; −1 for no limit. */
  readonly maxIter: number;
  /** Memory for kernel values, in bytes. */
  readonly cacheBytes: number;
  readonly onProgress?: OnProgress;
  readonly signal?: AbortSignal;
}

/** The solution for one pair of classes. */
export interface PairSolution {
  readonly first: number;
  readonly second: number;
  /** y·α of the rows of the first class, then of the second. */
  readonly coefficients: Float64Array;
  /** LIBSVM's ρ: the decision value is Σ y α K − ρ, positive for the first class. */
  readonly rho: number;
  /** ½ αᵀQα − Σ α at the solution. */
  readonly objective: number;
  readonly steps: number;
  /** Whether the tolerance was reached before `maxIter`. */
  readonly converged: boolean;
}

/** Kernel rows of a batch over one class. */
interface Block {
  readonly values: Float32Array;
  /** The rows, as indices within their class. */
  readonly rows: readonly number[];
  /** Where each row's segment is registered. */
  readonly segments: Map<number, number>;
  made: number;
}

/** Everything that is known of kernel values: segments by class of the row, class of the columns. */
class KernelCache {
  readonly #problem: SmoProblem;
  readonly #blocks = new Set<Block>();
  /** Address of the segment of each row, by `${class of row},${class of columns}`. */
  readonly #segments = new Map<string, Map<number, number>>();
  readonly #batch: KernelRows;
  #bytes = 0;
  #clock = 0;

  constructor(problem: SmoProblem) {
    this.#problem = problem;
    this.#batch = allocKernelRows(BATCH_ROWS, problem.classes[0]!.cols);
  }

  segments(rowClass: number, columnClass: number): Map<number, number> {
    const key = `${rowClass},${columnClass}`;
    let segments = this.#segments.get(key);
    if (!segments) this.#segments.set(key, segments = new Map());
    return segments;
  }

  /** Begins a batch: blocks made from now on are not dropped before the next one begins. */
  tick(): void {
    this.#clock++;
  }

  /** Computes the segments of some rows over a class, as far as they are missing. */
  fill(rowClass: number, columnClass: number, rows: readonly number[]): void {
    const segments = this.segments(rowClass, columnClass);
    const missing = rows.filter((row) => !segments.has(row));
    if (missing.length === 0) return;
    const { classes, kernel } = this.#problem;
    const columns = classes[columnClass]!;
    this.#makeRoom(4 * missing.length * columns.rows);
    missing.forEach((row, i) => this.#copy(classes[rowClass]!, row, i));
    const values = allocFloat32(missing.length * columns.rows);
    kernelBlock(kernel, this.#batch, 0, missing.length, columns, values);
    this.#blocks.add({ values, rows: missing, segments, made: this.#clock });
    this.#bytes += values.byteLength;
    missing.forEach((row, i) => segments.set(row, pointer(values) + 4 * i * columns.rows));
  }

  /** Takes a row into the batch as it is: it is centred already. */
  #copy(rows: KernelRows, from: number, to: number): void {
    const { data, norms, cols } = rows;
    this.#batch.data.set(data.subarray(from * cols, (from + 1) * cols), to * cols);
    this.#batch.norms[to] = norms[from]!;
  }

  /** Drops what only the pair of these two classes needs. */
  dropPair(first: number, second: number): void {
    const own = [this.segments(first, second), this.segments(second, first)];
    for (const block of this.#blocks) {
      if (own.includes(block.segments)) this.#drop(block);
    }
  }

  free(): void {
    for (const block of this.#blocks) this.#drop(block);
    freeViews(this.#batch.data, this.#batch.norms);
  }

  #makeRoom(bytes: number): void {
    while (this.#bytes + bytes > this.#problem.cacheBytes) {
      let oldest: Block | undefined;
      for (const block of this.#blocks) {
        if (
          block.made < this.#clock &&
          (!oldest || block.made < oldest.made)
        ) {
          oldest = block;
        }
      }
      if (!oldest) return;
      this.#drop(oldest);
    }
  }

  #drop(block: Block): void {
    for (const row of block.rows) block.segments.delete(row);
    this.#bytes -= block.values.byteLength;
    this.#blocks.delete(block);
    freeViews(block.values);
  }
}

/** A pair of classes on its way. */
class Pair {
  readonly n: number;
  readonly #firstRows: number;
  readonly #alpha: Float64Array;
  readonly #F: Float64Array;
  readonly #segments: Uint32Array;
  readonly #segmentsView: Int32Array;
  readonly #diagonal: Float32Array;
  readonly #resident: Int32Array;
  readonly #parameters: Float64Array;
  #count = 0;
  steps = 0;
  converged = false;

  constructor(
    readonly first: number,
    readonly second: number,
    private readonly problem: SmoProblem,
    private readonly cache: KernelCache,
  ) {
    const [a, b] = [problem.classes[first]!, problem.classes[second]!];
    this.#firstRows = a.rows;
    this.n = a.rows + b.rows;
    this.#alpha = allocFloat64(this.n).fill(0);
    this.#F = allocFloat64(this.n).fill(1).fill(-1, 0, a.rows);
    this.#segmentsView = allocInt32(2 * this.n);
    this.#segments = new Uint32Array(
      this.#segmentsView.buffer,
      this.#segmentsView.byteOffset,
      2 * this.n,
    );
    this.#diagonal = allocFloat32(this.n);
    this.#resident = allocInt32(this.n);
    this.#parameters = allocFloat64(PARAMETERS);
    for (let k = 0; k < this.n; k++) {
      const norm = k < a.rows ? a.norms[k]! : b.norms[k - a.rows]!;
      this.#diagonal[k] = selfKernel(problem.kernel, norm);
    }
  }

  /**
   * Looks at the optimality conditions of all rows; if they do not hold, gets the kernel rows of those
   * that violate them most and prepares a round.
   *
   * @returns Whether there is anything left to do
   */
  prepareRound(): boolean {
    const { tol, maxIter, classC } = this.problem;
    const [positiveC, negativeC] = [classC[this.first]!, classC[this.second]!];
    let largest = -Infinity, smallest = Infinity;
    const upRows: number[] = [], lowRows: number[] = [];
    for (let k = 0; k < this.n; k++) {
      const value = -this.#F[k]!;
      if (this.#isUp(k) && value > largest) largest = value;
      if (this.#isLow(k) && value < smallest) smallest = value;
    }
    const gap = largest - smallest;
    if (!(gap > tol)) this.converged = true;
    if (this.converged || (maxIter >= 0 && this.steps >= maxIter)) return false;

    this.updateResident();
    const isResident = (k: number) => this.#segments[2 * k] !== 0;
    for (let k = 0; k < this.n; k++) {
      if (isResident(k)) continue;
      const value = -this.#F[k]!;
      if (this.#isUp(k) && value > smallest + tol) upRows.push(k);
      if (this.#isLow(k) && value < largest - tol) lowRows.push(k);
    }
    const F = this.#F;
    upRows.sort((a, b) => F[a]! - F[b]! || a - b);
    lowRows.sort((a, b) => F[b]! - F[a]! || a - b);
    const chosen = new Set<number>();
    for (let r = 0; chosen.size < BATCH_ROWS - 1; r++) {
      if (r >= upRows.length && r >= lowRows.length) break;
      if (r < upRows.length) chosen.add(spread(upRows, r, F));
      if (r < lowRows.length) chosen.add(spread(lowRows, r, F));
    }
    this.#load([...chosen]);
    const left = maxIter < 0 ? Infinity : maxIter - this.steps;
    this.#parameters.set([
      positiveC,
      negativeC,
      // When all that violates is in memory there is nothing to wait for.
      chosen.size === 0 ? tol : Math.max(tol, ROUND_SHARE * gap),
      Math.min(STEPS_IN_ROUND, left),
      0,
    ]);
    return true;
  }

  /** The descriptor that the kernel reads. */
  describe(words: Int32Array): void {
    words.set([
      this.n,
      this.#firstRows,
      pointer(this.#alpha),
      pointer(this.#F),
      pointer(this.#segmentsView),
      pointer(this.#diagonal),
      pointer(this.#resident),
      this.#count,
      pointer(this.#parameters),
    ]);
  }

  finishRound(): void {
    this.steps += this.#parameters[4]!;
  }

  solution(): PairSolution {
    const coefficients = this.#alpha.slice();
    let objective = 0;
    for (let k = 0; k < this.n; k++) {
      const y = this.#sign(k);
      // Q α = y F + 1, so ½ αᵀQα − Σ α = ½ Σ α (y F − 1).
      objective += 0.5 * coefficients[k]! * (y * this.#F[k]! - 1);
      coefficients[k]! *= y;
    }
    return {
      first: this.first,
      second: this.second,
      coefficients,
      rho: this.#rho(),
      objective,
      steps: this.steps,
      converged: this.converged,
    };
  }

  free(): void {
    freeViews(
      this.#alpha,
      this.#F,
      this.#segmentsView,
      this.#diagonal,
      this.#resident,
      this.#parameters,
    );
  }

  /** As LIBSVM: the mean of F over the free rows, else the middle of what the others allow. */
  #rho(): number {
    let sum = 0, freeRows = 0, lower = -Infinity, upper = Infinity;
    for (let k = 0; k < this.n; k++) {
      const F = this.#F[k]!;
      const [up, low] = [this.#isUp(k), this.#isLow(k)];
      if (up && low) {
        sum += F;
        freeRows++;
      } else if (up) upper = Math.min(upper, F);
      else if (low) lower = Math.max(lower, F);
    }
    return freeRows > 0 ? sum / freeRows : (lower + upper) / 2;
  }

  #load(rows: number[]): void {
    this.cache.tick();
    const [a, b] = [this.first, this.second];
    const firstRows = rows.filter((k) => k < this.#firstRows);
    const secondRows = rows.filter((k) => k >= this.#firstRows).map((k) => k - this.#firstRows);
    this.cache.fill(a, a, firstRows);
    this.cache.fill(a, b, firstRows);
    this.cache.fill(b, a, secondRows);
    this.cache.fill(b, b, secondRows);
  }

  /** Lists the rows whose kernel rows are whole; others may have lost a segment to make room. */
  updateResident(): void {
    this.#segments.fill(0);
    this.#count = 0;
    for (
      const [rowClass, offset] of [[this.first, 0], [
        this.second,
        this.#firstRows,
      ]] as const
    ) {
      const overFirst = this.cache.segments(rowClass, this.first);
      const overSecond = this.cache.segments(rowClass, this.second);
      for (const [row, address] of overFirst) {
        const other = overSecond.get(row);
        if (other === undefined) continue;
        this.#segments[2 * (row + offset)] = address;
        this.#segments[2 * (row + offset) + 1] = other;
      }
    }
    for (let k = 0; k < this.n; k++) {
      if (this.#segments[2 * k] !== 0) this.#resident[this.#count++] = k;
    }
  }

  #sign(k: number): 1 | -1 {
    return k < this.#firstRows ? 1 : -1;
  }

  #isUp(k: number): boolean {
    const alpha = this.#alpha[k]!;
    return this.#sign(k) > 0 ? alpha < this.problem.classC[this.first]! : alpha > 0;
  }

  #isLow(k: number): boolean {
    const alpha = this.#alpha[k]!;
    return this.#sign(k) > 0 ? alpha > 0 : alpha < this.problem.classC[this.second]!;
  }
}

/**
 * Solves all pairs of classes.
 *
 * @throws {RangeError} If the memory does not suffice
 * @throws {DOMException} If the signal aborts
 */
export async function solveSmo(problem: SmoProblem): Promise<PairSolution[]> {
  const { classes, onProgress, signal } = problem;
  const waiting: [number, number][] = [];
  for (let a = 0; a < classes.length; a++) {
    for (let b = a + 1; b < classes.length; b++) waiting.push([a, b]);
  }
  const total = waiting.length;
  const solutions: PairSolution[] = [];
  const cache = new KernelCache(problem);
  const table = allocInt32(PAIRS_AT_ONCE * DESCRIPTOR_WORDS);
  let active: Pair[] = [];
  const breathe = createBreather();
  try {
    while (active.length > 0 || waiting.length > 0) {
      signal?.throwIfAborted();
      while (active.length < PAIRS_AT_ONCE && waiting.length > 0) {
        active.push(new Pair(...waiting.shift()!, problem, cache));
      }
      for (const pair of [...active]) {
        if (pair.prepareRound()) continue;
        solutions.push(pair.solution());
        active = active.filter((other) => other !== pair);
        cache.dropPair(pair.first, pair.second);
        pair.free();
        onProgress?.({ done: solutions.length, total, message: "pairs of classes" });
      }
      active.forEach((pair, i) => {
        pair.updateResident(); // a later pair's batch may have taken room from an earlier one's
        pair.describe(table.subarray(i * DESCRIPTOR_WORDS));
      });
      runKernel("smoRound", active.length, [pointer(table)]);
      for (const pair of active) pair.finishRound();
      await breathe();
    }
  } finally {
    for (const pair of active) pair.free();
    cache.free();
    freeViews(table);
  }
  return solutions.sort((a, b) => a.first - b.first || a.second - b.second);
}

/**
 * Entry r of a sorted list; while all its values are equal, as at the start, entries evenly spread over
 * the list, so that the first batch is a fair sample.
 */
function spread(rows: readonly number[], r: number, F: Float64Array): number {
  const half = BATCH_ROWS / 2;
  if (rows.length <= half || F[rows[0]!] !== F[rows.at(-1)!]) return rows[r]!;
  return rows[Math.floor(r * rows.length / half) % rows.length]!;
}
