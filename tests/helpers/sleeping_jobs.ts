import { digest } from "../../lib/base/digest.ts";
import type { NewJob } from "../../lib/sweep/engine/session.ts";

const SHA = "0".repeat(64);

/**
 * A job for workers that sleep (`sleeping_compute.ts`).
 *
 * @param label Tells it from others
 * @param options `ms` to sleep, and what goes `wrong`
 */
export function sleepingJob(
  label: string,
  options: { readonly ms?: number; readonly wrong?: "throws" | "ends" },
): NewJob {
  return {
    kind: "score",
    name: `score-${digest(label).slice(0, 16)}`,
    parameters: {
      classifier: "Svc",
      options: [options],
      isShared: false,
      X: { sha256: SHA, rows: 1, cols: 1 },
      y: SHA,
      folds: { sha256: SHA, counts: [[1, 1]] },
    },
    inputs: [],
    memory: 1,
  };
}
