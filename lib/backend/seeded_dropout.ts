import * as tf from "@tensorflow/tfjs-core";
import { CHUNK } from "./ops/kernel_override.ts";
import { checkValue, seed as seedRule, share } from "../base/check.ts";
import { defineKernel } from "../compute/define_kernel.ts";
import { SIMD_BACKEND, type SimdBackend } from "./simd_backend.ts";

const KERNEL_NAME = "SeededDropout";

const drop = defineKernel("dropout", {
  x: "f32*",
  y: "f32*",
  n: "i32",
  seed: "i32",
  threshold: "i32",
  scale: "f32",
});

interface Attrs {
  readonly rate: number;
  readonly seed: number;
}

/**
 * Dropout (Srivastava et al. 2014) with a counter-based generator: whether element i is kept depends on
 * the seed and i alone, by two rounds of C. Wellons's integer hash "lowbias32". So a mask needs no
 * memory, is the same on every backend and for any number of threads, and the gradient draws it again.
 *
 * @param x Any float32 tensor
 * @param rate Share of the elements that become zero; the others are divided by 1 − rate
 * @param seed A whole number; take another one at each call, or the masks will be the same
 * @throws {TypeError} If the rate or the seed is no number
 * @throws {RangeError} If the rate is not in [0, 1), or the seed is no whole number
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import * as tf from "@tensorflow/tfjs";
 * import { setUpCompute } from "deep-features";
 * import { seededDropout } from "deep-features/backend";
 *
 * await setUpCompute({ quiet: true });
 * const y = seededDropout(tf.ones([1000]), 0.25, 7);
 * const kept = y.dataSync().filter((value) => value > 0);
 * assert(Math.abs(kept.length - 750) < 60 && Math.abs(kept[0]! - 4 / 3) < 1e-6);
 * ```
 */
export function seededDropout<T extends tf.Tensor>(x: T, rate: number, seed: number): T {
  checkValue("The dropout rate", rate, share);
  checkValue("seededDropout: seed", seed, seedRule);
  if (rate === 0) return x;
  const attrs: Attrs = { rate, seed: seed | 0 };
  const dropped = tf.customGrad((x) => ({
    value: apply(x as tf.Tensor, attrs),
    gradFunc: (dy: tf.Tensor) => apply(dy, attrs),
  }));
  return dropped(x) as T;
}

/** Registers the kernel for the simd backend. */
export function registerSeededDropout(): void {
  tf.registerKernel({
    kernelName: KERNEL_NAME,
    backendName: SIMD_BACKEND,
    kernelFunc: ({ inputs, attrs, backend }) => {
      const x = inputs["x"]!, simd = backend as SimdBackend;
      const { rate, seed } = attrs as unknown as Attrs;
      const n = tf.util.sizeFromShape(x.shape);
      const { info, values: y } = simd.newTensor(x.shape);
      drop(Math.ceil(n / CHUNK), {
        x: simd.values(x),
        y,
        n,
        seed,
        threshold: threshold(rate),
        scale: 1 / (1 - rate),
      });
      return info;
    },
  });
}

function apply(x: tf.Tensor, attrs: Attrs): tf.Tensor {
  if (tf.getKernel(KERNEL_NAME, tf.getBackend())) {
    return tf.engine().runKernel(
      KERNEL_NAME,
      { x },
      attrs as unknown as tf.NamedAttrMap,
    ) as tf.Tensor;
  }
  return tf.tidy(() => tf.mul(x, tf.tensor(dropoutMask(x.size, attrs), x.shape)));
}

/** The mask in plain TypeScript: 0, or 1 / (1 − rate). */
function dropoutMask(n: number, { rate, seed }: Attrs): Float32Array {
  const scale = 1 / (1 - rate), least = threshold(rate);
  return Float32Array.from(
    { length: n },
    (_, i) => (lowbias32(lowbias32(i) ^ seed) >>> 1) >= least ? scale : 0,
  );
}

/** Hashes are cut to 31 bits, which compare alike whether signed or not. */
function threshold(rate: number): number {
  return Math.round(rate * 2 ** 31);
}

function lowbias32(x: number): number {
  x = Math.imul(x ^ (x >>> 16), 0x7feb352d);
  x = Math.imul(x ^ (x >>> 15), 0x846ca68b);
  return (x ^ (x >>> 16)) >>> 0;
}
