import assert from "node:assert/strict";
import * as tf from "@tensorflow/tfjs";
import { setUpCompute } from "deep-features";
import { onThreads } from "../../helpers/on_threads.ts";
import { type Case, compareWithCpu, Draw, tensorOf, type Values } from "./against_cpu.ts";
import { type Apply, withGradients } from "./with_gradients.ts";

type Shape4 = [number, number, number, number];

/** Images, a filter that fits into them, strides that may differ, and a padding. */
function geometry(draw: Draw, filterSides: readonly number[]) {
  const [filterHeight, filterWidth] = [draw.pick(...filterSides), draw.pick(...filterSides)];
  const pad = draw.pick("same" as const, "valid" as const);
  const [height, width] = [filterHeight, filterWidth].map((side) => side + draw.whole(0, 9));
  const strides = draw.pick([1, 1], [1, 1], [2, 2], [1, 2], [3, 1]) as [number, number];
  return {
    filterHeight,
    filterWidth,
    pad,
    strides,
    images: draw.whole(1, 3),
    height: height!,
    width: width!,
  };
}

Deno.test("Depthwise convolution and both gradients equal the cpu backend's", async () => {
  await compareWithCpu(200, (draw) => {
    const { filterHeight, filterWidth, pad, strides, images, height, width } = geometry(draw, [
      1,
      2,
      3,
      3,
      5,
    ]);
    const channels = draw.whole(1, 13), times = draw.pick(1, 1, 2, 3);
    const x = draw.tensor([images, height, width, channels]);
    const filter = draw.tensor([filterHeight, filterWidth, channels, times]);
    const apply: Apply = (x, filter) => tf.depthwiseConv2d(x, filter, strides, pad);
    return withGradients(
      `${x.shape} * ${filter.shape}, ${strides}, ${pad}`,
      x,
      filter,
      apply,
      draw,
    );
  });
});

Deno.test("Depthwise convolution with dilation, bias and activation equals the cpu backend's", async () => {
  await compareWithCpu(60, (draw) => {
    const dilation = draw.whole(1, 3), channels = draw.whole(1, 9);
    const x = draw.tensor([2, draw.whole(7, 12), draw.whole(7, 12), channels]);
    const filter = draw.tensor([3, 2, channels, 1]), bias = draw.tensor([channels]);
    const activation = draw.pick("linear", "relu", "relu6") as "relu";
    return {
      what: `${x.shape}, dilation ${dilation}, ${activation}`,
      tolerance: 1e-5,
      run: () =>
        tf.fused.depthwiseConv2d({
          x: tensorOf<tf.Tensor4D>(x),
          filter: tensorOf<tf.Tensor4D>(filter),
          bias: tensorOf(bias),
          strides: 1,
          pad: "same",
          dilations: dilation,
          activation,
        }),
    };
  });
});

Deno.test("Convolution with strides that differ and both gradients equal the cpu backend's", async () => {
  await compareWithCpu(200, (draw) => {
    const { filterHeight, filterWidth, pad, strides, images, height, width } = geometry(draw, [
      1,
      2,
      3,
      5,
    ]);
    const x = draw.tensor([images, height, width, draw.whole(1, 9)]);
    const filter = draw.tensor([filterHeight, filterWidth, x.shape[3]!, draw.whole(1, 17)]);
    const apply: Apply = (x, filter) => tf.conv2d(x, filter, strides, pad);
    return withGradients(
      `${x.shape} * ${filter.shape}, ${strides}, ${pad}`,
      x,
      filter,
      apply,
      draw,
    );
  }, { seed: 2 });
});

Deno.test("1 × 1 convolutions and both gradients equal the cpu backend's", async () => {
  await compareWithCpu(200, (draw) => {
    const [channels, filters] = [8 * draw.whole(1, 4), 8 * draw.whole(1, 4)];
    const x = draw.tensor([draw.whole(1, 4), draw.whole(1, 9), draw.whole(1, 9), channels]);
    const filter = draw.tensor([1, 1, channels, filters]);
    const strides = draw.pick(1, 1, 2, 3), pad = draw.pick("same" as const, "valid" as const);
    const apply: Apply = (x, filter) => tf.conv2d(x, filter, strides, pad);
    return withGradients(`${x.shape} * ${filter.shape}, ${strides}`, x, filter, apply, draw);
  });
});

/** Sides of images that leave every rest of a tile of 4 × 4, and a filter of 3 × 3 or 2 × 2. */
function winogradCase(draw: Draw) {
  const [channels, filters] = [draw.pick(16, 20), draw.pick(16, 24)], side = draw.pick(2, 3);
  const x = draw.tensor([draw.whole(1, 2), draw.whole(3, 11), draw.whole(3, 11), channels]);
  return { x, filter: draw.tensor([side, side, channels, filters]) };
}

Deno.test("3 × 3 and 2 × 2 convolutions of many channels and both gradients equal the cpu backend's", async () => {
  await compareWithCpu(300, (draw) => {
    const { x, filter } = winogradCase(draw);
    const pad = draw.pick("same" as const, "valid" as const), strides = draw.pick(1, 1, 1, 2, 3);
    const apply: Apply = (x, filter) => tf.conv2d(x, filter, strides, pad);
    const what = `${x.shape} * ${filter.shape}, ${strides}, ${pad}`;
    return withGradients(what, x, filter, apply, draw);
  });
});

Deno.test("3 × 3 and 2 × 2 convolutions with bias and activation equal the cpu backend's", async () => {
  await compareWithCpu(60, (draw) => {
    const { x, filter } = winogradCase(draw), bias = draw.tensor([filter.shape[3]!]);
    // Small weights, so that results are not far beyond where ReLU6 cuts them.
    filter.values.forEach((value, i) => filter.values[i] = value / 16);
    const activation = draw.pick("linear", "relu", "relu6") as "relu";
    return {
      what: `${x.shape} * ${filter.shape}, ${activation}`,
      tolerance: 1e-5,
      run: () =>
        tf.fused.conv2d({
          x: tensorOf<tf.Tensor4D>(x),
          filter: tensorOf<tf.Tensor4D>(filter),
          bias: tensorOf(bias),
          strides: 1,
          pad: "same",
          activation,
        }),
    };
  });
});

Deno.test("NaN and infinities stay at the pixels that see them, as on the cpu backend", async () => {
  await compareWithCpu(60, (draw) => {
    const { x, filter } = winogradCase(draw);
    x.values[draw.whole(0, x.values.length - 1)] = draw.pick(NaN, Infinity, -Infinity, 3e38);
    const apply: Apply = (x, filter) => tf.conv2d(x, filter, 1, "same");
    return withGradients(`${x.shape} * ${filter.shape}`, x, filter, apply, draw);
  }, { seed: 6 });
});

/** A convolution, padding "same", in double precision. */
function exactConvolution(x: Values, filter: Values): Float64Array {
  const [images, height, width, channels] = x.shape as Shape4, filters = filter.shape[3]!;
  const y = new Float64Array(images * height * width * filters);
  const side = filter.shape[0]!, before = Math.floor((side - 1) / 2);
  for (let n = 0; n < images; n++) {
    for (let row = 0; row < height; row++) {
      for (let column = 0; column < width; column++) {
        const to = ((n * height + row) * width + column) * filters;
        for (let tap = 0; tap < side ** 2; tap++) {
          const r = row + Math.floor(tap / side) - before, c = column + tap % side - before;
          if (r < 0 || r >= height || c < 0 || c >= width) continue;
          const from = ((n * height + r) * width + c) * channels;
          for (let i = 0; i < channels; i++) {
            const value = x.values[from + i]!, weights = (tap * channels + i) * filters;
            for (let o = 0; o < filters; o++) y[to + o]! += value * filter.values[weights + o]!;
          }
        }
      }
    }
  }
  return y;
}

Deno.test("Winograd's rounding error stays near that of the definition, against float64", async () => {
  await setUpCompute({ backend: "simd", quiet: true });
  for (
    const [side, channels] of [[3, 16], [3, 64], [3, 256], [2, 16], [2, 64], [2, 256]] as const
  ) {
    const draw = new Draw(channels);
    const x = draw.tensor([1, 12, 12, channels], { low: 0, high: 2 });
    const filter = draw.tensor([side, side, channels, 16], { low: -1, high: 1 });
    const exact = exactConvolution(x, filter);
    const y = tf.tidy(() =>
      tf.conv2d(tensorOf<tf.Tensor4D>(x), tensorOf<tf.Tensor4D>(filter), 1, "same").dataSync()
    );
    let squares = 0, errors = 0, worst = 0;
    exact.forEach((value, i) => {
      squares += value ** 2;
      errors += (y[i]! - value) ** 2;
      worst = Math.max(worst, Math.abs(y[i]! - value));
    });
    const size = Math.sqrt(squares / exact.length);
    // Measured for 16, 64, 256 channels: 3 × 3, mean 5.9e-7, 8.7e-7, 1.5e-6; worst 6.1e-6, 1.1e-5, 1.4e-5;
    // 2 × 2, mean 2.7e-7, 4.2e-7, 9.9e-7; worst 1.9e-6, 4.9e-6, 1.0e-5.
    assert.ok(Math.sqrt(errors / exact.length) < 3e-6 * size, `${channels}: mean error`);
    assert.ok(worst < 3e-5 * size, `${channels}: worst ${worst / size}`);
  }
});

Deno.test("Average pooling and its gradient equal the cpu backend's, overlaps and borders included", async () => {
  await compareWithCpu(200, (draw) => {
    const window = draw.whole(1, 4), strides = draw.whole(1, 3);
    const pad = draw.pick("same" as const, "valid" as const);
    const x = draw.tensor([
      draw.whole(1, 3),
      window + draw.whole(0, 7),
      window + draw.whole(0, 7),
      draw.whole(1, 13),
    ]);
    return {
      what: `${x.shape}, ${window}, ${strides}, ${pad}`,
      run: () => {
        const pool = (x: tf.Tensor) => tf.avgPool(x as tf.Tensor4D, window, strides, pad);
        const y = pool(tensorOf(x));
        return [y, tf.grad(pool)(tensorOf(x), tensorOf(new Draw(1).tensor(y.shape)))];
      },
    };
  }, { mayFall: [tf.AvgPool] }); // windows of one pixel are the images themselves
});

Deno.test("A step of every kernel has the same bits for 1, 2 and 3 threads", async () => {
  await setUpCompute({ backend: "simd", quiet: true });
  const draw = new Draw(9);
  const x = draw.tensor([9, 15, 13, 16]);
  const filters = [[3, 3, 16, 24], [3, 3, 24, 2], [1, 1, 48, 16]].map((shape) =>
    draw.tensor(shape)
  );
  const gamma = draw.tensor([16]);
  const step = () =>
    tf.tidy(() => {
      const layer = tf.layers.batchNormalization();
      layer.build([9, 15, 13, 16]);
      layer.setWeights([tensorOf(gamma), ...[0, 1, 2].map(() => tf.ones([16]))]);
      const loss = (...[x, a, b, c]: tf.Tensor[]) => {
        let y = tf.conv2d(x as tf.Tensor4D, a as tf.Tensor4D, 1, "same") as tf.Tensor;
        y = tf.relu6(tf.depthwiseConv2d(y as tf.Tensor4D, b as tf.Tensor4D, 1, "same"));
        y = tf.conv2d(y as tf.Tensor4D, c as tf.Tensor4D, 1, "same");
        y = layer.apply(y, { training: true }) as tf.Tensor;
        return tf.mean(tf.square(tf.mean(tf.avgPool(y as tf.Tensor4D, 2, 2, "same"), [1, 2])));
      };
      const inputs = [x, ...filters].map((values) => tensorOf(values));
      return tf.grads(loss)(inputs).map((gradient) => gradient.dataSync());
    });
  const results = await onThreads([1, 2, 3], step);
  assert.ok(results[0]!.every((values) => values.some((value) => value !== 0)));
  for (const result of results) assert.deepEqual(result, results[0]);
});

type Fused = typeof tf.fused.conv2d | typeof tf.fused.depthwiseConv2d;

/**
 * A fused convolution of any kind over images with a few infinities and NaN.
 *
 * @param filters How many filters there may be; of a depthwise convolution, for each channel
 */
function oddFusedCase(draw: Draw, fused: Fused, filters: readonly number[]): Case {
  const { filterHeight, filterWidth, pad, strides, images, height, width } = geometry(draw, [
    1,
    2,
    3,
    5,
  ]);
  const channels = draw.pick(1, 3, 4, 8, 16), count = draw.random() < 0.05 ? 0 : images;
  const x = draw.tensor([count, height, width, channels]);
  for (let i = 0; i < 2 && count > 0; i++) {
    x.values[draw.whole(0, x.values.length - 1)] = draw.pick(NaN, Infinity, -Infinity);
  }
  const filter = draw.tensor([filterHeight, filterWidth, channels, draw.pick(...filters)]);
  const outputs = filter.shape[3]! * (fused === tf.fused.depthwiseConv2d ? channels : 1);
  const bias = draw.tensor([outputs]), plain = Math.max(...strides) === 1;
  const activation = draw.pick("linear", "relu", "relu6") as "relu";
  const dilations = plain && pad === "same" ? draw.whole(1, 2) : 1;
  return {
    what: `${x.shape} * ${filter.shape}, ${strides}, ${pad}, ${activation}, ${dilations}`,
    tolerance: 1e-5,
    run: () =>
      fused({
        x: tensorOf<tf.Tensor4D>(x),
        filter: tensorOf<tf.Tensor4D>(filter),
        bias: tensorOf(bias),
        strides,
        pad,
        dilations,
        activation,
      }),
  };
}

Deno.test("Convolutions with bias and activation equal the cpu backend's, infinities and no images included", async () => {
  await compareWithCpu(200, (draw) => oddFusedCase(draw, tf.fused.conv2d, [1, 5, 8, 16]), {
    seed: 7,
    mayFall: [tf.FusedConv2D],
  });
});

Deno.test("Depthwise convolutions equal the cpu backend's, infinities and no images included", async () => {
  await compareWithCpu(200, (draw) => oddFusedCase(draw, tf.fused.depthwiseConv2d, [1, 1, 2]), {
    seed: 8,
    mayFall: [tf.FusedDepthwiseConv2D],
  });
});

Deno.test("Transposed convolutions and their gradients equal the cpu backend's", async () => {
  await compareWithCpu(200, (draw) => {
    const { filterHeight, filterWidth, pad, strides, images, height, width } = geometry(draw, [
      1,
      2,
      3,
      4,
    ]);
    const filters = draw.pick(1, 3, 8), channels = draw.pick(1, 4, 8, 16);
    const x = draw.tensor([images, height, width, channels]);
    const filter = draw.tensor([filterHeight, filterWidth, filters, channels]);
    const out = ([side, stride, reach]: [number, number, number]) =>
      pad === "same" ? side * stride : side * stride + Math.max(reach - stride, 0);
    const shape: [number, number, number, number] = [
      images,
      out([height, strides[0], filterHeight]),
      out([width, strides[1], filterWidth]),
      filters,
    ];
    const apply: Apply = (x, filter) => tf.conv2dTranspose(x, filter, shape, strides, pad);
    return withGradients(
      `${x.shape} * ${filter.shape}, ${strides}, ${pad}`,
      x,
      filter,
      apply,
      draw,
    );
  }, { seed: 9 });
});

Deno.test("1 × 1 convolutions of many pixels and their gradients equal the cpu backend's, by a BLAS or not", async () => {
  await compareWithCpu(12, (draw) => {
    const strides = draw.pick(1, 2), channels = draw.pick(32, 64), filters = draw.pick(16, 40);
    const x = draw.tensor([2, 16 * strides, 8 * strides + draw.whole(0, strides - 1), channels]);
    const apply: Apply = (x, filter) => tf.conv2d(x, filter, strides, "valid");
    const what = `${x.shape} to ${filters}, ${strides}`;
    return withGradients(what, x, draw.tensor([1, 1, channels, filters]), apply, draw);
  }, { seed: 10 });
});
