import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";
import { join } from "@std/path";

const ENTRY = join(import.meta.dirname!, "viewer", "main.ts");

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
      minify: true,
      format: "iife",
      target: "es2022",
      charset: "utf8",
      legalComments: "inline",
      write: false,
      plugins: [{
        name: "npm",
        setup: ({ onResolve }) =>
          onResolve(
            { filter: /^[a-z]/ },
            ({ path, importer, kind }) =>
              kind === "entry-point" ? undefined : {
                path: createRequire(path.startsWith("echarts") ? echarts : importer).resolve(path),
              },
          ),
      }],
    });
    return outputFiles[0]!.text;
  } finally {
    await esbuild.stop();
  }
}
