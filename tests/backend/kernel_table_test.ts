import assert from "node:assert/strict";
import { join } from "@std/path";
import * as tf from "@tensorflow/tfjs";
import { setUpCompute } from "deep-features";
import { overridden } from "../../lib/backend/ops/kernel_override.ts";

const README = join(import.meta.dirname!, "..", "..", "lib", "backend", "README.md");
const BEGIN = "<!-- table -->\n", END = "<!-- /table -->";

/** What the CPU backend has and no kernel of ours: told beside, so that nobody has to guess. */
function table(): string {
  const own = [...overridden].sort();
  const others = tf.getKernelsForBackend("cpu").map(({ kernelName }) => kernelName)
    .filter((name) => !overridden.has(name)).sort();
  const row = (title: string, names: string[]) =>
    `| ${title} | ${names.length} | ${names.map((name) => `\`${name}\``).join(", ")} |`;
  return [
    "| where | number | tfjs's names |",
    "| --- | --- | --- |",
    row("kernels of `simd`", own),
    row("tfjs's CPU kernels", others),
    "",
  ].join("\n");
}

Deno.test("The backend's README tells which operations have kernels", async () => {
  await setUpCompute({ backend: "simd", quiet: true });
  const text = Deno.readTextFileSync(README);
  const begin = text.indexOf(BEGIN) + BEGIN.length, end = text.indexOf(END);
  const expected = `\n${table()}\n`;
  if (Deno.env.get("UPDATE_TABLE")) {
    Deno.writeTextFileSync(README, text.slice(0, begin) + expected + text.slice(end));
    return;
  }
  assert.equal(text.slice(begin, end).replace(/ +/g, " ").replace(/-+/g, "---"), expected);
});
