import assert from "node:assert/strict";
import { progressLine } from "deep-features";
import { formatSeconds } from "deep-features/notebook";

Deno.test("progressLine() rewrites one line and ends it when all is done", () => {
  let text = "";
  const onProgress = progressLine("Fitting", (part) => text += part);
  onProgress({ done: 0, total: 2 });
  onProgress({ done: 2, total: 2, message: "ready" });
  onProgress({ done: 2, total: 2 });
  const lines = text.split("\r").slice(1);
  assert.equal(lines.length, 2);
  assert.match(lines[0]!, /^Fitting 0 % in 0\.0 s/);
  assert.match(lines[1]!, /^Fitting 100 % in 0\.\d s · ready *\n$/);
});

Deno.test("formatSeconds() reads like a clock", () => {
  assert.deepEqual([0.44, 12.3, 59.7, 185].map(formatSeconds), [
    "0.4 s",
    "12 s",
    "1 min 00 s",
    "3 min 05 s",
  ]);
});

Deno.test("progressLine() writes to standard output where there is no notebook", async () => {
  const code = `
    import { progressLine } from "deep-features";
    progressLine("Here")({ done: 1, total: 1 });
  `;
  const { stdout, success } = await new Deno.Command(Deno.execPath(), {
    args: ["eval", "--quiet", code],
    cwd: new URL("../..", import.meta.url),
  }).output();
  assert.ok(success);
  assert.match(new TextDecoder().decode(stdout), /\rHere 100 % in .*\n$/);
});
