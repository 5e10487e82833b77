import { between, checkOptions, listOf, positive, type Rule, type Rules } from "../base/check.ts";

/** The learning rate of a step, from 0, of so many steps in all. */
export type Schedule = (step: number, steps: number) => number;

/** A learning rate for all steps, or one for each. */
export type LearningRate = number | Schedule;

/** What a given schedule is, as JSON can hold it: its name and its parameters. */
export type ScheduleText = Readonly<Record<string, unknown>> & { readonly name: string };

/** The schedules that were made here: a function of a caller's cannot claim to be one. */
const texts = new WeakMap<Schedule, ScheduleText>();

/** Name and parameters of a schedule that {@linkcode oneCycle}, {@linkcode cosine} or {@linkcode stepDecay} made. */
export function scheduleText(schedule: Schedule): ScheduleText | undefined {
  return texts.get(schedule);
}

function named(name: string, parameters: object, schedule: Schedule): Schedule {
  texts.set(schedule, { name, ...parameters });
  return schedule;
}

/** What {@linkcode oneCycle} can be told. */
export interface OneCycleOptions {
  /** The highest rate. */
  readonly max: number;
  /** Share of the steps that the rate rises for; default 0.3. */
  readonly warmUp?: number | undefined;
  /** How many times lower than `max` the first rate is; default 25. */
  readonly startFactor?: number | undefined;
  /** How many times lower than the first rate the last one is; default 10,000. */
  readonly endFactor?: number | undefined;
}

const ONE_CYCLE_RULES: Rules<OneCycleOptions> = {
  max: positive,
  warmUp: between(0, 1),
  startFactor: positive,
  endFactor: positive,
};

/**
 * Smith & Topin's "super-convergence" (2018, arXiv 1708.07120): the rate rises along a half cosine, then falls
 * along another to nearly nothing. Figures and defaults are those of PyTorch's `OneCycleLR`.
 *
 * @throws {TypeError} If an option is unknown, missing or of the wrong kind
 * @throws {RangeError} If an option is no such number
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { oneCycle } from "deep-features/cnn";
 *
 * const rate = oneCycle({ max: 0.01 });
 * assert(Math.abs(rate(0, 100) - 0.01 / 25) < 1e-12);
 * assert(Math.abs(rate(29, 100) - 0.01) < 1e-12);
 * assert(rate(99, 100) < 1e-7);
 * ```
 */
export function oneCycle(options: OneCycleOptions): Schedule {
  checkOptions("oneCycle", options, ONE_CYCLE_RULES);
  need("oneCycle", options, "max");
  const { max, warmUp = 0.3, startFactor = 25, endFactor = 1e4 } = options;
  const first = max / startFactor, last = first / endFactor;
  return named("oneCycle", { max, warmUp, startFactor, endFactor }, (step, steps) => {
    const top = warmUp * steps - 1;
    return step <= top
      ? halfCosine(first, max, top > 0 ? step / top : 1)
      : halfCosine(max, last, (step - top) / (steps - 1 - top));
  });
}

/** What {@linkcode cosine} can be told. */
export interface CosineOptions {
  /** The first rate. */
  readonly from: number;
  /** The rate that the last step comes close to; default 0. */
  readonly to?: number | undefined;
}

const COSINE_RULES: Rules<CosineOptions> = { from: positive, to: between(0, Infinity) };

/**
 * A rate that falls along a half cosine (Loshchilov & Hutter 2017, arXiv 1608.03983, eq. 5, without restarts),
 * as PyTorch's `CosineAnnealingLR` and Keras's `CosineDecay` have it.
 *
 * @throws {TypeError} If an option is unknown, missing or of the wrong kind
 * @throws {RangeError} If an option is no such number
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { cosine } from "deep-features/cnn";
 *
 * const rate = cosine({ from: 0.1 });
 * assert(rate(0, 100) === 0.1);
 * assert(Math.abs(rate(50, 100) - 0.05) < 1e-12);
 * ```
 */
export function cosine(options: CosineOptions): Schedule {
  checkOptions("cosine", options, COSINE_RULES);
  need("cosine", options, "from");
  const { from, to = 0 } = options;
  return named("cosine", { from, to }, (step, steps) => halfCosine(from, to, step / steps));
}

/** What {@linkcode stepDecay} can be told. */
export interface StepDecayOptions {
  /** The first rate. */
  readonly from: number;
  /** What the rate is multiplied by at each mark; default 0.1. */
  readonly factor?: number | undefined;
  /** The marks, as shares of all steps; default a half and three quarters, as for residual networks on CIFAR-10. */
  readonly at?: readonly number[] | undefined;
}

const STEP_DECAY_RULES: Rules<StepDecayOptions> = {
  from: positive,
  factor: positive,
  at: listOf(between(0, 1)),
};

/**
 * A rate that stays, and is multiplied by a factor at some marks (He et al. 2016, arXiv 1512.03385, section
 * 4.2), as PyTorch's `MultiStepLR` has it.
 *
 * @throws {TypeError} If an option is unknown, missing or of the wrong kind
 * @throws {RangeError} If an option is no such number
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { stepDecay } from "deep-features/cnn";
 *
 * const rate = stepDecay({ from: 0.1, at: [0.5] });
 * assert(rate(49, 100) === 0.1);
 * assert(Math.abs(rate(50, 100) - 0.01) < 1e-12);
 * ```
 */
export function stepDecay(options: StepDecayOptions): Schedule {
  checkOptions("stepDecay", options, STEP_DECAY_RULES);
  need("stepDecay", options, "from");
  const { from, factor = 0.1, at = [0.5, 0.75] } = options;
  const marks = Array.from(at);
  return named("stepDecay", { from, factor, at: marks }, (step, steps) => {
    const passed = marks.filter((share) => step >= share * steps).length;
    return from * factor ** passed;
  });
}

/** From `a` (share 0) to `b` (share 1) along a half cosine. */
function halfCosine(a: number, b: number, share: number): number {
  return b + (a - b) / 2 * (1 + Math.cos(Math.PI * share));
}

function need<T extends object>(owner: string, options: T, name: keyof T & string): void {
  if (options[name] === undefined) throw new TypeError(`${owner} needs the option "${name}"`);
}

/** What the option `learningRate` may be. */
export const learningRateRule: Rule = {
  wanted: "a number of at least 0, or a function of step and steps",
  isKind: (value) => typeof value === "number" || typeof value === "function",
  allows: (value) => typeof value === "function" || isRate(value),
};

/**
 * The rate of every step: asked for before any work, so that a schedule that fails does so at once.
 *
 * @throws {RangeError} If one is no finite number of at least 0
 */
export function ratesOf(rate: LearningRate, steps: number): Float64Array {
  const rates = new Float64Array(steps);
  for (let step = 0; step < steps; step++) {
    const value: unknown = typeof rate === "number" ? rate : rate(step, steps);
    if (!isRate(value)) {
      throw new RangeError(
        `learningRate gives ${value} for step ${step} of ${steps}: need a finite number of at least 0`,
      );
    }
    rates[step] = value;
  }
  return rates;
}

function isRate(value: unknown): value is number {
  return typeof value === "number" && Number.isFinite(value) && value >= 0;
}
