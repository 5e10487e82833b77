import { defineKernel } from "../../compute/define_kernel.ts";
import { defineRecord } from "../../compute/define_record.ts";
import { Scope } from "../../compute/scope.ts";

/** Numbers of a pair's parameters, as in the kernel `smoRound`. */
const PARAMETERS = 5;
/** Words from one pair's descriptor to the next, as in the kernel. */
const DESCRIPTOR_WORDS = 16;

/** What the kernel reads of a pair. */
export const pairDescriptor = defineRecord("pair", {
  n: "i32",
  first: "i32",
  alpha: "f64*",
  F: "f64*",
  segments: "u32*",
  diagonal: "f32*",
  resident: "i32*",
  count: "i32",
  parameters: "f64*",
  work: "f64*",
}, DESCRIPTOR_WORDS);

/** A round of steps for each pair whose descriptor is in the table; a task is a pair. */
export const smoRound = defineKernel("smoRound", { table: "i32*" });

/** Shares of C that steps leave between a row and its bound by rounding. */
const ROUNDING = 1e-9;

/** LIBSVM's own limit where there is none, so that every fit ends: so many steps, or so many a row. */
const MAX_STEPS = 1e7, MAX_STEPS_PER_ROW = 100;

/** The most steps for a pair of n rows; with `maxIter` −1 LIBSVM's own limit (`svm.cpp`, Solver::Solve). */
export function mostSteps(maxIter: number, n: number): number {
  return maxIter < 0 ? Math.max(MAX_STEPS, MAX_STEPS_PER_ROW * n) : maxIter;
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

/** How large the two classes of a pair are, and their C. */
export interface PairSetting {
  readonly first: number;
  readonly second: number;
  readonly firstRows: number;
  readonly secondRows: number;
  readonly firstC: number;
  readonly secondC: number;
}

/**
 * The dual variables of one pair of classes in the shared memory, as the kernel `smoRound` works on
 * them. Rows of the first class come first (y = +1), then those of the second (y = −1).
 */
export class PairState implements Disposable {
  readonly n: number;
  readonly alpha: Float64Array;
  /** F_k = Σ y α K_k − y_k, which is y_k times the gradient of the dual at k. */
  readonly F: Float64Array;
  /** [n, 2] places of a row's kernel values over the first class and over the second; nowhere: not known. */
  readonly segments: Uint32Array;
  /** The kernel of each row with itself. */
  readonly diagonal: Float32Array;
  /** The first {@linkcode count} entries are the rows that steps may choose from. */
  readonly resident: Int32Array;
  count = 0;
  steps = 0;
  converged = false;
  readonly #memory: Scope;
  readonly #parameters: Float64Array;
  /** What steps note of each row: two float64 values and a float32 value. */
  readonly #work: Float64Array;
  #setting: PairSetting;

  constructor(setting: PairSetting) {
    this.#setting = setting;
    this.n = setting.firstRows + setting.secondRows;
    using memory = new Scope();
    this.alpha = memory.float64(this.n);
    this.F = memory.float64(this.n);
    this.segments = memory.uint32(2 * this.n);
    this.diagonal = memory.float32(this.n);
    this.resident = memory.int32(this.n);
    this.#parameters = memory.float64(PARAMETERS);
    this.#work = memory.float64(Math.ceil(2.5 * this.n));
    this.#memory = memory.move();
    this.restart();
  }

  get setting(): PairSetting {
    return this.#setting;
  }

  /** Starts from α = 0. */
  restart(): void {
    this.alpha.fill(0);
    this.F.fill(1).fill(-1, 0, this.#setting.firstRows);
    this.steps = 0;
    this.converged = false;
  }

  /**
   * Takes another C, from the solution for the one before: α grows in the same proportion, which keeps
   * all constraints, and those that were at their bound are there again (alpha seeding, DeCoste &
   * Wagstaff 2000). F is linear in α, so it costs no kernel values.
   *
   * @param firstC C of the first class; that of the second changes in the same proportion
   */
  rescale(firstC: number): void {
    const { firstC: before, secondC, firstRows } = this.#setting;
    const factor = firstC / before;
    const newSecondC = secondC * factor;
    for (let k = 0; k < this.n; k++) {
      const isFirst = k < firstRows;
      const y = isFirst ? 1 : -1;
      // At a bound the value is the bound itself, not nearly.
      const isBound = this.alpha[k] === (isFirst ? before : secondC);
      this.alpha[k] = isBound ? (isFirst ? firstC : newSecondC) : this.alpha[k]! * factor;
      this.F[k] = (this.F[k]! + y) * factor - y;
    }
    this.#setting = { ...this.#setting, firstC, secondC: newSecondC };
    this.steps = 0;
    this.converged = false;
  }

  /** Sets the tolerance of the next round and its most steps. */
  prepare(tolerance: number, steps: number): void {
    const { firstC, secondC } = this.#setting;
    this.#parameters.set([firstC, secondC, tolerance, steps, 0]);
  }

  /** What the kernel reads. */
  describe(): Parameters<ReturnType<typeof pairDescriptor.table>["set"]>[1] {
    const { n, alpha, F, segments, diagonal, resident, count } = this;
    const first = this.#setting.firstRows, parameters = this.#parameters, work = this.#work;
    return { n, first, alpha, F, segments, diagonal, resident, count, parameters, work };
  }

  /** Takes over what the kernel did; returns the steps of the round. */
  finish(): number {
    const done = this.#parameters[4]!;
    this.steps += done;
    return done;
  }

  sign(k: number): 1 | -1 {
    return k < this.#setting.firstRows ? 1 : -1;
  }

  /** Whether y α of row k may grow. */
  isUp(k: number): boolean {
    const alpha = this.alpha[k]!;
    return this.sign(k) > 0 ? alpha < this.#setting.firstC : alpha > 0;
  }

  /** Whether y α of row k may fall. */
  isLow(k: number): boolean {
    const alpha = this.alpha[k]!;
    return this.sign(k) > 0 ? alpha > 0 : alpha < this.#setting.secondC;
  }

  /** The largest violation of the optimality conditions: the largest −F of an up row less the smallest of a low row. */
  violation(): { largest: number; smallest: number; gap: number } {
    let largest = -Infinity, smallest = Infinity;
    for (let k = 0; k < this.n; k++) {
      const value = -this.F[k]!;
      if (value > largest && this.isUp(k)) largest = value;
      if (value < smallest && this.isLow(k)) smallest = value;
    }
    return { largest, smallest, gap: largest - smallest };
  }

  /**
   * What has been reached.
   *
   * @param rows The rows that belong to the problem; default: all
   */
  solution(rows?: Int32Array): PairSolution {
    const coefficients = this.alpha.slice();
    let objective = 0;
    for (let k = 0; k < this.n; k++) {
      const y = this.sign(k);
      // Q α = y F + 1, so ½ αᵀQα − Σ α = ½ Σ α (y F − 1).
      objective += 0.5 * coefficients[k]! * (y * this.F[k]! - 1);
      coefficients[k]! *= y;
    }
    const { first, second } = this.#setting;
    const { steps, converged } = this;
    return { first, second, coefficients, rho: this.#rho(rows), objective, steps, converged };
  }

  [Symbol.dispose](): void {
    this.#memory[Symbol.dispose]();
  }

  /**
   * As LIBSVM: the mean of F over the free rows, else the middle of what the others allow. Where rounding
   * alone keeps rows off their bounds, none of them is free.
   */
  #rho(rows?: Int32Array): number {
    return this.#rhoOf(rows, 0) ?? this.#rhoOf(rows, ROUNDING)!;
  }

  /** The offset, if rows within a share `margin` of their bounds count as bound and some row says so. */
  #rhoOf(rows: Int32Array | undefined, margin: number): number | undefined {
    const { firstC, secondC, firstRows } = this.#setting;
    let sum = 0, freeRows = 0, lower = -Infinity, upper = Infinity, isClear = false;
    const count = rows?.length ?? this.n;
    for (let r = 0; r < count; r++) {
      const k = rows ? rows[r]! : r;
      const F = this.F[k]!;
      const share = this.alpha[k]! / (k < firstRows ? firstC : secondC);
      const canGrow = share < 1 - margin, canFall = share > margin;
      const [up, low] = k < firstRows ? [canGrow, canFall] : [canFall, canGrow];
      if (up && low) {
        sum += F;
        freeRows++;
        isClear ||= share > ROUNDING && share < 1 - ROUNDING;
      } else if (up) upper = Math.min(upper, F);
      else if (low) lower = Math.max(lower, F);
    }
    if (freeRows > 0 && !isClear) return undefined;
    return freeRows > 0 ? sum / freeRows : (lower + upper) / 2;
  }
}
