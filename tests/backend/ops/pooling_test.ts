import * as tf from "@tensorflow/tfjs";
import { compareWithCpu, Draw, tensorOf } from "./against_cpu.ts";

/** Images, windows of two sides, strides that differ, a padding; now and then an empty batch. */
function drawn(draw: Draw) {
  const window: [number, number] = [draw.whole(1, 4), draw.whole(1, 4)];
  const strides: [number, number] = [draw.whole(1, 3), draw.whole(1, 3)];
  const pad = draw.pick("same" as const, "valid" as const);
  const [height, width] = window.map((side) => side + draw.whole(0, 7)) as [number, number];
  const images = draw.random() < 0.03 ? 0 : draw.whole(1, 3);
  const shape = [images, height, width, draw.whole(1, 13)];
  return { window, strides, pad, shape, what: `${shape}, ${window}, ${strides}, ${pad}` };
}

Deno.test("Max-pooling and its gradient equal the cpu backend's, ties included", async () => {
  await compareWithCpu(200, (draw) => {
    const { window, strides, pad, shape, what } = drawn(draw);
    const x = draw.tensor(shape, { low: -3, high: 3, whole: draw.random() < 0.5 });
    const pool = (x: tf.Tensor) => tf.maxPool(x as tf.Tensor4D, window, strides, pad);
    return {
      what,
      run: () => {
        const y = pool(tensorOf(x));
        if (y.size === 0) return y;
        return [y, tf.grad(pool)(tensorOf(x), tensorOf(new Draw(1).tensor(y.shape)))];
      },
    };
  }, { mayFall: [tf.MaxPool] }); // windows of one pixel, and no images
});

Deno.test("Pooling lets NaN and infinities through as the cpu backend does", async () => {
  await compareWithCpu(200, (draw) => {
    const { window, strides, pad, shape, what } = drawn(draw);
    const x = draw.tensor(shape);
    // NaN in a maximum depends on the order of comparisons on the CPU backend.
    x.values.forEach((_, i) =>
      draw.random() < 0.1 && (x.values[i] = draw.pick(Infinity, -Infinity))
    );
    const withNaN = { ...x, values: x.values.map((value) => draw.random() < 0.05 ? NaN : value) };
    return {
      what,
      run: () => [
        tf.maxPool(tensorOf<tf.Tensor4D>(x), window, strides, pad),
        tf.avgPool(tensorOf<tf.Tensor4D>(withNaN), window, strides, pad),
      ],
    };
  }, { seed: 2, mayFall: [tf.MaxPool, tf.AvgPool] });
});
