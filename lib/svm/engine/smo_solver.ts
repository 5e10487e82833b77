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
import { NOWHERE, type Place, placeOf } from "../../compute/places.ts";
import { Scope } from "../../compute/scope.ts";
import { SharedRows } from "../../compute/shared_rows.ts";
import { createBreather } from "../../notebook/progress.ts";
import type { OnProgress } from "../../base/run_options.ts";
import { kernelBlock, type KernelFunction, selfKernel } from "./kernel_function.ts";
import { mostSteps, pairDescriptor, type PairSolution, PairState, smoRound } from "./pair_state.ts";

/** Rows whose kernel rows are computed at once: enough for the matrix product to be efficient. */
const BATCH_ROWS = 384;
/** Pairs of classes that are solved side by side. */
const PAIRS_AT_ONCE = 4;
/** Steps after which the main thread looks up, so that an interrupt is heard. */
const STEPS_IN_ROUND = 4000;
/** A round stops at this share of the violation that it began with: other rows matter more then. */
const ROUND_SHARE = 0.1;

/** After so many rounds without a step there will be none: rounding holds what is left. */
const MAX_IDLE_ROUNDS = 100;

/** The least memory for kernel values of a pair of n rows, in bytes: two batches, or all. */
export function leastCacheBytes(n: number): number {
  return Float32Array.BYTES_PER_ELEMENT * n * Math.min(n, 2 * BATCH_ROWS);
}

/** A problem: rows sorted by class. */
export interface SmoProblem {
  readonly kernel: KernelFunction;
  /** The rows of each class, in the shared memory. */
  readonly classes: readonly SharedRows[];
  /** C of each class. */
  readonly classC: readonly number[];
  /** Largest violation of the optimality conditions that is accepted. */
  readonly tol: number;
  /** Most steps for a pair; −1 for no limit. */
  readonly maxIter: number;
  /** Memory for kernel values, in bytes. */
  readonly cacheBytes: number;
  readonly onProgress?: OnProgress | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** Kernel rows of a batch over one class. */
interface Block {
  readonly values: Float32Array;
  /** The rows, as indices within their class. */
  readonly rows: readonly number[];
  /** Where each row's segment is registered. */
  readonly segments: Map<number, Place>;
  made: number;
}

/** Everything that is known of kernel values: segments by class of the row, class of the columns. */
class KernelCache implements Disposable {
  readonly #memory: Scope;
  readonly #problem: SmoProblem;
  readonly #blocks = new Set<Block>();
  /** Place of the segment of each row, by `${class of row},${class of columns}`. */
  readonly #segments = new Map<string, Map<number, Place>>();
  readonly #batch: SharedRows;
  #bytes = 0;
  #clock = 0;

  constructor(problem: SmoProblem) {
    this.#problem = problem;
    using memory = new Scope();
    this.#batch = memory.use(new SharedRows(BATCH_ROWS, problem.classes[0]!.cols));
    this.#memory = memory.move();
  }

  segments(rowClass: number, columnClass: number): Map<number, Place> {
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
    const size = missing.length * columns.rows;
    this.#makeRoom(size * Float32Array.BYTES_PER_ELEMENT);
    missing.forEach((row, i) => this.#batch.copy(i, classes[rowClass]!, row));
    const values = this.#memory.float32(size);
    kernelBlock(kernel, this.#batch, 0, missing.length, columns, values);
    this.#blocks.add({ values, rows: missing, segments, made: this.#clock });
    this.#bytes += values.byteLength;
    missing.forEach((row, i) => segments.set(row, placeOf(values, i * columns.rows)));
  }

  /** Drops what only the pair of these two classes needs. */
  dropPair(first: number, second: number): void {
    const own = [this.segments(first, second), this.segments(second, first)];
    for (const block of this.#blocks) {
      if (own.includes(block.segments)) this.#drop(block);
    }
  }

  [Symbol.dispose](): void {
    this.#memory[Symbol.dispose]();
  }

  #makeRoom(bytes: number): void {
    while (this.#bytes + bytes > this.#problem.cacheBytes) {
      let oldest: Block | undefined;
      for (const block of this.#blocks) {
        if (block.made < this.#clock && (!oldest || block.made < oldest.made)) {
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
    this.#memory.free(block.values);
  }
}

/** A pair of classes on its way. */
class Pair {
  readonly state: PairState;
  readonly #firstRows: number;
  /** Rounds without a step, one after the other. */
  #idle = 0;

  constructor(
    readonly first: number,
    readonly second: number,
    private readonly problem: SmoProblem,
    private readonly cache: KernelCache,
  ) {
    const [a, b] = [problem.classes[first]!, problem.classes[second]!];
    this.#firstRows = a.rows;
    this.state = new PairState({
      first,
      second,
      firstRows: a.rows,
      secondRows: b.rows,
      firstC: problem.classC[first]!,
      secondC: problem.classC[second]!,
    });
    for (let k = 0; k < this.state.n; k++) {
      const norm = k < a.rows ? a.norms[k]! : b.norms[k - a.rows]!;
      this.state.diagonal[k] = selfKernel(problem.kernel, norm);
    }
  }

  /**
   * Looks at the optimality conditions of all rows; if they do not hold, gets the kernel rows of those
   * that violate them most and prepares a round.
   *
   * @returns Whether there is anything left to do
   */
  prepareRound(): boolean {
    const { state } = this;
    const { tol, maxIter } = this.problem;
    const { largest, smallest, gap } = state.violation();
    if (!(gap > tol)) state.converged = true;
    const most = mostSteps(maxIter, state.n);
    if (state.converged || state.steps >= most || this.#idle > MAX_IDLE_ROUNDS) return false;

    this.updateResident();
    const { F, segments } = state;
    const upRows: number[] = [], lowRows: number[] = [];
    for (let k = 0; k < state.n; k++) {
      if (segments[2 * k] !== NOWHERE) continue;
      const value = -F[k]!;
      if (value > smallest + tol && state.isUp(k)) upRows.push(k);
      if (value < largest - tol && state.isLow(k)) lowRows.push(k);
    }
    upRows.sort((a, b) => F[a]! - F[b]! || a - b);
    lowRows.sort((a, b) => F[b]! - F[a]! || a - b);
    const chosen = new Set<number>();
    for (let r = 0; chosen.size < BATCH_ROWS - 1; r++) {
      if (r >= upRows.length && r >= lowRows.length) break;
      if (r < upRows.length) chosen.add(spread(upRows, r, F));
      if (r < lowRows.length) chosen.add(spread(lowRows, r, F));
    }
    this.#load([...chosen]);
    // When all that violates is in memory there is nothing to wait for.
    const goal = chosen.size === 0 ? tol : Math.max(tol, ROUND_SHARE * gap);
    state.prepare(goal, Math.min(STEPS_IN_ROUND, most - state.steps));
    return true;
  }

  /** Takes over what a round did. */
  finishRound(): void {
    this.#idle = this.state.finish() === 0 ? this.#idle + 1 : 0;
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
    const { state } = this;
    const { segments, resident } = state;
    segments.fill(NOWHERE);
    for (const [rowClass, offset] of [[this.first, 0], [this.second, this.#firstRows]] as const) {
      const overFirst = this.cache.segments(rowClass, this.first);
      const overSecond = this.cache.segments(rowClass, this.second);
      for (const [row, place] of overFirst) {
        const other = overSecond.get(row);
        if (other === undefined) continue;
        segments[2 * (row + offset)] = place;
        segments[2 * (row + offset) + 1] = other;
      }
    }
    state.count = 0;
    for (let k = 0; k < state.n; k++) {
      if (segments[2 * k] !== NOWHERE) resident[state.count++] = k;
    }
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
  using memory = new Scope();
  const cache = memory.use(new KernelCache(problem));
  const table = pairDescriptor.table(memory, PAIRS_AT_ONCE);
  let active: Pair[] = [];
  const breathe = createBreather();
  while (active.length > 0 || waiting.length > 0) {
    signal?.throwIfAborted();
    while (active.length < PAIRS_AT_ONCE && waiting.length > 0) {
      const pair = new Pair(...waiting.shift()!, problem, cache);
      memory.use(pair.state);
      active.push(pair);
    }
    for (const pair of [...active]) {
      if (pair.prepareRound()) continue;
      solutions.push(pair.state.solution());
      active = active.filter((other) => other !== pair);
      cache.dropPair(pair.first, pair.second);
      memory.free(pair.state);
      onProgress?.({ done: solutions.length, total, message: "pairs of classes" });
    }
    active.forEach((pair, i) => {
      pair.updateResident(); // a later pair's batch may have taken room from an earlier one's
      table.set(i, pair.state.describe());
    });
    smoRound(active.length, { table: table.words });
    for (const pair of active) pair.finishRound();
    await breathe();
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
