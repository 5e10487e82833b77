/**
 * Support vector classification: `Svc`, its parameters, what was learned, saving.
 * May import `compute/`, `notebook/` and `base/`.
 *
 * @module
 */
export type { KernelFunction, KernelName } from "./engine/kernel_function.ts";
export type { FittedSvc } from "./fitted_svc.ts";
export { type DecisionOptions, Svc } from "./svc.ts";
export type { SvcOptions } from "./svc_parameters.ts";
