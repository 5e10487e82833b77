/**
 * Holds the plan of the house (CONTRIBUTING.md): arrows between rooms go down only, engines are entered by
 * their own room alone, and so on.
 */
import assert from "node:assert/strict";
import { join } from "@std/path";
import { fileURLToPath, pathToFileURL } from "node:url";
import configuration from "../deno.json" with { type: "json" };
import { type Module, moduleGraph, sourcesBelow } from "./helpers/module_graph.ts";

const TOP = join(import.meta.dirname!, "..");
const CONFIG = join(TOP, "deno.json");
const LIBRARY = join(TOP, "lib");

/** The rooms from the ground up, and what each may import beside itself. */
const MAY_IMPORT: Record<string, readonly string[]> = {
  base: [],
  notebook: ["base"],
  compute: ["base"],
  backend: ["compute", "base"],
  neighbors: ["compute", "notebook", "base"],
  dataset: ["notebook", "base"],
  cnn: ["backend", "compute", "dataset", "notebook", "base"],
  umap: ["neighbors", "compute", "notebook", "base"],
  svm: ["compute", "notebook", "base"],
  classifiers: ["neighbors", "compute", "notebook", "base"],
  metrics: ["neighbors", "compute", "notebook", "base"],
  model_selection: ["metrics", "notebook", "base"],
  pipeline: ["classifiers", "svm", "cnn", "dataset", "backend", "notebook", "base"],
  plots: ["dataset", "metrics", "notebook", "base"],
  report: ["notebook", "base"],
};
const BELOW_THE_STORY = Object.keys(MAY_IMPORT).filter((room) => room !== "report");
MAY_IMPORT["article"] = BELOW_THE_STORY;
MAY_IMPORT["sweep"] = [
  ...["article", "model_selection", "classifiers", "svm", "cnn", "dataset", "backend"],
  ...["compute", "notebook", "base"],
];

/** The rooms that know tfjs. */
const TFJS_ROOMS = ["backend", "cnn"];

/** Where a module lies: `svm/engine/decision.ts` is in the room `svm`; the face is in none. */
function placeOf(specifier: string, library: string) {
  const base = `${pathToFileURL(library).href}/`;
  if (!specifier.startsWith(base)) return undefined;
  const path = specifier.slice(base.length), parts = path.split("/");
  return { path, room: parts.length > 1 ? parts[0]! : "", isEngine: parts[1] === "engine" };
}

/** Where addresses are known; elsewhere kernels are given views, and scopes hold the memory. */
const ADDRESS_ROOMS = ["compute", "backend"];
const ADDRESS_MODULES = ["compute/memory.ts", "compute/pool.ts"];

/** What is wrong with the imports of a library, a sentence each. */
function faults(modules: readonly Module[], library: string): string[] {
  const found: string[] = [], arrows = new Map<string, Set<string>>();
  for (const { specifier, imports } of modules) {
    const from = placeOf(specifier, library);
    if (!from) continue;
    for (const imported of imports) {
      if (imported.includes("@tensorflow/tfjs") && !TFJS_ROOMS.includes(from.room)) {
        found.push(`${from.path} imports tfjs`);
      }
      const to = placeOf(imported, library);
      if (!to || to.room === from.room) continue;
      if (to.isEngine) found.push(`${from.path} enters ${to.path}`);
      if (from.room === "") continue;
      if (ADDRESS_MODULES.includes(to.path) && !ADDRESS_ROOMS.includes(from.room)) {
        found.push(`${from.path} may not know ${to.path}`);
      }
      if (!MAY_IMPORT[from.room]?.includes(to.room)) {
        found.push(`${from.path} may not import ${to.path}`);
      }
      arrows.set(from.room, (arrows.get(from.room) ?? new Set()).add(to.room));
    }
  }
  for (const room of arrows.keys()) {
    const reached = new Set<string>(), next = [...arrows.get(room)!];
    for (let other = next.pop(); other !== undefined; other = next.pop()) {
      if (reached.has(other)) continue;
      reached.add(other);
      next.push(...arrows.get(other) ?? []);
    }
    if (reached.has(room)) found.push(`${room} is in a circle`);
  }
  return [...new Set(found)].sort();
}

Deno.test("The house: arrows go down, no circle, no strange engine, tfjs in cnn/ and backend/", async () => {
  const files = sourcesBelow(LIBRARY);
  const modules = await moduleGraph(files, CONFIG);
  const known = new Set(modules.map(({ specifier }) => specifier));
  for (const file of files) assert.ok(known.has(pathToFileURL(file).href), file);
  assert.deepEqual(faults(modules, LIBRARY), []);
});

Deno.test("The plan itself has no circle, and no room that is not there", () => {
  const rooms = [...Deno.readDirSync(LIBRARY)].filter((entry) => entry.isDirectory)
    .map(({ name }) => name);
  assert.deepEqual(Object.keys(MAY_IMPORT).sort(), rooms.sort());
  const below: string[] = [];
  for (const [room, others] of Object.entries(MAY_IMPORT)) {
    for (const other of others) assert.ok(below.includes(other), `${room} may import ${other}`);
    below.push(room);
  }
});

Deno.test("A wrong import is found: upwards, into an engine, in a circle, of tfjs", async () => {
  const library = join(await Deno.makeTempDir(), "lib");
  const plant = async (path: string, ...imports: string[]) => {
    const file = join(library, path);
    await Deno.mkdir(join(file, ".."), { recursive: true });
    await Deno.writeTextFile(
      file,
      imports.map((text) => `${text};\n`).join("") + "export const x = 1;\nexport type X = 1;\n",
    );
  };
  await plant("svm/svc.ts", `import "./engine/solve.ts"`, `import "../base/mod.ts"`);
  await plant("svm/engine/solve.ts");
  await plant("base/mod.ts", `import type { X } from "../svm/svc.ts"`);
  await plant("umap/umap.ts", `export { x } from "../svm/engine/solve.ts"`);
  await plant("metrics/late.ts", `export const late = () => import("../article/mod.ts")`);
  await plant("plots/figure.ts", `import "npm:@tensorflow/tfjs-core@4.22.0"`);
  await plant("backend/mod.ts", `import "npm:@tensorflow/tfjs-core@4.22.0"`);
  await plant("compute/memory.ts");
  await plant("neighbors/search.ts", `import { x } from "../compute/memory.ts"`);
  await plant("article/mod.ts", `import "../svm/svc.ts"`);
  await plant("mod.ts", `import "./article/mod.ts"`);
  try {
    assert.deepEqual(faults(await moduleGraph(sourcesBelow(library), CONFIG), library), [
      "base is in a circle",
      "base/mod.ts may not import svm/svc.ts",
      "metrics/late.ts may not import article/mod.ts",
      "neighbors/search.ts may not know compute/memory.ts",
      "plots/figure.ts imports tfjs",
      "svm is in a circle",
      "umap/umap.ts enters svm/engine/solve.ts",
      "umap/umap.ts may not import svm/engine/solve.ts",
    ]);
  } finally {
    await Deno.remove(join(library, ".."), { recursive: true });
  }
});

Deno.test("Every room says what it is for and what it may import", () => {
  for (const [room, others] of Object.entries(MAY_IMPORT)) {
    const file = join(LIBRARY, room, room === "report" ? "main.ts" : "mod.ts");
    const text = Deno.readTextFileSync(file);
    assert.ok(text.startsWith("/**\n"), `${room} opens with a preface`);
    const preface = text.slice(0, text.indexOf("*/"));
    assert.ok(preface.includes("@module"), room);
    const words = preface.replaceAll("\n *", " ");
    const at = Math.max(words.indexOf("May import"), words.indexOf("Imports"));
    assert.ok(at > 0, `${room} says what it may import`);
    if (room === "article") continue; // it may import every room but the report
    const named = Object.keys(MAY_IMPORT).filter((other) => words.includes(`\`${other}/\``, at));
    assert.deepEqual(named.sort(), [...others].sort(), room);
  }
});

Deno.test("Every public room has its tests", () => {
  const rooms = Object.keys(configuration.exports).filter((name) => name !== ".")
    .map((name) => name.slice(2));
  assert.deepEqual(
    rooms.sort(),
    Object.keys(MAY_IMPORT).filter((room) => room !== "report").sort(),
  );
  for (const room of [...rooms, "report"]) {
    const tests = sourcesBelow(join(TOP, "tests", room)).filter((path) =>
      path.endsWith("_test.ts")
    );
    assert.ok(tests.length > 0, `tests/${room} has a test`);
  }
});

Deno.test("Importing matrices loads a dozen modules: no tfjs, no fonts, no native binaries", async () => {
  const loaded = async (room: string) =>
    (await moduleGraph([join(LIBRARY, room, "mod.ts")], CONFIG)).map(({ specifier }) => specifier);
  const base = await loaded("base");
  const packages = base.filter((specifier) => !specifier.startsWith("file:"));
  assert.deepEqual(packages.map((name) => name.slice(0, 24)), ["npm:/fastest-levenshtein"]);
  for (const specifier of base) {
    if (!specifier.startsWith("file:")) continue;
    assert.ok(fileURLToPath(specifier).startsWith(join(LIBRARY, "base")), specifier);
  }
  assert.ok(base.length <= 16, `${base.length} modules`);
  const heavy = ["tensorflow", "sharp", "resvg", "fonts", "webp", "echarts", "esbuild"];
  // Tables are made by Polars, which is a native binary.
  const tables = ["metrics", "model_selection"];
  const light = ["compute", "notebook", "neighbors", "svm", "umap", "classifiers"];
  for (const room of [...light, ...tables]) {
    const unwanted = tables.includes(room) ? heavy : [...heavy, "polars"];
    for (const specifier of await loaded(room)) {
      if (specifier.startsWith("file:")) continue;
      assert.ok(!unwanted.some((name) => specifier.includes(name)), `${room} loads ${specifier}`);
    }
  }
});
