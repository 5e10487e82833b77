import * as tf from "@tensorflow/tfjs-core";
import { SIMD_BACKEND, type SimdBackend } from "./simd_backend.ts";

/**
 * Lets every kernel of the backend take back what it has made if it fails half-way, as when the memory
 * runs out: tfjs learns of a kernel's results only when it returns them.
 */
export function giveBackAfterKernels(): void {
  for (const kernel of tf.getKernelsForBackend(SIMD_BACKEND)) {
    const { kernelName, kernelFunc } = kernel;
    tf.unregisterKernel(kernelName, SIMD_BACKEND);
    tf.registerKernel({
      ...kernel,
      kernelFunc: (call) => (call.backend as SimdBackend).undoIfItFails(() => kernelFunc(call)),
    });
  }
}

/** The parts of tfjs's engine that its type declarations hide. */
interface Engine {
  readonly state: { readonly kernelDepth: number; gradientDepth: number; activeTape: unknown };
  keep<T extends tf.Tensor>(tensor: T): T;
  gradients(...args: unknown[]): unknown;
}

/** Of the gradients being computed, the tensors that were saved for the way back. */
let saved: tf.Tensor[] | undefined;
const repaired = new WeakSet<object>();

/**
 * Lets tfjs take back the tensors that it saves for gradients when these fail half-way. tfjs keeps them
 * out of every `tidy`, and disposes of them only at the end of a computation that succeeds.
 */
export function giveBackAfterGradients(): void {
  const engine = tf.engine() as unknown as Engine;
  if (repaired.has(engine)) return;
  repaired.add(engine);
  const { keep, gradients } = engine;
  engine.keep = <T extends tf.Tensor>(tensor: T): T => {
    // What is kept inside of a kernel is kept for its gradient; outside, by a caller on purpose.
    if (engine.state.kernelDepth > 0) saved?.push(tensor);
    return keep.call(engine, tensor) as T;
  };
  engine.gradients = (...args) => {
    const outer = saved, own: tf.Tensor[] = saved = [];
    const isOutermost = engine.state.gradientDepth === 0;
    try {
      return gradients.apply(engine, args);
    } catch (error) {
      tf.dispose(own);
      if (isOutermost) engine.state.activeTape = null;
      throw error;
    } finally {
      saved = outer;
      for (const tensor of own) if (!tensor.isDisposed) outer?.push(tensor);
    }
  };
}
