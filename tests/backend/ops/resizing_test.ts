import * as tf from "@tensorflow/tfjs";
import { compareWithCpu, type Draw, tensorOf } from "./against_cpu.ts";

/** Images, a size, and how to resize. */
function drawn(draw: Draw) {
  const side = () => draw.pick(1, 2, draw.whole(1, 12));
  const shape = [draw.whole(1, 3), side(), side(), draw.pick(1, 3, 4, 5, 8, 11)];
  const size: [number, number] = [side(), draw.whole(1, 20)];
  const [alignCorners, halfPixelCenters] = draw.pick(
    [false, false] as const,
    [true, false] as const,
    [false, true] as const,
  );
  const resize = draw.pick(tf.image.resizeBilinear, tf.image.resizeNearestNeighbor);
  return {
    shape,
    what: `${resize.name} ${shape} to ${size}, ${alignCorners}, ${halfPixelCenters}`,
    apply: (x: tf.Tensor) => resize(x as tf.Tensor4D, size, alignCorners, halfPixelCenters),
    dy: { shape: [shape[0]!, ...size, shape[3]!], low: -2 },
  };
}

Deno.test("Resizing equals the cpu backend's, NaN and infinities among the values", async () => {
  await compareWithCpu(300, (draw) => {
    const { shape, what, apply } = drawn(draw);
    const x = draw.tensor(shape, { special: draw.pick(0, 0, 0.1) });
    // A huge value beside a small one leaves that one no digits, on either backend.
    x.values.forEach((value, i) => Math.abs(value) > 1e20 && isFinite(value) && (x.values[i] = 1));
    return { what, tolerance: 1e-6, run: () => apply(tensorOf(x)) };
  });
});

Deno.test("The gradients of resizing equal the cpu backend's", async () => {
  await compareWithCpu(300, (draw) => {
    const { shape, what, apply, dy } = drawn(draw);
    const x = draw.tensor(shape), given = draw.tensor(dy.shape);
    return { what, tolerance: 2e-6, run: () => tf.grad(apply)(tensorOf(x), tensorOf(given)) };
  }, { seed: 2 });
});

Deno.test("Resizing of empty batches is left to the cpu backend", async () => {
  await compareWithCpu(4, (draw, i) => ({
    what: `${i}`,
    run: () => {
      const x = tf.zeros<tf.Rank.R4>([0, 3, draw.whole(1, 4), 2]);
      return i % 2 ? tf.image.resizeBilinear(x, [2, 5]) : tf.image.resizeNearestNeighbor(x, [6, 6]);
    },
  }), { mayFall: [tf.ResizeBilinear, tf.ResizeNearestNeighbor] });
});
