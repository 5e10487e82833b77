// tfjs-core's own specs of its operations, gradients and engine, which ship in its npm package, run on
// the simd backend: every spec that passes on the cpu backend must pass here.
//
// The specs are bundled with a copy of tfjs-core's sources; engine and kernel registry are shared through
// globals, so the backend that this library registers is the one that they find.
import assert from "node:assert/strict";
import { createRequire } from "node:module";
import { dirname, join, relative } from "@std/path";
import { fileURLToPath } from "node:url";
import * as esbuild from "esbuild";
import jasmineCore from "jasmine-core";
import { registerSimdBackend } from "../../../lib/backend/register_simd.ts";

/** Specs that pass on the cpu backend, of those in the files below. */
const CPU_SPECS = 3530;
/** Two of them, on switching between cpu backends, are left out for a backend of another name. */
const SIMD_SPECS = CPU_SPECS - 2;

interface Outcome {
  passed: number;
  failed: string[];
}

interface Bundle {
  /** Runs all specs on a backend. */
  run(backend: string): Promise<Outcome>;
}

const TFJS_CORE = import.meta.resolve("@tensorflow/tfjs-core");
const DIST = dirname(fileURLToPath(TFJS_CORE));

Deno.test("tfjs-core's own specs pass on the simd backend as on the cpu backend", async () => {
  const folder = await Deno.makeTempDir();
  try {
    const results: Record<string, Outcome> = {};
    for (const backend of ["cpu", "simd"]) {
      // Each run needs specs of its own, as jasmine runs a spec once.
      const file = join(folder, `${backend}.cjs`);
      await bundle(file);
      registerSimdBackend();
      const { run } = createRequire(import.meta.url)(file) as Bundle;
      results[backend] = await run(backend);
    }
    const { cpu, simd } = results as { cpu: Outcome; simd: Outcome };
    assert.deepEqual(simd.failed, []);
    assert.deepEqual(cpu.failed, []);
    assert.equal(simd.passed, SIMD_SPECS);
    assert.equal(cpu.passed, CPU_SPECS);
  } finally {
    await esbuild.stop();
    await Deno.remove(folder, { recursive: true });
  }
});

async function bundle(outfile: string): Promise<void> {
  const files = [...specFiles(join(DIST, "ops")), "gradients_test.js", "engine_test.js"].sort();
  const entry = `
    const jasmineRequire = require("jasmine-core/lib/jasmine-core/jasmine.js");
    const jasmine = jasmineRequire.core(jasmineRequire);
    const env = jasmine.getEnv({ suppressLoadErrors: true });
    Object.assign(globalThis, jasmineRequire.interface(jasmine, env));
    globalThis.jasmine = jasmine;
    env.configure({ random: false });
    require("./index");
    require("./register_all_gradients");
    require("./public/chained_ops/register_all_chained_ops");
    exports.run = async (name) => {
      require("./jasmine_util").setTestEnvs([{ name, backendName: name, flags: {}, isDataSync: true }]);
      ${files.map((file) => `require("./${file}");`).join("\n")}
      const outcome = { passed: 0, failed: [] };
      env.addReporter({
        specDone(spec) {
          if (spec.status === "passed") outcome.passed++;
          if (spec.status === "failed") {
            outcome.failed.push(spec.fullName + ": " + spec.failedExpectations[0].message);
          }
        },
      });
      await env.execute();
      return outcome;
    };
  `;
  await esbuild.build({
    stdin: { contents: entry, resolveDir: DIST },
    outfile,
    bundle: true,
    format: "cjs",
    platform: "node",
    mainFields: ["module", "main"],
    logLevel: "error",
    plugins: [{
      name: "packages",
      setup(build) {
        // Deno's package cache is no node_modules folder, so Deno finds the packages.
        build.onResolve({ filter: /^[a-z@]/ }, ({ path }) => {
          if (path.startsWith("jasmine-core")) {
            return { path: join(jasmineCore.files.path, "jasmine.js") };
          }
          // What the operations need; the rest (built-in modules, fetching) is not used here.
          return ["long", "seedrandom"].includes(path)
            ? { path: createRequire(TFJS_CORE).resolve(path) }
            : { path, external: true };
        });
      },
    }],
  });
}

function* specFiles(folder: string): Generator<string> {
  for (const { name, isDirectory } of Deno.readDirSync(folder)) {
    if (isDirectory) yield* specFiles(join(folder, name));
    else if (name.endsWith("_test.js")) yield relative(DIST, join(folder, name));
  }
}
