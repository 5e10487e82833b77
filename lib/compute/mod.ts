export { Adam } from "./adam.ts";
export { matmul, type MatmulOptions } from "./matmul.ts";
export { seededDropout } from "./seeded_dropout.ts";
export { setThreads, threads } from "./pool.ts";
export {
  type Compute,
  type ComputeBackend,
  setUpCompute,
  type SetUpOptions,
} from "./set_up_compute.ts";
