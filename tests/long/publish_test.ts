import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { join, relative } from "@std/path";

const PROJECT = join(import.meta.dirname!, "..", "..");

Deno.test("The package could be published: every public type is written out", async () => {
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["publish", "--dry-run", "--allow-dirty"],
    cwd: PROJECT,
    env: { NO_COLOR: "1" },
  }).output();
  const text = [stdout, stderr].map((bytes) => new TextDecoder().decode(bytes)).join("");
  assert.equal(code, 0, text);
  const folders = [...text.matchAll(/file:\S+/g)]
    .map(([url]) => relative(PROJECT, fileURLToPath(url)).split(/[/\\]/)[0]);
  assert.deepEqual([...new Set(folders)].sort(), ["LICENSE", "README.md", "deno.json", "lib"]);
  assert.match(text, /lib\/compute\/kernels\/kernels\.wasm/);
});
