import * as tf from "@tensorflow/tfjs-core";
import "@tensorflow/tfjs-backend-cpu";
import { mendCpuKernels } from "./mend_cpu_kernels.ts";
import { registerFusedGradients } from "./fused_gradients.ts";
import { giveBackAfterGradients, giveBackAfterKernels } from "./give_back.ts";
import { registerBatchNorm } from "./ops/batch_norm.ts";
import { registerConvolution } from "./ops/convolution.ts";
import { registerGathering } from "./ops/gathering.ts";
import { registerJoining } from "./ops/joining.ts";
import { registerRearranging } from "./ops/rearranging.ts";
import { registerDepthwise } from "./ops/depthwise.ts";
import { registerElementwise } from "./ops/elementwise.ts";
import { adoptKernel } from "./ops/kernel_override.ts";
import { registerMatMul } from "./ops/mat_mul.ts";
import { registerPooling } from "./ops/pooling.ts";
import { registerReductions } from "./ops/reductions.ts";
import { registerResizing } from "./ops/resizing.ts";
import { registerOptimizerStep } from "./optimizer_step.ts";
import { registerImageValues } from "./image_values.ts";
import { registerGradients } from "./register_gradients.ts";
import { registerSeededDropout } from "./seeded_dropout.ts";
import { SIMD_BACKEND, SimdBackend } from "./simd_backend.ts";

/** Registers the backend with tfjs: every kernel of the CPU backend, and ours in place of those that matter. */
export function registerSimdBackend(): void {
  if (tf.findBackendFactory(SIMD_BACKEND)) return;
  mendCpuKernels();
  for (const kernel of tf.getKernelsForBackend("cpu")) {
    adoptKernel(kernel);
  }
  registerBatchNorm();
  registerConvolution();
  registerRearranging();
  registerImageValues();
  registerJoining();
  registerGathering();
  registerDepthwise();
  registerElementwise();
  registerMatMul();
  registerOptimizerStep();
  registerPooling();
  registerReductions();
  registerResizing();
  registerSeededDropout();
  registerGradients();
  registerFusedGradients();
  giveBackAfterKernels();
  giveBackAfterGradients();
  tf.registerBackend(SIMD_BACKEND, () => new SimdBackend());
}
