import assert from "node:assert/strict";
import { homedir } from "node:os";
import { pathToFileURL } from "node:url";
import { join } from "@std/path";
import { hidePaths, hidePathsIn } from "../../../lib/report/engine/hide_paths.ts";

const PROJECT = join(import.meta.dirname!, "../../..");

Deno.test("hidePaths() makes the project's paths relative, and writes the home folder as a tilde", () => {
  const url = pathToFileURL(PROJECT).href;
  assert.equal(
    hidePaths(`${PROJECT}/data/x.bin ${url}/lib/mod.ts:3:1`),
    "data/x.bin lib/mod.ts:3:1",
  );
  assert.equal(
    hidePaths(`"${PROJECT}" (${PROJECT}) ${PROJECT}, in ${PROJECT}.`),
    `"." (.) ., in ..`,
  );
  assert.equal(hidePaths(`${homedir()}/notes`), "~/notes");
});

Deno.test("hidePaths() leaves other folders alone whose names begin or end like these", () => {
  for (const folder of [PROJECT, pathToFileURL(PROJECT).href]) {
    for (
      const other of [
        `${folder}-old/x`,
        `${folder}2`,
        `${folder}.bak/x`,
        `${folder}_x`,
        `/mnt${folder}/x`,
      ]
    ) {
      // What is in the home folder is shortened there.
      const inHome = `${homedir()}/`;
      const right = other.startsWith(inHome) ? other.replace(inHome, "~/") : other;
      if (!/^\/mntfile:/.test(other)) assert.equal(hidePaths(`see ${other}`), `see ${right}`);
    }
  }
  assert.equal(hidePaths(`/mnt${homedir()}/x`), `/mnt${homedir()}/x`);
  assert.equal(hidePaths(`${homedir()}-old/x`), `${homedir()}-old/x`);
});

Deno.test("hidePathsIn() cleans text at any depth, and leaves pictures as they are", () => {
  const path = `${PROJECT}/x`;
  const outputs = [{
    data: { "text/plain": path, "image/png": path, "image/jpeg": path, "image/svg+xml": path },
    metadata: { deep: [path] },
  }];
  assert.deepEqual(hidePathsIn(outputs), [{
    data: { "text/plain": "x", "image/png": path, "image/jpeg": path, "image/svg+xml": "x" },
    metadata: { deep: ["x"] },
  }]);
});
