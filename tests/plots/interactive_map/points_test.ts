import assert from "node:assert/strict";
import { packPoints, unpackPoints } from "../../../lib/plots/engine/map/points.ts";

Deno.test("unpackPoints() gives back what packPoints() was given, to the last bit", () => {
  const n = 50_000;
  const buffer = Float32Array.from({ length: 2 * n + 3 }, (_, i) => Math.fround(Math.sin(i) / 3));
  // A view into the middle of a buffer, as rows of a larger embedding are.
  const positions = buffer.subarray(3);
  const labels = Uint8Array.from({ length: n }, (_, i) => i % 256);
  const predicted = labels.toReversed();
  assert.deepEqual(unpackPoints(packPoints({ positions, labels, predicted })), {
    positions: positions.slice(),
    labels,
    predicted,
  });
  assert.deepEqual(Object.keys(unpackPoints(packPoints({ positions, labels }))), [
    "positions",
    "labels",
  ]);
});
