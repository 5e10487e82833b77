import * as tf from "@tensorflow/tfjs-core";
import { defineKernel } from "../compute/define_kernel.ts";
import { addKernel, chunks } from "./ops/kernel_override.ts";

const KERNEL_NAME = "OptimizerStep";

const optimizerStep = defineKernel("optimizerStep", {
  kind: "i32",
  w: "f32*",
  g: "f32*",
  first: "f32*?",
  second: "f32*?",
  third: "f32*?",
  updated: "f32*",
  n: "i32",
  nesterov: "bool",
  rate: "f32",
  p: "f32",
  q: "f32",
  correction: "f32",
  epsilon: "f32",
});

/** Numbers of the optimizers, as in the kernel. */
const KINDS = { adam: 0, sgd: 1, rmsProp: 2 } as const;

/** What a step needs beside weights and gradient; the kernel says what each number is for which optimizer. */
export interface OptimizerStep {
  readonly kind: keyof typeof KINDS;
  /** Kept from step to step; they are updated where they lie. */
  readonly moments: Readonly<Partial<Record<"first" | "second" | "third", tf.Variable>>>;
  readonly rate: number;
  readonly p?: number;
  readonly q?: number;
  readonly correction?: number;
  readonly epsilon?: number;
  readonly nesterov?: boolean;
}

/** Whether the backend in use makes an optimizer's step in one pass. */
export function hasOptimizerStep(): boolean {
  return tf.getKernel(KERNEL_NAME, tf.getBackend()) !== undefined;
}

/** Makes one step of an optimizer in one pass over a variable. */
export function stepInOnePass(
  variable: tf.Variable,
  gradient: tf.Tensor,
  { moments, ...attrs }: OptimizerStep,
): void {
  const updated = tf.engine().runKernel(
    KERNEL_NAME,
    { w: variable, g: gradient, ...moments },
    attrs as unknown as tf.NamedAttrMap,
  ) as tf.Tensor;
  variable.assign(updated);
  updated.dispose();
}

/** Registers the kernel for the simd backend. */
export function registerOptimizerStep(): void {
  addKernel<Omit<OptimizerStep, "moments">>(KERNEL_NAME, ({ inputs, attrs, backend }) => {
    const { w, g, first, second, third } = inputs as Record<string, tf.TensorInfo | undefined>;
    const { info, values: updated } = backend.newTensor(w!.shape);
    const n = updated.length;
    const { kind, rate, p = 0, q = 0, correction = 0, epsilon = 0, nesterov = false } = attrs;
    const valuesOf = (moment: tf.TensorInfo | undefined) => moment ? backend.values(moment) : null;
    optimizerStep(chunks(n), {
      kind: KINDS[kind],
      w: backend.values(w!),
      g: backend.values(g!),
      first: valuesOf(first),
      second: valuesOf(second),
      third: valuesOf(third),
      updated,
      n,
      nesterov,
      rate,
      p,
      q,
      correction,
      epsilon,
    });
    return info;
  });
}
