import * as tf from "@tensorflow/tfjs-core";
import { MathBackendCPU } from "@tensorflow/tfjs-backend-cpu";
import type { Deferred } from "./deferred.ts";
import {
  allocatedBytes,
  allocFloat32,
  allocInt32,
  allocUint8,
  isShared,
  release,
  undoAllocations,
} from "../compute/memory.ts";

/** The name under which the backend is registered with tfjs. */
export const SIMD_BACKEND = "simd";

/** The arrays of the types of tensors that kernels work on. */
interface Values {
  float32: Float32Array;
  int32: Int32Array;
  bool: Uint8Array;
}

/**
 * A tfjs backend whose tensors live in a shared WebAssembly memory, where kernels written in
 * AssemblyScript work on them with SIMD on every core. It extends tfjs's CPU backend: what has no kernel
 * here falls back to the CPU backend's, which reads the same memory through typed arrays.
 *
 * A tensor moves into the shared memory when one of our kernels first needs it, and gives its room back
 * when it is disposed. What `data()` and `dataSync()` return is always a copy, which stays valid.
 *
 * All tensors together have 4 GiB, WebAssembly's limit: 40,000 CIFAR-10 images in float32 take 0.46 GiB,
 * so keep big sets in arrays and make tensors of batches, as `trainCnn` does.
 */
export class SimdBackend extends MathBackendCPU {
  /** Addresses of the tensors in the shared memory. */
  readonly #addresses = new Set<number>();
  /** Of tensors whose values nobody has needed so far, how they are computed. */
  readonly #deferred = new Map<tf.DataId, Deferred>();
  /** What the kernel that is running has made. */
  #made: tf.DataId[] | undefined;

  constructor() {
    super();
    // The CPU backend would advertise another package at its first use.
    (this as unknown as { firstUse: boolean }).firstUse = false;
  }

  /** A tensor's values in the shared memory, where they are moved if need be. */
  values<D extends keyof Values = "float32">(info: tf.TensorInfo, _dtype?: D): Values[D] {
    const data = this.data.get(info.dataId);
    const values = data.values as Values[D];
    if (isShared(values)) return values;
    const view = this.#allocate(values.length, info.dtype);
    view.set(values);
    data.values = view as tf.backend_util.TypedArray;
    return view as Values[D];
  }

  /** A new tensor in the shared memory, its values not yet set. */
  newTensor<D extends keyof Values = "float32">(
    shape: number[],
    dtype: D = "float32" as D,
  ): { info: tf.TensorInfo; values: Values[D] } {
    const values = this.#allocate(tf.util.sizeFromShape(shape), dtype) as Values[D];
    const dataId = super.write(values as tf.backend_util.TypedArray, shape, dtype);
    this.#made?.push(dataId);
    return { info: { dataId, shape, dtype }, values };
  }

  /** A new float32 tensor whose values are computed when somebody reads them. */
  defer(shape: number[], deferred: Deferred): tf.TensorInfo {
    const dataId = super.write(undefined as unknown as Float32Array, shape, "float32");
    this.#made?.push(dataId);
    for (const source of deferred.sources) this.incRef(source.dataId);
    this.#deferred.set(dataId, deferred);
    Object.defineProperty(this.data.get(dataId), "values", {
      configurable: true,
      get: () => this.#settle(dataId, tf.util.sizeFromShape(shape)),
    });
    return { dataId, shape, dtype: "float32" };
  }

  /** How a tensor's values are computed, if nobody has needed them so far. */
  deferred({ dataId }: tf.TensorInfo): Deferred | undefined {
    return this.#deferred.get(dataId);
  }

  #settle(dataId: tf.DataId, n: number): Float32Array {
    const values = this.#allocate(n, "float32") as Float32Array;
    try {
      this.#deferred.get(dataId)!.compute(values);
    } catch (error) {
      this.#addresses.delete(values.byteOffset);
      release(values.byteOffset);
      throw error;
    }
    Object.defineProperty(this.data.get(dataId), "values", { value: values, writable: true });
    this.#forget(dataId);
    return values;
  }

  /** Lets go of what deferred values would have been computed of. */
  #forget(dataId: tf.DataId): void {
    const sources = this.#deferred.get(dataId)?.sources ?? [];
    this.#deferred.delete(dataId);
    for (const { dataId: source } of sources) {
      // The engine counts what it disposes of itself.
      if (this.disposeData(source)) tf.engine().removeDataId(source, this);
    }
  }

  override write(
    values: tf.backend_util.BackendValues,
    shape: number[],
    dtype: tf.DataType,
  ): tf.DataId {
    const dataId = super.write(ownCopy(values), shape, dtype);
    this.#made?.push(dataId);
    return dataId;
  }

  /** Calls a kernel, and takes back what it has made if it throws. */
  undoIfItFails<T>(kernel: () => T): T {
    const outer = this.#made, made: tf.DataId[] = this.#made = [];
    try {
      return undoAllocations(kernel, (address) => this.#addresses.has(address));
    } catch (error) {
      for (const dataId of made) if (this.data.has(dataId)) this.disposeData(dataId, true);
      throw error;
    } finally {
      this.#made = outer;
      if (outer) outer.push(...made);
    }
  }

  override move(
    dataId: tf.DataId,
    values: tf.backend_util.BackendValues,
    shape: number[],
    dtype: tf.DataType,
    refCount: number,
  ): void {
    super.move(dataId, ownCopy(values), shape, dtype, refCount);
  }

  override readSync(dataId: tf.DataId): tf.backend_util.BackendValues {
    return ownCopy(super.readSync(dataId));
  }

  override read(dataId: tf.DataId): Promise<tf.backend_util.BackendValues> {
    return Promise.resolve(this.readSync(dataId));
  }

  override disposeData(dataId: tf.DataId, force = false): boolean {
    const isDeferred = this.#deferred.has(dataId);
    const values = !isDeferred && this.data.has(dataId) ? this.data.get(dataId).values : undefined;
    const disposed = super.disposeData(dataId, force);
    if (disposed && isDeferred) this.#forget(dataId);
    if (disposed && ArrayBuffer.isView(values) && isShared(values)) {
      this.#addresses.delete(values.byteOffset);
      release(values.byteOffset);
    }
    return disposed;
  }

  override dispose(): void {
    this.#deferred.clear();
    for (const address of this.#addresses) release(address);
    this.#addresses.clear();
    super.dispose();
  }

  #allocate(n: number, dtype: tf.DataType): Values[keyof Values] {
    const view = dtype === "bool"
      ? allocUint8(n)
      : dtype === "int32"
      ? allocInt32(n)
      : allocFloat32(n);
    this.#addresses.add(view.byteOffset);
    return view;
  }

  override memory() {
    return { ...super.memory(), sharedBytes: allocatedBytes() };
  }
}

/**
 * The values themselves, or a copy if they lie in shared memory: a CPU kernel may return a part of its
 * input's memory, which would change under the result when the input is disposed.
 */
function ownCopy(values: tf.backend_util.BackendValues): tf.backend_util.BackendValues {
  if (!ArrayBuffer.isView(values) || !(values.buffer instanceof SharedArrayBuffer)) return values;
  return (values as Float32Array).slice();
}
