import assert from "node:assert/strict";
import { Matrix } from "deep-features";
import { seededRandom } from "deep-features/base";
import {
  type LinearLoss,
  logisticLoss,
  softmaxLoss,
  squaredHingeLoss,
} from "../../lib/classifiers/engine/linear_losses.ts";
import { LinearObjective } from "../../lib/classifiers/engine/linear_objective.ts";

const random = seededRandom(3);
const ROWS = 40;

/** Central differences of a function of a vector. */
function differences(f: (x: Float64Array) => number, x: Float64Array, h: number): number[] {
  return Array.from(x, (_, i) => {
    const up = Float64Array.from(x), down = Float64Array.from(x);
    up[i]! += h;
    down[i]! -= h;
    return (f(up) - f(down)) / (2 * h);
  });
}

const LOSSES: [string, LinearLoss, number, number][] = [
  ["softmaxLoss", softmaxLoss, 3, 3],
  ["logisticLoss", logisticLoss, 1, 2],
  ["squaredHingeLoss", squaredHingeLoss, 3, 3],
  ["squaredHingeLoss for two classes", squaredHingeLoss, 1, 2],
];

for (const [name, loss, outputs, classes] of LOSSES) {
  Deno.test(`${name} has the derivatives that finite differences give`, () => {
    const codes = Int32Array.from({ length: ROWS }, () => Math.floor(random() * classes));
    const planes = Float64Array.from({ length: outputs * ROWS }, () => 6 * random() - 3);
    const expected = differences((x) => loss(Float64Array.from(x), codes), planes, 1e-5);
    loss(planes, codes);
    planes.forEach((value, i) => assert.ok(Math.abs(value - expected[i]!) < 1e-6));
  });

  Deno.test(`${name} keeps its mean gradient with a penalty, for rows far from zero`, () => {
    const X = new Matrix(Float32Array.from({ length: ROWS * 5 }, () => 4 + random()), ROWS, 5);
    const codes = Int32Array.from({ length: ROWS }, () => Math.floor(random() * classes));
    const penalties = { penalty: 0.3, interceptPenalty: 0.7 };
    const objective = new LinearObjective({ X, codes, outputs, loss, ...penalties });
    try {
      const at = Float64Array.from({ length: objective.size }, () => random() - 0.5);
      const gradient = new Float64Array(objective.size);
      objective.evaluate(at, gradient);
      const value = (x: Float64Array) => objective.evaluate(x, new Float64Array(x.length));
      const expected = differences(value, at, 1e-3);
      gradient.forEach((slope, i) => assert.ok(Math.abs(slope - expected[i]!) < 1e-3));
    } finally {
      objective[Symbol.dispose]();
    }
  });
}

Deno.test("Losses stay finite far from zero", () => {
  for (const [, loss, outputs] of LOSSES) {
    const planes = new Float64Array(outputs * 2).map((_, i) => i % 2 === 0 ? 1e4 : -1e4);
    assert.ok(Number.isFinite(loss(planes, Int32Array.of(0, 1))));
    assert.ok(planes.every(Number.isFinite));
  }
});

Deno.test("logisticLoss of a difference is softmaxLoss of the two outputs", () => {
  // softmax(a, b) depends on b − a alone: a binary output of b − a has the same loss.
  const codes = Int32Array.of(0, 1);
  const two = softmaxLoss(Float64Array.of(-0.4, 1.1, 0.4, -1.1), codes);
  assert.ok(Math.abs(two - logisticLoss(Float64Array.of(0.8, -2.2), codes)) < 1e-12);
});
