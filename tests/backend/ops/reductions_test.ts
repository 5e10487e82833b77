import assert from "node:assert/strict";
import * as tf from "@tensorflow/tfjs";
import { setUpCompute } from "deep-features";
import { compareWithCpu, type Draw, tensorOf } from "./against_cpu.ts";

/** Some of a rank's axes, in any order, at times as negative numbers; all of them now and then. */
function axesOf(draw: Draw, rank: number): number[] | undefined {
  if (draw.random() < 0.1) return undefined;
  const axes = Array.from({ length: rank }, (_, axis) => axis).filter(() => draw.random() < 0.5);
  if (axes.length === 0) axes.push(draw.whole(0, rank - 1));
  return (draw.random() < 0.5 ? axes : axes.reverse())
    .map((axis) => draw.random() < 0.2 ? axis - rank : axis);
}

type Reduction = (x: tf.Tensor, axes?: number[], keepDims?: boolean) => tf.Tensor;
const REDUCTIONS: Record<string, Reduction> = {
  sum: tf.sum,
  mean: tf.mean,
  max: tf.max,
  min: tf.min,
  prod: tf.prod,
};

Deno.test("Reductions over any axes equal the cpu backend's, NaN and infinities among the values", async () => {
  for (const [name, reduce] of Object.entries(REDUCTIONS)) {
    await compareWithCpu(100, (draw) => {
      const rank = draw.whole(1, 5), axes = axesOf(draw, rank), keepDims = draw.random() < 0.5;
      // NaN in a maximum depends on the order on the CPU backend: it compares.
      const special = name === "sum" || name === "mean" ? draw.pick(0, 0, 0.02) : 0;
      const [low, high] = name === "prod" ? [0.97, 1.03] : [-2, 2];
      const x = draw.tensor(draw.shape(rank), { special, low, high });
      return {
        what: `${name} of ${x.shape} over ${axes}`,
        tolerance: 2e-5,
        run: () => reduce(tensorOf(x), axes, keepDims),
      };
    }, { seed: 2, mayFall: [tf.Sum, tf.Mean, tf.Max, tf.Min, tf.Prod] });
  }
});

Deno.test("Sums of rows are the same over many rows, in groups, as in one", async () => {
  await compareWithCpu(12, (draw, i) => {
    const rows = [1023, 1024, 1025, 2047, 2048, 5000][i % 6]!;
    const x = draw.tensor([rows, draw.whole(1, 81)]);
    return {
      what: `${x.shape}`,
      tolerance: 2e-5,
      run: () => Object.values(REDUCTIONS).slice(0, 4).map((reduce) => reduce(tensorOf(x), [0])),
    };
  });
});

Deno.test("The gradients of sums and means equal the cpu backend's", async () => {
  await compareWithCpu(200, (draw, i) => {
    const rank = draw.whole(1, 4), axes = axesOf(draw, rank) ?? [0];
    const x = draw.tensor(draw.shape(rank, { empty: false }));
    const reduce = i % 2 ? tf.sum : tf.mean;
    return {
      what: `${x.shape} over ${axes}`,
      run: () => tf.grad((x) => tf.sum(tf.square(reduce(x, axes))))(tensorOf(x)),
      tolerance: 2e-5,
    };
  }, { mayFall: [tf.Sum] }); // a scalar's
});

Deno.test("argMax() and argMin() equal the cpu backend's, the first of equal values", async () => {
  await compareWithCpu(200, (draw, i) => {
    const x = draw.tensor(draw.shape(draw.whole(1, 4)), { low: -3, high: 3, whole: i % 2 === 0 });
    return {
      what: `${x.shape}`,
      tolerance: 0,
      run: () => [tf.argMax(tensorOf(x), -1), tf.argMin(tensorOf(x), -1)],
    };
  }, { mayFall: [tf.ArgMax, tf.ArgMin] });
});

Deno.test("softmax() equals the cpu backend's", async () => {
  await compareWithCpu(200, (draw) => {
    const columns = draw.whole(1, 70), size = draw.pick(1, 10, 100);
    const x = draw.tensor([Math.ceil(8192 / columns), columns], { low: -size, high: size });
    return { what: `${x.shape}`, tolerance: 1e-6, run: () => tf.softmax(tensorOf(x)) };
  });
});

Deno.test("softmax() of few values has the bits of the cpu backend's, NaN and infinities included", async () => {
  await compareWithCpu(200, (draw) => {
    const rank = draw.whole(1, 3), size = draw.pick(1, 10, 100);
    const shape = [
      ...draw.shape(rank - 1, { empty: false }).map((n) => n % 10 || 1),
      draw.whole(1, 30),
    ];
    const x = draw.tensor(shape, { low: -size, high: size, special: draw.pick(0, 0, 0.1) });
    return { what: `${x.shape}`, tolerance: 0, run: () => tf.softmax(tensorOf(x)) };
  }, { seed: 3 });
});

Deno.test("A sum of many values keeps its digits", async () => {
  await setUpCompute({ backend: "simd", quiet: true });
  const n = 3_000_001;
  const sum = tf.tidy(() => tf.sum(tf.fill([n], 0.1)).dataSync()[0]!);
  assert.ok(Math.abs(sum / (n * Math.fround(0.1)) - 1) < 1e-7);
});
