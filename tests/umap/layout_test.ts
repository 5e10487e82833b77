import assert from "node:assert/strict";
import { layOut } from "../../lib/umap/engine/layout.ts";

const A = 1.577, B = 0.895;

Deno.test("layOut() moves a point by the gradient of UMAP's loss, whatever the distance", async () => {
  const clip = (value: number) => Math.min(4, Math.max(-4, value));
  // A point at a distance of another that stays, joined by an edge: its second epoch is the first that counts,
  // with half of the learning rate, and the five negative samples are all of the other point.
  const graph = {
    starts: Int32Array.of(0, 1),
    ends: Int32Array.of(0),
    weights: Float32Array.of(1),
  };
  for (let exponent = -5.9; exponent <= 6; exponent += 0.37) {
    const distance = Math.fround(10 ** exponent);
    const [x, y] = await layOut(Float32Array.of(distance, 0), graph, {
      a: A,
      b: B,
      epochs: 2,
      seed: 1,
      rate: 1,
      fixed: Float32Array.of(0, 0),
    });
    const pull = (d: number) => -2 * A * B * d ** (2 * B - 2) / (1 + A * d ** (2 * B)) * d;
    const push = (d: number) => 2 * B / ((0.001 + d * d) * (1 + A * d ** (2 * B))) * d;
    const near = distance + clip(pull(distance)) / 2;
    const expected = near + 5 * clip(push(Math.abs(near)) * Math.sign(near)) / 2;
    const moved = Math.abs(near - distance) + Math.abs(expected - near);
    assert.ok(
      Math.abs(x! - expected) < 1e-3 * moved + 1e-6 * distance,
      `${distance}: ${x}, not ${expected}`,
    );
    assert.equal(y, 0);
  }
});
