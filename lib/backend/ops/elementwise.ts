import * as tf from "@tensorflow/tfjs-core";
import { bytesOf } from "../../base/bytes_of.ts";
import { defineKernel } from "../../compute/define_kernel.ts";
import type { SimdBackend } from "../simd_backend.ts";
import { addKernel, areFloats, chunks, isEmpty, overrideKernel } from "./kernel_override.ts";
import { collapse, stepsOf, withLayout } from "./layout.ts";
import { addToNormalized, Masked, rectifiedOf, rectify } from "./normalized.ts";

const size = tf.util.sizeFromShape;

const binaryKernel = defineKernel("binary", {
  op: "i32",
  a: "f32*",
  b: "f32*",
  y: "u8*",
  n: "i32",
  rank: "i32",
  lengths: "i32*",
  p: "f32",
  q: "f32",
});
const unaryKernel = defineKernel("unary", {
  op: "i32",
  x: "f32*",
  y: "f32*",
  n: "i32",
  p: "f32",
  q: "f32",
});
const select = defineKernel("select4", {
  condition: "u8*",
  a: "f32*",
  b: "f32*",
  y: "f32*",
  n: "i32",
});
const logical = defineKernel("logical", { op: "i32", a: "u8*", b: "u8*", y: "u8*", n: "i32" });
const convert = defineKernel("convert", { kind: "i32", x: "u8*", y: "u8*", n: "i32" });
const fill = defineKernel("fillValues", { y: "f32*", n: "i32", value: "f32" });

/** Numbers of the operations of two operands, as in the kernel. */
export const BINARY: Record<string, number> = {
  [tf.Add]: 0,
  [tf.Sub]: 1,
  [tf.Multiply]: 2,
  [tf.RealDiv]: 3,
  [tf.Maximum]: 4,
  [tf.Minimum]: 5,
  [tf.SquaredDifference]: 6,
  [tf.Prelu]: 7,
  [tf.EluGrad]: 8,
  [tf.Pow]: 16,
};

/** The results of these are bool. */
const COMPARISONS: Record<string, number> = {
  [tf.Equal]: 32,
  [tf.NotEqual]: 33,
  [tf.Less]: 34,
  [tf.LessEqual]: 35,
  [tf.Greater]: 36,
  [tf.GreaterEqual]: 37,
};

/** Names of the two operands, where they are not a and b. */
const OPERANDS: Record<string, readonly [string, string]> = {
  [tf.Prelu]: ["x", "alpha"],
  [tf.EluGrad]: ["dy", "y"],
};

/** Gradients of functions of one operand in one pass: of dy and the operand, or the result. */
const GRADIENTS = {
  relu: 9,
  relu6: 10,
  square: 11,
  sigmoid: 12,
  tanh: 13,
  clip: 14,
  leakyRelu: 15,
} as const;

/** Numbers of the functions of one operand, as in the kernel, and the attributes that are their parameters. */
const UNARY: Record<string, readonly [op: number, ...attributes: string[]]> = {
  [tf.Relu]: [0],
  [tf.Step]: [1, "alpha"],
  [tf.Square]: [2],
  [tf.Sqrt]: [3],
  [tf.Neg]: [4],
  [tf.Abs]: [5],
  [tf.Relu6]: [6],
  [tf.ClipByValue]: [7, "clipValueMin", "clipValueMax"],
  [tf.LeakyRelu]: [8, "alpha"],
  [tf.Reciprocal]: [9],
  [tf.Floor]: [10],
  [tf.Ceil]: [11],
  [tf.Round]: [12],
  [tf.Sign]: [13],
  [tf.Rsqrt]: [14],
};

/** Functions that a normalization before them applies on the way out. */
const ACTIVATIONS: Record<string, "relu" | "relu6"> = {
  [tf.Relu]: "relu",
  [tf.Relu6]: "relu6",
};

/** Functions whose last digit depends on how they are computed. */
const TRANSCENDENTAL: Record<string, number> = {
  [tf.Exp]: 15,
  [tf.Log]: 16,
  [tf.Sigmoid]: 17,
  [tf.Tanh]: 18,
  [tf.Elu]: 19,
  [tf.Selu]: 20,
  [tf.Softplus]: 32,
  [tf.Erf]: 33,
  [tf.Sin]: 34,
  [tf.Cos]: 35,
  [tf.Tan]: 36,
  [tf.Asin]: 37,
  [tf.Acos]: 38,
  [tf.Atan]: 39,
  [tf.Sinh]: 40,
  [tf.Cosh]: 41,
  [tf.Asinh]: 42,
  [tf.Acosh]: 43,
  [tf.Atanh]: 44,
  [tf.Expm1]: 45,
  [tf.Log1p]: 46,
};

/**
 * Fewer values than this are left to the CPU backend, which computes them in double precision in less time
 * than the threads take to wake: a batch's logits are among them.
 */
export const FEW = 8192;

/** The name under which the gradients in one pass are registered with tfjs. */
export const UNARY_GRADIENT = "UnaryGradient";

/** What {@linkcode UNARY_GRADIENT} is told. */
export interface UnaryGradientAttrs {
  readonly of: keyof typeof GRADIENTS;
  readonly parameters?: readonly number[];
}

/** Registers arithmetic and comparisons with any broadcast, functions of one operand, and conditions. */
export function registerElementwise(): void {
  for (const [name, op] of Object.entries({ ...BINARY, ...COMPARISONS })) {
    const [first, second] = OPERANDS[name] ?? ["a", "b"];
    overrideKernel(name, ({ inputs, backend }) => {
      const a = inputs[first]!, b = inputs[second]!;
      if (!areFloats(a, b)) return undefined;
      const sum = name === tf.Add ? addToNormalized(backend, a, b) : undefined;
      return sum ?? binary(backend, op, a, b);
    });
  }
  addKernel<UnaryGradientAttrs>(UNARY_GRADIENT, ({ inputs, attrs, backend }) => {
    const dy = inputs["dy"]!, x = inputs["x"]!, op = GRADIENTS[attrs.of];
    const normalized = attrs.of === "relu" ? rectifiedOf(x) : undefined;
    if (!normalized) return binary(backend, op, dy, x, attrs.parameters);
    const compute = (dx: Float32Array) => binaryInto(backend, op, dy, x, dx);
    return backend.defer(x.shape, new Masked(dy, x, normalized, compute));
  });
  for (const [name, [op, ...attributes]] of Object.entries(UNARY)) {
    overrideKernel<Record<string, number> | undefined>(name, ({ inputs, attrs, backend }) => {
      const x = inputs["x"]!;
      if (!areFloats(x)) return undefined;
      const activation = ACTIVATIONS[name];
      const fused = activation && rectify(backend, x, activation);
      return fused ?? unary(backend, op, x, attributes.map((attribute) => attrs?.[attribute] ?? 0));
    });
  }
  for (const [name, op] of Object.entries(TRANSCENDENTAL)) {
    const parameters = name === tf.Selu
      ? [tf.backend_util.SELU_SCALE, tf.backend_util.SELU_SCALEALPHA]
      : [];
    overrideKernel(name, ({ inputs, backend }) => {
      const x = inputs["x"]!;
      if (!areFloats(x) || size(x.shape) < FEW) return undefined;
      return unary(backend, op, x, parameters);
    });
  }
  registerConditions();
  registerConversions();
}

/** a op b for float32 tensors, with broadcasting. */
export function binary(
  backend: SimdBackend,
  op: number,
  a: tf.TensorInfo,
  b: tf.TensorInfo,
  parameters: readonly number[] = [],
): tf.TensorInfo {
  const shape = tf.backend_util.assertAndGetBroadcastShape(a.shape, b.shape);
  const { info, values } = backend.newTensor(shape, op >= 32 ? "bool" : "float32");
  binaryInto(backend, op, a, b, values, parameters);
  return info;
}

function binaryInto(
  backend: SimdBackend,
  op: number,
  a: tf.TensorInfo,
  b: tf.TensorInfo,
  values: Float32Array | Uint8Array,
  [p = 0, q = 0]: readonly number[] = [],
): void {
  const shape = tf.backend_util.assertAndGetBroadcastShape(a.shape, b.shape);
  const steps = [a, b].map((info) => stepsOf(info.shape, shape.length));
  const dimensions = collapse(
    shape.map((length, axis) => ({ length, steps: steps.map((of) => of[axis]!) })),
  );
  const n = size(shape), y = bytesOf(values);
  const operands = { a: backend.values(a), b: backend.values(b) };
  withLayout(
    dimensions,
    (layout) => binaryKernel(chunks(n), { op, ...operands, y, n, ...layout, p, q }),
  );
}

function unary(
  backend: SimdBackend,
  op: number,
  x: tf.TensorInfo,
  [p = 0, q = 0]: readonly number[],
): tf.TensorInfo {
  const n = size(x.shape);
  const { info, values: y } = backend.newTensor(x.shape);
  unaryKernel(chunks(n), { op, x: backend.values(x), y, n, p, q });
  return info;
}

function registerConditions(): void {
  for (const [op, name] of [tf.LogicalAnd, tf.LogicalOr, tf.LogicalNot].entries()) {
    overrideKernel(name, ({ inputs, backend }) => {
      const a = inputs["a"] ?? inputs["x"]!, b = inputs["b"] ?? a;
      const isBool = a.dtype === "bool" && b.dtype === "bool" && !isEmpty(a);
      if (!isBool || !tf.util.arraysEqual(a.shape, b.shape)) return undefined;
      const n = size(a.shape);
      const { info, values: y } = backend.newTensor(a.shape, "bool");
      const operands = { a: backend.values(a, "bool"), b: backend.values(b, "bool") };
      logical(chunks(n), { op, ...operands, y, n });
      return info;
    });
  }
  overrideKernel(tf.Select, ({ inputs, backend }) => {
    const condition = inputs["condition"]!, t = inputs["t"]!, e = inputs["e"]!;
    if (!areFloats(t, e) || condition.dtype !== "bool") return undefined;
    if (!tf.util.arraysEqual(condition.shape, t.shape)) return undefined;
    const n = size(t.shape);
    const { info, values: y } = backend.newTensor(t.shape);
    select(chunks(n), {
      condition: backend.values(condition, "bool"),
      a: backend.values(t),
      b: backend.values(e),
      y,
      n,
    });
    return info;
  });
}

/** Numbers of the conversions, as in the kernel: from and to. */
const CONVERSIONS: Record<string, number> = {
  "bool float32": 0,
  "int32 float32": 1,
  "float32 int32": 2,
  "float32 bool": 3,
  "bool int32": 4,
  "int32 bool": 5,
};

function registerConversions(): void {
  overrideKernel<tf.CastAttrs>(tf.Cast, ({ inputs, attrs, backend }) => {
    const x = inputs["x"]!;
    if (x.dtype === attrs.dtype && x.dtype !== "complex64") {
      backend.incRef(x.dataId);
      return { dataId: x.dataId, shape: x.shape, dtype: x.dtype };
    }
    const kind = CONVERSIONS[`${x.dtype} ${attrs.dtype}`];
    if (kind === undefined || isEmpty(x)) return undefined;
    const n = size(x.shape);
    const { info, values } = backend.newTensor(x.shape, attrs.dtype as "float32");
    convert(chunks(n), { kind, x: bytesOf(backend.values(x)), y: bytesOf(values), n });
    return info;
  });
  overrideKernel<tf.FillAttrs>(tf.Fill, ({ attrs, backend }) => {
    const { shape, value } = attrs;
    const dtype = attrs.dtype ?? tf.util.inferDtype(value);
    if (typeof value !== "number") return undefined;
    return filled(backend, shape, value, dtype);
  });
  for (const [value, name] of [tf.ZerosLike, tf.OnesLike].entries()) {
    overrideKernel(name, ({ inputs, backend }) => {
      const x = inputs["x"]!;
      return filled(backend, x.shape, value, x.dtype);
    });
  }
}

function filled(
  backend: SimdBackend,
  shape: number[],
  value: number,
  dtype: tf.DataType,
): tf.TensorInfo | undefined {
  const n = size(shape);
  if (dtype !== "float32" || n < FEW) return undefined;
  const { info, values } = backend.newTensor(shape);
  fillFloats(values, value);
  return info;
}

/** Sets all values of an array in the shared memory. */
export function fillFloats(y: Float32Array, value: number): void {
  fill(chunks(y.length), { y, n: y.length, value });
}
