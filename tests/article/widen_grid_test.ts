import assert from "node:assert/strict";
import { widenGrid } from "../../lib/article/widen_grid.ts";

Deno.test("widenGrid goes on by the factor of the last two values, where the best is at an edge", () => {
  const grid = { C: [1, 3, 10], gamma: [0.5, 1, 2] };
  const least = { parameter: "C", value: 1, side: "least" } as const;
  const greatest = { parameter: "gamma", value: 2, side: "greatest" } as const;
  assert.deepEqual(widenGrid(grid, [least, greatest], 100), {
    C: [1 / 3, 1, 3, 10],
    gamma: [0.5, 1, 2, 4],
  });
  assert.equal(widenGrid(grid, [], 100), undefined);
});

Deno.test("widenGrid keeps counted parameters whole, at least 1 and at most what there is", () => {
  const grid = { nNeighbors: [5, 10, 20], minSamplesLeaf: [1, 3, 10] };
  const edge = (parameter: string, side: "least" | "greatest") => ({ parameter, value: 0, side });
  assert.deepEqual(widenGrid(grid, [edge("nNeighbors", "least")], 50)!.nNeighbors, [3, 5, 10, 20]);
  assert.deepEqual(
    widenGrid(grid, [edge("nNeighbors", "greatest")], 50)!.nNeighbors,
    [5, 10, 20, 40],
  );
  assert.equal(widenGrid(grid, [edge("nNeighbors", "greatest")], 30), undefined);
  assert.equal(widenGrid(grid, [edge("minSamplesLeaf", "least")], 50), undefined);
});
