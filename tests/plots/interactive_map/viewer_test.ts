import assert from "node:assert/strict";
import { nearestPoint, pointAhead } from "../../../lib/plots/engine/map/viewer/nearest.ts";

/** One pixel a unit, upside down as on a screen. */
const projection = { x0: 100, dx: 1, y0: 100, dy: -1 };
const points = {
  positions: Float32Array.from([0, 0, 10, 1, 20, 0, 0, 30, -15, 2, 1, 0]),
  labels: new Uint8Array(6),
};
const all = new Uint8Array(6).fill(1);

Deno.test("nearestPoint() finds the nearest shown point within reach", () => {
  assert.equal(nearestPoint(points, all, projection, 109, 98, 5), 1);
  assert.equal(nearestPoint(points, all, projection, 150, 50, 5), -1);
  const without = all.with(1, 0);
  assert.equal(nearestPoint(points, without, projection, 109, 98, 5), -1);
  assert.equal(nearestPoint(points, without, projection, 109, 98, Infinity), 5);
});

Deno.test("pointAhead() takes a step of some pixels in the direction of the key", () => {
  // To the right lie points 1, 10 and 20 pixels away: the stride is 16.
  assert.equal(pointAhead(points, all, projection, 0, 1, 0), 2);
  assert.equal(pointAhead(points, all, projection, 0, -1, 0), 4);
  assert.equal(pointAhead(points, all, projection, 0, 0, -1), 3);
  assert.equal(pointAhead(points, all, projection, 0, 0, 1), -1);
  assert.equal(pointAhead(points, all.with(2, 0), projection, 0, 1, 0), 1);
});

Deno.test("The viewer's script is the same to the byte in every process", async () => {
  const module = new URL("../../../lib/plots/engine/map/bundle_viewer.ts", import.meta.url);
  const program = `import { bundleViewer } from "${module}"; console.log(await bundleViewer());`;
  const runs = await Promise.all([1, 2].map(() =>
    new Deno.Command(Deno.execPath(), {
      args: ["eval", program],
      cwd: new URL("../../..", import.meta.url),
    }).output()
  ));
  const [first, second] = runs.map(({ stdout }) => new TextDecoder().decode(stdout));
  assert.ok(first!.length > 100_000);
  assert.ok(first === second);
});
