// What the operations leave to a BLAS, where there is one: convolutions of at least 2¹⁸ multiplications.
import assert from "node:assert/strict";
import * as tf from "@tensorflow/tfjs";
import { setUpCompute } from "deep-features";
import { isByBlas } from "../../../lib/compute/gemm.ts";
import { installedBlas, withBlas } from "../../helpers/blas.ts";
import { onThreads } from "../../helpers/on_threads.ts";
import { compareWithCpu, Draw, tensorOf } from "./against_cpu.ts";
import { type Apply, withGradients } from "./with_gradients.ts";

const ignore = installedBlas() === undefined;
const NEEDED = ignore ? " (left out: no BLAS, such as Debian's libopenblas0, or no FFI)" : "";

function wideConvolution(draw: Draw, size: 1 | 3) {
  const [channels, filters] = [8 * draw.whole(3, 4), 8 * draw.whole(3, 4)];
  const x = draw.tensor([draw.whole(3, 4), draw.whole(12, 14), draw.whole(12, 14), channels]);
  const filter = draw.tensor([size, size, channels, filters]);
  // Small weights, so that results are not far beyond where ReLU6 cuts them.
  filter.values.forEach((value, i) => filter.values[i] = value / 16);
  return { x, filter, bias: draw.tensor([filters]), pad: draw.pick("same", "valid") as "same" };
}

for (const size of [1, 3] as const) {
  Deno.test({
    name:
      `Wide ${size} × ${size} convolutions and their gradients by a BLAS equal the cpu backend's` +
      NEEDED,
    ignore,
    fn: () =>
      withBlas(async () => {
        assert.ok(isByBlas(2 ** 18));
        await compareWithCpu(4, (draw) => {
          const { x, filter, pad } = wideConvolution(draw, size);
          const strides = size === 1 ? draw.pick(1, 2) : 1;
          const apply: Apply = (x, filter) => tf.conv2d(x, filter, strides, pad);
          return withGradients(`${x.shape} * ${filter.shape}`, x, filter, apply, draw);
        });
        await compareWithCpu(3, (draw, i) => {
          const { x, filter, bias, pad } = wideConvolution(draw, size);
          return {
            what: `${x.shape} * ${filter.shape} with bias and activation ${i}`,
            tolerance: 1e-5,
            run: () =>
              tf.fused.conv2d({
                x: tensorOf<tf.Tensor4D>(x),
                filter: tensorOf<tf.Tensor4D>(filter),
                bias: tensorOf(bias),
                strides: 1,
                pad,
                activation: (["linear", "relu", "relu6"] as const)[i]!,
              }),
          };
        });
      }),
  });

  Deno.test({
    name:
      `Wide ${size} × ${size} convolutions by a BLAS have the same bits for 1, 2 and 3 threads` +
      NEEDED,
    ignore,
    fn: () =>
      withBlas(async () => {
        await setUpCompute({ backend: "simd", quiet: true });
        const { x, filter } = wideConvolution(new Draw(1), size);
        const { run } = withGradients("", x, filter, (x, f) =>
          tf.conv2d(x, f, 1, "same"), new Draw(2));
        const results = await onThreads(
          [1, 2, 3],
          () =>
            tf.tidy(() =>
              [run()].flat().map((tensor) =>
                tensor.dataSync()
              )
            ),
        );
        assert.deepEqual(results[1], results[0]);
        assert.deepEqual(results[2], results[0]);
      }),
  });
}
