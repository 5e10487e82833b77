import type { OnProgress } from "../../base/run_options.ts";

/** Counts jobs, and tells how far they are: all of them in one line. */
export class Board {
  readonly #total: number;
  readonly #tell: OnProgress | undefined;
  readonly #counts = { done: 0, failed: 0, cancelled: 0 };
  #running = 0;

  /**
   * @param total Number of jobs
   * @param tell Told whenever one begins or ends
   */
  constructor(total: number, tell: OnProgress | undefined) {
    this.#total = total;
    this.#tell = tell;
  }

  /** One more, or one less, runs. */
  run(change: 1 | -1): void {
    this.#running += change;
    this.#report();
  }

  /** A job has ended. */
  count(how: "done" | "failed" | "cancelled"): void {
    this.#counts[how]++;
    this.#report();
  }

  #report(): void {
    const { done, failed, cancelled } = this.#counts;
    // A sweep that is cancelled has an end of its own.
    if (cancelled > 0) return;
    this.#tell?.({
      done: done + failed,
      total: this.#total,
      message: `${done} of ${this.#total} done, ${this.#running} running, ${failed} failed`,
    });
  }
}
