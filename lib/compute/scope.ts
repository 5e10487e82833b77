import {
  allocFloat32,
  allocFloat64,
  allocInt32,
  allocUint32,
  allocUint8,
  freeViews,
} from "./memory.ts";

/**
 * Blocks of the shared memory that live as long as a block of code. With `using` they are given back at
 * its end, however it ends: also when an allocation, a kernel or a caller's function throws half-way.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { allocatedBytes } from "./memory.ts";
 * import { Scope } from "./scope.ts";
 *
 * const before = allocatedBytes();
 * {
 *   using memory = new Scope();
 *   const block = memory.float32(1000); // uninitialized
 *   assert(block.length === 1000 && allocatedBytes() > before);
 * }
 * assert(allocatedBytes() === before);
 * ```
 */
export class Scope implements Disposable {
  #owned: (ArrayBufferView | Disposable)[] | undefined = [];

  /** n float32 values, uninitialized. */
  float32(n: number): Float32Array<SharedArrayBuffer> {
    return this.#own(() => allocFloat32(n));
  }

  /** n float64 values, uninitialized. */
  float64(n: number): Float64Array<SharedArrayBuffer> {
    return this.#own(() => allocFloat64(n));
  }

  /** n int32 values, uninitialized. */
  int32(n: number): Int32Array<SharedArrayBuffer> {
    return this.#own(() => allocInt32(n));
  }

  /** n uint32 values, uninitialized. */
  uint32(n: number): Uint32Array<SharedArrayBuffer> {
    return this.#own(() => allocUint32(n));
  }

  /** n bytes, uninitialized. */
  uint8(n: number): Uint8Array<SharedArrayBuffer> {
    return this.#own(() => allocUint8(n));
  }

  /** Takes over what gives itself back, as `SharedRows`; returns it. */
  use<T extends Disposable>(value: T): T {
    return this.#own(() => value);
  }

  /** Gives back one of the things that it holds before the end. */
  free(held: ArrayBufferView | Disposable): void {
    const owned = this.#held(), at = owned.indexOf(held);
    if (at < 0) throw new RangeError("Cannot free what the scope does not hold");
    owned.splice(at, 1);
    giveBack(held);
  }

  /**
   * Hands what it holds to a scope that lives on, for a constructor that must give all back if it fails
   * half-way and else keep all.
   */
  move(): Scope {
    const other = new Scope();
    other.#owned = this.#held();
    this.#owned = [];
    return other;
  }

  /** Gives everything back; nothing may be asked of the scope afterwards. */
  [Symbol.dispose](): void {
    const owned = this.#owned ?? [];
    this.#owned = undefined;
    for (const each of owned.reverse()) giveBack(each);
  }

  #own<T extends ArrayBufferView | Disposable>(make: () => T): T {
    const owned = this.#held();
    const made = make();
    owned.push(made);
    return made;
  }

  #held(): (ArrayBufferView | Disposable)[] {
    if (!this.#owned) throw new ReferenceError("Cannot use a scope after its end");
    return this.#owned;
  }
}

function giveBack(held: ArrayBufferView | Disposable): void {
  if (ArrayBuffer.isView(held)) freeViews(held);
  else held[Symbol.dispose]();
}

/** Calls a function when memory is short, so that it gives back what can be made anew. */
export { onShortage } from "./memory.ts";
