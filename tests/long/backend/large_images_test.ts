import * as tf from "@tensorflow/tfjs";
import { compareWithCpu } from "../../backend/ops/against_cpu.ts";
import { type Apply, withGradients } from "../../backend/ops/with_gradients.ts";

Deno.test("Images of more than 4 MiB convolve on kernels", async () => {
  await compareWithCpu(2, (draw, i) => {
    const x = draw.tensor([1, 260, 1100, 4]);
    const filter = draw.tensor([3, 2, 4, 1]);
    const apply: Apply = (x, filter) =>
      i === 0 ? tf.depthwiseConv2d(x, filter, 2, "same") : tf.conv2d(x, filter, 2, "same");
    return { ...withGradients(`${filter.shape}`, x, filter, apply, draw), tolerance: 2e-4 };
  });
});
