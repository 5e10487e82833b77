import assert from "node:assert/strict";
import { allocatedBytes } from "../../lib/compute/memory.ts";
import { Scope } from "../../lib/compute/scope.ts";

Deno.test("A scope gives everything back at its end, also when something throws half-way", () => {
  const before = allocatedBytes();
  {
    using memory = new Scope();
    assert.ok(memory.float32(10) instanceof Float32Array);
    assert.ok(memory.float64(10) instanceof Float64Array);
    assert.ok(memory.int32(10) instanceof Int32Array);
    assert.equal(memory.uint8(10).length, 10);
    assert.ok(allocatedBytes() > before);
  }
  assert.equal(allocatedBytes(), before);
  assert.throws(() => {
    using memory = new Scope();
    memory.float32(10);
    memory.float32(2 ** 31);
  }, /Out of memory/);
  assert.throws(() => {
    using memory = new Scope();
    memory.float32(10);
    throw new Error("a caller's own");
  }, /a caller's own/);
  assert.equal(allocatedBytes(), before);
});

Deno.test("A scope frees a block early, ends what it took over, and hands all to another", () => {
  const before = allocatedBytes();
  let ended = 0;
  const kept = (() => {
    using memory = new Scope();
    const block = memory.float32(1000), other = memory.float32(10);
    memory.use({ [Symbol.dispose]: () => ended++ });
    memory.free(block);
    assert.throws(() => memory.free(block), /does not hold/);
    const moved = memory.move();
    other.fill(3);
    return moved;
  })();
  assert.equal(ended, 0);
  assert.equal(allocatedBytes(), before + 64);
  kept[Symbol.dispose]();
  assert.equal(ended, 1);
  assert.equal(allocatedBytes(), before);
  assert.throws(() => kept.float32(1), /after its end/);
  assert.equal(allocatedBytes(), before);
});

Deno.test("A scope refuses sizes that are no whole numbers, and takes nothing then", () => {
  using memory = new Scope();
  const before = allocatedBytes();
  for (const n of [NaN, -1, 0.3, Infinity]) {
    assert.throws(() => memory.float32(n), /Cannot allocate .* must be a whole number/, String(n));
  }
  assert.equal(allocatedBytes(), before);
});
