import { callable, instance, type Rules } from "./check.ts";

/** How far a long piece of work has come. */
export interface Progress {
  /** Units done so far. */
  readonly done: number;
  /** Units in all. */
  readonly total: number;
  /** What is being done, for people. */
  readonly message?: string;
}

/** A function that is told how far a long piece of work has come. */
export type OnProgress = (progress: Progress) => void;

/** What every long piece of work can be told. */
export interface RunOptions {
  /** Told now and then how far the work has come. */
  readonly onProgress?: OnProgress | undefined;
  /** Stops the work soon after it aborts; what was there before stays as it was. */
  readonly signal?: AbortSignal | undefined;
}

/** What {@linkcode RunOptions} may be. */
export const RUN_RULES: Rules<RunOptions> = { onProgress: callable, signal: instance(AbortSignal) };
