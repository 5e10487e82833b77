import * as tf from "@tensorflow/tfjs";
import { compareWithCpu, type Draw, tensorOf, type Values } from "./against_cpu.ts";

type Binary = (a: tf.Tensor, b: tf.Tensor) => tf.Tensor;
type Unary = (x: tf.Tensor) => tf.Tensor;

/** Two tensors whose shapes broadcast: of another rank, of length 1 here and there, or scalars. */
function operands(draw: Draw, options: { low?: number; special?: number } = {}): [Values, Values] {
  const shape = draw.shape(draw.whole(0, 5));
  const cut = () =>
    shape.slice(draw.whole(0, shape.length)).map((length) => draw.random() < 0.3 ? 1 : length);
  const pair = [draw.tensor(shape, options), draw.tensor(draw.pick(shape, cut(), cut()), options)];
  return (draw.random() < 0.5 ? pair : pair.reverse()) as [Values, Values];
}

const ARITHMETIC: Record<string, Binary> = {
  add: tf.add,
  sub: tf.sub,
  mul: tf.mul,
  div: tf.div,
  maximum: tf.maximum,
  minimum: tf.minimum,
  squaredDifference: tf.squaredDifference,
  prelu: (a, b) => tf.engine().runKernel(tf.Prelu, { x: a, alpha: b }) as tf.Tensor,
};
const COMPARISONS: Record<string, Binary> = {
  equal: tf.equal,
  notEqual: tf.notEqual,
  less: tf.less,
  lessEqual: tf.lessEqual,
  greater: tf.greater,
  greaterEqual: tf.greaterEqual,
};

// An empty tensor is left to the CPU backend, which has nothing to do then.
const EMPTY = [...Object.keys(ARITHMETIC), ...Object.keys(COMPARISONS)].map((name) =>
  name === "mul"
    ? tf.Multiply
    : name === "div"
    ? tf.RealDiv
    : name.charAt(0).toUpperCase() + name.slice(1)
);

Deno.test("Arithmetic with any broadcast equals the cpu backend's", async () => {
  for (const [name, operation] of Object.entries(ARITHMETIC)) {
    await compareWithCpu(60, (draw) => {
      const [a, b] = operands(draw, { special: 0.1 });
      const what = `${name} ${a.shape} ${b.shape}`;
      // The CPU backend rounds once, after a difference and its square in double precision.
      return {
        what,
        tolerance: name === "squaredDifference" ? 2.4e-7 : 0,
        scale: "value",
        run: () => operation(tensorOf(a), tensorOf(b)),
      };
    }, { mayFall: EMPTY });
  }
});

Deno.test("Comparisons with any broadcast equal the cpu backend's", async () => {
  for (const [name, operation] of Object.entries(COMPARISONS)) {
    await compareWithCpu(60, (draw) => {
      const [a, b] = operands(draw, { special: 0.5 });
      return {
        what: `${name} ${a.shape} ${b.shape}`,
        tolerance: 0,
        run: () => operation(tensorOf(a), tensorOf(b)),
      };
    }, { mayFall: EMPTY });
  }
});

Deno.test("Powers equal the cpu backend's", async () => {
  await compareWithCpu(200, (draw) => {
    const [a, b] = operands(draw, { special: 0.2 });
    const what = `${a.shape} ^ ${b.shape}`;
    return { what, tolerance: 2e-7, scale: "value", run: () => tf.pow(tensorOf(a), tensorOf(b)) };
  }, { mayFall: [tf.Pow] });
});

Deno.test("Logical operations and conditions equal the cpu backend's", async () => {
  await compareWithCpu(200, (draw) => {
    const shape = draw.shape(draw.whole(0, 4));
    const bits = [1, 2].map(() => draw.tensor(shape, { low: -0.5, high: 1.5, whole: true }));
    const [a, b] = [1, 2].map(() => draw.tensor(shape, { special: 0.1 })) as [Values, Values];
    return {
      what: `${shape}`,
      tolerance: 0,
      run: () => {
        const [p, q] = bits.map((values) => tensorOf(values, "bool")) as [tf.Tensor, tf.Tensor];
        return [
          tf.logicalAnd(p, q),
          tf.logicalOr(p, q),
          tf.logicalNot(p),
          tf.where(p, tensorOf(a), tensorOf(b)),
        ];
      },
    };
  }, { mayFall: [tf.LogicalAnd, tf.LogicalOr, tf.LogicalNot, tf.Select] });
});

Deno.test("Casts between all types equal the cpu backend's", async () => {
  await compareWithCpu(200, (draw) => {
    const shape = draw.shape(draw.whole(0, 4));
    const x = draw.tensor(shape, { low: -1e10, high: 1e10, special: 0.3 });
    const from = draw.pick("float32", "int32", "bool") as tf.DataType;
    const bits = draw.tensor(shape, { low: -0.5, high: 1.5, whole: true });
    const to = draw.pick("float32", "int32", "bool") as "int32";
    return {
      what: `${shape} ${from} to ${to}`,
      tolerance: 0,
      run: () => tf.cast(tensorOf(from === "bool" ? bits : x, from), to),
    };
  }, { mayFall: [tf.Cast] });
});

const EXACT: Record<string, Unary> = {
  relu: tf.relu,
  step: tf.step,
  "step 0.3": (x) => tf.step(x, 0.3),
  square: tf.square,
  sqrt: tf.sqrt,
  neg: tf.neg,
  abs: tf.abs,
  relu6: tf.relu6,
  clip: (x) => tf.clipByValue(x, -0.7, 1.1),
  leakyRelu: (x) => tf.leakyRelu(x, 0.3),
  reciprocal: tf.reciprocal,
  floor: tf.floor,
  ceil: tf.ceil,
  round: tf.round,
  sign: tf.sign,
  rsqrt: tf.rsqrt,
};

Deno.test("Functions of one operand equal the cpu backend's", async () => {
  const names = Object.keys(EXACT);
  await compareWithCpu(20 * names.length, (draw, i) => {
    const name = names[i % names.length]!;
    const x = draw.tensor(draw.shape(draw.whole(0, 4)), { special: 0.2 });
    const run = () => EXACT[name]!(tensorOf(x));
    return { what: `${name} ${x.shape}`, tolerance: 1.2e-7, scale: "value", run };
  }, { mayFall: Object.values(tf).filter((value) => typeof value === "string") as string[] });
});

const SMOOTH: Record<string, Unary> = {
  exp: tf.exp,
  log: tf.log,
  sigmoid: tf.sigmoid,
  tanh: tf.tanh,
  elu: tf.elu,
  selu: tf.selu,
  softplus: tf.softplus,
  erf: tf.erf,
  sin: tf.sin,
  cos: tf.cos,
  tan: tf.tan,
  asin: tf.asin,
  acos: tf.acos,
  atan: tf.atan,
  sinh: tf.sinh,
  cosh: tf.cosh,
  asinh: tf.asinh,
  acosh: tf.acosh,
  atanh: tf.atanh,
  expm1: tf.expm1,
  log1p: tf.log1p,
};

Deno.test("Exponentials, logarithms and their kin equal the cpu backend's to a few units in the last place", async () => {
  const names = Object.keys(SMOOTH);
  await compareWithCpu(10 * names.length, (draw, i) => {
    const name = names[i % names.length]!, size = draw.pick(1, 3, 30, 100, 0.01);
    // From 8,192 values on there are kernels.
    const shape = [draw.whole(1, 3), draw.whole(8192, 9001)];
    const x = draw.tensor(shape, { low: -size, high: size, special: 0.1 });
    const run = () => SMOOTH[name]!(tensorOf(x));
    return { what: `${name} ±${size}`, tolerance: 4e-7, scale: "value", run };
  });
});

Deno.test("Gradients of functions of one operand equal the cpu backend's", async () => {
  const names = ["relu", "relu6", "square", "clip", "leakyRelu", "sigmoid", "tanh", "elu"];
  const functions = { ...EXACT, ...SMOOTH };
  await compareWithCpu(30 * names.length, (draw, i) => {
    const name = names[i % names.length]!;
    const x = draw.tensor(draw.shape(draw.whole(1, 4), { empty: false }), { low: -3, high: 8 });
    const dy = draw.tensor(x.shape);
    return {
      what: `${name} ${x.shape}`,
      tolerance: 1e-6,
      run: () => tf.grad(functions[name]!)(tensorOf(x), tensorOf(dy)),
    };
  }, { mayFall: [tf.Sigmoid, tf.Tanh, tf.Elu] });
});

Deno.test("Gradients of gradients are tfjs's own", async () => {
  await compareWithCpu(40, (draw) => {
    const x = draw.tensor([5, 7]);
    const cubes = (x: tf.Tensor) => tf.mean(tf.mul(x, tf.square(x)));
    return {
      what: "cubes",
      tolerance: 1e-6,
      run: () => tf.grad((x) => tf.sum(tf.square(tf.grad(cubes)(x))))(tensorOf(x)),
    };
  });
});
