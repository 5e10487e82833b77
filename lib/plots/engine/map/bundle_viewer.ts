import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";
import { dirname, join } from "@std/path";

const ENTRY = join(import.meta.dirname!, "viewer", "main.ts");

/**
 * tslib as an ES module. Of its CommonJS form the bundler notes now and then that the importer is a
 * module, and now and then not, and the bundle would differ by some bytes from run to run.
 */
const TSLIB_MODULE = "tslib.es6.js";

const TARGET = "es2022";

let bundle: Promise<string> | undefined;

/**
 * The viewer's script with the parts of ECharts that it uses, as one script for browsers. It is bundled
 * from the sources once in a process, which takes a second or two. The bundler sees to it that no string
 * in it ends a script element.
 */
export function bundleViewer(): Promise<string> {
  return bundle ??= build();
}

async function build(): Promise<string> {
  const esbuild = await import("esbuild");
  // Deno keeps npm packages where only its own resolution finds them: from the importing file on.
  await import("echarts/core");
  const echarts = fileURLToPath(import.meta.resolve("echarts/core"));
  try {
    const { outputFiles } = await esbuild.build({
      entryPoints: [ENTRY],
      bundle: true,
      format: "iife",
      target: TARGET,
      charset: "utf8",
      legalComments: "inline",
      write: false,
      plugins: [{
        name: "npm",
        setup: ({ onResolve }) =>
          onResolve(
            { filter: /^[a-z]/ },
            ({ path, importer, kind }) => {
              if (kind === "entry-point") return undefined;
              const from = createRequire(path.startsWith("echarts") ? echarts : importer);
              const found = from.resolve(path);
              return { path: path === "tslib" ? join(dirname(found), TSLIB_MODULE) : found };
            },
          ),
      }],
    });
    // Minified apart: in a bundle of many files the short names differ from run to run.
    const { code } = await esbuild.transform(outputFiles[0]!.text, {
      minify: true,
      target: TARGET,
      charset: "utf8",
      legalComments: "inline",
    });
    return code;
  } finally {
    await esbuild.stop();
  }
}
