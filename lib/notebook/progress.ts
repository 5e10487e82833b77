import type { OnProgress } from "../base/run_options.ts";
import { notebookKernel } from "./notebook_kernel.ts";

/** Shortest time between two updates of a progress line, in milliseconds. */
const UPDATE_EVERY_MS = 250;

/**
 * Makes an {@linkcode OnProgress} that keeps one line of text up to date, on a terminal and in the
 * output of a notebook cell alike: share done, time spent and an estimate of the time left.
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
  let shown = -Infinity;
  let width = 0;
  let ended = false;
  return ({ done, total, message }) => {
    if (ended) return;
    const now = performance.now();
    ended = done >= total;
    if (!ended && now - shown < UPDATE_EVERY_MS) return;
    shown = now;
    const seconds = (now - start) / 1000;
    const left = done > 0 && !ended
      ? `, ${formatSeconds(seconds / done * (total - done))} left`
      : "";
    const share = total > 0 ? Math.floor(100 * Math.min(1, done / total)) : 100;
    const text = `${label} ${share} % in ${formatSeconds(seconds)}${left}${
      message ? ` · ${message}` : ""
    }`;
    write(`\r${text.padEnd(width)}${ended ? "\n" : ""}`);
    width = text.length;
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
 * Lets timers, messages and interrupts in, if the last call that did so is long enough ago.
 *
 * @param everyMs Shortest time between two such breaks, in milliseconds
 */
export function createBreather(everyMs = 50): () => Promise<void> {
  let last = performance.now();
  return async () => {
    if (performance.now() - last < everyMs) return;
    await new Promise((resolve) => setTimeout(resolve, 0));
    last = performance.now();
  };
}

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
