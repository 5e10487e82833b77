import assert from "node:assert/strict";
import { setThreads, threads } from "deep-features/compute";
import { allocFloat32, allocInt32, freeViews, pointer } from "../../lib/compute/memory.ts";
import { poolState, runKernel, setKernelTimeout } from "../../lib/compute/pool.ts";

/** Squares 16 × 16,384 values: 16 tasks. */
function squares(): Float32Array {
  const n = 16 * 16384;
  const x = allocFloat32(n), y = allocFloat32(n);
  for (let i = 0; i < n; i++) x[i] = i % 1000;
  runKernel("square", 16, [pointer(x), pointer(y), n]);
  const result = y.slice();
  freeViews(x, y);
  return result;
}

Deno.test("runKernel() does all tasks, with as many threads as are wanted", () => {
  const before = threads();
  try {
    for (const count of [1, 2, 5]) {
      setThreads(count);
      for (let round = 0; round < 200; round++) {
        const result = round % 50 === 0 ? squares() : undefined;
        result?.forEach((value, i) => assert.equal(value, (i % 1000) ** 2));
      }
      assert.equal(poolState().workers.length, count - 1);
    }
    assert.throws(() => setThreads(0), /a whole number from 1 to \d+, got 0/);
  } finally {
    setThreads(before);
  }
});

Deno.test("runKernel() survives many short dispatches in a row", () => {
  setThreads(3);
  const x = allocFloat32(3 * 16384).fill(1), y = allocFloat32(3 * 16384);
  for (let i = 0; i < 20000; i++) {
    runKernel("addSame", 3, [pointer(x), pointer(x), pointer(y), x.length]);
  }
  assert.ok(y.every((value) => value === 2));
  freeViews(x, y);
  setThreads(2);
});

Deno.test("runKernel() does more tasks than fit in 16 bits, each once", () => {
  const before = threads();
  const counter = allocInt32(1);
  try {
    for (const count of [1, 2, 3]) {
      setThreads(count);
      for (const tasks of [65_535, 65_536, 65_537, 100_000, 1_000_003]) {
        for (const grain of [1, 3, 1000]) {
          counter[0] = 0;
          runKernel("countTasks", tasks, [pointer(counter)], [], grain);
          assert.equal(counter[0], tasks, `${tasks} tasks by ${grain} on ${count} threads`);
        }
      }
    }
  } finally {
    setThreads(before);
    freeViews(counter);
  }
});

Deno.test("A kernel that traps is an error, and the pool works afterwards", () => {
  for (const count of [1, 2]) {
    setThreads(count);
    const tasks = 64;
    assert.throws(
      // An address near 4 GiB, where no memory is.
      () => runKernel("square", tasks, [0xfff00000, 0xfff00000, tasks * 16384]),
      /The kernel square failed/,
    );
    assert.equal(squares()[3], 9);
  }
  assert.throws(() => runKernel("none", 1, []), /no kernel named none/);
});

Deno.test("A worker that dies gives the right result or an error, and never a hang", async () => {
  setThreads(3);
  squares();
  setKernelTimeout(500);
  try {
    for (const worker of poolState().workers) await worker.terminate();
    // Whoever is left does the tasks.
    const result = squares();
    assert.equal(result[999], 999 ** 2);
  } finally {
    setKernelTimeout();
    setThreads(2);
  }
});

Deno.test("A worker that dies in the middle of a task gives an error after the time-out", () => {
  setThreads(2);
  setKernelTimeout(300);
  try {
    squares();
    // The kernel "stall" never returns in a worker, as if the worker had been killed in the middle.
    const counter = allocInt32(1).fill(0);
    const ints = [pointer(counter), poolState().scratches[0]!];
    assert.throws(() => runKernel("stall", 2, ints), /has not answered for 0.3 s/);
    freeViews(counter);
    assert.equal(squares()[5], 25);
  } finally {
    setKernelTimeout();
  }
});

Deno.test("setThreads() refuses what is no number of threads, and more than four for each core", () => {
  const before = threads();
  const most = Math.max(16, 4 * navigator.hardwareConcurrency);
  for (const count of [0, -1, 1.5, NaN, Infinity, most + 1, 2000]) {
    assert.throws(() => setThreads(count), RangeError, String(count));
  }
  assert.throws(
    () => setThreads(2000),
    { message: `The number of threads must be a whole number from 1 to ${most}, got 2000` },
  );
  assert.throws(() => setThreads("2" as unknown as number), TypeError);
  assert.equal(threads(), before);
  setThreads(most);
  assert.equal(threads(), most);
  setThreads(before);
});
