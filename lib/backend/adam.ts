import * as tf from "@tensorflow/tfjs-core";
import { CHUNK } from "./ops/kernel_override.ts";
import { defineKernel } from "../compute/define_kernel.ts";
import { SIMD_BACKEND, type SimdBackend } from "./simd_backend.ts";

const KERNEL_NAME = "AdamStep";

const adam = defineKernel("adam", {
  w: "f32*",
  g: "f32*",
  m: "f32*",
  v: "f32*",
  n: "i32",
  updated: "f32*",
  beta1: "f32",
  beta2: "f32",
  rate: "f32",
  correction: "f32",
  epsilon: "f32",
});

/** Keras's default ε, which is tfjs's in float32 too. */
const EPSILON = 1e-7;

interface Attrs {
  readonly beta1: number;
  readonly beta2: number;
  /** Learning rate / (1 − β₁ᵗ). */
  readonly rate: number;
  /** 1 / √(1 − β₂ᵗ). */
  readonly correction: number;
  readonly epsilon: number;
}

/** What tfjs's optimizer keeps for each variable, by the variables' order. */
interface Moment {
  originalName: string;
  variable: tf.Variable;
}

/** The fields of tfjs's optimizer that its type declarations hide. */
interface AdamState {
  accumulatedFirstMoment: Moment[];
  accumulatedSecondMoment: Moment[];
  accBeta1: tf.Variable;
  accBeta2: tf.Variable;
}

/**
 * Adam (Kingma & Ba 2015) with Keras's defaults. On the simd backend a step is one pass over each
 * variable; on others it is tfjs's own, a dozen operations each. The results agree but for rounding.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import * as tf from "@tensorflow/tfjs";
 * import { Adam, setUpCompute } from "deep-features";
 *
 * await setUpCompute({ quiet: true });
 * const w = tf.variable(tf.scalar(1));
 * new Adam(0.1).minimize(() => tf.square(w) as tf.Scalar);
 * assert(Math.abs(w.dataSync()[0]! - 0.9) < 1e-5);
 * ```
 */
export class Adam extends tf.AdamOptimizer {
  constructor(
    learningRate = 0.001,
    beta1 = 0.9,
    beta2 = 0.999,
    epsilon = EPSILON,
  ) {
    super(learningRate, beta1, beta2, epsilon);
  }

  override applyGradients(
    gradients: Parameters<tf.AdamOptimizer["applyGradients"]>[0],
  ): void {
    if (
      Array.isArray(gradients) || !tf.getKernel(KERNEL_NAME, tf.getBackend())
    ) {
      return super.applyGradients(gradients);
    }
    const {
      accumulatedFirstMoment,
      accumulatedSecondMoment,
      accBeta1,
      accBeta2,
    } = this as unknown as AdamState;
    const [power1, power2] = [accBeta1.dataSync()[0]!, accBeta2.dataSync()[0]!];
    const attrs: Attrs = {
      beta1: this.beta1,
      beta2: this.beta2,
      rate: this.learningRate / (1 - power1),
      correction: 1 / Math.sqrt(1 - power2),
      epsilon: this.epsilon ?? EPSILON,
    };
    Object.entries<tf.Tensor>(gradients).forEach(([name, gradient], i) => {
      const variable = tf.engine().registeredVariables[name]!;
      const first = accumulatedFirstMoment[i] ??= zeroMoment(
        name,
        "m",
        variable,
      );
      const second = accumulatedSecondMoment[i] ??= zeroMoment(
        name,
        "v",
        variable,
      );
      const inputs = {
        w: variable,
        g: gradient,
        m: first.variable,
        v: second.variable,
      };
      const updated = tf.engine().runKernel(
        KERNEL_NAME,
        inputs,
        attrs as unknown as tf.NamedAttrMap,
      ) as tf.Tensor;
      variable.assign(updated);
      updated.dispose();
    });
    tf.tidy(() => {
      accBeta1.assign(tf.mul(accBeta1, this.beta1));
      accBeta2.assign(tf.mul(accBeta2, this.beta2));
    });
    this.incrementIterations();
  }
}

/** Registers the kernel for the simd backend. The moments are updated in place. */
export function registerAdam(): void {
  tf.registerKernel({
    kernelName: KERNEL_NAME,
    backendName: SIMD_BACKEND,
    kernelFunc: ({ inputs, attrs, backend }) => {
      const simd = backend as SimdBackend;
      const inputOf = (name: string) => inputs[name]!;
      const [w, g, m, v] = ["w", "g", "m", "v"].map(inputOf).map((input) => simd.values(input));
      const { info, values: updated } = simd.newTensor(inputs["w"]!.shape);
      const n = updated.length;
      adam(Math.ceil(n / CHUNK), {
        w: w!,
        g: g!,
        m: m!,
        v: v!,
        n,
        updated,
        ...attrs as unknown as Attrs,
      });
      return info;
    },
  });
}

function zeroMoment(
  name: string,
  suffix: string,
  variable: tf.Variable,
): Moment {
  const originalName = `${name}/${suffix}`;
  return {
    originalName,
    variable: tf.tidy(() => tf.variable(tf.zerosLike(variable), false)),
  };
}
