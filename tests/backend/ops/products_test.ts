import * as tf from "@tensorflow/tfjs";
import { compareWithCpu, type Draw, tensorOf } from "./against_cpu.ts";

/** Two batches of matrices that fit, either of them transposed, or one matrix for all. */
function operands(draw: Draw, options: { special?: number } = {}) {
  const side = () => draw.pick(1, draw.whole(1, 9), draw.whole(1, 70));
  const [rows, depth, columns] = [side(), side(), side()];
  const [transposeA, transposeB] = [draw.random() < 0.5, draw.random() < 0.5];
  const batch = draw.pick([], [], [draw.whole(1, 4)], [2, draw.whole(1, 3)]) as number[];
  const one = batch.map(() => 1), whose = draw.whole(0, 2);
  const a = [...(whose === 1 ? one : batch), ...(transposeA ? [depth, rows] : [rows, depth])];
  const b = [...(whose === 2 ? one : batch), ...(transposeB ? [columns, depth] : [depth, columns])];
  if (draw.random() < 0.04) a[batch.length + (transposeA ? 1 : 0)] = 0;
  return {
    a: draw.tensor(a, options),
    b: draw.tensor(b, options),
    columns,
    transposeA,
    transposeB,
    // tfjs has no gradient of one matrix for a batch.
    hasGradient: whose === 0 && !a.includes(0),
    what: `${a} by ${b}, ${transposeA}, ${transposeB}`,
  };
}

Deno.test("Matrix products and their gradients equal the cpu backend's", async () => {
  await compareWithCpu(200, (draw) => {
    const { a, b, transposeA, transposeB, hasGradient, what } = operands(draw);
    const product = (a: tf.Tensor, b: tf.Tensor) => tf.matMul(a, b, transposeA, transposeB);
    return {
      what,
      tolerance: 1e-5,
      run: () => {
        const inputs = [tensorOf(a), tensorOf(b)] as const, y = product(...inputs);
        return [y, ...(hasGradient ? tf.grads(product)([...inputs], y) : [])];
      },
    };
  }, { mayFall: [tf.BatchMatMul] }); // the empty ones
});

Deno.test("Matrix products with bias and activation equal the cpu backend's, NaN and infinities included", async () => {
  await compareWithCpu(200, (draw) => {
    const { a, b, columns, transposeA, transposeB, what } = operands(draw, {
      special: draw.pick(0, 0, 0.01),
    });
    // Sums of huge values of either sign depend on their order.
    for (const { values } of [a, b]) {
      values.forEach((value, i) => Math.abs(value) > 1e20 && isFinite(value) && (values[i] = 2));
    }
    const bias = draw.tensor([columns]);
    const activation = draw.pick("linear", "relu", "relu6") as "relu";
    return {
      what: `${what}, ${activation}`,
      tolerance: 1e-5,
      run: () =>
        tf.fused.matMul({
          a: tensorOf(a),
          b: tensorOf(b),
          bias: tensorOf(bias),
          transposeA,
          transposeB,
          activation,
        }),
    };
  }, { seed: 2, mayFall: [tf._FusedMatMul] });
});
