import * as tf from "@tensorflow/tfjs-core";
import { accountFallback, accountKernel } from "../fallbacks.ts";
import { SIMD_BACKEND, type SimdBackend } from "../simd_backend.ts";

/** What a kernel of ours is given. */
export interface KernelCall<Attrs> {
  readonly inputs: tf.NamedTensorInfoMap;
  readonly attrs: Attrs;
  readonly backend: SimdBackend;
}

type Result = tf.TensorInfo | tf.TensorInfo[];

/** The operations that have kernels of ours, for the table in the room's README. */
export const overridden = new Set<string>();

/** Operations of the CPU backend that do no work on values: they are no fallbacks. */
const FREE = new Set<string>([
  tf.Identity,
  tf.Reshape,
  tf.ExpandDims,
  tf.Complex,
  tf.Real,
  tf.Imag,
]);

/**
 * Registers a kernel that takes the cases it knows and leaves the others to the CPU backend's.
 *
 * @param name tfjs's name of the kernel
 * @param compute Returns the result, or undefined to leave the case to the CPU backend
 */
export function overrideKernel<Attrs>(
  name: string,
  compute: (call: KernelCall<Attrs>) => Result | undefined,
): void {
  overridden.add(name);
  const fallback = tf.getKernel(name, "cpu");
  tf.unregisterKernel(name, SIMD_BACKEND);
  tf.registerKernel({
    ...fallback,
    backendName: SIMD_BACKEND,
    kernelFunc: (call) =>
      accountKernel(name, () => compute(call as unknown as KernelCall<Attrs>)) ??
        accountFallback(name, () => fallback.kernelFunc(call)),
  });
}

/** Registers a kernel that tfjs does not know. */
export function addKernel<Attrs>(name: string, compute: (call: KernelCall<Attrs>) => Result): void {
  tf.registerKernel({
    kernelName: name,
    backendName: SIMD_BACKEND,
    kernelFunc: (call) => accountKernel(name, () => compute(call as unknown as KernelCall<Attrs>)),
  });
}

/** Registers a kernel of the CPU backend as it is, with an account of what it takes. */
export function adoptKernel(kernel: tf.KernelConfig): void {
  const { kernelName, kernelFunc } = kernel;
  tf.registerKernel({
    ...kernel,
    backendName: SIMD_BACKEND,
    kernelFunc: FREE.has(kernelName)
      ? kernelFunc
      : (call) => accountFallback(kernelName, () => kernelFunc(call)),
  });
}

/** Whether all tensors are float32 and none is empty. */
export function areFloats(...infos: (tf.TensorInfo | null | undefined)[]): boolean {
  return infos.every((info) => info == null || (info.dtype === "float32" && !isEmpty(info)));
}

/** Whether a tensor has no values. */
export function isEmpty(info: tf.TensorInfo): boolean {
  return tf.util.sizeFromShape(info.shape) === 0;
}

/** Values of a task of the element-wise kernels, as in their sources. */
export const CHUNK = 16384;

/** Tasks of the element-wise kernels for n values. */
export function chunks(n: number): number {
  return Math.ceil(n / CHUNK);
}
