import * as tf from "@tensorflow/tfjs-core";
import "@tensorflow/tfjs-backend-cpu";
import { mendCpuKernels } from "./mend_cpu_kernels.ts";
import { registerAdam } from "./adam.ts";
import { giveBackAfterGradients, giveBackAfterKernels } from "./give_back.ts";
import { registerConvolution } from "./ops/convolution.ts";
import { registerElementwise } from "./ops/elementwise.ts";
import { registerMatMul } from "./ops/mat_mul.ts";
import { registerMaxPool } from "./ops/max_pool.ts";
import { registerSum } from "./ops/sum.ts";
import { registerSeededDropout } from "./seeded_dropout.ts";
import { SIMD_BACKEND, SimdBackend } from "./simd_backend.ts";

/** Registers the backend with tfjs: every kernel of the CPU backend, and ours in place of those that matter. */
export function registerSimdBackend(): void {
  if (tf.findBackendFactory(SIMD_BACKEND)) return;
  mendCpuKernels();
  for (const kernel of tf.getKernelsForBackend("cpu")) {
    tf.registerKernel({ ...kernel, backendName: SIMD_BACKEND });
  }
  registerAdam();
  registerConvolution();
  registerElementwise();
  registerMatMul();
  registerMaxPool();
  registerSeededDropout();
  registerSum();
  giveBackAfterKernels();
  giveBackAfterGradients();
  tf.registerBackend(SIMD_BACKEND, () => new SimdBackend());
}
