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

/** What a line says of work whose units take so many seconds each, by a clock of its own. */
function linesOf(seconds: readonly number[], { begin = 0, startUp = 0 } = {}): string[] {
  const { now } = performance;
  let clock = 0, text = "";
  performance.now = () => clock;
  try {
    const onProgress = progressLine("Working", (part) => text += part);
    clock += 1000 * startUp;
    seconds.forEach((own, i) => {
      clock += 1000 * own;
      if (i >= begin) onProgress({ done: i + 1, total: seconds.length });
      else clock = 0;
    });
  } finally {
    performance.now = now;
  }
  return text.split(/[\r\n]/).map((line) => line.trimEnd()).filter(Boolean);
}

Deno.test("progressLine() announces long work once, when its first parts have twice told the same", () => {
  const announced = (...args: Parameters<typeof linesOf>) =>
    linesOf(...args).filter((line) => / in all$/.test(line));
  const even = (count: number, own: number) => Array<number>(count).fill(own);
  const lines = linesOf(even(1000, 0.07));
  const at = lines.indexOf("Working: about 1 min 10 s in all");
  assert.match(lines[at - 1]!, /^Working [12] % in 1\.\d s, 1 min 0\d s left/);
  assert.equal(lines.at(-1), "Working 100 % in 1 min 10 s");
  // Starting up is not done again at each unit; what an earlier run did takes no time.
  assert.deepEqual(announced(even(1000, 0.07), { startUp: 5 }), [
    "Working: about 1 min 15 s in all",
  ]);
  assert.deepEqual(announced(even(1000, 0.07), { begin: 500 }), ["Working: about 35 s in all"]);
  // Short work is not announced, nor is what is nearly done when it is known.
  assert.deepEqual(announced(even(1000, 0.009)), []);
  assert.deepEqual(announced([0.1, 6, 6]), []);
  // Units that grow without end tell nothing; those that settle tell it then.
  assert.deepEqual(announced(Array.from({ length: 300 }, (_, i) => 0.001 * i ** 2)), []);
  const settling = [...Array.from({ length: 20 }, (_, i) => 0.01 * 1.3 ** i), ...even(300, 1)];
  const [told, ...further] = announced(settling);
  assert.deepEqual(further, []);
  assert.match(told!, /about [45] min \d\d s in all/);
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
