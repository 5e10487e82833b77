/** What one tfjs operation took on the CPU backend, for want of a kernel that knows its case. */
export interface Fallback {
  /** tfjs's name of the operation. */
  readonly operation: string;
  readonly calls: number;
  readonly milliseconds: number;
}

interface Account {
  calls: number;
  milliseconds: number;
}

/** By operation: on the CPU backend since the last reset, and since the start; on kernels of ours. */
const fallen = new Map<string, Account>(), ever = new Map<string, Account>();
const own = new Map<string, Account>();
const isTracing = Boolean(Deno.env.get("COMPUTE_TRACE"));

/**
 * The operations that the backend “simd” had no kernel for since the start (or since
 * {@linkcode resetFallbacks}), and that ran on tfjs's CPU backend instead, the longest first. With the
 * environment variable `COMPUTE_TRACE=1` a table of these and of the kernels is printed at the end.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import * as tf from "@tensorflow/tfjs";
 * import { setUpCompute } from "deep-features";
 * import { fallbacks, resetFallbacks } from "./fallbacks.ts";
 *
 * await setUpCompute({ backend: "simd", quiet: true });
 * resetFallbacks();
 * tf.topk(tf.tensor1d([1, 3, 2]), 2);
 * assert(fallbacks()[0]!.operation === "TopK");
 * ```
 */
export function fallbacks(): Fallback[] {
  return listed([...fallen]);
}

function listed(accounts: readonly (readonly [string, Account])[]): Fallback[] {
  return accounts.map(([operation, account]) => ({ operation, ...account }))
    .filter(({ calls }) => calls > 0)
    .sort((a, b) => b.milliseconds - a.milliseconds);
}

/**
 * Keeps account of the operations that run on the CPU backend from now on, whatever else counts them.
 *
 * @returns Gives these operations, the longest first, as {@linkcode fallbacks} does
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import * as tf from "@tensorflow/tfjs";
 * import { setUpCompute } from "deep-features";
 * import { watchFallbacks } from "deep-features/backend";
 *
 * await setUpCompute({ backend: "simd", quiet: true });
 * const fallbacksSince = watchFallbacks();
 * tf.topk(tf.tensor1d([1, 3, 2]), 2);
 * assert(fallbacksSince()[0]!.calls === 1);
 * ```
 */
export function watchFallbacks(): () => Fallback[] {
  const before = new Map([...ever].map(([operation, account]) => [operation, { ...account }]));
  return () =>
    listed(
      [...ever].map(([operation, { calls, milliseconds }]) => {
        const earlier = before.get(operation) ?? { calls: 0, milliseconds: 0 };
        return [operation, {
          calls: calls - earlier.calls,
          milliseconds: milliseconds - earlier.milliseconds,
        }];
      }),
    );
}

/**
 * Begins to count anew.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { fallbacks, resetFallbacks } from "deep-features/backend";
 *
 * resetFallbacks();
 * assert.equal(fallbacks().length, 0);
 * ```
 */
export function resetFallbacks(): void {
  fallen.clear();
}

/** Runs an operation on the CPU backend and keeps account of it. */
export function accountFallback<T>(operation: string, run: () => T): T {
  return account([fallen, ever], operation, run);
}

/** Runs an operation on a kernel of ours, and keeps account of it while tracing. */
export function accountKernel<T>(operation: string, run: () => T): T {
  return isTracing ? account([own], operation, run) : run();
}

function account<T>(
  accounts: readonly Map<string, Account>[],
  operation: string,
  run: () => T,
): T {
  const start = performance.now();
  const result = run();
  if (result === undefined) return result;
  const milliseconds = performance.now() - start;
  for (const each of accounts) {
    let entry = each.get(operation);
    if (!entry) each.set(operation, entry = { calls: 0, milliseconds: 0 });
    entry.calls++;
    entry.milliseconds += milliseconds;
  }
  return result;
}

if (isTracing) {
  addEventListener("unload", () => {
    const rows = [...own].map(([name, account]) => ({ name, on: "simd", ...account }))
      .concat([...ever].map(([name, account]) => ({ name, on: "CPU backend", ...account })))
      .sort((a, b) => b.milliseconds - a.milliseconds);
    const total = rows.reduce((sum, row) => sum + row.milliseconds, 0);
    console.error("\noperation                              on           calls         ms  share");
    for (const { name, on, calls, milliseconds } of rows) {
      console.error(
        name.padEnd(38),
        on.padEnd(11),
        String(calls).padStart(6),
        milliseconds.toFixed(1).padStart(10),
        `${(100 * milliseconds / total).toFixed(1)}%`.padStart(6),
      );
    }
  });
}
