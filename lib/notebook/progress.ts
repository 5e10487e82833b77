import type { OnProgress } from "../base/run_options.ts";
import { notebookKernel } from "./notebook_kernel.ts";

/** Shortest time between two updates of a progress line, in milliseconds. */
const UPDATE_EVERY_MS = 250;

/** The first measurement of how long work will take, in milliseconds; each further one takes twice as long. */
const MEASURED_MS = 750;
/** What takes less in all, or is nearly at its end, is not worth the words; in seconds. */
const WORTH_TELLING = 10, WORTH_WAITING = 5;
/** Two measurements, one after the other, agree if they do not differ by more. */
const AGREEMENT = 0.2;

/**
 * Makes an {@linkcode OnProgress} that keeps one line of text up to date, on a terminal and in the
 * output of a notebook cell alike: share done, time spent and an estimate of the time left.
 *
 * Work of ten seconds and more is announced as soon as its length is known, in a line that stays: when its
 * first parts have been measured, and have twice told the same. Where they do not, nothing is said.
 *
 * @param label What the line begins with
 * @param write Where text goes; by default standard output
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { progressLine } from "deep-features";
 *
 * let text = "";
 * const onProgress = progressLine("Counting", (part) => text += part);
 * for (let done = 0; done <= 3; done++) onProgress({ done, total: 3 });
 * assert(text.includes("Counting") && text.endsWith("\n"));
 * ```
 */
export function progressLine(
  label: string,
  write: (text: string) => void = writeToStdout,
): OnProgress {
  const start = performance.now();
  const forecast = createForecast(start);
  let shown = -Infinity;
  let width = 0;
  let ended = false;
  return ({ done, total, message }) => {
    if (ended) return;
    const now = performance.now();
    ended = done >= total;
    const { left, inAll } = forecast(now, done, total);
    if (inAll !== undefined) {
      write(`\r${`${label}: about ${formatSeconds(inAll)} in all`.padEnd(width)}\n`);
      [shown, width] = [-Infinity, 0];
    }
    if (!ended && now - shown < UPDATE_EVERY_MS) return;
    shown = now;
    const share = total > 0 ? Math.floor(100 * Math.min(1, done / total)) : 100;
    const rest = left === undefined || ended ? "" : `, ${formatSeconds(left)} left`;
    const text = `${label} ${share} % in ${formatSeconds((now - start) / 1000)}${rest}${
      message ? ` · ${message}` : ""
    }`;
    write(`\r${text.padEnd(width)}${ended ? "\n" : ""}`);
    width = text.length;
  };
}

/** What the work so far tells of the rest, in seconds; `inAll` once, when it is known and worth telling. */
type Forecast = (
  now: number,
  done: number,
  total: number,
) => { readonly left?: number; readonly inAll?: number };

/**
 * Measures from the first report on: what comes before it, such as starting threads, does not come again, and
 * work may go on where an earlier run was.
 */
function createForecast(start: number): Forecast {
  let first: { readonly at: number; readonly done: number } | undefined;
  let before: { readonly measured: number; readonly inAll: number } | undefined;
  let isTold = false;
  return (now, done, total) => {
    first ??= { at: now, done };
    const measured = now - first.at;
    if (!(done > first.done) || measured <= 0) return {};
    const left = measured / (done - first.done) * (total - done) / 1000;
    const inAll = (now - start) / 1000 + left;
    if (isTold || measured < 2 * (before?.measured ?? MEASURED_MS / 2)) return { left };
    isTold = before !== undefined && Math.abs(inAll - before.inAll) <= AGREEMENT * inAll;
    before = { measured, inAll };
    return isTold && inAll >= WORTH_TELLING && left >= WORTH_WAITING ? { left, inAll } : { left };
  };
}

/**
 * A duration for people: `0.4 s`, `12 s`, `3 min 05 s`.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { formatSeconds } from "deep-features/notebook";
 *
 * assert(formatSeconds(0.42) === "0.4 s");
 * assert(formatSeconds(185) === "3 min 05 s");
 * ```
 */
export function formatSeconds(seconds: number): string {
  if (seconds < 9.95) return `${seconds.toFixed(1)} s`;
  if (seconds < 59.5) return `${Math.round(seconds)} s`;
  const whole = Math.round(seconds);
  return `${Math.floor(whole / 60)} min ${String(whole % 60).padStart(2, "0")} s`;
}

/**
 * Lets timers, messages and interrupts in, if the last break that did so, whoever's, is long enough ago. It takes a timer to
 * let input in, and that two milliseconds; what is faster (`setImmediate`) lets in nothing but timers.
 *
 * @param everyMs Shortest time between two such breaks, in milliseconds
 */
export function createBreather(everyMs = 200): () => Promise<void> {
  return async () => {
    if (performance.now() - lastBreak < everyMs) return;
    await new Promise((resolve) => setTimeout(resolve, 0));
    lastBreak = performance.now();
  };
}

/** One for all, so that many short pieces of work, such as the epochs of a small training, let input in as well. */
let lastBreak = performance.now();

const encoder = new TextEncoder();

/**
 * Writes text as it is, without ending the line. A notebook kernel takes what `console.log` prints and
 * not what is written to standard output, and `console.log` ends the line; so there, and only here, the
 * library speaks to the kernel itself.
 */
function writeToStdout(text: string): void {
  const kernel = notebookKernel();
  if (kernel) void kernel.broadcast("stream", { name: "stdout", text });
  else Deno.stdout.writeSync(encoder.encode(text));
}
