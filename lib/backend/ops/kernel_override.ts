import * as tf from "@tensorflow/tfjs-core";
import { SIMD_BACKEND, type SimdBackend } from "../simd_backend.ts";

/** What a kernel of ours is given. */
export interface KernelCall<Attrs> {
  readonly inputs: tf.NamedTensorInfoMap;
  readonly attrs: Attrs;
  readonly backend: SimdBackend;
}

/**
 * Registers a kernel that takes the cases it knows and leaves the others to the CPU backend's.
 *
 * @param name tfjs's name of the kernel
 * @param compute Returns the result, or undefined to leave the case to the CPU backend
 */
export function overrideKernel<Attrs>(
  name: string,
  compute: (call: KernelCall<Attrs>) => tf.TensorInfo | undefined,
): void {
  const fallback = tf.getKernel(name, "cpu");
  tf.unregisterKernel(name, SIMD_BACKEND);
  tf.registerKernel({
    ...fallback,
    backendName: SIMD_BACKEND,
    kernelFunc: (call) =>
      compute(call as unknown as KernelCall<Attrs>) ??
        fallback.kernelFunc(call),
  });
}

/** Whether all tensors are float32 and none is empty. */
export function areFloats(
  ...infos: (tf.TensorInfo | null | undefined)[]
): boolean {
  return infos.every((info) =>
    info == null ||
    (info.dtype === "float32" && tf.util.sizeFromShape(info.shape) > 0)
  );
}

/** Values of a task of the element-wise kernels, as in their sources. */
export const CHUNK = 16384;
