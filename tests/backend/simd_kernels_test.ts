import assert from "node:assert/strict";
import * as tf from "@tensorflow/tfjs";
import { setUpCompute } from "deep-features";
import { seededRandom } from "deep-features/base";
import { onThreads } from "../helpers/on_threads.ts";

type Shape = number[];
type Run = () => tf.Tensor | tf.Tensor[];

/** Values in [−1, 1) made by a seed, the same on every backend. */
function values(shape: Shape, seed: number): tf.Tensor {
  const random = seededRandom(seed);
  const n = shape.reduce((a, b) => a * b, 1);
  return tf.tensor(Float32Array.from({ length: n }, () => 2 * random() - 1), shape);
}

async function resultsOn(backend: "cpu" | "simd", run: Run): Promise<Float32Array[]> {
  await setUpCompute({ backend, quiet: true });
  return tf.tidy(() => [run()].flat().map((tensor) => tensor.dataSync() as Float32Array));
}

/** Runs the same on both backends and compares, relative to the largest value. */
async function assertAlike(what: string, run: Run, tolerance = 2e-6): Promise<void> {
  const [expected, actual] = [await resultsOn("cpu", run), await resultsOn("simd", run)];
  assert.equal(actual.length, expected.length);
  expected.forEach((values, i) => {
    assert.equal(actual[i]!.length, values.length, what);
    const size = values.reduce((a, b) => Math.max(a, Math.abs(b)), 1e-3);
    values.forEach((value, k) => {
      const other = actual[i]![k]!;
      assert.ok(
        Math.abs(value - other) <= tolerance * size,
        `${what}: output ${i}, value ${k} is ${other}, should be ${value}`,
      );
    });
  });
}

// 6 × 8 is the tile of the kernel, 64 columns and 256 of depth are its blocks.
const SIZES = [1, 2, 5, 6, 7, 8, 9, 13, 63, 64, 65, 127, 255, 256, 257];

Deno.test("matMul equals the cpu backend's for all transposes and odd sizes", async () => {
  const random = seededRandom(1);
  const pick = () => SIZES[Math.floor(random() * SIZES.length)]!;
  for (let i = 0; i < 60; i++) {
    const [m, n, k] = [pick(), pick(), pick()];
    const [tA, tB] = [random() < 0.5, random() < 0.5];
    await assertAlike(
      `${m}×${k}·${k}×${n} ${tA} ${tB}`,
      () =>
        tf.matMul(values(tA ? [k, m] : [m, k], i), values(tB ? [n, k] : [k, n], i + 1000), tA, tB),
    );
  }
});

Deno.test("matMul in batches, with broadcast, bias and activation equals the cpu backend's", async () => {
  await assertAlike("batches", () => tf.matMul(values([3, 7, 5], 1), values([3, 5, 9], 2)));
  await assertAlike("one for all", () => tf.matMul(values([3, 7, 5], 1), values([1, 5, 9], 2)));
  await assertAlike(
    "two by three",
    () => tf.matMul(values([2, 1, 4, 5], 1), values([1, 3, 5, 6], 2)),
  );
  for (const activation of ["linear", "relu", "relu6", "sigmoid"] as const) {
    await assertAlike(activation, () =>
      tf.fused.matMul({
        a: tf.mul(values([17, 33], 3), 4) as tf.Tensor2D,
        b: values([33, 70], 4) as tf.Tensor2D,
        bias: values([70], 5),
        activation,
      }));
  }
});

Deno.test("element-wise operations equal the cpu backend's for every broadcast", async () => {
  const shapes: [Shape, Shape][] = [
    [[7, 5], [7, 5]],
    [[40000], [40000]],
    [[3, 5, 7], [1]],
    [[3, 5, 7], []],
    [[9, 13], [13]],
    [[4, 9, 13], [9, 13]],
    [[4, 9, 13], [1, 1, 13]],
    [[1, 13], [5, 1]],
    [[5, 1, 3], [5, 4, 3]],
    [[200, 333], [333]],
  ];
  const operations = [tf.add, tf.sub, tf.mul, tf.div, tf.maximum, tf.minimum];
  for (const [i, [a, b]] of shapes.entries()) {
    for (const operation of operations) {
      await assertAlike(`${operation.name} ${a} ${b}`, () => [
        operation(values(a, i), values(b, i + 50)),
        operation(values(b, i), values(a, i + 50)),
      ]);
    }
  }
  for (const n of [1, 3, 4, 5, 16383, 16384, 16385, 50001]) {
    await assertAlike(`unary ${n}`, () => {
      const x = values([n], n);
      return [
        tf.relu(x),
        tf.step(x),
        tf.step(x, 0.3),
        tf.square(x),
        tf.sqrt(tf.abs(x)),
        tf.neg(x),
        tf.abs(x),
      ];
    });
  }
});

Deno.test("relu, step and maximum treat NaN and infinities as the cpu backend does", async () => {
  for (const backend of ["cpu", "simd"] as const) {
    await setUpCompute({ backend, quiet: true });
    const x = tf.tensor1d([NaN, Infinity, -Infinity, 0, -0, 1, -1]);
    const text = (tensor: tf.Tensor) => [...tensor.dataSync()].join();
    assert.equal(text(tf.relu(x)), "NaN,Infinity,0,0,0,1,0");
    assert.equal(text(tf.step(x)), "NaN,1,0,0,0,1,0");
    assert.equal(text(tf.maximum(x, 0.5)), "NaN,Infinity,0.5,0.5,0.5,1,0.5");
  }
});

Deno.test("sum over leading and trailing axes equals the cpu backend's", async () => {
  for (const shape of [[1, 1], [5, 7], [1025, 3], [3000, 33], [2, 3, 4, 5], [33, 1, 65]]) {
    for (let rank = 1; rank < shape.length; rank++) {
      const leading = Array.from({ length: rank }, (_, i) => i);
      const trailing = leading.map((axis) => shape.length - 1 - axis);
      for (const axes of [leading, trailing]) {
        await assertAlike(`${shape} over ${axes}`, () => [
          tf.sum(values(shape, 1), axes),
          tf.sum(values(shape, 1), axes, true),
          tf.mean(values(shape, 1), axes),
        ], 1e-5);
      }
    }
  }
});

Deno.test("convolution and its gradients equal the cpu backend's over shapes, strides, paddings and dilations", async () => {
  const random = seededRandom(2);
  const pick = (...choices: number[]) => choices[Math.floor(random() * choices.length)]!;
  for (let i = 0; i < 60; i++) {
    const [filterHeight, filterWidth] = [pick(1, 2, 3, 5), pick(1, 2, 3, 4)];
    const [channels, filters] = [pick(1, 2, 3, 4, 5, 8, 13), pick(1, 3, 7, 8, 9, 16)];
    const [height, width] = [pick(5, 6, 7, 9, 11), pick(5, 6, 8, 10, 13)];
    const x = [pick(1, 2, 3, 17), height, width, channels] as [number, number, number, number];
    const filter = [filterHeight, filterWidth, channels, filters] as typeof x;
    const stride = pick(1, 1, 2, 3);
    const dilation = stride === 1 && i % 4 === 0 ? 2 : 1;
    const pad = [
      "same" as const,
      "valid" as const,
      [[0, 0], [pick(0, 1), pick(0, 2)], [pick(0, 1), pick(0, 2)], [
        0,
        0,
      ]] as tf.backend_util.ExplicitPadding,
    ][Math.floor(random() * 3)]!;
    const small = pad === "valid" &&
      ((filterHeight - 1) * dilation >= height || (filterWidth - 1) * dilation >= width);
    if (small) continue;
    const what = `${x} * ${filter}, stride ${stride}, dilation ${dilation}, ${pad}`;
    await assertAlike(what, () => {
      const convolve = (x: tf.Tensor, filter: tf.Tensor, bias: tf.Tensor) => {
        const y = tf.conv2d(x as tf.Tensor4D, filter as tf.Tensor4D, stride, pad, "NHWC", dilation);
        return tf.add(y, bias);
      };
      const [a, b, c] = [values(x, i), values(filter, i + 500), values([filters], i + 900)];
      const outputs = [convolve(a, b, c)];
      if (dilation === 1) {
        const weighted = (...inputs: tf.Tensor[]) => {
          const y = convolve(inputs[0]!, inputs[1]!, inputs[2]!);
          return tf.sum(tf.mul(y, values(y.shape, i + 77))) as tf.Scalar;
        };
        outputs.push(...tf.grads(weighted)([a, b, c]));
      }
      return outputs;
    }, 4e-6);
  }
});

Deno.test("fused convolution with bias and activation equals the cpu backend's", async () => {
  for (const filters of [8, 5]) {
    for (const activation of ["linear", "relu", "relu6", "elu"] as const) {
      await assertAlike(`${filters} ${activation}`, () =>
        tf.fused.conv2d({
          x: values([2, 9, 7, 3], 1) as tf.Tensor4D,
          filter: values([3, 2, 3, filters], 2) as tf.Tensor4D,
          bias: values([filters], 3),
          strides: 1,
          pad: "same",
          activation,
        }));
    }
  }
});

Deno.test("max-pooling and its gradient equal the cpu backend's, ties and overlaps included", async () => {
  for (const channels of [1, 3, 4, 7, 32]) {
    for (
      const [window, stride, pad] of [[2, 2, "valid"], [3, 2, "same"], [
        3,
        1,
        "valid",
      ], [2, 1, "same"]] as const
    ) {
      await assertAlike(`${channels} ${window} ${stride} ${pad}`, () => {
        // Rounded to tenths, so that there are many ties.
        const x = tf.div(tf.round(tf.mul(values([2, 7, 9, channels], 1), 5)), 5) as tf.Tensor4D;
        const pool = (x: tf.Tensor) => tf.maxPool(x as tf.Tensor4D, window, stride, pad);
        const y = pool(x);
        const dy = values(y.shape, 2);
        const gradient = tf.grad((x) => tf.sum(tf.mul(pool(x), dy)) as tf.Scalar)(x);
        return [y, gradient];
      });
    }
  }
});

Deno.test("gradients equal finite differences", async () => {
  await setUpCompute({ backend: "simd", quiet: true });
  const inputs = [values([2, 5, 5, 3], 1), values([2, 2, 3, 4], 2), values([4], 3)];
  const dense = values([2 * 2 * 4, 3], 4);
  const loss = (...[x, filter, bias]: tf.Tensor[]) =>
    tf.tidy(() => {
      const y = tf.fused.conv2d({
        x: x as tf.Tensor4D,
        filter: filter as tf.Tensor4D,
        bias: bias!,
        strides: 1,
        pad: "same",
      });
      const pooled = tf.relu(tf.maxPool(y as tf.Tensor4D, 2, 2, "valid"));
      const out = tf.matMul(tf.reshape(pooled, [2, 16]), dense as tf.Tensor2D);
      return tf.sum(tf.square(out)) as tf.Scalar;
    });
  const gradients = tf.grads(loss)(inputs);
  // Half a step of 2⁻⁹ and a loss near 10: rounding stays below 1e-2, kinks within a step are rare.
  const step = 2 ** -9;
  let compared = 0, off = 0;
  for (const [i, input] of inputs.entries()) {
    const base = input.dataSync();
    const gradient = gradients[i]!.dataSync();
    for (let k = 0; k < base.length; k += 3) {
      const at = (delta: number) => {
        const moved = tf.tensor(Float32Array.from(base).with(k, base[k]! + delta), input.shape);
        return loss(...inputs.with(i, moved)).dataSync()[0]!;
      };
      const slope = (at(step) - at(-step)) / (2 * step);
      compared++;
      if (Math.abs(slope - gradient[k]!) > 0.01 + 0.01 * Math.abs(slope)) off++;
    }
  }
  assert.ok(compared > 60 && off <= 2, `${off} of ${compared} gradients are off`);
});

Deno.test("results are the same to the bit for any number of threads", async () => {
  await setUpCompute({ backend: "simd", quiet: true });
  const run = () =>
    tf.tidy(() => {
      const x = values([37, 16, 16, 5], 1) as tf.Tensor4D;
      const filter = values([2, 2, 5, 8], 2) as tf.Tensor4D;
      const weights = values([8 * 8 * 8, 130], 3) as tf.Tensor2D;
      const loss = (filter: tf.Tensor, weights: tf.Tensor) => {
        const y = tf.maxPool(tf.conv2d(x, filter as tf.Tensor4D, 1, "same"), 2, 2, "valid");
        const flat = tf.reshape(y, [37, 512]) as tf.Tensor2D;
        return tf.sum(tf.square(tf.matMul(flat, weights as tf.Tensor2D))) as tf.Scalar;
      };
      return tf.grads(loss)([filter, weights]).map((gradient) => gradient.dataSync());
    });
  const results = await onThreads([1, 2, 3, 4], run);
  for (const result of results) assert.deepEqual(result, results[0]);
});
