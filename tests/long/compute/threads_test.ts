// Threads that come and go, and processes that use them.
import assert from "node:assert/strict";
import { join } from "@std/path";
import { pathToFileURL } from "node:url";
import { setThreads, threads } from "deep-features/compute";
import {
  allocatedBytes,
  allocFloat32,
  freeViews,
  pointer,
  sharedMemory,
} from "../../../lib/compute/memory.ts";
import { runKernel, SCRATCH_BYTES } from "../../../lib/compute/pool.ts";

/** A dispatch of 16 tasks. */
function work(): void {
  const n = 16 * 16384;
  const x = allocFloat32(n);
  runKernel("square", 16, [pointer(x), pointer(x), n]);
  freeViews(x);
}

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
    work();
    const running = processThreads(), bytes = allocatedBytes();
    const size = sharedMemory().buffer.byteLength;
    for (let i = 0; i < 100; i++) {
      setThreads(1 + i % 3);
      if (i % 4 === 0) work();
    }
    setThreads(3);
    work();
    // One pool may still be on its way out, where the machine is busy.
    const poolBytes = 3 * SCRATCH_BYTES + 2 ** 20;
    assert.ok(processThreads() <= running + 4, `${running} threads, then ${processThreads()}`);
    assert.ok(allocatedBytes() <= bytes + poolBytes);
    assert.ok(sharedMemory().buffer.byteLength <= size + 2 * poolBytes);
  } finally {
    setThreads(before);
  }
});

Deno.test("COMPUTE_THREADS is refused where it is no number of threads, and ignored if empty", async () => {
  const pool = new URL("../../../lib/compute/pool.ts", import.meta.url);
  const program = `import { threads } from "${pool}";
    try { console.log(threads()); } catch (error) { console.log(error.name, error.message); }`;
  const most = Math.max(16, 4 * navigator.hardwareConcurrency);
  const cases = ["0", "-1", "abc", "1000", "1.5", "1", "2", "", " 2 "];
  const said: string[] = [];
  for (const wanted of cases) {
    const { stdout } = await new Deno.Command(Deno.execPath(), {
      args: ["eval", "--no-check", program],
      cwd: join(import.meta.dirname!, "..", "..", ".."),
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
  const library = pathToFileURL(join(import.meta.dirname!, "..", "..", "..", "lib"));
  const program = `
    import { setThreads } from "${library}/compute/mod.ts";
    import { setUpCompute } from "${library}/backend/mod.ts";
    import * as tf from "@tensorflow/tfjs";
    setThreads(4);
    await setUpCompute({ backend: "simd", quiet: true });
    console.log(tf.sum(tf.square(tf.ones([300, 3000])), 0).shape.join());
  `;
  const start = performance.now();
  const folder = join(import.meta.dirname!, "..", "..", "..");
  const { stdout, code } = await new Deno.Command(Deno.execPath(), {
    args: ["eval", program],
    cwd: folder,
  }).output();
  assert.equal(code, 0);
  assert.equal(new TextDecoder().decode(stdout), "3000\n");
  assert.ok(performance.now() - start < 20_000);
});
