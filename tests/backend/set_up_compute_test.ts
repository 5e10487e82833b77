import assert from "node:assert/strict";
import * as tf from "@tensorflow/tfjs";
import { setUpCompute } from "deep-features";
import { evaluate } from "../helpers/evaluate.ts";
import { consoleLines } from "../helpers/console_lines.ts";
import type { ComputeBackend, SetUpOptions } from "deep-features/backend";
import { currentBackend } from "../../lib/backend/set_up_compute.ts";
import { blasChoice, setBlasChoice } from "../../lib/compute/gemm.ts";

Deno.test("setUpCompute() starts each CPU backend that is asked for, and says so", async () => {
  const lines = await consoleLines("log", async () => {
    for (const backend of ["cpu", "wasm", "simd"] as const) {
      const compute = await setUpCompute({ backend });
      assert.equal(compute.backend, backend);
      assert.equal(tf.getBackend(), backend);
      assert.equal(tf.sum([1, 2, 3]).dataSync()[0], 6);
    }
  });
  assert.equal(lines.length, 3);
  assert.match(lines[2]!, /^Computing with simd on \d+ threads? \(asked for\)(; wide .*)?$/);
});

Deno.test("setUpCompute() tells which BLAS computes, or why one is not used, and currentBackend() too", async () => {
  const before = blasChoice();
  const says = async () =>
    (await consoleLines("log", async () => void await setUpCompute({ backend: "simd" })))[0];
  try {
    setBlasChoice({ blas: { name: "SomeBLAS 1.2" } });
    assert.match((await says())!, /\(asked for\); wide products by SomeBLAS 1\.2$/);
    assert.equal((await setUpCompute({ backend: "simd", quiet: true })).blas, "SomeBLAS 1.2");
    assert.equal(currentBackend(), "simd, SomeBLAS 1.2");
    setBlasChoice({ refused: "SomeBLAS 1.2 fails the self-test" });
    assert.match(
      (await says())!,
      /\(asked for\); without a BLAS, as SomeBLAS 1\.2 fails the self-test$/,
    );
    assert.equal(currentBackend(), "simd");
    setBlasChoice({});
    assert.match((await says())!, /\(asked for\)$/);
  } finally {
    setBlasChoice(before);
  }
});

Deno.test("setUpCompute() follows COMPUTE and refuses what it does not know", async () => {
  const code = `
    import { setUpCompute } from "deep-features";
    console.log((await setUpCompute({ quiet: true })).backend);
  `;
  assert.equal((await evaluate(code, { COMPUTE: "cpu" })).printed, "cpu");
  const { complaint } = await evaluate(code, { COMPUTE: "cuda" });
  assert.match(complaint, /RangeError: COMPUTE must be one of simd, .*got cuda/);
  await assert.rejects(
    setUpCompute({ backend: "tpu" as ComputeBackend }),
    /RangeError: setUpCompute: backend must be .*, got "tpu"/,
  );
  await assert.rejects(
    setUpCompute({ backEnd: "cpu" } as SetUpOptions),
    /TypeError: setUpCompute has no option "backEnd": did you mean "backend"/,
  );
  await assert.rejects(
    setUpCompute({ quiet: 1 } as unknown as SetUpOptions),
    /TypeError: setUpCompute: quiet must be true or false, got 1/,
  );
});

Deno.test("setUpCompute() picks simd or a hardware GPU, never one that software imitates", async () => {
  const { backend, reason } = await setUpCompute({ quiet: true });
  assert.ok(backend === "simd" || backend === "webgpu");
  assert.doesNotMatch(reason, /llvmpipe|swiftshader/i);
});

Deno.test("setUpCompute() says nothing on standard error where there is no desktop", async () => {
  const code = `
    import { setUpCompute } from "deep-features";
    await setUpCompute({ quiet: true });
    console.log(Deno.env.get("XDG_RUNTIME_DIR"));
  `;
  for (const [value, printed] of [[undefined, "undefined"], ["", ""]] as const) {
    const result = await evaluate(code, { COMPUTE: "", XDG_RUNTIME_DIR: value });
    assert.deepEqual(result, { printed, complaint: "" });
  }
});
