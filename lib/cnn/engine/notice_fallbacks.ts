import { watchFallbacks } from "../../backend/fallbacks.ts";

/** Share of the time that may go to the CPU backend before it is told. */
const MOST = 0.1;
/** Milliseconds on the CPU backend below which nothing is told: tiny tensors belong there. */
const FEWEST_MS = 200;

/**
 * Runs a piece of work and tells at its end, in one line, which operations ran on tfjs's CPU backend for want
 * of a kernel, if more than a tenth of the time went there; so nobody has to guess why it was slow.
 *
 * @param title What the line calls the work
 * @param warn Where the line goes
 */
export async function noticeFallbacks<T>(
  title: string,
  work: () => Promise<T>,
  warn: (message: string) => void = console.warn,
): Promise<T> {
  const start = performance.now(), fallbacksSince = watchFallbacks();
  const result = await work();
  const all = performance.now() - start, fallen = fallbacksSince();
  const spent = fallen.reduce((sum, { milliseconds }) => sum + milliseconds, 0);
  if (spent < FEWEST_MS || spent <= MOST * all) return result;
  const percent = (part: number) => `${Math.round(100 * Math.min(1, part / all))} %`;
  const named = fallen.filter(({ milliseconds }) => milliseconds >= spent / 20)
    .map(({ operation, milliseconds }) => `${operation} (${percent(milliseconds)})`);
  warn(
    `${title}: ${
      percent(spent)
    } of the time went to operations that have no fast kernel and ran in ` +
      `plain JavaScript: ${named.join(", ")}`,
  );
  return result;
}
