import assert from "node:assert/strict";
import * as tf from "@tensorflow/tfjs";
import { setUpCompute } from "deep-features";
import { seededRandom } from "deep-features/base";

/** Checks a gradient against finite differences of a function that is linear: any step gives its slope. */
function assertIsSlope(
  what: string,
  f: (x: tf.Tensor) => tf.Tensor,
  shape: readonly number[],
): void {
  const random = seededRandom(1);
  const values = Float32Array.from({ length: tf.util.sizeFromShape([...shape]) }, () => random());
  const weights = tf.randomUniform(f(tf.zeros([...shape])).shape, -1, 1, "float32", 4);
  const objective = (x: tf.Tensor) => tf.sum(tf.mul(weights, f(x)));
  const gradient = tf.grad(objective)(tf.tensor(values, [...shape])).dataSync();
  for (let k = 0; k < values.length; k++) {
    const at = (step: number) =>
      objective(tf.tensor(values.with(k, values[k]! + step), [...shape])).dataSync()[0]!;
    assert.ok(Math.abs(gradient[k]! - (at(1) - at(-1)) / 2) < 1e-4, `${what} ${shape} ${k}`);
  }
}

Deno.test("The gradients of resizing are those of finite differences, in every image of a batch", async () => {
  for (const backend of ["cpu", "simd"] as const) {
    await setUpCompute({ backend, quiet: true });
    for (
      const [shape, size] of [
        [[3, 2, 2, 2], [4, 4]],
        [[2, 3, 4, 1], [6, 12]],
        [[2, 3, 3, 2], [5, 7]],
        [[2, 5, 4, 1], [3, 2]],
        [[2, 1, 1, 3], [1, 1]],
      ] as const
    ) {
      for (
        const [alignCorners, halfPixelCenters] of [[false, false], [true, false], [false, true]]
      ) {
        for (const resize of [tf.image.resizeNearestNeighbor, tf.image.resizeBilinear]) {
          assertIsSlope(
            `${backend} ${resize.name} ${alignCorners} ${halfPixelCenters}`,
            (x) => resize(x as tf.Tensor4D, [...size], alignCorners, halfPixelCenters),
            shape,
          );
        }
      }
    }
  }
});

Deno.test("Batch normalization along any axis is its definition, and so are its gradients", async () => {
  const random = seededRandom(2);
  const drawn = (shape: number[]) =>
    Float32Array.from({ length: tf.util.sizeFromShape(shape) }, () => random() + 0.5);
  for (const [shape, axis] of [[[2, 3, 3, 4], 1], [[2, 3, 4, 4], 2], [[3, 4, 5], 1]] as const) {
    const [x, dy] = [drawn([...shape]), drawn([...shape])];
    const vectors = [0, 1, 2, 3].map(() => drawn([shape[axis]!]));
    for (const backend of ["cpu", "simd"] as const) {
      await setUpCompute({ backend, quiet: true });
      const wide = shape.map((length, i) => i === axis ? length : 1);
      const inputs = [
        tf.tensor(x, [...shape]),
        ...vectors.map((vector) => tf.tensor(vector, wide)),
      ];
      const fused = (...[x, mean, variance, beta, gamma]: tf.Tensor[]) =>
        tf.batchNorm(x!, mean!, variance!, beta!, gamma!, 1e-3);
      const defined = (...[x, mean, variance, beta, gamma]: tf.Tensor[]) =>
        tf.add(
          tf.mul(tf.div(tf.sub(x!, mean!), tf.sqrt(tf.add(variance!, 1e-3))), gamma!),
          beta!,
        );
      const [actual, expected] = [fused, defined].map((f) =>
        [
          f(...inputs),
          ...tf.grads(f)(inputs, tf.tensor(dy, [...shape])),
        ].map((value) => value.arraySync())
      );
      const apart = (a: unknown, b: unknown): number =>
        Array.isArray(a)
          ? Math.max(...a.map((value, i) => apart(value, (b as unknown[])[i])))
          : Math.abs(a as number - (b as number));
      assert.ok(
        apart(actual, expected) < 1e-4,
        `${backend} ${shape} ${axis}: ${apart(actual, expected)}`,
      );
    }
  }
});

Deno.test("A layer that normalizes channels first trains and predicts as one that has them last", async () => {
  for (const backend of ["cpu", "simd"] as const) {
    await setUpCompute({ backend, quiet: true });
    const x = tf.randomUniform([4, 3, 5, 5], 0, 3, "float32", 3), order = [0, 2, 3, 1];
    const results = [1, 3].map((axis) => {
      const layer = tf.layers.batchNormalization({ axis, momentum: 0.5 });
      const input = axis === 1 ? x : tf.transpose(x, order);
      const loss = () =>
        tf.sum(tf.pow(layer.apply(input, { training: true }) as tf.Tensor, 3)) as tf.Scalar;
      layer.apply(input);
      const { grads } = tf.variableGrads(
        loss,
        layer.trainableWeights.map((weight) => weight.read() as tf.Variable),
      );
      const y = layer.apply(input) as tf.Tensor;
      return [
        axis === 1 ? tf.transpose(y, order) : y,
        ...Object.values(grads),
        ...layer.getWeights(),
      ];
    });
    for (const [i, first] of results[0]!.entries()) {
      const apart = tf.max(tf.abs(tf.sub(first, results[1]![i]!))).dataSync()[0]!;
      assert.ok(apart < 2e-3, `${backend}: ${i}, ${apart}`);
    }
  }
});
