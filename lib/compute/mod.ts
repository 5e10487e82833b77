/**
 * What computes: threads over one shared memory, and matrix products on them. Knows neither tfjs nor what
 * it is used for. May import `base/`.
 *
 * @module
 */
export { matmul, type MatmulOptions } from "./matmul.ts";
export { setThreads, threads } from "./pool.ts";
