import assert from "node:assert/strict";
import { permutation, seededRandom, standardNormal } from "deep-features/base";

Deno.test("seededRandom() repeats itself for a seed and differs between seeds", () => {
  const draw = (seed: number) => {
    const random = seededRandom(seed);
    return Array.from({ length: 5 }, random);
  };
  assert.deepEqual(draw(7), draw(7));
  assert.notDeepEqual(draw(7), draw(8));
  assert.throws(() => seededRandom(0.5), RangeError);
  assert.throws(() => seededRandom(1e300), /A seed must be a whole number, got 1e\+300/);
  assert.throws(() => seededRandom("1" as unknown as number), TypeError);
  // The upper half of a seed counts, and so does its sign.
  const seeds = [0, -1, 1, -2, 2, 2 ** 32, 2 ** 32 + 1, 2 ** 33, -(2 ** 32)];
  assert.equal(new Set(seeds.map((seed) => draw(seed).join())).size, seeds.length);
});

Deno.test("seededRandom() is uniform and standardNormal() is normal, by their first moments", () => {
  const random = seededRandom(1), n = 100_000;
  let sum = 0, squares = 0, normals = 0, normalSquares = 0;
  for (let i = 0; i < n; i++) {
    const u = random();
    assert.ok(u >= 0 && u < 1);
    sum += u;
    squares += u * u;
    const z = standardNormal(random);
    normals += z;
    normalSquares += z * z;
  }
  assert.ok(Math.abs(sum / n - 1 / 2) < 0.005);
  assert.ok(Math.abs(squares / n - 1 / 3) < 0.005);
  assert.ok(Math.abs(normals / n) < 0.015);
  assert.ok(Math.abs(normalSquares / n - 1) < 0.02);
});

Deno.test("permutation() holds every index once", () => {
  const order = permutation(1000, seededRandom(3));
  assert.deepEqual([...order].sort((a, b) => a - b), Array.from({ length: 1000 }, (_, i) => i));
});
