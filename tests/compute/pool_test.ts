import assert from "node:assert/strict";
import { join } from "@std/path";
import { pathToFileURL } from "node:url";
import { setThreads, threads } from "deep-features/compute";
import {
  allocatedBytes,
  allocFloat32,
  allocInt32,
  freeViews,
  pointer,
  sharedMemory,
} from "../../lib/compute/memory.ts";
import { poolState, runKernel, SCRATCH_BYTES, setKernelTimeout } from "../../lib/compute/pool.ts";
import { compileKernels, KERNELS_FILE } from "../../lib/compute/kernels/build.ts";

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

/** Threads of this process, where the system tells. */
function processThreads(): number {
  try {
    return [...Deno.readDirSync("/proc/self/task")].length;
  } catch {
    return 0;
  }
}

Deno.test("A hundred setThreads() leave neither threads nor memory behind", () => {
  const before = threads();
  try {
    setThreads(3);
    squares();
    const running = processThreads(), bytes = allocatedBytes();
    const size = sharedMemory().buffer.byteLength;
    for (let i = 0; i < 100; i++) {
      setThreads(1 + i % 3);
      if (i % 4 === 0) squares();
    }
    setThreads(3);
    squares();
    // One pool may still be on its way out, where the machine is busy.
    const poolBytes = 3 * SCRATCH_BYTES + 2 ** 20;
    assert.ok(processThreads() <= running + 4, `${running} threads, then ${processThreads()}`);
    assert.ok(allocatedBytes() <= bytes + poolBytes);
    assert.ok(sharedMemory().buffer.byteLength <= size + 2 * poolBytes);
  } finally {
    setThreads(before);
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

Deno.test("COMPUTE_THREADS is refused where it is no number of threads, and ignored if empty", async () => {
  const pool = new URL("../../lib/compute/pool.ts", import.meta.url);
  const program = `import { threads } from "${pool}";
    try { console.log(threads()); } catch (error) { console.log(error.name, error.message); }`;
  const most = Math.max(16, 4 * navigator.hardwareConcurrency);
  const cases = ["0", "-1", "abc", "1000", "1.5", "1", "2", "", " 2 "];
  const said: string[] = [];
  for (const wanted of cases) {
    const { stdout } = await new Deno.Command(Deno.execPath(), {
      args: ["eval", "--no-check", program],
      cwd: join(import.meta.dirname!, "..", ".."),
      env: { COMPUTE_THREADS: wanted },
    }).output();
    said.push(new TextDecoder().decode(stdout).trim());
  }
  const refused = (wanted: string) =>
    "RangeError The environment variable COMPUTE_THREADS must be a whole number from 1 to " +
    `${most}, got ${wanted}`;
  assert.deepEqual(said, [
    ...["0", "-1", "abc", "1000", "1.5"].map(refused),
    "1",
    "2",
    String(navigator.hardwareConcurrency),
    "2",
  ]);
});

Deno.test("The pool does not keep a process alive", async () => {
  const library = pathToFileURL(join(import.meta.dirname!, "..", "..", "lib"));
  const program = `
    import { setThreads } from "${library}/compute/mod.ts";
    import { setUpCompute } from "${library}/backend/mod.ts";
    import * as tf from "@tensorflow/tfjs";
    setThreads(4);
    await setUpCompute({ backend: "simd", quiet: true });
    console.log(tf.sum(tf.square(tf.ones([300, 3000])), 0).shape.join());
  `;
  const start = performance.now();
  const folder = join(import.meta.dirname!, "..", "..");
  const { stdout, code } = await new Deno.Command(Deno.execPath(), {
    args: ["eval", program],
    cwd: folder,
  }).output();
  assert.equal(code, 0);
  assert.equal(new TextDecoder().decode(stdout), "3000\n");
  assert.ok(performance.now() - start < 20_000);
});

Deno.test("Building the kernels again gives the committed bytes", async () => {
  assert.deepEqual(await compileKernels(), await Deno.readFile(KERNELS_FILE));
});
