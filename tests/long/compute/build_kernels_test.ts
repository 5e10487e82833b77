import assert from "node:assert/strict";
import { compileKernels, KERNELS_FILE } from "../../../lib/compute/kernels/build.ts";

Deno.test("Building the kernels again gives the committed bytes", async () => {
  assert.deepEqual(await compileKernels(), await Deno.readFile(KERNELS_FILE));
});
