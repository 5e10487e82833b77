/**
 * Cross-validation of many support vector machines on more rows than have room for their kernel values.
 *
 * A machine for two classes sees the rows of these two alone. So pair of classes by pair of classes the kernel
 * values of their rows are computed once, for every fold and every C, which share them as in
 * `cross_validate.ts`; what each learned, y·α, is kept. Then blocks of test rows pass all rows, a class at a
 * time, once for every C.
 *
 * @module
 */
import { checkTrainingSet } from "../../base/classifier.ts";
import type { Fold, FoldPrediction } from "../../base/fold.ts";
import { Matrix } from "../../base/matrix.ts";
import type { RunOptions } from "../../base/run_options.ts";
import { gemm } from "../../compute/gemm.ts";
import { Scope } from "../../compute/scope.ts";
import { SharedRows } from "../../compute/shared_rows.ts";
import { createBreather } from "../../notebook/progress.ts";
import type { SvcParameters } from "../svc_parameters.ts";
import {
  BLOCK_ROWS,
  chainsOfC,
  FoldProblem,
  type FoldSetting,
  runsOfOneKernel,
  settingOf,
  SharedKernels,
  solve,
} from "./cross_validate.ts";
import { vote } from "./decision.ts";
import { rowsByClass, warnOfUnfinished } from "./fit_smo.ts";
import { centerOf, kernelBlock } from "./kernel_function.ts";
import type { PairState } from "./pair_state.ts";

/**
 * Predicts the test rows of folds by machines fitted to the others: all C of one kernel after the other.
 *
 * @param machines Their parameters
 * @param X [n, features]
 * @param y n class labels (whole numbers)
 * @param options Progress counts predictions, and parts of them while the pairs of classes are solved
 * @throws {RangeError} If X, y or a fold is unusable, or the memory does not suffice
 * @throws {DOMException} If the signal aborts
 */
export async function* crossValidateByPairs(
  machines: readonly SvcParameters[],
  X: Matrix,
  y: ArrayLike<number>,
  folds: readonly Fold[],
  { onProgress, signal }: RunOptions = {},
): AsyncGenerator<FoldPrediction> {
  const { classes } = checkTrainingSet(X, y);
  const rowsOfClass = rowsByClass(classes, y);
  const breathe = createBreather();
  const pairs = pairsOf(classes.length);
  let predictions = 0;
  for (const chain of chainsOfC(machines)) {
    const options = machines[chain[0]!]!, chainOfC = chain.map((peer) => machines[peer]!.C);
    let start = performance.now(), unfinished = 0, solved = 0;
    const center = centerOf(X, options.kernel);
    const settings = folds.map((fold) => settingOf(fold, X, y, classes, options));
    using memory = new Scope();
    const learned = settings.map((setting) =>
      memory.use(new LearnedFold(setting, rowsOfClass, chain.length))
    );
    for (const [done, [first, second]] of pairs.entries()) {
      using problems = new Scope();
      const kernels = problems.use(
        new SharedKernels(X, [rowsOfClass[first]!, rowsOfClass[second]!], () => center),
      );
      const parts: { readonly problem: FoldProblem; readonly fold: number }[] = [];
      settings.forEach((setting, fold) => {
        const pair = settingOfPair(setting, first, second);
        if (!pair) return;
        parts.push({ problem: problems.use(new FoldProblem(kernels, pair, folds[fold]!)), fold });
      });
      const foldOf = new Map(parts.map(({ problem, fold }) => [problem, fold]));
      for (const [c, C] of chainOfC.entries()) {
        for (const together of runsOfOneKernel(parts.map(({ problem }) => problem))) {
          await kernels.use(together[0]!.kernel, breathe, signal);
          for (const part of together) part.begin(C);
          await solve(together, options, breathe, signal);
          for (const part of together) {
            const [state] = part.states;
            learned[foldOf.get(part)!]!.take(c, first, second, state!);
            solved++;
            if (!state!.converged) unfinished++;
          }
        }
      }
      const share = (done + 1) / (pairs.length + 1) * folds.length * chain.length;
      onProgress?.({
        done: predictions + share,
        total: machines.length * folds.length,
        message: `pair of classes ${done + 1} of ${pairs.length}`,
      });
    }
    const rows = memory.use(new RowsByClass(X, rowsOfClass, center));
    let now = performance.now();
    const ofTraining = (now - start) / folds.length / chain.length;
    for (const [fold, { test }] of folds.entries()) {
      start = now;
      const predicted = await learned[fold]!.predict(rows, test, breathe, signal);
      now = performance.now();
      const seconds = (ofTraining + (now - start) / chain.length) / 1000;
      for (const [c, peer] of chain.entries()) {
        predictions++;
        yield { peer, fold, predicted: predicted[c]!, seconds };
        signal?.throwIfAborted();
      }
    }
    warnOfUnfinished(unfinished, solved, options.maxIter);
  }
}

/** All pairs of so many classes, in LIBSVM's order. */
function pairsOf(classes: number): [number, number][] {
  const pairs: [number, number][] = [];
  for (let a = 0; a < classes; a++) for (let b = a + 1; b < classes; b++) pairs.push([a, b]);
  return pairs;
}

/** A fold's setting for the kernel values of two classes; undefined if it has not got both. */
function settingOfPair(
  { kernel, labels, present, weights }: FoldSetting,
  first: number,
  second: number,
): FoldSetting | undefined {
  const [a, b] = [present.indexOf(first), present.indexOf(second)];
  if (a < 0 || b < 0) return undefined;
  return {
    kernel,
    labels: Int32Array.of(labels[a]!, labels[b]!),
    present: [0, 1],
    weights: [weights[a]!, weights[b]!],
  };
}

/** All rows in the shared memory, class by class. */
class RowsByClass implements Disposable {
  readonly classes: readonly SharedRows[];
  /** Class of each row, and its place there. */
  readonly #classOf: Int32Array;
  readonly #placeOf: Int32Array;
  readonly #memory: Scope;

  constructor(X: Matrix, rowsOfClass: readonly (readonly number[])[], center: Float64Array) {
    this.#classOf = new Int32Array(X.rows);
    this.#placeOf = new Int32Array(X.rows);
    using memory = new Scope();
    this.classes = rowsOfClass.map((rows, cls) => {
      const set = memory.use(new SharedRows(rows.length, X.cols));
      rows.forEach((row, i) => {
        set.set(i, X, row, center);
        this.#classOf[row] = cls;
        this.#placeOf[row] = i;
      });
      return set;
    });
    this.#memory = memory.move();
  }

  /** Copies rows of X. */
  copy(rows: ArrayLike<number>, to: SharedRows): void {
    for (let i = 0; i < rows.length; i++) {
      const row = rows[i]!;
      to.copy(i, this.classes[this.#classOf[row]!]!, this.#placeOf[row]!);
    }
  }

  [Symbol.dispose](): void {
    this.#memory[Symbol.dispose]();
  }
}

/** What the machines of a fold have learned, for every C. */
class LearnedFold implements Disposable {
  readonly #setting: FoldSetting;
  readonly #counts: number;
  /** Of each class [rows, C, classes] y·α of its rows in the machines against each class. */
  readonly #coefficients: Float32Array[];
  /** [C, pairs of the fold's classes] */
  readonly #rho: Float64Array;
  readonly #pairs: readonly [number, number][];
  readonly #classes: number;
  readonly #memory: Scope;

  constructor(setting: FoldSetting, rowsOfClass: readonly (readonly number[])[], counts: number) {
    this.#setting = setting;
    this.#counts = counts;
    this.#classes = rowsOfClass.length;
    this.#pairs = pairsOf(setting.labels.length);
    this.#rho = new Float64Array(counts * this.#pairs.length);
    using memory = new Scope();
    this.#coefficients = rowsOfClass.map((rows) =>
      memory.float32(rows.length * counts * this.#classes).fill(0)
    );
    this.#memory = memory.move();
  }

  /** Takes the solution for a C and a pair of classes. */
  take(c: number, first: number, second: number, state: PairState): void {
    const { coefficients, rho } = state.solution(state.resident.subarray(0, state.count));
    const { firstRows } = state.setting, width = this.#counts * this.#classes;
    coefficients.forEach((value, k) => {
      const [own, other, row] = k < firstRows ? [first, second, k] : [second, first, k - firstRows];
      this.#coefficients[own]![row * width + c * this.#classes + other] = value;
    });
    const { present } = this.#setting;
    const pair = this.#pairs.findIndex(([a, b]) => present[a] === first && present[b] === second);
    this.#rho[c * this.#pairs.length + pair] = rho;
  }

  /** The classes of some rows, for each C. */
  async predict(
    rows: RowsByClass,
    test: Int32Array,
    breathe: () => Promise<void>,
    signal: AbortSignal | undefined,
  ): Promise<Int32Array[]> {
    const { kernel, labels, present } = this.#setting;
    const pairs = this.#pairs, classes = this.#classes, width = this.#counts * classes;
    const values = Array.from(
      { length: this.#counts },
      () => new Float32Array(test.length * pairs.length),
    );
    using memory = new Scope();
    const most = Math.max(...rows.classes.map((set) => set.rows));
    const batch = memory.use(new SharedRows(BLOCK_ROWS, rows.classes[0]!.cols));
    const block = memory.float32(BLOCK_ROWS * most), sums = memory.float32(BLOCK_ROWS * width);
    for (let begin = 0; begin < test.length; begin += BLOCK_ROWS) {
      const count = Math.min(BLOCK_ROWS, test.length - begin);
      rows.copy(test.subarray(begin, begin + count), batch);
      for (const [own, cls] of present.entries()) {
        signal?.throwIfAborted();
        const set = rows.classes[cls]!;
        kernelBlock(kernel, batch, 0, count, set, block);
        gemm({
          a: block,
          b: this.#coefficients[cls]!,
          c: sums,
          rows: count,
          columns: width,
          depth: set.rows,
        });
        pairs.forEach(([a, b], pair) => {
          if (own !== a && own !== b) return;
          const other = present[own === a ? b : a]!;
          for (let c = 0; c < this.#counts; c++) {
            const to = values[c]!, from = c * classes + other;
            for (let i = 0; i < count; i++) {
              to[(begin + i) * pairs.length + pair]! += sums[i * width + from]!;
            }
          }
        });
        await breathe();
      }
    }
    return values.map((own, c) => {
      const rho = this.#rho.subarray(c * pairs.length, (c + 1) * pairs.length);
      own.forEach((value, at) => own[at] = value - rho[at % pairs.length]!);
      return vote(new Matrix(own, test.length, pairs.length), labels);
    });
  }

  [Symbol.dispose](): void {
    this.#memory[Symbol.dispose]();
  }
}
