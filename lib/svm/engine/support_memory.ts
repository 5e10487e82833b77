import { onShortage } from "../../compute/memory.ts";
import { Scope } from "../../compute/scope.ts";
import { SharedRows } from "../../compute/shared_rows.ts";
import { centerOf } from "./kernel_function.ts";
import type { FittedSvc } from "../fitted_svc.ts";

/**
 * What predictions read of a fitted machine, in the shared memory. It is made at the first prediction and
 * kept while the machine lives, as copying all support vectors would cost more than to classify a few
 * rows. When memory is short, what no prediction is using is given back and made anew later.
 */
class SupportMemory implements Disposable {
  readonly center: Float64Array;
  readonly vectors: SharedRows;
  /** [support vectors, pairs] */
  readonly coefficients: Float32Array;
  readonly #memory: Scope;
  #users = 0;
  #isRetired = false;
  #isGone = false;

  constructor(fitted: FittedSvc) {
    using memory = new Scope();
    const { supportVectors, kernel } = fitted;
    this.center = centerOf(supportVectors, kernel.kernel);
    this.vectors = memory.use(SharedRows.of(supportVectors, this.center));
    const coefficients = pairCoefficients(fitted);
    this.coefficients = memory.float32(coefficients.length);
    this.coefficients.set(coefficients);
    this.#memory = memory.move();
  }

  get isGone(): boolean {
    return this.#isGone;
  }

  /** Keeps it for a prediction, which disposes of it at its end. */
  use(): this {
    this.#users++;
    return this;
  }

  /** Ends a use. */
  [Symbol.dispose](): void {
    this.#users--;
    if (this.#isRetired) this.reclaim();
  }

  /** Gives the memory back as soon as nobody uses it. */
  retire(): void {
    this.#isRetired = true;
    this.reclaim();
  }

  /** Gives the memory back if nobody uses it. */
  reclaim(): void {
    if (this.#users > 0 || this.#isGone) return;
    this.#isGone = true;
    kept.delete(this);
    this.#memory[Symbol.dispose]();
  }
}

/** All that there are. They must not hold the machines, or these would live for ever. */
const kept = new Set<SupportMemory>();
const ofMachine = new WeakMap<FittedSvc, SupportMemory>();
const machines = new FinalizationRegistry<SupportMemory>((memory) => memory.retire());
onShortage(() => kept.forEach((memory) => memory.reclaim()));

/** The memory of a machine, for one prediction: `using support = useSupport(fitted)`. */
export function useSupport(fitted: FittedSvc): SupportMemory {
  let memory = ofMachine.get(fitted);
  if (!memory || memory.isGone) {
    memory = new SupportMemory(fitted);
    kept.add(memory);
    ofMachine.set(fitted, memory);
    machines.register(fitted, memory);
  }
  return memory.use();
}

/** Gives the memory of a machine back when nobody uses it any more, as when it is fitted anew. */
export function dropSupport(fitted: FittedSvc | undefined): void {
  if (fitted) ofMachine.get(fitted)?.retire();
}

/** [support vectors, pairs]: each support vector's coefficient in each pair, mostly zero. */
function pairCoefficients(
  { classes, nSupport, dualCoef }: FittedSvc,
): Float32Array {
  const pairs = classes.length * (classes.length - 1) / 2;
  const table = new Float32Array(dualCoef.cols * pairs);
  let vector = 0;
  nSupport.forEach((count, cls) => {
    for (const end = vector + count; vector < end; vector++) {
      let pair = 0;
      for (let a = 0; a < classes.length; a++) {
        for (let b = a + 1; b < classes.length; b++, pair++) {
          if (cls !== a && cls !== b) continue;
          const other = cls === a ? b : a;
          const line = other > cls ? other - 1 : other;
          table[vector * pairs + pair] = dualCoef
            .data[line * dualCoef.cols + vector]!;
        }
      }
    }
  });
  return table;
}
