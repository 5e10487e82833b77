/**
 * “simd”, a backend for tfjs on `compute/`: its operations, optimizers, dropout and set-up.
 * May import `compute/` and `base/`.
 *
 * @module
 */
export { Adam } from "./adam.ts";
export { fallbacks, resetFallbacks, watchFallbacks } from "./fallbacks.ts";
export { RmsProp } from "./rms_prop.ts";
export { seededDropout } from "./seeded_dropout.ts";
export {
  type Compute,
  type ComputeBackend,
  setUpCompute,
  type SetUpOptions,
} from "./set_up_compute.ts";
export { Sgd } from "./sgd.ts";
