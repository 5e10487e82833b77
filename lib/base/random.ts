import { checkValue, seed as seedRule } from "./check.ts";

/**
 * A seeded source of uniform numbers in [0, 1): sfc32 ("small fast counting", C. Doty-Humphrey's
 * PractRand), its state filled by splitmix32 from the seed. Not for cryptography.
 *
 * @param seed Any whole number; the same seed gives the same numbers on every machine
 * @throws {TypeError} If the seed is no number
 * @throws {RangeError} If it is no whole number that is exact in a float64
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { seededRandom } from "deep-features/base";
 *
 * const a = seededRandom(1), b = seededRandom(1);
 * assert(a() === b());
 * ```
 */
export function seededRandom(seed: number): () => number {
  checkValue("A seed", seed, seedRule);
  // The upper half is scattered, so that −1 is not like 0, nor 2³² like 1.
  const upper = Math.imul(Math.floor(seed / 2 ** 32), 0x735a2d97);
  let state = seed ^ Math.imul(upper ^ (upper >>> 15), 0x21f0aaad);
  const splitmix32 = () => {
    state = (state + 0x9e3779b9) | 0;
    let z = state;
    z = Math.imul(z ^ (z >>> 16), 0x21f0aaad);
    z = Math.imul(z ^ (z >>> 15), 0x735a2d97);
    return z ^ (z >>> 15);
  };
  let a = splitmix32(), b = splitmix32(), c = splitmix32(), counter = 1;
  const next = () => {
    const sum = (((a + b) | 0) + counter) | 0;
    counter = (counter + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = (((c << 21) | (c >>> 11)) + sum) | 0;
    return (sum >>> 0) / 2 ** 32;
  };
  for (let i = 0; i < 12; i++) next();
  return next;
}

/**
 * A uniformly random order of 0 … n − 1 (Fisher–Yates), drawn from `random`.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { permutation, seededRandom } from "deep-features/base";
 *
 * const order = permutation(4, seededRandom(1));
 * assert([...order].sort().join() === "0,1,2,3");
 * ```
 */
export function permutation(n: number, random: () => number): Uint32Array {
  const order = Uint32Array.from({ length: n }, (_, i) => i);
  for (let i = n - 1; i > 0; i--) {
    const j = Math.floor(random() * (i + 1));
    const held = order[i]!;
    order[i] = order[j]!;
    order[j] = held;
  }
  return order;
}

/**
 * One number from the standard normal distribution (Box–Muller), drawn from `random`.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { seededRandom, standardNormal } from "deep-features/base";
 *
 * const random = seededRandom(1);
 * const values = Array.from({ length: 1000 }, () => standardNormal(random));
 * assert(Math.abs(values.reduce((a, b) => a + b) / 1000) < 0.1);
 * ```
 */
export function standardNormal(random: () => number): number {
  const radius = Math.sqrt(-2 * Math.log(1 - random()));
  return radius * Math.cos(2 * Math.PI * random());
}
