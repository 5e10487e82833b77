/** Draws cases by a seed and compares what the backends “simd” and “cpu” make of them. */
import assert from "node:assert/strict";
import * as tf from "@tensorflow/tfjs";
import { setUpCompute } from "deep-features";
import { seededRandom } from "deep-features/base";
import { fallbacks, resetFallbacks } from "../../../lib/backend/fallbacks.ts";

/** Values that go through kernels in their own ways. */
const SPECIAL = [NaN, Infinity, -Infinity, 0, -0, 1, -1, 0.5, -2, 3, 1e-40, -1e30, 88, -104];

/** Draws what a case needs; the same for the same seed. */
export class Draw {
  readonly random: () => number;

  constructor(seed: number) {
    this.random = seededRandom(seed);
  }

  /** A whole number from `low` to `high`. */
  whole(low: number, high: number): number {
    return low + Math.floor(this.random() * (high - low + 1));
  }

  pick<T>(...choices: readonly T[]): T {
    return choices[this.whole(0, choices.length - 1)]!;
  }

  /** Lengths, now and then 0 where that is allowed; rarely large, so that several tasks are needed. */
  shape(rank: number, { empty = true, most = 9 } = {}): number[] {
    const shape = Array.from({ length: rank }, () => this.whole(1, most));
    const chance = this.random();
    if (rank > 0 && empty && chance < 0.04) shape[this.whole(0, rank - 1)] = 0;
    else if (rank > 0 && chance < 0.2 && tf.util.sizeFromShape(shape) < 30) {
      shape[this.whole(0, rank - 1)] = this.whole(100, 3000);
    }
    return shape;
  }

  /** Values in [low, high), some of them special where asked for. */
  tensor(shape: number[], { low = -2, high = 2, special = 0, whole = false } = {}): Values {
    const n = tf.util.sizeFromShape(shape);
    const values = Float32Array.from({ length: n }, () => {
      if (this.random() < special) return this.pick(...SPECIAL);
      const value = low + (high - low) * this.random();
      return whole ? Math.round(value) : value;
    });
    return { shape, values };
  }
}

/** A tensor before a backend has it. */
export interface Values {
  readonly shape: number[];
  readonly values: Float32Array;
}

export function tensorOf<T extends tf.Tensor>({ shape, values }: Values, dtype?: tf.DataType): T {
  return tf.tensor(dtype === undefined ? values : Array.from(values), shape, dtype) as T;
}

export interface Case {
  readonly what: string;
  readonly run: () => tf.Tensor | tf.Tensor[];
  /** Difference that is allowed, relative to the value or (`scale`) to the largest of its tensor. */
  readonly tolerance?: number;
  readonly scale?: "value" | "largest";
}

/**
 * Runs `count` cases on both backends. NaN and infinities must be where they are on `cpu`.
 *
 * @param mayFall Operations that may run on the CPU backend for some cases
 */
export async function compareWithCpu(
  count: number,
  draw: (draw: Draw, i: number) => Case,
  { seed = 1, mayFall = [] as readonly string[] } = {},
): Promise<void> {
  const cases = Array.from({ length: count }, (_, i) => draw(new Draw(1000 * seed + i), i));
  const results: Record<string, { shape: number[]; dtype: string; values: ArrayLike<number> }[][]> =
    {};
  for (const backend of ["cpu", "simd"] as const) {
    await setUpCompute({ backend, quiet: true });
    resetFallbacks();
    results[backend] = cases.map(({ run }) =>
      tf.tidy(() =>
        [run()].flat().map((tensor) => ({
          shape: tensor.shape,
          dtype: tensor.dtype,
          values: tensor.dataSync(),
        }))
      )
    );
  }
  const fallen = fallbacks().map(({ operation }) => operation)
    .filter((operation) => !mayFall.includes(operation));
  assert.deepEqual(fallen, [], "ran on the CPU backend");
  cases.forEach(({ what, tolerance = 2e-6, scale = "largest" }, i) => {
    results["cpu"]![i]!.forEach((expected, k) => {
      const actual = results["simd"]![i]![k]!;
      assert.deepEqual([actual.shape, actual.dtype], [expected.shape, expected.dtype], what);
      let largest = 0;
      for (let j = 0; j < expected.values.length; j++) {
        const size = Math.abs(expected.values[j]!);
        if (Number.isFinite(size)) largest = Math.max(largest, size);
      }
      for (let j = 0; j < expected.values.length; j++) {
        const wanted = expected.values[j]!, got = actual.values[j]!;
        const size = scale === "value" ? Math.abs(wanted) + 1e-37 / tolerance : largest;
        const isSame = Object.is(wanted, got) || wanted === got ||
          Math.abs(wanted - got) <= tolerance * size;
        if (!isSame) {
          assert.fail(`case ${i}, ${what}: output ${k}, value ${j} is ${got}, not ${wanted}`);
        }
      }
    });
  });
}
