export type { KernelFunction, KernelName } from "./kernel_function.ts";
export {
  type FitOptions,
  type FittedSvc,
  type PredictOptions,
  Svc,
  type SvcOptions,
} from "./svc.ts";
